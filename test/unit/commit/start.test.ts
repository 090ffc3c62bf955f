import { describe, expect, test } from 'vitest'
import { lookAtTable } from '../../../src/commit/look.ts'
import { startTable } from '../../../src/commit/start.ts'
import { topicName } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import { readRecord } from '../../../src/commit/ledger-text.ts'
import { at, ORDERS, TABLE } from './fixtures.ts'
import { World } from './world.ts'

describe('a start', () => {
  test('of a new table pins every partition once, whoever asks', async () => {
    const world = await World.create()
    world.start = { kind: 'latest' }
    expect(await world.startAt([1])).toMatchObject({ kind: 'started', moves: ['pin'] })
    const record = readRecord(world.metadata.snapshots[0]!)
    expect(record?.gaps.get('start')?.get(at(0))).toEqual({ start: 0n, end: 100n })
    // What was latest then stays the start, whatever the configuration and the log say now.
    world.start = { kind: 'earliest' }
    world.log.partitions.set(0, { logStart: 50n, logEnd: 500n })
    expect(await world.positions([0], world.context())).toEqual({ 0: 100n })
    expect(world.metadata.snapshots).toHaveLength(1)
  })

  test('asks Kafka for epochs of the ledger, and for first positions only of new topics', async () => {
    const world = await World.create()
    await world.positions()
    await world.commit({ 0: [0, 1] })
    const asked: unknown[] = []
    const reader = world.logReader
    await startTable(world.worker, {
      partitions: [at(0)],
      log: {
        facts: async (topics, epochs) => {
          asked.push(topics, [...epochs])
          return reader.facts(topics, epochs)
        },
        start: async () => {
          throw new Error('not asked')
        },
      },
    })
    expect(asked).toEqual([[ORDERS], [[at(0), 0]]])
  })

  test('of a topic that is not there is refused, the others start', async () => {
    const world = await World.create()
    const reader = world.logReader
    const outcome = await startTable(world.worker, {
      partitions: [at(0), at(0, topicName('none'))],
      log: {
        facts: async (topics, epochs) => {
          const facts = await reader.facts(topics, epochs)
          return {
            ...facts,
            topics: new Map([...facts.topics].filter(([name]) => name === ORDERS)),
          }
        },
        start: async (topics) => {
          expect(topics).toEqual([ORDERS])
          return { kind: 'earliest' }
        },
      },
    })
    expect(outcome).toMatchObject({ kind: 'started', refusals: [{ code: 'TOPIC_RECREATED' }] })
  })

  test('that cannot commit its pin says so', async () => {
    const world = await World.create({ properties: { 'commit.retry.num-retries': '1' } })
    world.catalog.fault = () => 'lost'
    expect((await world.startAt()).kind).toBe('exhausted')
  })

  test('whose table is dropped before the pin is refused', async () => {
    const world = await World.create()
    const { worker } = world
    world.catalog.before = (call) => {
      if (call === 'load' && world.catalog.loads === 1) world.catalog.tables.clear()
    }
    expect(await world.startAt([0], worker)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'TABLE_MISSING' },
    })
    expect(await world.startAt([0], worker)).toMatchObject({ kind: 'refused' })
  })

  test('gives up on a table that is rolled back each time', async () => {
    const world = await World.create()
    const { worker } = world
    world.catalog.before = (call) => {
      if (call !== 'load' || world.metadata.currentSnapshotId === null) return
      world.catalog.edit(TABLE, (metadata) => ({
        ...metadata,
        refs: {},
        properties: {},
        snapshots: [],
        currentSnapshotId: null,
      }))
    }
    expect((await world.startAt([0], worker)).kind).toBe('exhausted')
  })
})

const idleAt = (ms: number) =>
  new PartitionMap([
    [at(0), { position: 0n, reachedEndAtMs: ms, timestampType: 'log-append' as const }],
  ])

describe('a look', () => {
  const held = new PartitionMap([[at(0), 0n] as const])

  test('lifts a ledger that others have buried, and only then', async () => {
    const world = await World.create({ context: { liftAfterSnapshots: 2 } })
    await world.positions()
    await world.foreignAppend()
    expect(await lookAtTable(world.worker, { held })).toMatchObject({ lifted: false })
    await world.foreignAppend()
    expect(await lookAtTable(world.worker, { held })).toMatchObject({
      kind: 'unchanged',
      lifted: true,
    })
    expect(await lookAtTable(world.worker, { held })).toMatchObject({ lifted: false })
    expect(world.next).toEqual({ 0: 0n, 1: 0n })
    expect(await world.audit()).toEqual([])
  })

  test('uses and lifts what expiry took', async () => {
    const world = await World.create()
    await world.positions()
    await world.foreignAppend()
    world.catalog.edit(TABLE, (metadata) => ({
      ...metadata,
      refs: { main: metadata.refs['main']! },
      snapshots: metadata.snapshots.slice(1),
    }))
    expect(await lookAtTable(world.worker, { held })).toMatchObject({ lifted: true })
  })

  test('leaves a lift that does not get through for the next one', async () => {
    const world = await World.create({
      properties: { 'commit.retry.num-retries': '0' },
      context: { liftAfterSnapshots: 1 },
    })
    await world.positions()
    await world.foreignAppend()
    world.catalog.fault = () => 'lost'
    expect(await lookAtTable(world.worker, { held })).toMatchObject({
      kind: 'unchanged',
      lifted: false,
    })
  })

  test('says when the ledger is elsewhere, or gone', async () => {
    const world = await World.create()
    expect((await lookAtTable(world.worker, { held })).kind).toBe('moved')
    await world.positions()
    await world.commit({ 0: [0, 1] }, world.context())
    expect((await lookAtTable(world.worker, { held })).kind).toBe('moved')
    const other = new PartitionMap([[at(0, topicName('other')), 0n] as const])
    expect((await lookAtTable(world.worker, { held: other })).kind).toBe('moved')
    const appeared = new PartitionMap([[at(7), 0n] as const])
    expect((await lookAtTable(world.worker, { held: appeared })).kind).toBe('unchanged')
  })

  test('says when the table is refused, or becomes so', async () => {
    const world = await World.create({ context: { liftAfterSnapshots: 1 } })
    await world.positions()
    await world.foreignAppend()
    const { worker } = world
    let loads = 0
    world.catalog.before = (call) => {
      if (call === 'load' && (loads += 1) === 2) world.catalog.tables.clear()
    }
    expect(await lookAtTable(worker, { held })).toMatchObject({
      kind: 'refused',
      refusal: { code: 'TABLE_MISSING' },
    })
    expect(await lookAtTable(worker, { held })).toMatchObject({ kind: 'refused' })
  })

  test('brings a quiet partition’s through up, at most every ten minutes', async () => {
    const world = await World.create()
    await world.positions()
    await world.commit({ 1: [0, 1] })
    const look = async (ms: number) => lookAtTable(world.worker, { held, idle: idleAt(ms) })
    expect(await look(599_999)).toMatchObject({ lifted: false })
    expect(await look(600_000)).toMatchObject({ lifted: true })
    expect(await look(1_199_999)).toMatchObject({ lifted: false })
    expect(world.metadata.snapshots.at(-1)?.summary['firn.complete-through']).toBe('1')
  })
})
