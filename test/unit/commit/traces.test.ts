import { describe, expect, test } from 'vitest'
import { commitMove, commitStaged } from '../../../src/commit/committer.ts'
import { lookAtTable } from '../../../src/commit/look.ts'
import { mirrorProperty, tagName } from '../../../src/commit/ledger-text.ts'
import { readLedger } from '../../../src/commit/read-ledger.ts'
import { startTable } from '../../../src/commit/start.ts'
import { topicId, writerName } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import { at, ORDERS, TABLE, WRITER } from './fixtures.ts'
import { begun, code, head, unset, untag } from './trace.ts'
import { World } from './world.ts'

// The traces that broke earlier versions of the protocol, by their numbers in the list of findings.

describe('traces of one table', () => {
  test('1: rolled back, appended to, expired: the mirror is not believed', async () => {
    const world = await begun()
    const pin = head(world)
    await world.commit({ 0: [0, 1] })
    world.catalog.rollback(TABLE, pin)
    await world.foreignAppend()
    world.catalog.expire(TABLE)
    expect(await code(world)).toBe('LEDGER_UNPROVEN')
  })

  test('2: landed unheard, compacted and expired: no false alarm of a rollback, and no row twice', async () => {
    for (const onRollback of ['hold', 'follow', 'skip'] as const) {
      const world = await begun()
      const worker = world.context({ onRollback })
      const staged = await world.stage({ 0: [0, 1] }, worker)
      world.catalog.fault = () => {
        world.catalog.fault = () => undefined
        return 'answer-lost'
      }
      // Before the second load: F, K, and expiry of all but K and the tagged snapshot.
      let loads = 0
      world.catalog.before = async (call) => {
        if (call !== 'load' || (loads += 1) !== 2) return
        await world.foreignAppend()
        await world.compact()
        world.catalog.expire(TABLE)
      }
      const outcome = await commitStaged(worker, staged)
      expect(outcome).toMatchObject({ kind: 'refused', refusal: { code: 'LEDGER_UNPROVEN' } })
      expect((await world.rows())[0]).toEqual({ 0: 1 })
    }
  })

  test('2, with its manifest kept: proven by the manifest, used, and lifted to the head', async () => {
    const world = await begun()
    await world.commit({ 0: [0, 1] })
    await world.foreignAppend()
    await world.foreignAppend()
    world.catalog.expire(TABLE)
    const outcome = await world.startAt()
    expect(outcome).toMatchObject({ kind: 'started', moves: ['lift'] })
    expect(outcome).toMatchObject({ warnings: [{ kind: 'ledger-buried' }] })
    expect(await world.positions()).toEqual({ 0: 1n, 1: 0n })
    expect(await world.audit()).toEqual([])
  })

  test('6: a cherry-pick of ours is refused, at start and by a running worker', async () => {
    const world = await begun()
    const staged = await world.stage({ 1: [0, 1] })
    const pin = head(world)
    await world.commit({ 0: [0, 1] })
    const ours = head(world)
    world.catalog.rollback(TABLE, pin)
    await world.foreignAppend()
    await world.cherryPick(ours)
    expect(await code(world)).toBe('LEDGER_COPIED')
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'LEDGER_COPIED' },
    })
  })

  test('6: a summary copied to another snapshot is no ledger', async () => {
    const world = await begun()
    await world.commit({ 0: [0, 1] })
    const { summary } = world.metadata.snapshots.at(-1)!
    world.catalog.addForeign(TABLE, { manifestList: 'mem://none', summary })
    expect(await code(world)).toBe('LEDGER_COPIED')
  })

  test('6: a cherry-pick that is a fast-forward is our own snapshot', async () => {
    const world = await begun()
    const pin = head(world)
    await world.commit({ 0: [0, 1] })
    const ours = head(world)
    world.catalog.rollback(TABLE, pin)
    world.catalog.rollback(TABLE, ours)
    expect(await world.positions()).toEqual({ 0: 1n, 1: 0n })
  })

  test('7: the same numbers of another log are rejected', async () => {
    const world = await begun()
    const zombie = await world.stage({ 0: [0, 2] })
    const outcome = await commitMove(world.worker, {
      kind: 'rebase',
      cluster: world.log.cluster,
      topic: ORDERS,
      from: readLedger(world.metadata, {
        writer: WRITER,
        ref: 'main',
      }).newest!.record.ledger.topics.get(ORDERS)!,
      to: {
        id: topicId('topic-2'),
        positions: new Map([
          [0, 0n],
          [1, 0n],
        ]),
      },
    })
    expect(outcome.kind).toBe('committed')
    const rejected = await commitStaged(world.worker, zombie)
    expect(rejected).toMatchObject({ kind: 'rejected', why: { kind: 'standings' } })
    expect((await world.rows())[0]).toBeUndefined()
  })

  test('8: CREATE OR REPLACE', async () => {
    const world = await begun()
    await world.commit({ 0: [0, 1] })
    world.catalog.rollback(TABLE, null)
    await world.foreignAppend()
    expect(await code(world)).toBe('TABLE_REPLACED')
  })

  test('8: rolled back to before our first commit is not that', async () => {
    const world = await begun()
    const s0 = world.metadata.snapshots[0]!.snapshotId
    await world.commit({ 0: [0, 1] })
    world.catalog.rollback(TABLE, s0)
    expect(await code(world, world.context({ onRollback: 'hold' }))).toBe('TABLE_ROLLED_BACK')
    expect(await world.positions()).toEqual({ 0: 0n, 1: 0n })
    expect((await world.commit({ 0: [0, 3] })).kind).toBe('committed')
    expect(await world.audit()).toEqual([])
  })

  test('9: another writer holds the topic, by its ledger or by its mirror alone', async () => {
    const world = await begun()
    await world.commit({ 0: [0, 1] })
    const renamed = world.context({ owner: { writer: writerName('renamed'), ref: 'main' } })
    expect(await code(world, renamed)).toBe('OTHER_WRITER')
    unset(world, mirrorProperty(WRITER))
    expect(await code(world, renamed)).toBe('OTHER_WRITER')
  })

  test('10: all evidence gone on a cut history is not a first start', async () => {
    const world = await begun()
    await world.commit({ 0: [0, 1] })
    await world.compact()
    untag(world)
    unset(world, mirrorProperty(WRITER))
    world.catalog.expire(TABLE)
    expect(await code(world)).toBe('LEDGER_LOST')
    const confirmed = await startTable(world.worker, {
      partitions: [at(0)],
      log: world.logReader,
      startConfirmed: true,
    })
    expect(confirmed).toMatchObject({ kind: 'started', moves: ['pin'] })
  })

  test('12: a pin that landed unheard is known by its commit id, and is not made twice', async () => {
    const world = await World.create()
    world.catalog.fault = () => {
      world.catalog.fault = () => undefined
      return 'answer-lost'
    }
    expect(await world.positions()).toEqual({ 0: 0n, 1: 0n })
    expect(world.metadata.snapshots).toHaveLength(1)
  })

  test('13: a claim is taken whole or not at all', async () => {
    const world = await begun()
    const both = await world.stage({ 0: [0, 1], 1: [0, 2] })
    await world.commit({ 0: [0, 1] })
    const outcome = await commitStaged(world.worker, both)
    expect(outcome).toMatchObject({ kind: 'rejected' })
    expect(await world.rows()).toEqual({ 0: { 0: 1 } })
  })

  test('14: files that were staged for too long are not committed', async () => {
    const world = await begun()
    const staged = await world.stage({ 0: [0, 1] })
    world.time.nowMs += 3_600_001
    expect(await commitStaged(world.worker, staged)).toEqual({ kind: 'stale', why: 'too-old' })
    expect(await world.rows()).toEqual({})
  })

  test('15: hold and skip are not bypassed by a running worker', async () => {
    for (const onRollback of ['hold', 'skip'] as const) {
      const world = await begun()
      const worker = world.context({ onRollback })
      const pin = head(world)
      await world.commit({ 0: [0, 1] }, worker)
      const staged = await world.stage({ 1: [0, 1] }, worker)
      world.catalog.rollback(TABLE, pin)
      const outcome = await commitStaged(worker, staged)
      expect(outcome.kind).toBe(onRollback === 'hold' ? 'refused' : 'rejected')
      expect(head(world)).toBe(pin)
    }
  })

  test('16: a request from before a rollback cannot undo it, nor wipe out its traces', async () => {
    // The sequence number stops it, and so does the tag: either alone is enough.
    for (const manners of [{ assertSequenceNumber: false }, { tags: false }]) {
      const world = await begun({ manners })
      const carriers = { tags: manners.tags !== false, properties: true }
      const worker = world.context({ onRollback: 'hold', carriers })
      const other = world.context({ onRollback: 'hold', carriers })
      const pin = head(world)
      world.catalog.fault = () => 'late'
      const slow = await world.stage({ 0: [0, 1] }, worker)
      const gaveUp = new AbortController()
      gaveUp.abort()
      await commitStaged(worker, slow, { signal: gaveUp.signal })
      world.catalog.fault = () => undefined
      expect((await world.commit({ 0: [0, 1] }, other)).kind).toBe('committed')
      world.catalog.rollback(TABLE, pin)
      expect(world.catalog.deliverLate()).not.toContain('committed')
      expect(await code(world, worker)).toBe('TABLE_ROLLED_BACK')
    }
  })

  test('16, lax in both: it lands, its rows are right, and only the evidence is gone', async () => {
    const world = await begun({ manners: { tags: false, assertSequenceNumber: false } })
    const carriers = { tags: false, properties: true }
    const worker = world.context({ carriers })
    const pin = head(world)
    world.catalog.fault = () => 'late'
    const gaveUp = new AbortController()
    gaveUp.abort()
    await commitStaged(worker, await world.stage({ 0: [0, 1] }, worker), { signal: gaveUp.signal })
    world.catalog.fault = () => undefined
    await world.commit({ 0: [0, 1] }, worker)
    world.catalog.rollback(TABLE, pin)
    expect(world.catalog.deliverLate()).toEqual(['committed'])
    // Its sequence number was given before: that is the catalog's doing, and all that is wrong.
    expect((await world.audit()).filter((one) => !one.includes('sequence number'))).toEqual([])
  })

  test('17: an idle worker notices a rollback', async () => {
    const world = await begun()
    const pin = head(world)
    await world.commit({ 0: [0, 1] })
    const held = new PartitionMap([[at(0), 1n] as const])
    expect(await lookAtTable(world.worker, { held })).toMatchObject({ kind: 'unchanged' })
    world.catalog.rollback(TABLE, pin)
    expect(await lookAtTable(world.worker, { held })).toEqual({
      kind: 'moved',
      partitions: [at(0)],
    })
    expect(await lookAtTable(world.context({ onRollback: 'hold' }), { held })).toMatchObject({
      kind: 'refused',
      refusal: { code: 'TABLE_ROLLED_BACK' },
    })
  })

  test('18: a table that was dropped and made again', async () => {
    const world = await begun()
    const { worker } = world
    const staged = await world.stage({ 0: [0, 1] })
    world.catalog.edit(TABLE, (metadata) => ({ ...metadata, tableUuid: 'other' as never }))
    expect(await commitStaged(worker, staged)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'TABLE_RECREATED' },
    })
    // A new table carries no mirror: the uuid alone tells.
    const fresh = await World.create()
    const old = fresh.context({ tableUuid: worker.tableUuid })
    fresh.catalog.edit(TABLE, (metadata) => ({ ...metadata, tableUuid: 'other' as never }))
    expect(await code(fresh, old)).toBe('TABLE_RECREATED')
    world.catalog.tables.clear()
    expect(await commitStaged(worker, staged)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'TABLE_MISSING' },
    })
  })

  test('21: a tag moved by hand: the mirror decides, and the next commit sets it right', async () => {
    const world = await begun()
    const pin = head(world)
    await world.commit({ 0: [0, 1] })
    world.catalog.edit(TABLE, (metadata) => ({
      ...metadata,
      refs: { ...metadata.refs, [tagName(WRITER)]: { type: 'tag', snapshotId: pin } },
    }))
    const outcome = await world.startAt([0], world.context({ onRollback: 'skip' }))
    expect(outcome).toMatchObject({ kind: 'started', warnings: [{ kind: 'tag-moved' }] })
    await world.commit({ 0: [1, 2] })
    expect(world.metadata.refs[tagName(WRITER)]?.snapshotId).toBe(head(world))
  })

  test('21: one writer owns one branch', async () => {
    const world = await begun()
    const branch = world.context({ owner: { writer: WRITER, ref: 'audit' } })
    expect(await code(world, branch)).toBe('OTHER_REF')
  })

  test('22: whole metadata restored: Firn follows, and no row is lost or repeated', async () => {
    const world = await begun()
    const before = world.metadata
    await world.commit({ 0: [0, 2] })
    world.catalog.edit(TABLE, () => before)
    expect(await world.positions([0, 1], world.context({ onRollback: 'hold' }))).toEqual({
      0: 0n,
      1: 0n,
    })
    await world.commit({ 0: [0, 3] })
    expect(await world.audit()).toEqual([])
  })

  test('26: a race of two pins leaves one origin', async () => {
    const world = await World.create()
    const other = world.context()
    world.start = { kind: 'latest' }
    let raced = false
    world.catalog.before = async (call) => {
      if (call !== 'commit' || raced) return
      raced = true
      world.log.partitions.set(0, { logStart: 0n, logEnd: 150n })
      await world.positions([0, 1], other)
    }
    expect(await world.positions()).toEqual({ 0: 150n, 1: 100n })
    expect(world.metadata.snapshots).toHaveLength(1)
  })

  test('26: partitions swapped with claims in flight', async () => {
    const world = await begun()
    const [left, right] = [world.context(), world.context()]
    const fromLeft = await world.stage({ 0: [0, 1] }, left)
    const fromRight = await world.stage({ 1: [0, 1] }, right)
    const swappedLeft = await world.stage({ 1: [0, 2] }, left)
    const swappedRight = await world.stage({ 0: [0, 2] }, right)
    expect((await commitStaged(left, swappedLeft)).kind).toBe('committed')
    expect((await commitStaged(right, swappedRight)).kind).toBe('committed')
    expect((await commitStaged(left, fromLeft)).kind).toBe('already-committed')
    expect((await commitStaged(right, fromRight)).kind).toBe('already-committed')
    expect(await world.audit()).toEqual([])
  })

  test('26: rolled forward again is one more rollback', async () => {
    const world = await begun()
    const pin = head(world)
    await world.commit({ 0: [0, 1] })
    const ours = head(world)
    world.catalog.rollback(TABLE, pin)
    await world.commit({ 0: [0, 2] })
    world.catalog.rollback(TABLE, ours)
    expect(await code(world, world.context({ onRollback: 'hold' }))).toBe('TABLE_ROLLED_BACK')
    expect(await world.positions()).toEqual({ 0: 1n, 1: 0n })
    await world.commit({ 0: [1, 2] })
    expect(await world.audit()).toEqual([])
  })
})
