import { describe, expect, test } from 'vitest'
import { snapshotId } from '../../../src/core/ids.ts'
import type { ManifestEntry, ManifestFile } from '../../../src/iceberg/data-file.ts'
import { readManifestList, writeManifestList } from '../../../src/iceberg/manifest-list.ts'
import { readManifest } from '../../../src/iceberg/manifest-reader.ts'
import { added, existing, firstSnapshot, schema, staged, write } from './manifest-fixtures.ts'

const rows = (addedRowsCount: bigint, existingRowsCount: bigint): ManifestFile => ({
  ...staged([added()], 3),
  addedRowsCount,
  existingRowsCount,
})

describe('inheritance', () => {
  const listed: ManifestFile = {
    ...staged([added()], 3),
    sequenceNumber: 12n,
    minSequenceNumber: 3n,
    firstRowId: 1000n,
  }

  test('sequence numbers and snapshot id of added entries come from the list', () => {
    const { bytes: written } = write([added(), existing(3n)], 3)
    const { entries } = readManifest(written, { manifest: listed, schema })
    expect(entries[0]).toMatchObject({
      snapshotId: firstSnapshot,
      sequenceNumber: 12n,
      fileSequenceNumber: 12n,
    })
    expect(entries[1]).toMatchObject({ snapshotId: 1n, sequenceNumber: 3n, fileSequenceNumber: 3n })
  })

  test('a data sequence number of its own stays; the file sequence number is inherited', () => {
    const { bytes: written } = write([{ ...added(), sequenceNumber: 5n }])
    const { entries } = readManifest(written, { manifest: listed, schema })
    expect(entries[0]).toMatchObject({ sequenceNumber: 5n, fileSequenceNumber: 12n })
  })

  test('row ids: the example of the specification', () => {
    const { bytes: written } = write(
      [
        existing(3n, { recordCount: 25n, firstRowId: 800n }),
        added({ recordCount: 50n }),
        added({ recordCount: 50n }),
      ],
      3,
    )
    const { entries } = readManifest(written, { manifest: listed, schema })
    expect(entries.map(({ dataFile: file }) => file.firstRowId)).toEqual([800n, 1000n, 1050n])
  })

  test('an existing file without a row id gets one, a deleted one does not', () => {
    const deleted: ManifestEntry = { ...existing(3n), status: 'deleted' }
    const { bytes: written } = write([deleted, existing(3n), added()], 3)
    const { entries } = readManifest(written, { manifest: listed, schema })
    expect(entries.map(({ dataFile: file }) => file.firstRowId)).toEqual([null, 1000n, 1010n])
  })

  test('no row id where the manifest has none', () => {
    const manifest = { ...listed, firstRowId: null }
    const { entries } = readManifest(write([added()], 3).bytes, { manifest, schema })
    expect(entries[0]?.dataFile.firstRowId).toBeNull()
  })
})

describe('a manifest list', () => {
  const base = {
    snapshotId: firstSnapshot,
    parentSnapshotId: null,
    sequenceNumber: 4n,
    firstRowId: 1000n,
  } as const
  const old: ManifestFile = {
    ...staged([added()]),
    manifestPath: 's3://bucket/old.avro',
    addedSnapshotId: snapshotId(1n),
    sequenceNumber: 1n,
    minSequenceNumber: 1n,
    firstRowId: 925n,
    keyMetadata: new Uint8Array([1]),
    partitions: [
      {
        containsNull: false,
        containsNan: null,
        lowerBound: new Uint8Array([1]),
        upperBound: null,
      },
    ],
  }

  test('new manifests take the sequence number of the snapshot', () => {
    const manifests = [staged([added()]), old]
    const written = writeManifestList({ ...base, formatVersion: 2, manifests })
    expect(written.addedRows).toBeNull()
    expect(written.manifests.map((manifest) => manifest.sequenceNumber)).toEqual([4n, 1n])
    expect(readManifestList(written.bytes)).toEqual([
      { ...manifests[0], sequenceNumber: 4n, minSequenceNumber: 4n, keyMetadata: null },
      { ...old, firstRowId: null },
    ])
  })

  test('row ids: the example of the specification', () => {
    const manifests = [old, rows(100n, 25n), rows(0n, 100n), rows(125n, 25n)]
    const written = writeManifestList({ ...base, formatVersion: 3, manifests })
    expect(readManifestList(written.bytes).map((manifest) => manifest.firstRowId)).toEqual([
      925n,
      1000n,
      1125n,
      1225n,
    ])
    expect(written.addedRows).toBe(375n)
  })

  test('delete manifests have no row ids', () => {
    const manifests: ManifestFile[] = [{ ...staged([added()], 3), content: 'deletes' }]
    const written = writeManifestList({ ...base, formatVersion: 3, manifests })
    expect(readManifestList(written.bytes)).toMatchObject([
      { content: 'deletes', firstRowId: null },
    ])
    expect(written.addedRows).toBe(0n)
  })

  test("another snapshot's manifest without a sequence number is a bug", () => {
    const manifests = [{ ...staged([added()]), addedSnapshotId: snapshotId(5n) }]
    expect(() => writeManifestList({ ...base, formatVersion: 2, manifests })).toThrow(/bug/)
  })

  test('counts that an old list does not state are not made up', () => {
    const manifests: ManifestFile[] = [{ ...old, countsUnknown: true }]
    expect(() => writeManifestList({ ...base, formatVersion: 2, manifests })).toThrow(
      /s3:\/\/bucket\/old\.avro.*does not state its counts/,
    )
  })

  test('an empty list', () => {
    const written = writeManifestList({ ...base, formatVersion: 2, manifests: [] })
    expect(readManifestList(written.bytes)).toEqual([])
  })
})
