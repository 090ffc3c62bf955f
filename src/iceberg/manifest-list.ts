import { assert } from '../core/assert.ts'
import { FirnError } from '../core/errors.ts'
import { type SnapshotId, snapshotId } from '../core/ids.ts'
import type { AvroValue } from './avro-decoder.ts'
import type { AvroInput } from './avro-encoder.ts'
import { type AvroCodec, readAvroFile, writeAvroFile } from './avro-file.ts'
import { AvroRow } from './avro-row.ts'
import { avroSchemaOf } from './avro-schema.ts'
import type { FieldSummary, ManifestFile } from './data-file.ts'
import { manifestFileFields } from './manifest-schema.ts'

export interface ManifestListContent {
  readonly formatVersion: 2 | 3
  readonly snapshotId: SnapshotId
  readonly parentSnapshotId: SnapshotId | null
  /** Of the snapshot: new manifests take it. */
  readonly sequenceNumber: bigint
  /** v3: the table's `next-row-id`, where the snapshot's row ids start. Not looked at in v2. */
  readonly firstRowId: bigint
  readonly manifests: readonly ManifestFile[]
  /** Deflate unless said otherwise. */
  readonly codec?: AvroCodec
}

export interface WrittenManifestList {
  readonly bytes: Uint8Array
  /** The manifests as they are in the list: sequence numbers and first row ids assigned. */
  readonly manifests: readonly ManifestFile[]
  /** v3: how many row ids were assigned, the snapshot's `added-rows`; null in v2. */
  readonly addedRows: bigint | null
}

/**
 * Encodes the manifest list of one attempt to commit a snapshot: assigns its sequence number to the manifests that
 * have none, and row ids to the data manifests that have none. Spec: "Manifest Lists", "First Row ID Assignment".
 */
export function writeManifestList(content: ManifestListContent): WrittenManifestList {
  const { formatVersion, codec = 'deflate' } = content
  for (const manifest of content.manifests) refuseUnknownCounts(manifest)
  const sequenced = content.manifests.map((manifest) => withSequenceNumber(manifest, content))
  const numbered =
    formatVersion < 3
      ? { manifests: sequenced, nextRowId: null }
      : withRowIds(sequenced, content.firstRowId)
  const fields = manifestFileFields(formatVersion)
  const bytes = writeAvroFile({
    schema: avroSchemaOf('manifest_file', fields),
    metadata: listMetadata(content),
    objects: numbered.manifests.map((manifest) => {
      const values = manifestValues(manifest)
      return fields.map(({ id }) => values[id] ?? null)
    }),
    codec,
  })
  const { manifests, nextRowId } = numbered
  return {
    bytes,
    manifests,
    addedRows: nextRowId === null ? null : nextRowId - content.firstRowId,
  }
}

/** Decodes a manifest list of any format version, by any writer. Throws MANIFEST_INVALID. */
export function readManifestList(bytes: Uint8Array): readonly ManifestFile[] {
  return readAvroFile(bytes).objects.map(readManifestFile)
}

function refuseUnknownCounts({ countsUnknown, manifestPath }: ManifestFile): void {
  if (countsUnknown !== true) return
  throw new FirnError(
    'MANIFEST_INVALID',
    `manifest ${manifestPath}: its list does not state its counts, as only old v1 lists may`,
    { help: 'Rewrite the manifests of the table (rewrite_manifests in Spark), then start again.' },
  )
}

function withSequenceNumber(
  manifest: ManifestFile,
  list: Pick<ManifestListContent, 'snapshotId' | 'sequenceNumber'>,
): ManifestFile {
  if (manifest.sequenceNumber !== null) return manifest
  assert(
    manifest.addedSnapshotId === list.snapshotId,
    'a manifest without a sequence number is new in the snapshot that lists it',
  )
  const { sequenceNumber } = list
  return {
    ...manifest,
    sequenceNumber,
    minSequenceNumber: manifest.minSequenceNumber ?? sequenceNumber,
  }
}

function withRowIds(
  manifests: readonly ManifestFile[],
  firstRowId: bigint,
): { manifests: ManifestFile[]; nextRowId: bigint } {
  let nextRowId = firstRowId
  const numbered = manifests.map((manifest) => {
    if (manifest.content !== 'data' || manifest.firstRowId !== null) return manifest
    const assigned = withFirstRowId(manifest, nextRowId)
    // Existing files may have no row ids yet (a table upgraded from v2): room for them too.
    nextRowId += manifest.addedRowsCount + manifest.existingRowsCount
    return assigned
  })
  return { manifests: numbered, nextRowId }
}

function withFirstRowId(manifest: ManifestFile, firstRowId: bigint): ManifestFile {
  return { ...manifest, firstRowId }
}

function listMetadata(content: ManifestListContent): Record<string, string> {
  return {
    'snapshot-id': `${content.snapshotId}`,
    'parent-snapshot-id': `${content.parentSnapshotId ?? 'null'}`,
    'sequence-number': `${content.sequenceNumber}`,
    ...(content.formatVersion < 3 ? {} : { 'first-row-id': `${content.firstRowId}` }),
    'format-version': `${content.formatVersion}`,
  }
}

function manifestValues(manifest: ManifestFile): Readonly<Record<number, AvroInput>> {
  return {
    500: manifest.manifestPath,
    501: manifest.manifestLength,
    502: manifest.partitionSpecId,
    517: manifest.content === 'data' ? 0 : 1,
    515: manifest.sequenceNumber,
    516: manifest.minSequenceNumber,
    503: manifest.addedSnapshotId,
    504: manifest.addedFilesCount,
    505: manifest.existingFilesCount,
    506: manifest.deletedFilesCount,
    512: manifest.addedRowsCount,
    513: manifest.existingRowsCount,
    514: manifest.deletedRowsCount,
    // Null, not an empty list, says that there is no summary.
    507: manifest.partitions.length === 0 ? null : manifest.partitions.map(summaryRow),
    519: manifest.keyMetadata ?? null,
    520: manifest.firstRowId,
  }
}

function summaryRow(summary: FieldSummary): AvroInput {
  return [summary.containsNull, summary.containsNan, summary.lowerBound, summary.upperBound]
}

function readManifestFile(object: AvroValue): ManifestFile {
  const row = new AvroRow(object, 'manifest_file')
  return {
    manifestPath: row.text(500, 'manifest_path'),
    manifestLength: row.long(501, 'manifest_length'),
    partitionSpecId: row.int(502, 'partition_spec_id'),
    content: row.intOrNull(517, 'content') === 1 ? 'deletes' : 'data',
    sequenceNumber: row.longOrNull(515, 'sequence_number') ?? 0n,
    minSequenceNumber: row.longOrNull(516, 'min_sequence_number') ?? 0n,
    addedSnapshotId: snapshotId(row.long(503, 'added_snapshot_id')),
    ...readCounts(row),
    partitions: row.list(507, 'partitions').map(readFieldSummary),
    firstRowId: row.longOrNull(520, 'first_row_id'),
    keyMetadata: row.bytesOrNull(519, 'key_metadata'),
  }
}

type Counts = Pick<
  ManifestFile,
  | 'addedFilesCount'
  | 'existingFilesCount'
  | 'deletedFilesCount'
  | 'addedRowsCount'
  | 'existingRowsCount'
  | 'deletedRowsCount'
  | 'countsUnknown'
>

function readCounts(row: AvroRow): Counts {
  const files = [
    row.intOrNull(504, 'added_files_count'),
    row.intOrNull(505, 'existing_files_count'),
    row.intOrNull(506, 'deleted_files_count'),
  ] as const
  const rows = [
    row.longOrNull(512, 'added_rows_count'),
    row.longOrNull(513, 'existing_rows_count'),
    row.longOrNull(514, 'deleted_rows_count'),
  ] as const
  return {
    addedFilesCount: files[0] ?? 0,
    existingFilesCount: files[1] ?? 0,
    deletedFilesCount: files[2] ?? 0,
    addedRowsCount: rows[0] ?? 0n,
    existingRowsCount: rows[1] ?? 0n,
    deletedRowsCount: rows[2] ?? 0n,
    ...(files.includes(null) || rows.includes(null) ? { countsUnknown: true } : {}),
  }
}

function readFieldSummary(value: AvroValue): FieldSummary {
  const row = new AvroRow(value, 'field_summary')
  const nan = row.get(518, 'contains_nan')
  return {
    containsNull: row.boolean(509, 'contains_null'),
    containsNan: typeof nan === 'boolean' ? nan : null,
    lowerBound: row.bytesOrNull(510, 'lower_bound'),
    upperBound: row.bytesOrNull(511, 'upper_bound'),
  }
}
