import { describe, expect, test } from 'vitest'
import {
  type CommitOutcome,
  commitReplacement,
  commitStaged,
} from '../../../src/commit/committer.ts'
import { readRecord } from '../../../src/commit/ledger-text.ts'
import type { ReplacedHead, Replacement } from '../../../src/commit/replacement.ts'
import type { StagedAppend } from '../../../src/commit/stage.ts'
import { snapshotById } from '../../../src/iceberg/ancestry.ts'
import { checkMetadata } from '../../../src/iceberg/check-metadata.ts'
import { readManifest } from '../../../src/iceberg/manifest-reader.ts'
import { ManifestFilter } from '../../../src/replay/manifest-filter.ts'
import { at, range, SCHEMA } from './fixtures.ts'
import { pinned, type World } from './world.ts'

/** Takes out the files of partition 0 that lie in a range: the test's files say in their names what they hold. */
function replacementOf(
  world: World,
  staged: StagedAppend,
  [start, end]: [number, number],
  newBranch?: string,
): Replacement {
  const filter = new ManifestFilter(world, staged.snapshotId)
  const goes = (path: string): boolean => {
    const [, p, from, to] = /\.p(\d+)\.(\d+)\.(\d+)\./.exec(path) ?? []
    return p === '0' && Number(from) >= start && Number(to) <= end
  }
  return {
    newBranch,
    on: async (head: ReplacedHead) => {
      const removed = new Map<string, Set<string>>()
      let [files, records, bytes] = [0, 0n, 0n]
      for (const manifest of head.manifests) {
        const read = readManifest(await world.store.get(manifest.manifestPath), {
          manifest,
          schema: SCHEMA,
        })
        for (const { status, dataFile } of read.entries) {
          if (status === 'deleted' || !goes(dataFile.filePath)) continue
          removed.set(
            manifest.manifestPath,
            (removed.get(manifest.manifestPath) ?? new Set()).add(dataFile.filePath),
          )
          files += 1
          records += dataFile.recordCount
          bytes += dataFile.fileSizeInBytes
        }
      }
      return {
        kind: 'replaced',
        manifests: [...staged.manifests, ...(await filter.without(head, removed))],
        added: staged.added,
        removed: { files, records, bytes },
      }
    },
  }
}

async function replay(
  world: World,
  of: [number, number],
  options: { branch?: string; staged?: StagedAppend } = {},
): Promise<CommitOutcome> {
  const staged = options.staged ?? (await world.stage({ 0: of }))
  const replacement = replacementOf(world, staged, of, options.branch)
  return commitReplacement(world.worker, { staged, replacement })
}

async function twoCommits(formatVersion: 2 | 3 = 2): Promise<World> {
  const world = await pinned({ formatVersion })
  await world.commit({ 0: [0, 10], 1: [0, 4] })
  await world.commit({ 0: [10, 20] })
  return world
}

function headOf(world: World) {
  return snapshotById(world.metadata, world.metadata.currentSnapshotId!)!
}

const counts = (rows: Record<string, number> | undefined): number[] => [
  ...new Set(Object.values(rows ?? {})),
]

describe('a replacement', () => {
  test.each([2, 3] as const)('is one overwrite that leaves the ledger as it is, v%i', async (v) => {
    const world = await twoCommits(v)
    const before = { ...world.next }
    const outcome = await replay(world, [0, 10])
    expect(outcome.kind).toBe('committed')
    expect(world.next).toEqual(before)
    const head = headOf(world)
    expect(head.summary).toMatchObject({
      operation: 'overwrite',
      'added-data-files': '1',
      'added-records': '10',
      'deleted-data-files': '1',
      'deleted-records': '10',
      'total-records': '24',
      'total-data-files': '3',
      'firn.ranges': '{}',
      'firn.replayed': '{"orders":{"0":[0,10]}}',
    })
    expect(readRecord(head)?.replayed.get(at(0))).toEqual(range(0, 10))
    expect(await world.audit()).toEqual([])
    expect(checkMetadata(world.metadata)).toEqual([])
    expect(world.catalog.commits.at(-1)?.applied).toBe(true)
  })

  test('keeps the numbers of the files that stay in a manifest with one that goes', async () => {
    const world = await twoCommits(3)
    const before = await entriesOf(world)
    await replay(world, [0, 10])
    const after = await entriesOf(world)
    const stayed = before.find(({ path }) => path.includes('.p1.'))!
    expect(after.find(({ path }) => path === stayed.path)).toEqual({
      ...stayed,
      status: 'existing',
    })
    const gone = before.find(({ path }) => path.includes('.p0.0.10.'))!
    expect(after.find(({ path }) => path === gone.path)).toEqual({
      ...gone,
      status: 'deleted',
      snapshotId: headOf(world).snapshotId,
    })
  })

  test('lands once when the answer is lost, and knows it by a tag of its own', async () => {
    const world = await twoCommits()
    let lost = false
    world.catalog.fault = () => {
      if (lost) return undefined
      lost = true
      return 'answer-lost'
    }
    const staged = await world.stage({ 0: [0, 10] })
    const outcome = await replay(world, [0, 10], { staged })
    expect(outcome).toMatchObject({ kind: 'committed', snapshotId: staged.snapshotId, attempts: 2 })
    expect(counts((await world.rows())[0])).toEqual([1])
    expect(Object.keys(world.metadata.refs)).toContain(`firn-w-replay-${staged.commitId}`)
  })

  test('that lost its answer, and was buried by commits and expiry, is still known to have landed', async () => {
    const world = await twoCommits()
    const staged = await world.stage({ 0: [0, 10] })
    world.catalog.fault = () => 'answer-lost'
    const other = world.context()
    let buried = false
    world.catalog.before = async (call) => {
      if (call !== 'load' || buried || world.catalog.commits.length === 0) return
      if (snapshotById(world.metadata, staged.snapshotId) === undefined) return
      buried = true
      world.catalog.fault = () => undefined
      await commitStaged(other, await world.stage({ 0: [20, 25] }, other))
      world.catalog.expire({ namespace: ['lake'], name: 'orders' })
    }
    const outcome = await replay(world, [0, 10], { staged })
    expect(buried).toBe(true)
    expect(outcome).toMatchObject({ kind: 'committed', snapshotId: staged.snapshotId })
    const landed = world.catalog.commits.filter(
      ({ commit, applied }) =>
        applied &&
        commit.updates.some(
          (one) => one.action === 'add-snapshot' && one.snapshot.snapshotId === staged.snapshotId,
        ),
    )
    expect(landed).toHaveLength(1)
    expect(await world.audit()).toEqual([])
  })

  test('is computed anew on the head that a worker made meanwhile', async () => {
    const world = await twoCommits()
    const other = world.context()
    let raced = false
    world.catalog.before = async (call) => {
      if (call !== 'commit' || raced) return
      raced = true
      await commitStaged(other, await world.stage({ 0: [20, 30] }, other))
    }
    const outcome = await replay(world, [0, 20])
    expect(outcome).toMatchObject({ kind: 'committed', attempts: 2 })
    expect(world.next[0]).toBe(30n)
    expect(await world.audit()).toEqual([])
  })

  test('of a range that is not below the ledger is rejected', async () => {
    const world = await twoCommits()
    const outcome = await replay(world, [10, 21])
    expect(outcome).toMatchObject({ kind: 'rejected', why: { kind: 'standings' } })
    expect(await replay(world, [20, 30])).toMatchObject({ kind: 'rejected' })
    expect(await world.audit()).toEqual([])
  })

  test('of another log under the same name is rejected', async () => {
    const world = await twoCommits()
    const staged = await world.stage({ 0: [0, 10] })
    const claim = { ...staged.claim, topics: new Map([[at(0).topic, 'topic-2' as never]]) }
    const outcome = await replay(world, [0, 10], { staged: { ...staged, claim } })
    expect(outcome).toMatchObject({ kind: 'rejected', why: { kind: 'standings' } })
  })

  test('that was rolled back is not sent again', async () => {
    const world = await twoCommits()
    const head = world.metadata.currentSnapshotId
    const staged = await world.stage({ 0: [0, 10] })
    expect(await replay(world, [0, 10], { staged })).toMatchObject({ kind: 'committed' })
    world.catalog.rollback({ namespace: ['lake'], name: 'orders' }, head)
    const again = await replay(world, [0, 10], { staged })
    expect(again).toMatchObject({ kind: 'rejected', why: { kind: 'rolled-back' } })
    expect(await world.audit()).toEqual([])
  })
})

describe('a replacement on a branch of its own', () => {
  test('leaves main, its tag and its mirror as they are', async () => {
    const world = await twoCommits()
    const { refs, properties, currentSnapshotId } = world.metadata
    const outcome = await replay(world, [0, 10], { branch: 'fixed' })
    expect(outcome.kind).toBe('committed')
    const { fixed, ...others } = world.metadata.refs
    expect(others).toEqual(refs)
    expect(world.metadata.properties).toEqual(properties)
    expect(world.metadata.currentSnapshotId).toBe(currentSnapshotId)
    const begun = snapshotById(world.metadata, fixed!.snapshotId)!
    expect(begun.parentSnapshotId).toBe(currentSnapshotId)
    // The worker goes on as if nothing had been.
    await world.commit({ 0: [20, 30] })
    expect(await world.audit()).toEqual([])
  })

  test('is known by the branch where the answer was lost', async () => {
    const world = await twoCommits()
    let first = true
    world.catalog.fault = () => {
      if (!first) return undefined
      first = false
      return 'answer-lost'
    }
    const outcome = await replay(world, [0, 10], { branch: 'fixed' })
    expect(outcome).toMatchObject({ kind: 'committed', attempts: 2 })
  })

  test('is refused where a branch of that name is there', async () => {
    const world = await twoCommits()
    await replay(world, [0, 10], { branch: 'fixed' })
    expect(await replay(world, [0, 10], { branch: 'fixed' })).toMatchObject({
      kind: 'refused',
      refusal: { code: 'BRANCH_EXISTS' },
    })
  })
})

async function entriesOf(world: World) {
  const head = headOf(world)
  const manifests = await world.worker.lists.of(head)
  const read = await Promise.all(
    manifests.map(async (manifest) =>
      readManifest(await world.store.get(manifest.manifestPath), { manifest, schema: SCHEMA }),
    ),
  )
  return read.flatMap(({ entries }) =>
    entries.map(({ status, snapshotId, sequenceNumber, fileSequenceNumber, dataFile }) => ({
      path: dataFile.filePath,
      status,
      snapshotId,
      sequenceNumber,
      fileSequenceNumber,
      firstRowId: dataFile.firstRowId,
    })),
  )
}
