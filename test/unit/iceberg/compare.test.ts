import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { truncateBytesUp, truncateTextUp } from '../../../src/iceberg/bounds.ts'
import { comparatorOf, compareUuidsAsJava } from '../../../src/iceberg/compare.ts'
import { parseHex } from '../../../src/iceberg/uuid.ts'
import { bytes, text, typeAndValues } from './arbitraries.ts'

const utf8 = (value: string): Buffer => Buffer.from(value, 'utf8')

test('each type has a total order', () => {
  fc.assert(
    fc.property(typeAndValues(), ({ type, values }) => {
      const compare = comparatorOf(type)
      const sorted = [...values].sort(compare)
      for (let index = 1; index < sorted.length; index += 1) {
        expect(compare(sorted[index - 1]!, sorted[index]!)).toBeLessThanOrEqual(0)
        expect(compare(sorted[index]!, sorted[index - 1]!)).toBeGreaterThanOrEqual(0)
      }
      for (const value of values) expect(compare(value, value)).toBe(0)
    }),
  )
})

test('strings are ordered as their UTF-8 bytes', () => {
  const compare = comparatorOf({ kind: 'string' })
  fc.assert(
    fc.property(text, text, (left, right) => {
      expect(Math.sign(compare(left, right))).toBe(Buffer.compare(utf8(left), utf8(right)))
    }),
  )
  expect(compare('\u{1F600}', '\uFFFF')).toBeGreaterThan(0)
})

test('numbers: -0 before 0, NaN last', () => {
  const values = [Number.NaN, 0, Infinity, -1, -0, -Infinity]
  expect(values.sort(comparatorOf({ kind: 'double' }))).toEqual([
    -Infinity,
    -1,
    -0,
    0,
    Infinity,
    Number.NaN,
  ])
})

test('bytes are unsigned; uuids are signed longs in Java', () => {
  const [low, high] = [new Uint8Array(16).fill(0x7f), new Uint8Array(16).fill(0x80)]
  expect(comparatorOf({ kind: 'uuid' })(low, high)).toBeLessThan(0)
  expect(compareUuidsAsJava(low, high)).toBeGreaterThan(0)
  const same = parseHex('00'.repeat(8) + '01'.repeat(8))!
  expect(compareUuidsAsJava(same, parseHex('00'.repeat(8) + '80'.repeat(8))!)).toBeGreaterThan(0)
  expect(compareUuidsAsJava(same, same)).toBe(0)
})

test('an upper bound is not less than what it bounds, and no longer than asked', () => {
  const length = fc.integer({ min: 1, max: 8 })
  fc.assert(
    fc.property(text, length, (value, limit) => {
      const bound = truncateTextUp(value, limit)
      if (bound === null) return
      expect(Buffer.compare(utf8(value), utf8(bound))).toBeLessThanOrEqual(0)
      expect(Array.from(bound).length).toBeLessThanOrEqual(limit)
    }),
  )
  fc.assert(
    fc.property(bytes, length, (value, limit) => {
      const bound = truncateBytesUp(value, limit)
      if (bound === null) return
      expect(Buffer.compare(value, bound)).toBeLessThanOrEqual(0)
      expect(bound.length).toBeLessThanOrEqual(limit)
    }),
  )
})
