import { describe, expect, test } from 'vitest'
import { replayTagName } from '../../../src/commit/ledger-text.ts'
import { FirnError } from '../../../src/core/errors.ts'
import { snapshotById } from '../../../src/iceberg/ancestry.ts'
import { dropRefs } from '../../../src/replay/drop-refs.ts'
import { preparePromotion, promote } from '../../../src/replay/promote.ts'
import { checkReplay } from '../../../src/replay/replay.ts'
import { TABLE, WRITER } from '../commit/fixtures.ts'
import { rowsOfRange } from './replay-rows.ts'
import { ReplayWorld } from './replay-world.ts'

const BRANCH = 'fixed'

/** Twenty positions in two files, and a replay of [5,15) on a branch. */
async function branched(formatVersion: 2 | 3 = 2): Promise<ReplayWorld> {
  const world = await ReplayWorld.create({ formatVersion })
  await world.ingest({ 0: [0, 10] })
  await world.ingest({ 0: [10, 20] })
  const { outcome } = await world.replay({ 0: [5, 15] }, { newBranch: BRANCH })
  expect(outcome.kind).toBe('committed')
  return world
}

async function promoted(world: ReplayWorld) {
  const context = world.context()
  const prepared = await preparePromotion(context, { branch: BRANCH, column: '_kafka' })
  const { end, commitId } = await promote(context, prepared)
  checkReplay('lake.orders', prepared.log, end)
  return { prepared, end, commitId }
}

async function refusal(world: ReplayWorld): Promise<string> {
  try {
    await promoted(world)
  } catch (fault) {
    if (fault instanceof FirnError) return `${fault.code}: ${fault.message}`
    throw fault
  }
  return 'promoted'
}

const expected = (end: number, ...more: readonly (readonly [string, bigint])[]) =>
  new Map([...rowsOfRange(0, [0, end]), ...rowsOfRange(0, [5, 15], 2n), ...more])

function uploadsOf(world: ReplayWorld): string[] {
  const uploads: string[] = []
  world.store.before = (call, location) => {
    if (call === 'upload') uploads.push(location)
  }
  return uploads
}

describe('a branch is promoted', () => {
  test.each([2, 3] as const)(
    'with what was rewritten for it, where nothing has changed, v%i',
    async (v) => {
      const world = await branched(v)
      const uploads = uploadsOf(world)
      const { end, prepared } = await promoted(world)
      expect(prepared.movedBy).toBe(0)
      expect(end.outcome.kind).toBe('committed')
      expect(uploads).toEqual([])
      expect(end.rowsOutside).toEqual({ before: 10n, after: 10n })
      expect(await world.audit(expected(20))).toEqual([])
    },
  )

  test('on what the table holds by then: commits and a compaction in between', async () => {
    const world = await branched()
    await world.ingest({ 0: [20, 30] })
    await world.compact(2)
    const { prepared, end } = await promoted(world)
    expect(prepared.movedBy).toBe(2)
    expect(end.replacement.replaced.rewritten).toHaveLength(2)
    expect(await world.audit(expected(30))).toEqual([])
    // Its own ledger, that of the branch's beginning, stays behind.
    expect(world.next[0]).toBe(30n)
  })

  test('once, though the answer is lost and a worker commits before the next look', async () => {
    const world = await branched()
    let lost = false
    world.catalog.fault = () => {
      if (lost) return undefined
      lost = true
      return 'answer-lost'
    }
    world.catalog.before = async (call) => {
      if (call !== 'load' || !lost) return
      world.catalog.before = () => {}
      await world.ingest({ 0: [20, 25] })
      world.catalog.expire(TABLE, [])
    }
    const { end } = await promoted(world)
    expect(end.outcome.attempts).toBe(2)
    expect(await world.audit(expected(25))).toEqual([])
  })

  test('and is known to be in the table when it is asked for again', async () => {
    const world = await branched()
    await promoted(world)
    const head = world.metadata.currentSnapshotId
    const { prepared } = await promoted(world)
    expect(prepared.plan.live).toBe(true)
    expect(world.metadata.currentSnapshotId).toBe(head)
    expect(await world.audit(expected(20))).toEqual([])
  })

  test('and taken away with the tag that kept it findable', async () => {
    const world = await branched()
    const { prepared, end, commitId } = await promoted(world)
    const context = world.context()
    const tag = replayTagName(WRITER, commitId)
    expect(Object.keys(world.metadata.refs)).toContain(tag)
    expect(await dropRefs(context, end.outcome.snapshotId, [tag])).toBeUndefined()
    expect(await dropRefs(context, prepared.begun.snapshotId, [BRANCH])).toBeUndefined()
    expect(Object.keys(world.metadata.refs).toSorted()).toEqual(['firn-w', 'main'])
    // Nothing is left to take away.
    expect(await dropRefs(context, end.outcome.snapshotId, [tag])).toBeUndefined()
  })

  test('and a tag that cannot be taken away is told', async () => {
    const world = await branched()
    const { end, commitId } = await promoted(world)
    world.catalog.fault = () => 'conflict'
    const reason = await dropRefs(world.context(), end.outcome.snapshotId, [
      replayTagName(WRITER, commitId),
    ])
    expect(reason).toBeInstanceOf(FirnError)
  })
})

describe('a branch is not promoted', () => {
  test('that is not there', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 10] })
    expect(await refusal(world)).toMatch(/^USAGE: .*no branch fixed/)
  })

  test('that is no replay', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 10] })
    const snapshotId = world.metadata.currentSnapshotId!
    world.catalog.edit(TABLE, (metadata) => ({
      ...metadata,
      refs: { ...metadata.refs, [BRANCH]: { type: 'branch', snapshotId } },
    }))
    expect(await refusal(world)).toMatch(/^REPLAY_REFUSED: .*no replay by this writer/)
  })

  test('over a newer replay of the same positions', async () => {
    const world = await branched()
    await world.replay({ 0: [14, 18] }, { generation: 3n })
    expect(await refusal(world)).toMatch(/^REPLAY_REFUSED: .*replayed positions of its ranges/)
  })

  test('but over a newer replay of others', async () => {
    const world = await branched()
    await world.replay({ 0: [15, 18] }, { generation: 3n })
    await promoted(world)
    expect(await world.audit(expected(20, ...rowsOfRange(0, [15, 18], 3n)))).toEqual([])
  })

  test('into a table that was rolled back behind its ranges', async () => {
    const world = await branched()
    const first = world.metadata.snapshots.find(({ sequenceNumber }) => sequenceNumber === 2n)!
    world.catalog.rollback(TABLE, first.snapshotId)
    expect(await refusal(world)).toMatch(/^REPLAY_REFUSED: .*ledger is elsewhere/)
    expect(await world.audit(new Map(rowsOfRange(0, [0, 10])))).toEqual([])
  })
})

test('a branch that somebody sets as main himself takes the ledger back with the rows', async () => {
  const world = await branched()
  await world.ingest({ 0: [20, 30] })
  const branch = world.metadata.refs[BRANCH]!.snapshotId
  expect(snapshotById(world.metadata, branch)?.summary['firn.ledger']).toContain('"0":20')
  world.catalog.rollback(TABLE, branch)
  expect(world.next[0]).toBe(20n)
  await world.ingest({ 0: [20, 30] })
  expect(await world.audit(expected(30))).toEqual([])
})
