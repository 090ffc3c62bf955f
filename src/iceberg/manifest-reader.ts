import { FirnError } from '../core/errors.ts'
import { type SnapshotId, snapshotId } from '../core/ids.ts'
import { parseJson } from '../core/json.ts'
import type { AvroValue } from './avro-decoder.ts'
import { readAvroFile } from './avro-file.ts'
import { AvroRow } from './avro-row.ts'
import { avroName } from './avro-schema.ts'
import type { DataFile, ManifestEntry, ManifestFile } from './data-file.ts'
import { decimalFromBytes } from './decimal.ts'
import { JsonPlace } from './json-place.ts'
import { ENTRY_STATUSES, FILE_CONTENTS } from './manifest-writer.ts'
import type { PartitionField, PartitionSpec } from './partition.ts'
import { fieldById } from './schema.ts'
import { readSchema } from './schema-json.ts'
import { readPartitionFields } from './spec-json.ts'
import { resultType } from './transform.ts'
import type { Schema, Type, Value } from './types.ts'

export interface ManifestReading {
  /**
   * The manifest as its list states it, whose sequence number, snapshot id and first row id the entries inherit;
   * null for a manifest that is in no list yet: nothing is inherited.
   */
  readonly manifest: ManifestFile | null
  /** The table's schema: partition values come in its types, as they are after promotions. */
  readonly schema: Schema
}

export interface ReadManifest {
  readonly formatVersion: number
  readonly content: 'data' | 'deletes'
  /** The schema and spec that the manifest was written with, as its header states them. */
  readonly schemaId: number
  readonly spec: PartitionSpec
  readonly entries: readonly ManifestEntry[]
}

/** Decodes a manifest of any format version, by any writer. Throws MANIFEST_INVALID. Spec: "Manifests". */
export function readManifest(bytes: Uint8Array, reading: ManifestReading): ReadManifest {
  const { metadata, objects } = readAvroFile(bytes)
  const header = readHeader(metadata, reading)
  const partition = header.spec.fields.map((field) => partitionReader(field, header, reading))
  const entries = objects.map((object) => readEntry(object, header.spec.specId, partition))
  const { manifest } = reading
  return {
    formatVersion: header.formatVersion,
    content: header.content,
    schemaId: header.schema.schemaId,
    spec: header.spec,
    entries: manifest === null ? entries : inherit(entries, manifest),
  }
}

interface Header {
  readonly formatVersion: number
  readonly content: 'data' | 'deletes'
  readonly schema: Schema
  readonly spec: PartitionSpec
}

function readHeader(metadata: ReadonlyMap<string, string>, reading: ManifestReading): Header {
  const place = (key: string): JsonPlace => {
    const text = metadata.get(key)
    if (text === undefined) {
      throw new FirnError('MANIFEST_INVALID', `the manifest's header has no ${key}`)
    }
    return new JsonPlace(parseJson(text, `the manifest's ${key}`), key)
  }
  const specId = reading.manifest?.partitionSpecId ?? Number(metadata.get('partition-spec-id') ?? 0)
  return {
    formatVersion: Number(metadata.get('format-version') ?? 1),
    content: metadata.get('content') === 'deletes' ? 'deletes' : 'data',
    schema: readSchema(place('schema')),
    spec: { specId, fields: readPartitionFields(place('partition-spec')) },
  }
}

type PartitionReader = (partition: AvroRow) => Value | null

/** Reads one field of the partition tuple, in the type that the table's schema gives it today. */
function partitionReader(
  { sourceId, fieldId, name, transform }: PartitionField,
  header: Header,
  { schema }: ManifestReading,
): PartitionReader {
  const source = fieldById(schema, sourceId) ?? fieldById(header.schema, sourceId)
  const type = resultType(transform, source?.field.type)
  const writtenName = avroName(name)
  return (partition) => partitionValue(partition.get(fieldId, writtenName), type)
}

function partitionValue(value: AvroValue, type: Type): Value | null {
  switch (typeof value) {
    case 'boolean':
    case 'string':
      return value
    case 'number':
      return isLong(type) ? BigInt(value) : value
    case 'bigint':
      return type.kind === 'int' || type.kind === 'date' ? Number(value) : value
    default:
      if (!(value instanceof Uint8Array)) return null
      return type.kind === 'decimal' ? decimalFromBytes(value) : value
  }
}

function isLong({ kind }: Type): boolean {
  return kind === 'long' || kind === 'time' || kind.startsWith('timestamp')
}

function readEntry(
  object: AvroValue,
  specId: number,
  partition: readonly PartitionReader[],
): ManifestEntry {
  const row = new AvroRow(object, 'manifest_entry')
  const status = ENTRY_STATUSES[row.int(0, 'status')]
  if (status === undefined) {
    throw new FirnError('MANIFEST_INVALID', 'an entry of the manifest has an unknown status')
  }
  const id = row.longOrNull(1, 'snapshot_id')
  return {
    status,
    snapshotId: id === null ? null : snapshotId(id),
    sequenceNumber: row.longOrNull(3, 'sequence_number'),
    fileSequenceNumber: row.longOrNull(4, 'file_sequence_number'),
    dataFile: readFile(row.record(2, 'data_file'), specId, partition),
  }
}

function readFile(row: AvroRow, specId: number, partition: readonly PartitionReader[]): DataFile {
  const content = FILE_CONTENTS[row.intOrNull(134, 'content') ?? 0]
  if (content === undefined) {
    throw new FirnError('MANIFEST_INVALID', 'a file of the manifest has an unknown content')
  }
  const tuple = row.record(102, 'partition')
  return {
    content,
    filePath: row.text(100, 'file_path'),
    fileFormat: row.text(101, 'file_format'),
    specId,
    partition: partition.map((read) => read(tuple)),
    recordCount: row.long(103, 'record_count'),
    fileSizeInBytes: row.long(104, 'file_size_in_bytes'),
    metrics: {
      columnSizes: row.longMap(108, 'column_sizes'),
      valueCounts: row.longMap(109, 'value_counts'),
      nullValueCounts: row.longMap(110, 'null_value_counts'),
      nanValueCounts: row.longMap(137, 'nan_value_counts'),
      lowerBounds: row.bytesMap(125, 'lower_bounds'),
      upperBounds: row.bytesMap(128, 'upper_bounds'),
    },
    splitOffsets: row.longs(132, 'split_offsets'),
    equalityIds: row.longs(135, 'equality_ids').map(Number),
    sortOrderId: row.intOrNull(140, 'sort_order_id'),
    firstRowId: row.longOrNull(142, 'first_row_id'),
    referencedDataFile: row.textOrNull(143, 'referenced_data_file'),
    contentOffset: row.longOrNull(144, 'content_offset'),
    contentSizeInBytes: row.longOrNull(145, 'content_size_in_bytes'),
    keyMetadata: row.bytesOrNull(131, 'key_metadata'),
  }
}

/** Fills in what entries leave to their manifest. Spec: "Sequence Number Inheritance", "First Row ID Inheritance". */
function inherit(
  entries: readonly ManifestEntry[],
  manifest: ManifestFile,
): readonly ManifestEntry[] {
  const { sequenceNumber, addedSnapshotId } = manifest
  let nextRowId = manifest.content === 'data' ? manifest.firstRowId : null
  return entries.map((entry) => {
    const inheritsRowId = entry.status !== 'deleted' && entry.dataFile.firstRowId === null
    const firstRowId = inheritsRowId ? nextRowId : entry.dataFile.firstRowId
    if (inheritsRowId && nextRowId !== null) nextRowId += entry.dataFile.recordCount
    return withInherited(entry, { addedSnapshotId, sequenceNumber, firstRowId })
  })
}

interface Inherited {
  readonly addedSnapshotId: SnapshotId
  readonly sequenceNumber: bigint | null
  readonly firstRowId: bigint | null
}

function withInherited(entry: ManifestEntry, inherited: Inherited): ManifestEntry {
  const { addedSnapshotId, firstRowId } = inherited
  // Entries of v1 manifests have no sequence numbers: all are 0, whatever their status.
  const sequenceNumber =
    entry.status === 'added' || inherited.sequenceNumber === 0n ? inherited.sequenceNumber : null
  return {
    status: entry.status,
    snapshotId: entry.snapshotId ?? addedSnapshotId,
    sequenceNumber: entry.sequenceNumber ?? sequenceNumber,
    fileSequenceNumber: entry.fileSequenceNumber ?? sequenceNumber,
    dataFile:
      firstRowId === entry.dataFile.firstRowId ? entry.dataFile : { ...entry.dataFile, firstRowId },
  }
}
