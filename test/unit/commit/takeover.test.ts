import { describe, expect, test } from 'vitest'
import { commitStaged, commitTakeover } from '../../../src/commit/committer.ts'
import { holdProperty } from '../../../src/commit/hold.ts'
import type { Takeover } from '../../../src/commit/ledger-moves.ts'
import { readMirror, readRecord } from '../../../src/commit/ledger-text.ts'
import { clusterId, topicName, writerName } from '../../../src/core/ids.ts'
import { at, CLUSTER, ORDERS, ORDERS_ID, range, TABLE, WRITER } from './fixtures.ts'
import { begun, code, head, unset, untag } from './trace.ts'
import { World } from './world.ts'

/** Orders 0 and 1 to these positions, on the head as it is. */
function takeover(world: World, next: readonly bigint[], change: Partial<Takeover> = {}): Takeover {
  const positions = new Map(next.map((position, partition) => [partition, position]))
  return {
    cluster: CLUSTER,
    topics: new Map([[ORDERS, { id: ORDERS_ID, positions, begun: positions }]]),
    head: world.metadata.currentSnapshotId,
    fences: {},
    ...change,
  }
}

const byHand = (world: World) => world.context({ passesHold: true })

describe('a takeover', () => {
  test('begins the ledger behind rows of another hand, and says that it did not read them', async () => {
    const world = await World.create()
    await world.foreignAppend()
    const outcome = await commitTakeover(byHand(world), takeover(world, [40n, 0n]))
    expect(outcome.kind).toBe('committed')
    expect(await world.positions()).toEqual({ 0: 40n, 1: 0n })
    const [snapshot] = world.metadata.snapshots.toReversed()
    const record = snapshot === undefined ? undefined : readRecord(snapshot)
    expect([...(record?.gaps ?? [])].map(([reason, of]) => [reason, [...of]])).toEqual([
      ['adopt', [[at(0), range(0, 40)]]],
    ])
    await world.commit({ 0: [40, 42], 1: [0, 3] })
    expect(await world.audit()).toEqual([])
  })

  test('of an empty table too', async () => {
    const world = await World.create()
    expect(await commitTakeover(byHand(world), takeover(world, [4n, 5n]))).toMatchObject({
      kind: 'committed',
    })
    expect(await world.positions()).toEqual({ 0: 4n, 1: 5n })
  })

  test('is of the head whose rows were looked at, and of no other', async () => {
    const world = await World.create()
    await world.foreignAppend()
    const looked = takeover(world, [40n, 0n])
    await world.foreignAppend()
    expect(await commitTakeover(byHand(world), looked)).toMatchObject({
      kind: 'rejected',
      why: { kind: 'other-ledger' },
    })
    expect(readMirror(world.metadata.properties, WRITER)).toBeUndefined()
  })

  test('does not touch a topic that the ledger has, nor a ledger of another cluster', async () => {
    const world = await begun()
    await world.commit({ 0: [0, 2] })
    expect((await commitTakeover(byHand(world), takeover(world, [9n, 9n]))).kind).toBe('rejected')
    const other = { id: ORDERS_ID, positions: new Map([[0, 1n]]), begun: new Map([[0, 1n]]) }
    const topics = new Map([[topicName('payments'), other]])
    const elsewhere = takeover(world, [], { topics, cluster: clusterId('another') })
    expect((await commitTakeover(byHand(world), elsewhere)).kind).toBe('rejected')
    const beside = takeover(world, [], { topics })
    expect((await commitTakeover(byHand(world), beside)).kind).toBe('committed')
    expect(world.next).toEqual({ 0: 2n, 1: 0n })
  })

  test('holds the writer before it in the same request', async () => {
    const world = await begun()
    await world.commit({ 0: [0, 2] })
    const old = world.worker
    const staged = await world.stage({ 0: [2, 4] }, old)
    const owner = { writer: writerName('new'), ref: 'main' }
    const fences = { [holdProperty(WRITER)]: '{"since-ms":1,"reason":"taken over by new"}' }
    const successor = world.context({ owner, passesHold: true })
    const outcome = await commitTakeover(successor, takeover(world, [2n, 0n], { fences }))
    expect(outcome.kind).toBe('committed')
    expect(await commitStaged(old, staged)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'TABLE_HELD' },
    })
    expect(await world.positions([0, 1], world.context({ owner }))).toEqual({ 0: 2n, 1: 0n })
  })

  test('resolves what the start table refuses about the evidence', async () => {
    const unproven = await begun({ manners: { allSnapshots: false } })
    await unproven.commit({ 0: [0, 2] })
    await unproven.compact()
    await unproven.compact()
    expect(await code(unproven)).toBe('LEDGER_UNPROVEN')
    await commitTakeover(byHand(unproven), takeover(unproven, [2n, 0n]))
    expect(await unproven.positions()).toEqual({ 0: 2n, 1: 0n })

    const copied = await begun()
    await copied.commit({ 0: [0, 2] })
    const back = head(copied)
    await copied.commit({ 0: [2, 4] })
    const picked = head(copied)
    copied.catalog.rollback(TABLE, back)
    await copied.cherryPick(picked)
    expect(await code(copied)).toBe('LEDGER_COPIED')
    expect((await commitTakeover(byHand(copied), takeover(copied, [1n, 0n]))).kind).toBe('rejected')
    await commitTakeover(byHand(copied), takeover(copied, [4n, 0n]))
    expect(await copied.positions()).toEqual({ 0: 4n, 1: 0n })

    const lost = await begun()
    await lost.commit({ 0: [0, 2] })
    await lost.compact()
    await lost.compact()
    lost.catalog.expire(TABLE)
    unset(lost, `firn.${WRITER}.ledger`)
    untag(lost)
    expect(await code(lost)).toBe('LEDGER_LOST')
    await commitTakeover(byHand(lost), takeover(lost, [2n, 0n]))
    expect(await lost.positions()).toEqual({ 0: 2n, 1: 0n })
  })

  test('leaves a rollback to whoever decides on it', async () => {
    const world = await begun()
    await world.commit({ 0: [0, 2] })
    const back = head(world)
    await world.commit({ 0: [2, 4] })
    world.catalog.rollback(TABLE, back)
    const held = world.context({ passesHold: true, onRollback: 'hold' })
    expect(await commitTakeover(held, takeover(world, [2n, 0n]))).toMatchObject({
      kind: 'refused',
      refusal: { code: 'TABLE_ROLLED_BACK' },
    })
    const skips = world.context({ passesHold: true, onRollback: 'skip' })
    expect((await commitTakeover(skips, takeover(world, [2n, 0n]))).kind).toBe('rejected')
  })

  test('is made once, though its answer was lost', async () => {
    const world = await World.create()
    await world.foreignAppend()
    let faults = 1
    world.catalog.fault = () => (faults-- > 0 ? 'answer-lost' : undefined)
    const outcome = await commitTakeover(byHand(world), takeover(world, [40n, 0n]))
    expect(outcome.kind).toBe('committed')
    expect(world.metadata.snapshots).toHaveLength(2)
    expect(world.catalog.metadata(TABLE).currentSnapshotId).toBe(head(world))
  })
})
