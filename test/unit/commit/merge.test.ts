import { describe, expect, test } from 'vitest'
import { FirnError } from '../../../src/core/errors.ts'
import { snapshotId } from '../../../src/core/ids.ts'
import type { ManifestFile } from '../../../src/iceberg/data-file.ts'
import { readManifestList } from '../../../src/iceberg/manifest-list.ts'
import { readManifest } from '../../../src/iceberg/manifest-reader.ts'
import { ManifestLists } from '../../../src/commit/manifest-lists.ts'
import { ManifestMerger } from '../../../src/commit/merge-manifests.ts'
import { mergeLimits, planMerge } from '../../../src/commit/plan-merge.ts'
import { retryPolicy } from '../../../src/commit/retry-policy.ts'
import { metadataLocation } from '../../../src/commit/table-properties.ts'
import { SCHEMA } from './fixtures.ts'
import { World } from './world.ts'

const manifest = (
  name: string,
  bytes: number,
  change: Partial<ManifestFile> = {},
): ManifestFile => ({
  manifestPath: name,
  manifestLength: BigInt(bytes),
  partitionSpecId: 0,
  content: 'data',
  sequenceNumber: 1n,
  minSequenceNumber: 1n,
  addedSnapshotId: snapshotId(1n),
  addedFilesCount: 1,
  existingFilesCount: 0,
  deletedFilesCount: 0,
  addedRowsCount: 1n,
  existingRowsCount: 0n,
  deletedRowsCount: 0n,
  partitions: [],
  firstRowId: null,
  ...change,
})

const names = (groups: readonly (readonly ManifestFile[])[]): string[] =>
  groups.map((group) => group.map(({ manifestPath }) => manifestPath).join('+'))

describe('planMerge', () => {
  const limits = { enabled: true, countMin: 3, targetBytes: 10n }
  const added = [manifest('new', 1)]

  test.each<[string, readonly ManifestFile[], Partial<typeof limits>, readonly string[]]>([
    ['too few', [manifest('b', 1)], {}, ['b']],
    ['enough with the new one', [manifest('c', 1), manifest('b', 1)], {}, ['c+b']],
    ['switched off', [manifest('c', 1), manifest('b', 1)], { enabled: false }, ['c', 'b']],
    ['nothing', [], {}, []],
    [
      'full ones stay',
      [manifest('c', 1), manifest('b', 1), manifest('full', 10)],
      {},
      ['c+b', 'full'],
    ],
    [
      'older packs are merged whatever their count',
      [manifest('d', 6), manifest('c', 5), manifest('b', 5)],
      {},
      ['d', 'c+b'],
    ],
    [
      'the under-filled pack is the youngest',
      [manifest('d', 4), manifest('c', 4), manifest('b', 4)],
      { countMin: 9 },
      ['d', 'c+b'],
    ],
    [
      'deletes stay',
      [manifest('c', 1), manifest('x', 1, { content: 'deletes' }), manifest('b', 1)],
      {},
      ['c+b', 'x'],
    ],
    [
      'encrypted ones stay',
      [manifest('c', 1), manifest('x', 1, { keyMetadata: new Uint8Array(1) }), manifest('b', 1)],
      {},
      ['c+b', 'x'],
    ],
    [
      'specs stay apart',
      [manifest('c', 1), manifest('x', 1, { partitionSpecId: 1 }), manifest('b', 1)],
      {},
      ['c+b', 'x'],
    ],
  ])('%s', (_name, manifests, change, expected) => {
    expect(names(planMerge(manifests, added, { ...limits, ...change }))).toEqual(expected)
  })
})

test('the table’s properties, with Iceberg’s defaults', () => {
  expect(mergeLimits({})).toEqual({ enabled: true, countMin: 100, targetBytes: 8_388_608n })
  expect(mergeLimits({ 'commit.manifest-merge.enabled': 'false' }).enabled).toBe(false)
  expect(retryPolicy({})).toEqual({
    attemptsMax: 5,
    waitMsMin: 100,
    waitMsMax: 60_000,
    totalMs: 1_800_000,
  })
  expect(retryPolicy({ 'commit.retry.num-retries': '100000' }).attemptsMax).toBe(100)
  expect(retryPolicy({ 'commit.retry.num-retries': 'many' }).attemptsMax).toBe(5)
  const location = 's3://b/t/'
  expect(metadataLocation({ location, properties: {} })).toBe('s3://b/t/metadata')
  const properties = { 'write.metadata.path': 's3://m/' }
  expect(metadataLocation({ location, properties })).toBe('s3://m')
})

async function listOf(world: World): Promise<readonly ManifestFile[]> {
  return readManifestList(await world.store.get(world.metadata.snapshots.at(-1)!.manifestList))
}

const sum = (part: readonly number[]): number => part.reduce((a, b) => a + b, 0)

describe('merging manifests', () => {
  test.each([2, 3] as const)(
    'keeps every file, its snapshot and its numbers (v%i)',
    async (formatVersion) => {
      const properties = { 'commit.manifest.min-count-to-merge': '4' }
      const world = await World.create({ formatVersion, properties })
      await world.positions()
      for (let n = 0; n < 20; n++) await world.commit({ 0: [n, n + 1] })
      expect(await world.audit()).toEqual([])
      const list = await listOf(world)
      expect(list.length).toBeLessThanOrEqual(4)
      const rowIds: bigint[] = []
      const sequenceNumbers: (bigint | null)[] = []
      for (const one of list) {
        const { entries } = readManifest(await world.store.get(one.manifestPath), {
          manifest: one,
          schema: SCHEMA,
        })
        sequenceNumbers.push(...entries.map((entry) => entry.sequenceNumber))
        for (const { dataFile, snapshotId: by } of entries) {
          expect(world.metadata.snapshots.some((snapshot) => snapshot.snapshotId === by)).toBe(true)
          if (dataFile.firstRowId !== null) rowIds.push(dataFile.firstRowId)
        }
      }
      // The pin has number 1, and each append the next.
      const expected = Array.from({ length: 20 }, (_, n) => BigInt(n + 2))
      expect(sequenceNumbers.toSorted((a, b) => Number(a! - b!))).toEqual(expected)
      expect(new Set(rowIds).size).toBe(formatVersion === 3 ? 20 : 0)
    },
  )

  test('a commit costs the same after many as after few', async () => {
    const properties = { 'commit.manifest.min-count-to-merge': '5' }
    const world = await World.create({ properties, logEnds: [1_000] })
    await world.positions([0])
    const reads: number[] = []
    for (let n = 0; n < 100; n++) {
      const before = world.store.reads
      await world.commit({ 0: [n, n + 1] })
      reads.push(world.store.reads - before)
    }
    expect(sum(reads.slice(50))).toBe(sum(reads.slice(0, 50)))
    expect((await listOf(world)).length).toBeLessThanOrEqual(5)
  })

  test('is done once for all attempts on the same head', async () => {
    const properties = { 'commit.manifest.min-count-to-merge': '3' }
    const world = await World.create({ properties })
    await world.positions()
    await world.commit({ 0: [0, 1] })
    await world.commit({ 0: [1, 2] })
    world.events.length = 0
    const queue = ['conflict', 'lost'] as const
    let next = 0
    world.catalog.fault = () => queue[next++]
    await world.commit({ 0: [2, 3] })
    expect(world.events.filter(({ kind }) => kind === 'merged')).toHaveLength(1)
    expect(await world.audit()).toEqual([])
  })

  test('forgets manifests without a live file, and files that were deleted', async () => {
    const properties = { 'commit.manifest.min-count-to-merge': '2' }
    const world = await World.create({ properties })
    await world.positions()
    await world.commit({ 0: [0, 1] })
    await world.engine.deleteNewest()
    await world.commit({ 0: [1, 2] })
    expect((await world.rows())[0]).toEqual({ 1: 1 })
    await world.commit({ 0: [2, 3] })
    expect((await world.rows())[0]).toEqual({ 1: 1, 2: 1 })
  })

  test('that fails for good leaves them as they are; that may pass is tried again', async () => {
    const properties = { 'commit.manifest.min-count-to-merge': '3' }
    const world = await World.create({ properties })
    await world.positions()
    await world.commit({ 0: [0, 1] })
    await world.commit({ 0: [1, 2] })
    let faults = 1
    world.store.before = (call, location) => {
      if (call !== 'get' || !location.includes('-m0')) return
      if (faults-- > 0) throw new FirnError('STORAGE_UNAVAILABLE', 'slow down')
      throw new FirnError('MANIFEST_INVALID', 'damaged')
    }
    expect(await world.commit({ 0: [2, 3] })).toMatchObject({ kind: 'committed', attempts: 2 })
    world.store.before = () => {}
    expect(await world.audit()).toEqual([])
    expect(world.events.some(({ kind }) => kind === 'merge-failed')).toBe(true)
  })

  test('leaves those of a spec that Firn cannot write', async () => {
    const properties = { 'commit.manifest.min-count-to-merge': '2' }
    const world = await World.create({ properties })
    await world.positions()
    await world.commit({ 0: [0, 1] })
    await world.commit({ 0: [1, 2] })
    const before = (await listOf(world)).length
    const spec = {
      specId: 0,
      fields: [{ sourceId: 9, fieldId: 1000, name: 'x', transform: { kind: 'identity' as const } }],
    }
    const merger = new ManifestMerger(world.worker, snapshotId(1n))
    const metadata = { ...world.metadata, partitionSpecs: [spec] }
    const list = await listOf(world)
    expect(await merger.merge(metadata, [...list, ...list], [])).toHaveLength(2 * before)
  })

  test('a manifest list is read once', async () => {
    const world = await World.create()
    await world.positions()
    await world.commit({ 0: [0, 1] })
    const lists = new ManifestLists(world.store)
    const head = world.metadata.snapshots.at(-1)!
    const before = world.store.reads
    await lists.of(head)
    await lists.of(head)
    expect(world.store.reads - before).toBe(1)
    await expect(lists.of({ ...head, manifestList: '' })).rejects.toThrow('old v1')
  })
})
