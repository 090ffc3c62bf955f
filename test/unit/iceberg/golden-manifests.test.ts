import { describe, expect, test } from 'vitest'
import { required } from '../../../src/core/assert.ts'
import { snapshotId } from '../../../src/core/ids.ts'
import type { ManifestEntry, ManifestFile } from '../../../src/iceberg/data-file.ts'
import { readManifestList, writeManifestList } from '../../../src/iceberg/manifest-list.ts'
import { readManifest } from '../../../src/iceberg/manifest-reader.ts'
import { writeManifest } from '../../../src/iceberg/manifest-writer.ts'
import { currentSchema } from '../../../src/iceberg/metadata-json.ts'
import type { TableMetadata } from '../../../src/iceberg/metadata.ts'
import { partitionPath } from '../../../src/iceberg/partition-path.ts'
import { partitionType } from '../../../src/iceberg/partition-spec.ts'
import { valueToBytes } from '../../../src/iceberg/single-value.ts'
import type { PrimitiveType } from '../../../src/iceberg/types.ts'
import { hexText } from '../../../src/iceberg/uuid.ts'
import {
  goldenBytes,
  goldenMetadata,
  TABLES,
  type TwinEntry,
  type TwinManifest,
  twinOf,
} from './golden-files.ts'

const CONTENTS = {
  data: 'DATA',
  'position-deletes': 'POSITION_DELETES',
  'equality-deletes': 'EQUALITY_DELETES',
}

const hexOrNull = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : hexText(bytes)
const numberOrNull = (value: bigint | null | undefined): number | null =>
  value === null || value === undefined ? null : Number(value)
const textOrNull = (value: bigint | null): string | null => (value === null ? null : `${value}`)

/** Java prints no map as null; ours has an empty one. */
function numbers(map: ReadonlyMap<number, bigint>): Record<string, number> | null {
  if (map.size === 0) return null
  return Object.fromEntries([...map].map(([id, value]) => [String(id), Number(value)]))
}

function hexes(map: ReadonlyMap<number, Uint8Array>): Record<string, string> {
  return Object.fromEntries([...map].map(([id, value]) => [String(id), hexText(value)]))
}

/** An entry as the twin of Java's reader states it. */
function twinEntry(entry: ManifestEntry, metadata: TableMetadata): TwinEntry {
  const { dataFile: file } = entry
  const schema = currentSchema(metadata)
  const spec = required(
    metadata.partitionSpecs.find(({ specId }) => specId === file.specId),
    'spec',
  )
  const types = partitionType(spec, schema).fields.map(({ type }) => type as PrimitiveType)
  return {
    status: entry.status.toUpperCase(),
    snapshotId: textOrNull(entry.snapshotId),
    sequenceNumber: textOrNull(entry.sequenceNumber),
    fileSequenceNumber: textOrNull(entry.fileSequenceNumber),
    content: CONTENTS[file.content],
    path: file.filePath,
    format: file.fileFormat.toUpperCase(),
    recordCount: Number(file.recordCount),
    fileSize: Number(file.fileSizeInBytes),
    specId: file.specId,
    sortOrderId: file.sortOrderId,
    firstRowId: numberOrNull(file.firstRowId),
    partitionPath: partitionPath(spec, schema, file.partition),
    partition: file.partition.map((value, index) =>
      value === null ? null : hexText(valueToBytes(required(types[index], 'type'), value)),
    ),
    columnSizes: numbers(file.metrics.columnSizes),
    valueCounts: numbers(file.metrics.valueCounts),
    nullValueCounts: numbers(file.metrics.nullValueCounts),
    nanValueCounts: numbers(file.metrics.nanValueCounts),
    lowerBounds: hexes(file.metrics.lowerBounds),
    upperBounds: hexes(file.metrics.upperBounds),
    splitOffsets: file.splitOffsets.length === 0 ? null : file.splitOffsets.map(Number),
    equalityIds: file.equalityIds.length === 0 ? null : file.equalityIds,
    ...(file.content === 'data'
      ? {}
      : {
          referencedDataFile: file.referencedDataFile ?? null,
          contentOffset: numberOrNull(file.contentOffset),
          contentSize: numberOrNull(file.contentSizeInBytes),
        }),
  }
}

function twinManifest(manifest: ManifestFile): Omit<TwinManifest, 'entries'> {
  return {
    file: manifest.manifestPath.slice(manifest.manifestPath.lastIndexOf('/') + 1),
    path: manifest.manifestPath,
    length: Number(manifest.manifestLength),
    specId: manifest.partitionSpecId,
    content: manifest.content.toUpperCase(),
    sequenceNumber: `${manifest.sequenceNumber}`,
    minSequenceNumber: `${manifest.minSequenceNumber}`,
    addedSnapshotId: `${manifest.addedSnapshotId}`,
    addedFiles: manifest.addedFilesCount,
    existingFiles: manifest.existingFilesCount,
    deletedFiles: manifest.deletedFilesCount,
    addedRows: Number(manifest.addedRowsCount),
    existingRows: Number(manifest.existingRowsCount),
    deletedRows: Number(manifest.deletedRowsCount),
    firstRowId: numberOrNull(manifest.firstRowId),
    partitions: manifest.partitions.map((summary) => ({
      containsNull: summary.containsNull,
      containsNan: summary.containsNan,
      lower: hexOrNull(summary.lowerBound),
      upper: hexOrNull(summary.upperBound),
    })),
  }
}

/** Each manifest of a table once, as our reader finds it in the first list that has it. */
function* manifestsOf(table: string): Generator<{ manifest: ManifestFile; twin: TwinManifest }> {
  const seen = new Set<string>()
  for (const snapshot of twinOf(table).snapshots) {
    const list = readManifestList(goldenBytes(table, snapshot.manifestList))
    for (const [index, manifest] of list.entries()) {
      const twin = required(snapshot.manifests[index], 'twin of the manifest')
      const key = `${manifest.manifestPath} ${manifest.firstRowId}`
      if (seen.has(key)) continue
      seen.add(key)
      yield { manifest, twin }
    }
  }
}

describe.each(TABLES)('the table %s that Java wrote', (table) => {
  const metadata = goldenMetadata(table)
  const schema = currentSchema(metadata)

  test('its manifest lists read as Java reads them', () => {
    const { snapshots } = twinOf(table)
    expect(snapshots.length).toBe(metadata.snapshots.length)
    for (const snapshot of snapshots) {
      const manifests = readManifestList(goldenBytes(table, snapshot.manifestList))
      expect(manifests.length).toBe(snapshot.manifests.length)
      expect(snapshot.manifests).toMatchObject(manifests.map(twinManifest))
    }
  })

  test('its manifests read as Java reads them, inherited values and partition paths too', () => {
    for (const { manifest, twin } of manifestsOf(table)) {
      const { entries } = readManifest(goldenBytes(table, twin.file), { manifest, schema })
      expect(entries.map((entry) => twinEntry(entry, metadata))).toEqual(twin.entries)
    }
  })
})

/** Version 1 is only read, and fixed partition values are not written. */
const WRITTEN = TABLES.filter((table) => !table.startsWith('v1_') && table !== 'v2_fixed')

describe.each(WRITTEN)('the table %s', (table) => {
  const metadata = goldenMetadata(table)
  const schema = currentSchema(metadata)
  const formatVersion = metadata.formatVersion === 3 ? 3 : 2

  test('our writer writes manifests that read the same', () => {
    for (const { manifest, twin } of manifestsOf(table)) {
      const reading = { manifest: null, schema }
      const bytes = goldenBytes(table, twin.file)
      const original = readManifest(bytes, reading)
      // Entries of version 1 inherit everything: they cannot be written again without it.
      const { entries } =
        original.formatVersion === 1 ? readManifest(bytes, { manifest, schema }) : original
      const { spec, content, schemaId } = original
      const again = writeManifest({ formatVersion, schema, spec, content, entries })
      expect(readManifest(again.bytes, reading)).toMatchObject({ entries, spec, content })
      const { manifestLength, minSequenceNumber, partitions, ...counts } = again.summary
      expect(manifest).toMatchObject(counts)
      // A promoted column's bounds have the width of the type that they were written in.
      if (schemaId === schema.schemaId && partitions.length > 0) {
        expect(partitions).toEqual(manifest.partitions)
      }
      expect(manifestLength).toBe(BigInt(again.bytes.length))
      expect(minSequenceNumber ?? manifest.sequenceNumber).toBe(manifest.minSequenceNumber)
    }
  })

  test('our writer writes manifest lists that read the same', () => {
    for (const { manifestList, snapshotId: id } of twinOf(table).snapshots) {
      const manifests = readManifestList(goldenBytes(table, manifestList))
      const again = writeManifestList({
        formatVersion,
        snapshotId: snapshotId(BigInt(id)),
        parentSnapshotId: null,
        sequenceNumber: 1n,
        firstRowId: 0n,
        manifests,
      })
      // Lists from before an upgrade to version 3 have no row ids: a new list gives them some.
      const expected = formatVersion === 3 ? again.manifests : manifests
      expect(readManifestList(again.bytes)).toEqual(expected)
    }
  })
})
