import { describe, expect, test } from 'vitest'
import type { FirnError } from '../../../src/core/errors.ts'
import { TABLE } from './fixtures.ts'
import { begun, code } from './trace.ts'

describe('a catalog that lists only the current snapshot and keeps no tags', () => {
  const options = { manners: { tags: false, allSnapshots: false } }
  const carriers = { tags: false, properties: true }

  test('goes on from its own head and below one snapshot of others', async () => {
    const world = await begun({ ...options, context: { carriers } })
    await world.commit({ 0: [0, 1] })
    expect(await world.positions()).toEqual({ 0: 1n, 1: 0n })
    await world.foreignAppend()
    expect(await world.positions()).toEqual({ 0: 1n, 1: 0n })
    expect(await world.audit()).toEqual([])
  })

  test('1: a rollback below a compaction is refused, not guessed', async () => {
    const world = await begun({ ...options, context: { carriers } })
    await world.commit({ 0: [0, 1] })
    const before = world.metadata
    await world.commit({ 0: [1, 2] })
    // Back to the first commit, and compacted by somebody else: the head's parent is not the mirror's snapshot.
    world.catalog.edit(TABLE, (metadata) => ({
      ...metadata,
      snapshots: before.snapshots,
      refs: before.refs,
      currentSnapshotId: before.currentSnapshotId,
    }))
    expect(await code(world, world.context({ carriers, onRollback: 'hold' }))).toBe(
      'TABLE_ROLLED_BACK',
    )
    await world.compact()
    expect(await code(world)).toBe('LEDGER_UNPROVEN')
  })
})

test('every refusal says what resolves it', async () => {
  const world = await begun()
  await world.commit({ 0: [0, 1] })
  world.catalog.rollback(TABLE, world.metadata.snapshots[0]!.snapshotId)
  const outcome = await world.startAt([0], world.context({ onRollback: 'hold' }))
  const refusal = (outcome as { refusal: FirnError }).refusal
  expect(refusal.help).toContain('firn rollback lake.orders')
  expect(refusal.facts.exit).toBe(3)
})
