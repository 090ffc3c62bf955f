import { type SnapshotId, snapshotId, tableUuid } from '../core/ids.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { JsonPlace } from './json-place.ts'
import type { Snapshot, SnapshotLogEntry, SnapshotRef, TableMetadata } from './metadata.ts'
import type { PartitionSpec, SortOrder } from './partition.ts'
import { readSchema, schemaToJson } from './schema-json.ts'
import {
  readSnapshot,
  readSnapshotRef,
  snapshotRefToJson,
  snapshotToJson,
} from './snapshot-json.ts'
import {
  PARTITION_FIELD_ID_START,
  partitionFieldsToJson,
  partitionSpecToJson,
  readPartitionFields,
  readPartitionSpec,
  readSortOrder,
  sortOrderToJson,
} from './spec-json.ts'
import type { Schema } from './types.ts'

/** What v1 and v2 tables without a current snapshot carry in its place. Spec: Appendix F. */
const NO_SNAPSHOT = -1n

type FormatVersion = TableMetadata['formatVersion']

/** What was made of the JSON of a table's history: each commit adds to it, and what is there never changes. */
export interface KnownHistory {
  readonly snapshots: WeakMap<JsonObject, Snapshot>
  readonly snapshotLog: WeakMap<JsonObject, SnapshotLogEntry>
}

/**
 * Reads table metadata of format version 1, 2 or 3; keys that Firn does not know are passed over. Throws
 * METADATA_INVALID with the place of what is wrong. What is `known` of the very same values, is not read again. Spec:
 * "Table Metadata Fields", Appendix C.
 */
export function parseTableMetadata(
  json: JsonValue | undefined,
  known: KnownHistory = { snapshots: new WeakMap(), snapshotLog: new WeakMap() },
): TableMetadata {
  const place = new JsonPlace(json, '')
  const formatVersion = readFormatVersion(place.field('format-version'))
  const currentSnapshotId = readCurrentSnapshotId(place.field('current-snapshot-id'))
  return {
    formatVersion,
    ...readIdentity(place),
    lastSequenceNumber: formatVersion === 1 ? 0n : place.field('last-sequence-number').long(),
    lastUpdatedMs: place.field('last-updated-ms').long(),
    lastColumnId: place.field('last-column-id').int(),
    ...readSchemas(place, formatVersion),
    ...readSpecs(place, formatVersion),
    ...readSortOrders(place, formatVersion),
    properties: place.field('properties').optional((map) => map.texts(), {}),
    currentSnapshotId,
    snapshots: readList(place.field('snapshots'), readSnapshot, known.snapshots),
    snapshotLog: readList(place.field('snapshot-log'), readLogEntry, known.snapshotLog),
    refs: readRefs(place.field('refs'), currentSnapshotId),
    nextRowId: formatVersion < 3 ? 0n : place.field('next-row-id').long(),
  }
}

/** Table metadata as the JSON that a catalog stores; what `parseTableMetadata` passes over is not in it. */
export function tableMetadataToJson(metadata: TableMetadata): JsonObject {
  const { formatVersion } = metadata
  return {
    'format-version': formatVersion,
    'table-uuid': metadata.tableUuid,
    location: metadata.location,
    'last-sequence-number': formatVersion === 1 ? undefined : metadata.lastSequenceNumber,
    'last-updated-ms': metadata.lastUpdatedMs,
    'last-column-id': metadata.lastColumnId,
    ...(formatVersion === 1 ? versionOneKeys(metadata) : {}),
    'current-schema-id': metadata.currentSchemaId,
    schemas: metadata.schemas.map(schemaToJson),
    'default-spec-id': metadata.defaultSpecId,
    'partition-specs': metadata.partitionSpecs.map(partitionSpecToJson),
    'last-partition-id': metadata.lastPartitionId,
    'default-sort-order-id': metadata.defaultSortOrderId,
    'sort-orders': metadata.sortOrders.map(sortOrderToJson),
    properties: metadata.properties,
    'current-snapshot-id': metadata.currentSnapshotId ?? (formatVersion < 3 ? NO_SNAPSHOT : null),
    'next-row-id': formatVersion < 3 ? undefined : metadata.nextRowId,
    refs: Object.fromEntries(
      Object.entries(metadata.refs).map(([name, ref]) => [name, snapshotRefToJson(ref)]),
    ),
    snapshots: metadata.snapshots.map(snapshotToJson),
    'snapshot-log': metadata.snapshotLog.map((entry) => ({
      'timestamp-ms': entry.timestampMs,
      'snapshot-id': entry.snapshotId,
    })),
  }
}

/** The schema that new data is written with. */
export function currentSchema(metadata: TableMetadata): Schema {
  return listed(
    metadata.schemas.find((schema) => schema.schemaId === metadata.currentSchemaId),
    'current-schema-id',
  )
}

/** The spec that new data is partitioned by. */
export function defaultSpec(metadata: TableMetadata): PartitionSpec {
  return listed(
    metadata.partitionSpecs.find((spec) => spec.specId === metadata.defaultSpecId),
    'default-spec-id',
  )
}

/** The order that new data should be sorted by. */
export function defaultSortOrder(metadata: TableMetadata): SortOrder {
  return listed(
    metadata.sortOrders.find((order) => order.orderId === metadata.defaultSortOrderId),
    'default-sort-order-id',
  )
}

function listed<T>(found: T | undefined, key: string): T {
  if (found === undefined) throw new JsonPlace(undefined, key).invalid('an id that is listed')
  return found
}

function readFormatVersion(place: JsonPlace): FormatVersion {
  const version = place.int()
  if (version === 1 || version === 2 || version === 3) return version
  throw place.invalid('a format version that Firn knows (1, 2 or 3)')
}

function readIdentity(place: JsonPlace): Pick<TableMetadata, 'tableUuid' | 'location'> {
  return {
    // Optional in v1: a table without one can be read, but is never the same as another.
    tableUuid: tableUuid(place.field('table-uuid').optional((uuid) => uuid.text(), '')),
    location: place.field('location').text(),
  }
}

function readCurrentSnapshotId(place: JsonPlace): SnapshotId | null {
  const id = place.optional((value) => value.long(), NO_SNAPSHOT)
  return id === NO_SNAPSHOT ? null : snapshotId(id)
}

function readSchemas(
  place: JsonPlace,
  formatVersion: FormatVersion,
): Pick<TableMetadata, 'schemas' | 'currentSchemaId'> {
  const list = place.field('schemas')
  if (!list.present && formatVersion === 1) {
    const schema = readSchema(place.field('schema'))
    return { schemas: [schema], currentSchemaId: schema.schemaId }
  }
  const current = place.field('current-schema-id')
  const schemas = list.items().map(readSchema)
  const currentSchemaId = current.int()
  if (!schemas.some(({ schemaId }) => schemaId === currentSchemaId)) {
    throw current.invalid('the id of a schema in `schemas`')
  }
  return { schemas, currentSchemaId }
}

function readSpecs(
  place: JsonPlace,
  formatVersion: FormatVersion,
): Pick<TableMetadata, 'partitionSpecs' | 'defaultSpecId' | 'lastPartitionId'> {
  const list = place.field('partition-specs')
  const last = place.field('last-partition-id')
  const single = !list.present && formatVersion === 1
  const partitionSpecs = single
    ? [{ specId: 0, fields: readPartitionFields(place.field('partition-spec')) }]
    : list.items().map(readPartitionSpec)
  const current = place.field('default-spec-id')
  const defaultSpecId = single ? 0 : current.int()
  if (!partitionSpecs.some(({ specId }) => specId === defaultSpecId)) {
    throw current.invalid('the id of a spec in `partition-specs`')
  }
  const lastPartitionId =
    last.present || formatVersion > 1 ? last.int() : highestPartitionFieldId(partitionSpecs)
  return { partitionSpecs, defaultSpecId, lastPartitionId }
}

function highestPartitionFieldId(specs: readonly PartitionSpec[]): number {
  const ids = specs.flatMap((spec) => spec.fields.map((field) => field.fieldId))
  return Math.max(PARTITION_FIELD_ID_START - 1, ...ids)
}

function readSortOrders(
  place: JsonPlace,
  formatVersion: FormatVersion,
): Pick<TableMetadata, 'sortOrders' | 'defaultSortOrderId'> {
  const list = place.field('sort-orders')
  if (!list.present && formatVersion === 1) {
    return { sortOrders: [{ orderId: 0, fields: [] }], defaultSortOrderId: 0 }
  }
  return {
    sortOrders: list.items().map(readSortOrder),
    defaultSortOrderId: place.field('default-sort-order-id').int(),
  }
}

function readLogEntry(entry: JsonPlace): SnapshotLogEntry {
  return {
    timestampMs: entry.field('timestamp-ms').long(),
    snapshotId: snapshotId(entry.field('snapshot-id').long()),
  }
}

function readRefs(place: JsonPlace, current: SnapshotId | null): Record<string, SnapshotRef> {
  if (place.present) {
    return Object.fromEntries(
      place.entries().map(([name, ref]): [string, SnapshotRef] => [name, readSnapshotRef(ref)]),
    )
  }
  return current === null ? {} : { main: { snapshotId: current, type: 'branch' } }
}

function readList<T>(
  place: JsonPlace,
  read: (item: JsonPlace) => T,
  known: WeakMap<JsonObject, T>,
): T[] {
  return place.optional((list) => list.itemsOnce(read, known), [])
}

function versionOneKeys(metadata: TableMetadata): JsonObject {
  return {
    schema: schemaToJson(currentSchema(metadata)),
    'partition-spec': partitionFieldsToJson(defaultSpec(metadata)),
  }
}
