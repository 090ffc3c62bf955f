import { snapshotId } from '../core/ids.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { JsonPlace } from './json-place.ts'
import type { Snapshot, SnapshotRef } from './metadata.ts'

/** Reads a snapshot. Spec: "Snapshots". Throws METADATA_INVALID with the place of what is wrong. */
export function snapshotFromJson(json: JsonValue | undefined, path = 'snapshot'): Snapshot {
  return readSnapshot(new JsonPlace(json, path))
}

/** @see snapshotFromJson */
export function readSnapshot(place: JsonPlace): Snapshot {
  const manifests = place
    .field('manifests')
    .optional((list) => list.items().map((item) => item.text()), undefined)
  const keyId = place.field('key-id').optional((id) => id.text(), undefined)
  const summary = place.field('summary').optional((map) => map.texts(), {})
  const manifestList = place.field('manifest-list')
  return {
    snapshotId: snapshotId(place.field('snapshot-id').long()),
    parentSnapshotId: place
      .field('parent-snapshot-id')
      .optional((id) => snapshotId(id.long()), null),
    sequenceNumber: place.field('sequence-number').optional(readLong, 0n),
    timestampMs: place.field('timestamp-ms').long(),
    summary,
    // An old v1 snapshot lists its manifests in place of a manifest list.
    manifestList: manifests === undefined || manifestList.present ? manifestList.text() : '',
    ...(manifests === undefined || manifestList.present ? {} : { manifests }),
    ...(keyId === undefined ? {} : { keyId }),
    schemaId: place.field('schema-id').optional((id) => id.int(), null),
    firstRowId: place.field('first-row-id').optional(readLong, null),
    addedRows: place.field('added-rows').optional(readLong, null),
  }
}

function readLong(place: JsonPlace): bigint {
  return place.long()
}

/** A snapshot as metadata and REST requests have it. */
export function snapshotToJson(snapshot: Snapshot): JsonObject {
  const { manifests } = snapshot
  return {
    // Snapshots from before an upgrade from v1 have none.
    'sequence-number': snapshot.sequenceNumber === 0n ? undefined : snapshot.sequenceNumber,
    'snapshot-id': snapshot.snapshotId,
    'parent-snapshot-id': snapshot.parentSnapshotId ?? undefined,
    'timestamp-ms': snapshot.timestampMs,
    summary: snapshot.summary,
    'manifest-list': manifests === undefined ? snapshot.manifestList : undefined,
    manifests,
    'schema-id': snapshot.schemaId ?? undefined,
    'first-row-id': snapshot.firstRowId ?? undefined,
    'added-rows': snapshot.addedRows ?? undefined,
    'key-id': snapshot.keyId,
  }
}

/** Reads a branch or tag. Spec: "Snapshot References". */
export function readSnapshotRef(place: JsonPlace): SnapshotRef {
  const type = place.field('type')
  const kind = type.text().toLowerCase()
  if (kind !== 'branch' && kind !== 'tag') throw type.invalid('branch or tag')
  const minSnapshotsToKeep = place
    .field('min-snapshots-to-keep')
    .optional((count) => count.int(), undefined)
  const maxSnapshotAgeMs = place
    .field('max-snapshot-age-ms')
    .optional((age) => age.long(), undefined)
  const maxRefAgeMs = place.field('max-ref-age-ms').optional((age) => age.long(), undefined)
  return {
    snapshotId: snapshotId(place.field('snapshot-id').long()),
    type: kind,
    ...(minSnapshotsToKeep === undefined ? {} : { minSnapshotsToKeep }),
    ...(maxSnapshotAgeMs === undefined ? {} : { maxSnapshotAgeMs }),
    ...(maxRefAgeMs === undefined ? {} : { maxRefAgeMs }),
  }
}

export function snapshotRefToJson(ref: SnapshotRef): JsonObject {
  return {
    'snapshot-id': ref.snapshotId,
    type: ref.type,
    'min-snapshots-to-keep': ref.minSnapshotsToKeep,
    'max-snapshot-age-ms': ref.maxSnapshotAgeMs,
    'max-ref-age-ms': ref.maxRefAgeMs,
  }
}
