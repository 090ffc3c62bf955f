import { describe, expect, test } from 'vitest'
import { commitMove, commitStaged } from '../../../src/commit/committer.ts'
import { mirrorProperty, readRecord } from '../../../src/commit/ledger-text.ts'
import { topicId } from '../../../src/core/ids.ts'
import type { Schema } from '../../../src/iceberg/types.ts'
import { at, ORDERS, ORDERS_ID, SCHEMA, TABLE, WRITER } from './fixtures.ts'
import { pinned, World } from './world.ts'

function evolve(world: World, schema: Schema): void {
  world.catalog.edit(TABLE, (metadata) => ({
    ...metadata,
    schemas: [...metadata.schemas, schema],
    currentSchemaId: schema.schemaId,
  }))
}

describe('a table that changed since the files were staged', () => {
  test('takes files whose columns still fit, under its own schema', async () => {
    const world = await pinned()
    const staged = await world.stage({ 0: [0, 1] })
    const more = { id: 2, name: 'more', type: { kind: 'string' }, required: false } as const
    evolve(world, { ...SCHEMA, schemaId: 1, fields: [...SCHEMA.fields, more] })
    expect((await commitStaged(world.worker, staged)).kind).toBe('committed')
    expect(world.metadata.snapshots.at(-1)?.schemaId).toBe(1)
  })

  test('does not take files that lack a required column', async () => {
    const world = await pinned()
    const staged = await world.stage({ 0: [0, 1] })
    const more = { id: 2, name: 'more', type: { kind: 'string' }, required: true } as const
    evolve(world, { ...SCHEMA, schemaId: 1, fields: [...SCHEMA.fields, more] })
    expect(await commitStaged(world.worker, staged)).toEqual({ kind: 'stale', why: 'schema' })
  })

  test('does not take files of a spec that is no longer listed', async () => {
    const world = await pinned()
    const staged = await world.stage({ 0: [0, 1] })
    world.catalog.edit(TABLE, (metadata) => ({ ...metadata, partitionSpecs: [] }))
    expect(await commitStaged(world.worker, staged)).toEqual({ kind: 'stale', why: 'spec' })
  })

  test('of format version 1 is refused', async () => {
    const world = await pinned()
    const staged = await world.stage({ 0: [0, 1] })
    world.catalog.edit(TABLE, (metadata) => ({ ...metadata, formatVersion: 1 }))
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'FORMAT_VERSION_UNSUPPORTED' },
    })
    await expect(world.stage({ 0: [0, 1] })).rejects.toThrow('format version 1')
  })

  test('whose branch dangles is refused', async () => {
    const world = await pinned()
    const staged = await world.stage({ 0: [0, 1] })
    world.catalog.edit(TABLE, (metadata) => ({ ...metadata, snapshots: [] }))
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'METADATA_INVALID' },
    })
  })

  test('with a damaged ledger is refused', async () => {
    const world = await pinned()
    const staged = await world.stage({ 0: [0, 1] })
    world.catalog.edit(TABLE, (metadata) => ({
      ...metadata,
      properties: { ...metadata.properties, [mirrorProperty(WRITER)]: '{}' },
    }))
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'LEDGER_CORRUPT' },
    })
  })

  test('that has lost every trace of ours but a parent’s id is refused', async () => {
    const world = await pinned({ manners: { allSnapshots: false } })
    const staged = await world.stage({ 0: [0, 1] })
    world.catalog.fault = () => {
      world.catalog.fault = () => undefined
      return 'answer-lost'
    }
    const gaveUp = new AbortController()
    gaveUp.abort()
    await commitStaged(world.worker, staged, { signal: gaveUp.signal })
    await world.foreignAppend()
    world.catalog.edit(TABLE, (metadata) => ({
      ...metadata,
      refs: { main: metadata.refs['main']! },
      properties: {},
      snapshots: metadata.snapshots.slice(-1),
    }))
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'LEDGER_LOST' },
    })
  })

  test('never started here: rejected; with a cut history: refused', async () => {
    const world = await World.create()
    const staged = await world.stage({ 0: [0, 1] })
    expect((await commitStaged(world.worker, staged)).kind).toBe('rejected')
    world.catalog.addForeign(TABLE, {
      manifestList: 'mem://x',
      parentSnapshotId: 5n as never,
    })
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'LEDGER_LOST' },
    })
  })
})

describe('a move of the ledger', () => {
  test('accept-gap records what it passed; a second time there is nothing to do', async () => {
    const world = await pinned()
    const gaps = new Map([[0, { start: 0n, end: 40n }]])
    const move = { kind: 'accept-gap', topic: ORDERS, id: ORDERS_ID, gaps } as const
    expect((await commitMove(world.worker, move)).kind).toBe('committed')
    const record = readRecord(world.metadata.snapshots.at(-1)!)
    expect(record?.gaps.get('accept-gap')?.get(at(0))).toEqual({ start: 0n, end: 40n })
    expect((await commitMove(world.worker, move)).kind).toBe('already-committed')
    expect(await world.positions()).toEqual({ 0: 40n, 1: 0n })
  })

  test('that was meant for another ledger is rejected', async () => {
    const world = await pinned()
    const gaps = new Map([[0, { start: 7n, end: 40n }]])
    for (const id of [ORDERS_ID, topicId('t2')]) {
      const move = { kind: 'accept-gap', topic: ORDERS, id, gaps } as const
      expect(await commitMove(world.worker, move)).toMatchObject({
        kind: 'rejected',
        why: { kind: 'other-ledger' },
      })
    }
  })

  test('of others while it is on its way: it carries the ledger of the head that it lands on', async () => {
    const world = await pinned()
    const gaps = new Map([[0, { start: 0n, end: 40n }]])
    let raced = false
    world.catalog.before = async (call) => {
      if (call !== 'commit' || raced) return
      raced = true
      await world.commit({ 1: [0, 3] }, world.context())
    }
    await commitMove(world.worker, { kind: 'accept-gap', topic: ORDERS, id: ORDERS_ID, gaps })
    expect(world.next).toEqual({ 0: 40n, 1: 3n })
  })

  test('a skip goes on where the table was, and records the gap', async () => {
    const world = await pinned({ context: { onRollback: 'skip' } })
    const pin = world.metadata.currentSnapshotId!
    await world.commit({ 0: [0, 4] })
    world.catalog.rollback(TABLE, pin)
    const outcome = await world.startAt()
    expect(outcome).toMatchObject({ kind: 'started', moves: ['skip'] })
    const record = readRecord(world.metadata.snapshots.at(-1)!)
    expect(record?.gaps.get('skip')?.get(at(0))).toEqual({ start: 0n, end: 4n })
    expect(world.next).toEqual({ 0: 4n, 1: 0n })
    expect((await world.commit({ 0: [4, 5] })).kind).toBe('committed')
  })
})
