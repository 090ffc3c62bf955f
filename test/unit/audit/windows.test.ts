import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PositionList } from '../../../src/audit/position-list.ts'
import { outsideRanges, type PassedRange } from '../../../src/audit/row-scope.ts'
import { planWindows } from '../../../src/audit/windows.ts'
import { snapshotId } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import { at, range, ranges } from '../commit/fixtures.ts'

describe('windows', () => {
  test('one is enough where all bits fit', () => {
    expect(planWindows(ranges({ 0: [5, 13], 1: [0, 8] }), 2)).toEqual([
      ranges({ 0: [5, 13], 1: [0, 8] }),
    ])
  })

  test('a table without a partition is one empty window', () => {
    expect(planWindows(new PartitionMap(), 8)).toEqual([new PartitionMap()])
  })

  test('each takes the same share of every partition', () => {
    expect(planWindows(ranges({ 0: [0, 16], 1: [100, 108] }), 2)).toEqual([
      ranges({ 0: [0, 8], 1: [100, 104] }),
      ranges({ 0: [8, 16], 1: [104, 108] }),
    ])
  })

  const spans = fc.array(fc.tuple(fc.nat(5_000), fc.nat(5_000)), { minLength: 1, maxLength: 6 })

  test('they cover every position once, each within its bytes', () => {
    fc.assert(
      fc.property(spans, fc.integer({ min: 1, max: 300 }), (drawn, bytesMax) => {
        const whole = new PartitionMap(
          drawn.map(([start, length], partition) => [at(partition), range(start, start + length)]),
        )
        const windows = planWindows(whole, bytesMax)
        for (const [partition, { start, end }] of whole) {
          const parts = windows.flatMap((window) => [window.get(partition) ?? range(0, 0)])
          expect(parts[0]?.start).toBe(start)
          expect(parts.at(-1)?.end).toBe(end)
          for (const [index, part] of parts.entries()) {
            expect(part.start <= part.end).toBe(true)
            if (index > 0) expect(part.start).toBe(parts[index - 1]?.end)
          }
        }
        for (const window of windows) {
          const bits = [...window.values()].reduce((sum, one) => sum + one.end - one.start, 0n)
          // Shares are rounded: one position of each partition more.
          expect(bits <= BigInt(bytesMax) * 8n + BigInt(whole.size)).toBe(true)
        }
      }),
    )
  })
})

describe('a list of positions', () => {
  test('joins what follows, partition by partition', () => {
    const list = new PositionList()
    for (const offset of [3, 4, 5]) {
      list.add(at(0), offset)
      list.add(at(1), offset + 10)
    }
    list.add(at(0), 9, 12)
    expect(list.total).toBe(9)
    expect(list.texts).toEqual(['orders/0[3,6)', 'orders/1[13,16)', 'orders/0[9,12)'])
  })

  test('keeps so many ranges, and counts the others', () => {
    const list = new PositionList(2)
    for (const offset of [1, 3, 5, 7]) list.add(at(0), offset)
    expect(list.texts).toEqual(['orders/0[1,2)', 'orders/0[3,4)', '… and 2 more'])
  })
})

describe('what is outside of gaps', () => {
  const gap = (start: number, end: number): PassedRange => ({
    reason: 'accept-gap',
    range: range(start, end),
    snapshotId: snapshotId(1n),
  })

  test.each([
    ['no gap', [], [[10, 20]]],
    [
      'a gap within',
      [gap(12, 14)],
      [
        [10, 12],
        [14, 20],
      ],
    ],
    ['one at the start, one at the end', [gap(5, 12), gap(18, 30)], [[12, 18]]],
    ['one over all', [gap(0, 50)], []],
    ['gaps beside it', [gap(0, 10), gap(20, 30)], [[10, 20]]],
    [
      'one in another',
      [gap(11, 15), gap(12, 13)],
      [
        [10, 11],
        [15, 20],
      ],
    ],
  ] as const)('%s', (_name, gaps, expected) => {
    expect([...outsideRanges(range(10, 20), gaps)]).toEqual(
      expected.map(([start, end]) => range(start, end)),
    )
  })
})
