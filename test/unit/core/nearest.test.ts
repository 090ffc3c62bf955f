import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { editDistance, nearest } from '../../../src/core/nearest.ts'

describe('editDistance', () => {
  test.each([
    ['', '', 0],
    ['abc', '', 3],
    ['kitten', 'sitting', 3],
    ['flaw', 'lawn', 2],
    ['same', 'same', 0],
  ])('from %j to %j: %i', (left, right, distance) => {
    expect(editDistance(left, right)).toBe(distance)
  })

  test('is a metric', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 })
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a))
        expect(editDistance(a, b) === 0).toBe(a === b)
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c))
      }),
    )
  })
})

describe('nearest', () => {
  const keys = ['brokers', 'group', 'tls', 'warn', 'interval_ms']

  test.each([
    ['brokrs', 'brokers'],
    ['Group', 'group'],
    ['tsl', undefined],
    ['tlx', 'tls'],
    ['warning', 'warn'],
    ['interval', 'interval_ms'],
    ['intervalms', 'interval_ms'],
    ['zzz', undefined],
    ['', undefined],
  ])('%j means %j', (word, meant) => {
    expect(nearest(word, keys)).toBe(meant)
  })
})
