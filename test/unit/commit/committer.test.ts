import { describe, expect, test } from 'vitest'
import { World } from './world.ts'

describe('a commit', () => {
  test.each([2, 3] as const)('of format version %i: pin, append, append', async (formatVersion) => {
    const world = await World.create({ formatVersion })
    expect(await world.positions()).toEqual({ 0: 0n, 1: 0n })
    expect((await world.commit({ 0: [0, 2], 1: [0, 1] })).kind).toBe('committed')
    expect((await world.commit({ 0: [2, 5] })).kind).toBe('committed')
    expect(world.next).toEqual({ 0: 5n, 1: 1n })
    expect(await world.audit()).toEqual([])
    expect(world.metadata.nextRowId).toBe(formatVersion === 3 ? 6n : 0n)
  })
})
