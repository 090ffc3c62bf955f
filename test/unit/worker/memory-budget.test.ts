import { describe, expect, test } from 'vitest'
import { columnBytesMax, decideBudget } from '../../../src/worker/memory-budget.ts'

const MIB = 2 ** 20

describe('columnBytesMax', () => {
  test('half of the budget, in equal shares', () => {
    expect(columnBytesMax(256 * MIB, { tables: 1, threads: 1 })).toBe(128 * MIB)
    expect(columnBytesMax(256 * MIB, { tables: 4, threads: 2 })).toBe(16 * MIB)
  })

  test('encoding inline is one encoder for each table', () => {
    expect(columnBytesMax(256 * MIB, { tables: 2, threads: 0 })).toBe(64 * MIB)
  })

  test('never so little that row groups are not worth it', () => {
    expect(columnBytesMax(64 * MIB, { tables: 100, threads: 8 })).toBe(MIB)
  })
})

describe('decideBudget', () => {
  const held = (fetchedBytes: number, ...tables: readonly number[]) => ({
    fetchedBytes,
    tableBytes: new Map(tables.map((bytes, index) => [`t${index}`, bytes])),
  })

  test('below the budget nothing happens', () => {
    expect(decideBudget(held(40, 30, 29), { budgetBytes: 100, paused: false })).toEqual({
      fetch: 'go-on',
      seal: undefined,
    })
  })

  test('at the budget fetching pauses and the largest buffer is sealed', () => {
    expect(decideBudget(held(10, 30, 60), { budgetBytes: 100, paused: false })).toEqual({
      fetch: 'pause',
      seal: 't1',
    })
  })

  test('fetching starts again only when there is room for a while', () => {
    const options = { budgetBytes: 100, paused: true }
    expect(decideBudget(held(0, 71), options).fetch).toBe('pause')
    expect(decideBudget(held(0, 69), options).fetch).toBe('go-on')
  })
})
