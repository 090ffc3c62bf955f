import { describe, expect, test } from 'vitest'
import { changeTable } from '../../../src/commit/change-table.ts'
import { commitRollback, commitStaged } from '../../../src/commit/committer.ts'
import { holdProperty, holdToText, readHold } from '../../../src/commit/hold.ts'
import { viewRollback } from '../../../src/commit/plan-rollback.ts'
import { readLedger } from '../../../src/commit/read-ledger.ts'
import { targetOf } from '../../../src/commit/rollback-target.ts'
import { snapshotId } from '../../../src/core/ids.ts'
import { at, TABLE, WRITER } from './fixtures.ts'
import { begun, code, head } from './trace.ts'
import type { World } from './world.ts'

const HOLD = { sinceMs: 5_000, reason: 'drill' }
const OWNER = { writer: WRITER, ref: 'main' }

/** Foreign s0, the pin, p0 to 2, a foreign append, p0 to 4 and p1 to 3. */
async function grown(): Promise<{ world: World; first: ReturnType<typeof head> }> {
  const world = await begun()
  world.time.nowMs = 2_000
  await world.commit({ 0: [0, 2] })
  const first = head(world)
  world.time.nowMs = 3_000
  await world.foreignAppend()
  world.time.nowMs = 4_000
  await world.commit({ 0: [2, 4], 1: [0, 3] })
  return { world, first }
}

const back = (world: World) => world.context({ passesHold: true })
const reading = (world: World) => readLedger(world.metadata, OWNER)

describe('a rollback', () => {
  test('then replay: data and ledger are back, and the records are taken again', async () => {
    const { world, first } = await grown()
    const outcome = await commitRollback(back(world), { to: first, records: 'replay', hold: HOLD })
    expect(outcome.kind).toBe('committed')
    expect(world.next).toEqual({ 0: 2n, 1: 0n })
    expect(await world.rows()).toEqual({ 0: { 0: 1, 1: 1 } })
    expect(world.metadata.snapshots.at(-1)).toMatchObject({ parentSnapshotId: first })
    await world.commit({ 0: [2, 4], 1: [0, 3] })
    expect(await world.audit()).toEqual([])
  })

  test.each(['follow', 'hold', 'skip'] as const)(
    'is no rollback by somebody else to a worker under %s: it goes on from the ledger',
    async (onRollback) => {
      const { world, first } = await grown()
      const worker = world.context({ onRollback })
      const staged = await world.stage({ 0: [4, 6] }, worker)
      await commitRollback(back(world), { to: first, records: 'replay', hold: HOLD })
      expect((await commitStaged(worker, staged)).kind).toBe('rejected')
      expect(await code(world, worker)).toBe('started')
      const again = await world.stage({ 0: [2, 6] }, worker)
      expect((await commitStaged(worker, again)).kind).toBe('committed')
    },
  )

  test('then skip: the ledger stays, and the gap is recorded', async () => {
    const { world, first } = await grown()
    await commitRollback(back(world), { to: first, records: 'skip', hold: HOLD })
    expect(world.next).toEqual({ 0: 4n, 1: 3n })
    expect(await world.rows()).toEqual({ 0: { 0: 1, 1: 1 } })
    expect(await world.audit()).toEqual([])
    await world.commit({ 0: [4, 5] })
    expect(world.next).toEqual({ 0: 5n, 1: 3n })
  })

  test('then hold: nothing is taken until it is resumed', async () => {
    const { world, first } = await grown()
    await commitRollback(back(world), { to: first, records: 'hold', hold: HOLD })
    expect(readHold(world.metadata.properties, WRITER)).toEqual(HOLD)
    const staged = await world.stage({ 0: [2, 4] })
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'TABLE_HELD' },
    })
    expect(await code(world)).toBe('TABLE_HELD')
    await changeTable(back(world), { remove: [holdProperty(WRITER)] })
    expect((await commitStaged(world.worker, staged)).kind).toBe('committed')
  })

  test('is made anew on a head that has moved meanwhile: skip takes the ledger of that one', async () => {
    const { world, first } = await grown()
    world.catalog.fault = () => {
      world.catalog.fault = () => undefined
      return 'conflict'
    }
    let loads = 0
    world.catalog.before = async (call) => {
      if (call !== 'load' || (loads += 1) !== 2) return
      world.catalog.before = () => undefined
      await world.commit({ 0: [4, 9] })
    }
    await commitRollback(back(world), { to: first, records: 'skip', hold: HOLD })
    expect(world.next).toEqual({ 0: 9n, 1: 3n })
    expect(await world.rows()).toEqual({ 0: { 0: 1, 1: 1 } })
  })

  test('that landed unheard is made once', async () => {
    const { world, first } = await grown()
    world.catalog.fault = () => {
      world.catalog.fault = () => undefined
      return 'answer-lost'
    }
    const outcome = await commitRollback(back(world), { to: first, records: 'replay', hold: HOLD })
    expect(outcome.kind).toBe('committed')
    expect(world.metadata.snapshots.filter((one) => one.parentSnapshotId === first)).toHaveLength(2)
  })

  test('to the head sets a rolled-back table right, though it is held by policy', async () => {
    const { world, first } = await grown()
    world.catalog.rollback(TABLE, first)
    const worker = world.context({ onRollback: 'hold' })
    expect(await code(world, worker)).toBe('TABLE_ROLLED_BACK')
    const context = world.context({ onRollback: 'hold', passesHold: true })
    await commitRollback(context, { to: first, records: 'skip', hold: HOLD })
    expect(await code(world, worker)).toBe('started')
    expect(world.next).toEqual({ 0: 4n, 1: 3n })
  })

  test('behind a cherry-pick of ours resolves it', async () => {
    const { world, first } = await grown()
    const ours = head(world)
    world.catalog.rollback(TABLE, first)
    await world.foreignAppend()
    const before = head(world)
    await world.cherryPick(ours)
    expect(await code(world)).toBe('LEDGER_COPIED')
    await commitRollback(back(world), { to: before, records: 'replay', hold: HOLD })
    expect(await code(world)).toBe('started')
    expect(world.next).toEqual({ 0: 2n, 1: 0n })
  })

  test('to before the pin goes to the origin', async () => {
    const { world } = await grown()
    const [s0] = reading(world).walk.slice(-1)
    await commitRollback(back(world), { to: s0!.snapshotId, records: 'replay', hold: HOLD })
    expect(world.next).toEqual({ 0: 0n, 1: 0n })
    expect(await world.rows()).toEqual({})
  })

  test.each([
    ['a snapshot that never was', () => snapshotId(1n), 'has no snapshot 1'],
    ['one off the branch', async (world: World) => aside(world), 'is not an ancestor'],
  ])('to %s is refused, and changes nothing', async (_what, target, why) => {
    const { world } = await grown()
    const to = await target(world)
    const standing = head(world)
    const outcome = await commitRollback(back(world), { to, records: 'replay', hold: HOLD })
    expect(outcome).toMatchObject({ kind: 'refused', refusal: { code: 'ROLLBACK_REFUSED' } })
    expect(String(outcome.kind === 'refused' && outcome.refusal.message)).toContain(why)
    expect(head(world)).toBe(standing)
  })

  test('below an expired ledger is refused: nobody knows where it stood', async () => {
    const { world, first } = await grown()
    const foreign = reading(world).walk[1]!.snapshotId
    world.catalog.expire(TABLE, [head(world), foreign])
    const view = viewRollback(world.metadata, reading(world), { to: foreign, records: 'replay' })
    expect(view).toMatchObject({ kind: 'refused', why: expect.stringContaining('not known') })
    const gone = viewRollback(world.metadata, reading(world), { to: first, records: 'replay' })
    expect(gone).toMatchObject({ kind: 'refused', why: expect.stringContaining('expired') })
  })
})

/** A snapshot that somebody took off the branch. */
async function aside(world: World): Promise<ReturnType<typeof head>> {
  const off = head(world)
  world.catalog.rollback(TABLE, reading(world).walk[1]!.snapshotId)
  return off
}

describe('where a rollback goes back to', () => {
  test.each([
    ['a time between two snapshots', { kind: 'time', ms: 3_500 }, 1],
    ['the very time of one', { kind: 'time', ms: 3_000 }, 1],
    ['a time before all', { kind: 'time', ms: 1 }, undefined],
    ['the last position', { kind: 'position', partition: at(0), offset: 3n }, 1],
    ['a position of an older snapshot', { kind: 'position', partition: at(0), offset: 1n }, 3],
    ['a position that it does not have yet', { kind: 'position', partition: at(0), offset: 4n }, 0],
    ['the head', { kind: 'head' }, 0],
  ] as const)('%s', async (_what, to, index) => {
    const { world } = await grown()
    const { walk } = reading(world)
    const expected = index === undefined ? undefined : walk[index]?.snapshotId
    expect(targetOf(reading(world), to)).toBe(expected)
  })

  test('a position whose snapshot is the oldest of a cut history may have been there before', async () => {
    const { world } = await grown()
    world.catalog.expire(TABLE)
    const to = { kind: 'position', partition: at(0), offset: 3n } as const
    expect(targetOf(reading(world), to)).toBeUndefined()
  })
})

describe('a hold', () => {
  test('reads back, and holds though it is not to be read', () => {
    const properties = { [holdProperty(WRITER)]: holdToText(HOLD) }
    expect(readHold(properties, WRITER)).toEqual(HOLD)
    expect(readHold({}, WRITER)).toBeUndefined()
    expect(readHold({ [holdProperty(WRITER)]: 'stop' }, WRITER)).toEqual({
      sinceMs: undefined,
      reason: 'stop',
    })
  })

  test.each(['lost', 'answer-lost', 'late', 'conflict', 'server-error'] as const)(
    'is set whatever becomes of the first request: %s',
    async (fault) => {
      const { world } = await grown()
      world.catalog.fault = () => {
        world.catalog.fault = () => undefined
        return fault
      }
      const set = { [holdProperty(WRITER)]: holdToText(HOLD) }
      const { metadata } = await changeTable(back(world), { set })
      expect(readHold(metadata.properties, WRITER)).toEqual(HOLD)
    },
  )

  test('throws once its attempts are used up', async () => {
    const { world } = await grown()
    world.catalog.fault = () => 'lost'
    const set = { [holdProperty(WRITER)]: holdToText(HOLD) }
    await expect(changeTable(back(world), { set })).rejects.toMatchObject({
      code: 'CATALOG_UNAVAILABLE',
    })
  })
})
