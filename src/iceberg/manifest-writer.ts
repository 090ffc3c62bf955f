import { assert, required } from '../core/assert.ts'
import { FirnError } from '../core/errors.ts'
import type { SnapshotId } from '../core/ids.ts'
import { stringifyJson } from '../core/json.ts'
import type { AvroInput } from './avro-encoder.ts'
import { type AvroCodec, writeAvroFile } from './avro-file.ts'
import { avroSchemaOf } from './avro-schema.ts'
import type { DataFile, FileContent, ManifestEntry, ManifestFile } from './data-file.ts'
import { summarizePartitions } from './field-summary.ts'
import { manifestEntryFields } from './manifest-schema.ts'
import type { PartitionSpec } from './partition.ts'
import { isFixedIdentity, partitionType } from './partition-spec.ts'
import { fieldById } from './schema.ts'
import { schemaToJson } from './schema-json.ts'
import { partitionFieldsToJson } from './spec-json.ts'
import { transformText } from './transform-text.ts'
import { typeText } from './type-text.ts'
import type { NestedField, Schema, StructType } from './types.ts'

export const ENTRY_STATUSES = ['existing', 'added', 'deleted'] as const
export const FILE_CONTENTS = [
  'data',
  'position-deletes',
  'equality-deletes',
] as const satisfies readonly FileContent[]

export interface ManifestContent {
  readonly formatVersion: 2 | 3
  /** The table's current schema: it goes into the header. */
  readonly schema: Schema
  /** The one spec of all entries. */
  readonly spec: PartitionSpec
  readonly content: 'data' | 'deletes'
  /** At least one. Added ones may leave sequence numbers and snapshot id to be inherited; the others may not. */
  readonly entries: readonly ManifestEntry[]
  /** Deflate unless said otherwise. */
  readonly codec?: AvroCodec
}

/** What a manifest list will say about a manifest, as far as its content tells. */
export type ManifestSummary = Omit<
  ManifestFile,
  'manifestPath' | 'addedSnapshotId' | 'sequenceNumber' | 'firstRowId' | 'keyMetadata'
>

export interface WrittenManifest {
  readonly bytes: Uint8Array
  readonly summary: ManifestSummary
}

/**
 * Encodes a manifest. It can be written once and then be listed by every attempt to commit it, because what is null
 * is inherited from the list. Throws SPEC_INVALID for a spec that Firn does not write under: one with an
 * unknown transform, which no writer may, or with fixed values themselves. Spec: "Manifests".
 */
export function writeManifest(content: ManifestContent): WrittenManifest {
  const { formatVersion, schema, spec, entries } = content
  refuseFields(spec, schema)
  assert(entries.length > 0, 'a manifest lists at least one file')
  for (const entry of entries) checkEntry(entry, content)
  const partition = partitionType(spec, schema)
  const fields = manifestEntryFields(formatVersion, partition)
  const fileFields = structOf(fields, 'data_file').fields
  const bytes = writeAvroFile({
    schema: avroSchemaOf('manifest_entry', fields),
    metadata: manifestMetadata(content),
    objects: entries.map((entry) => entryRow(entry, fields, fileFields)),
    codec: content.codec ?? 'deflate',
  })
  return { bytes, summary: summaryOf(content, bytes.length, partition) }
}

/** The manifest as the commit that adds it lists it; its sequence number is assigned by each attempt. */
export function stagedManifest(
  { summary }: WrittenManifest,
  at: { readonly manifestPath: string; readonly addedSnapshotId: SnapshotId },
): ManifestFile {
  return { ...summary, ...at, sequenceNumber: null, firstRowId: null }
}

/** The field that no writer may, or that Firn does not, add files under. */
function refuseFields(spec: PartitionSpec, schema: Schema): void {
  for (const { name, transform, sourceId } of spec.fields) {
    const source = fieldById(schema, sourceId)?.field.type
    if (transform.kind !== 'unknown' && !isFixedIdentity(transform, source)) continue
    const text = `${transformText(transform)} of ${source === undefined ? 'a column' : typeText(source)}`
    throw new FirnError('SPEC_INVALID', `partition field ${name}: Firn does not write ${text}`)
  }
}

function checkEntry(
  { status, sequenceNumber, dataFile }: ManifestEntry,
  to: ManifestContent,
): void {
  assert(
    (dataFile.content === 'data') === (to.content === 'data'),
    'a manifest lists either data files or delete files',
  )
  assert(dataFile.specId === to.spec.specId, 'all files of a manifest have its spec')
  assert(
    dataFile.partition.length === to.spec.fields.length,
    'a partition tuple has a value for each field of the spec',
  )
  assert(
    status === 'added' || sequenceNumber !== null,
    'an entry that was not added now has its sequence number',
  )
}

function manifestMetadata({
  formatVersion,
  schema,
  spec,
  content,
}: ManifestContent): Record<string, string> {
  return {
    schema: stringifyJson(schemaToJson(schema)),
    'schema-id': String(schema.schemaId),
    'partition-spec': stringifyJson(partitionFieldsToJson(spec)),
    'partition-spec-id': String(spec.specId),
    'format-version': String(formatVersion),
    content,
  }
}

function summaryOf(
  { spec, content, entries }: ManifestContent,
  length: number,
  partition: StructType,
): ManifestSummary {
  const of = (status: ManifestEntry['status']): { files: number; rows: bigint } => {
    const matching = entries.filter((entry) => entry.status === status)
    const rows = matching.reduce((sum, { dataFile }) => sum + dataFile.recordCount, 0n)
    return { files: matching.length, rows }
  }
  const [added, existing, deleted] = [of('added'), of('existing'), of('deleted')]
  return {
    manifestLength: BigInt(length),
    partitionSpecId: spec.specId,
    content,
    minSequenceNumber: leastSequenceNumber(entries),
    addedFilesCount: added.files,
    existingFilesCount: existing.files,
    deletedFilesCount: deleted.files,
    addedRowsCount: added.rows,
    existingRowsCount: existing.rows,
    deletedRowsCount: deleted.rows,
    partitions: summarizePartitions(
      partition,
      entries.map(({ dataFile }) => dataFile.partition),
    ),
  }
}

/** The least data sequence number of the live entries that have one; null where all will inherit the commit's. */
function leastSequenceNumber(entries: readonly ManifestEntry[]): bigint | null {
  let least: bigint | null = null
  for (const { status, sequenceNumber } of entries) {
    if (status === 'deleted' || sequenceNumber === null) continue
    if (least === null || sequenceNumber < least) least = sequenceNumber
  }
  return least
}

/** Values by field id, put into the order of the fields. */
function rowOf(
  fields: readonly NestedField[],
  values: Readonly<Record<number, AvroInput>>,
): AvroInput[] {
  return fields.map(({ id }) => values[id] ?? null)
}

function entryRow(
  entry: ManifestEntry,
  fields: readonly NestedField[],
  fileFields: readonly NestedField[],
): AvroInput {
  return rowOf(fields, {
    0: ENTRY_STATUSES.indexOf(entry.status),
    1: entry.snapshotId,
    3: entry.sequenceNumber,
    4: entry.fileSequenceNumber,
    2: rowOf(fileFields, fileValues(entry.dataFile)),
  })
}

function fileValues(file: DataFile): Readonly<Record<number, AvroInput>> {
  const { metrics } = file
  return {
    134: FILE_CONTENTS.indexOf(file.content),
    100: file.filePath,
    101: file.fileFormat,
    102: file.partition,
    103: file.recordCount,
    104: file.fileSizeInBytes,
    108: mapInput(metrics.columnSizes),
    109: mapInput(metrics.valueCounts),
    110: mapInput(metrics.nullValueCounts),
    137: mapInput(metrics.nanValueCounts),
    125: mapInput(metrics.lowerBounds),
    128: mapInput(metrics.upperBounds),
    131: file.keyMetadata ?? null,
    132: file.splitOffsets.length === 0 ? null : file.splitOffsets,
    135: file.equalityIds.length === 0 ? null : file.equalityIds,
    140: file.sortOrderId,
    142: file.firstRowId,
    143: file.referencedDataFile ?? null,
    144: file.contentOffset ?? null,
    145: file.contentSizeInBytes ?? null,
  }
}

function mapInput(map: ReadonlyMap<number, bigint | Uint8Array>): AvroInput {
  return map.size === 0 ? null : [...map]
}

function structOf(fields: readonly NestedField[], name: string): StructType {
  const type = required(fields.find((field) => field.name === name)?.type, name)
  assert(type.kind === 'struct', `${name} is a struct`)
  return type
}
