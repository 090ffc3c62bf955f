import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PositionBitmap } from '../../../src/audit/position-bitmap.ts'

describe('a bitmap', () => {
  test('takes a number once', () => {
    const bitmap = new PositionBitmap(100)
    expect([bitmap.add(31), bitmap.add(31), bitmap.add(32), bitmap.has(30)]).toEqual([
      true,
      false,
      true,
      false,
    ])
  })

  test('reaches to its last number', () => {
    const bitmap = new PositionBitmap(2 ** 22)
    const last = 2 ** 22 - 1
    expect(bitmap.add(last)).toBe(true)
    expect(bitmap.count(0, 2 ** 22)).toBe(1)
    expect([...bitmap.runs(0, 2 ** 22, true)]).toEqual([[last, last + 1]])
  })

  const numbers = fc.array(fc.integer({ min: 0, max: 299 }), { maxLength: 400 })
  const bounds = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 }))

  test('is the set of what was added', () => {
    fc.assert(
      fc.property(numbers, bounds, (added, [one, other]) => {
        const [start, end] = one < other ? [one, other] : [other, one]
        const bitmap = new PositionBitmap(300)
        const set = new Set<number>()
        for (const number of added) {
          expect(bitmap.add(number)).toBe(!set.has(number))
          set.add(number)
        }
        const within = Array.from({ length: end - start }, (_, i) => start + i)
        expect(bitmap.count(start, end)).toBe(within.filter((n) => set.has(n)).length)
        for (const wanted of [true, false]) {
          const runs = [...bitmap.runs(start, end, wanted)]
          const listed = runs.flatMap(([from, to]) =>
            Array.from({ length: to - from }, (_, i) => from + i),
          )
          expect(listed).toEqual(within.filter((n) => set.has(n) === wanted))
          // Runs are whole: two of them never touch.
          for (const [index, [from]] of runs.entries()) {
            if (index > 0) expect(from).toBeGreaterThan(runs[index - 1]?.[1] ?? 0)
          }
        }
      }),
    )
  })
})
