import * as fc from 'fast-check'
import { snapshotId } from '../../../src/core/ids.ts'
import type {
  ColumnMetrics,
  DataFile,
  FileContent,
  ManifestEntry,
  ManifestFile,
} from '../../../src/iceberg/data-file.ts'
import { stagedManifest, writeManifest } from '../../../src/iceberg/manifest-writer.ts'
import type { PartitionSpec } from '../../../src/iceberg/partition.ts'
import { parseType } from '../../../src/iceberg/type-text.ts'
import type { PrimitiveType, Schema } from '../../../src/iceberg/types.ts'
import { bytes, int64, positiveInt64, text, valueOf } from './arbitraries.ts'

const COLUMNS = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'decimal(9, 2)',
  'decimal(38, 10)',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'timestamp_ns',
  'timestamptz_ns',
  'string',
  'uuid',
  'fixed[5]',
  'binary',
]
const TYPES = COLUMNS.map((name) => parseType(name) as PrimitiveType)

/** Fixed values are no partition values: see `isFixedIdentity`. */
const PARTITIONED = TYPES.filter(({ kind }) => kind !== 'fixed')

export const schema: Schema = {
  schemaId: 3,
  fields: TYPES.map((type, index) => ({
    id: index + 1,
    name: `c ${index}.x`,
    type,
    required: false,
  })),
  identifierFieldIds: [],
}
/** Every type, each twice: named Avro types are defined once and referred to the second time. */
export const everySpec: PartitionSpec = {
  specId: 7,
  fields: [...PARTITIONED, ...PARTITIONED].map((type, index) => ({
    sourceId: TYPES.indexOf(type) + 1,
    fieldId: 1000 + index,
    name: `1st part ${index}`,
    transform: { kind: 'identity' },
  })),
}
const unpartitioned: PartitionSpec = { specId: 0, fields: [] }
export const firstSnapshot = snapshotId(6_838_723_292_707_092_922n)

export const noMetrics: ColumnMetrics = {
  columnSizes: new Map(),
  valueCounts: new Map(),
  nullValueCounts: new Map(),
  nanValueCounts: new Map(),
  lowerBounds: new Map(),
  upperBounds: new Map(),
}

export function dataFile(changes: Partial<DataFile> = {}): DataFile {
  return {
    content: 'data',
    filePath: 's3://bucket/table/data/a.parquet',
    fileFormat: 'PARQUET',
    specId: unpartitioned.specId,
    partition: [],
    recordCount: 10n,
    fileSizeInBytes: 1234n,
    metrics: noMetrics,
    splitOffsets: [],
    equalityIds: [],
    sortOrderId: null,
    firstRowId: null,
    referencedDataFile: null,
    contentOffset: null,
    contentSizeInBytes: null,
    keyMetadata: null,
    ...changes,
  }
}

export function added(changes: Partial<DataFile> = {}): ManifestEntry {
  return {
    status: 'added',
    snapshotId: null,
    sequenceNumber: null,
    fileSequenceNumber: null,
    dataFile: dataFile(changes),
  }
}

export function existing(sequenceNumber: bigint, changes: Partial<DataFile> = {}): ManifestEntry {
  return {
    status: 'existing',
    snapshotId: snapshotId(1n),
    sequenceNumber,
    fileSequenceNumber: sequenceNumber,
    dataFile: dataFile(changes),
  }
}

export const write = (entries: ManifestEntry[], formatVersion: 2 | 3 = 2) =>
  writeManifest({ formatVersion, schema, spec: unpartitioned, content: 'data', entries })

export const staged = (entries: ManifestEntry[], formatVersion: 2 | 3 = 2): ManifestFile =>
  stagedManifest(write(entries, formatVersion), {
    manifestPath: 's3://bucket/m.avro',
    addedSnapshotId: firstSnapshot,
  })

const columnId = fc.integer({ min: 1, max: 2 ** 31 - 201 })
const longs = fc.array(fc.tuple(columnId, int64), { maxLength: 5 }).map((pairs) => new Map(pairs))
const bounds = fc.array(fc.tuple(columnId, bytes), { maxLength: 5 }).map((pairs) => new Map(pairs))
const metrics: fc.Arbitrary<ColumnMetrics> = fc.record({
  columnSizes: longs,
  valueCounts: longs,
  nullValueCounts: longs,
  nanValueCounts: longs,
  lowerBounds: bounds,
  upperBounds: bounds,
})

function orNull<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.option(value, { nil: null })
}

export function anyEntry(content: FileContent, formatVersion: 2 | 3): fc.Arbitrary<ManifestEntry> {
  const inVersion3 = formatVersion === 3 ? orNull(int64) : fc.constant(null)
  const file = fc.record<DataFile>({
    content: fc.constant(content),
    filePath: text,
    fileFormat: fc.constantFrom('PARQUET', 'avro', 'puffin'),
    specId: fc.constant(everySpec.specId),
    partition: fc.tuple(...[...PARTITIONED, ...PARTITIONED].map((type) => orNull(valueOf(type)))),
    recordCount: int64,
    fileSizeInBytes: int64,
    metrics,
    splitOffsets: fc.array(int64, { maxLength: 3 }),
    equalityIds: content === 'equality-deletes' ? fc.array(columnId) : fc.constant([]),
    sortOrderId: orNull(fc.nat()),
    firstRowId: inVersion3,
    referencedDataFile: orNull(text),
    contentOffset: inVersion3,
    contentSizeInBytes: inVersion3,
    keyMetadata: orNull(bytes),
  })
  return fc.record<ManifestEntry>({
    status: fc.constantFrom('added', 'existing', 'deleted'),
    snapshotId: orNull(positiveInt64.map(snapshotId)),
    sequenceNumber: positiveInt64,
    fileSequenceNumber: orNull(positiveInt64),
    dataFile: file,
  })
}
