import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decimalReader, readDouble, readLong } from '../../../src/record/json-numbers.ts'
import { JsonReader } from '../../../src/record/json-reader.ts'

const RUNS = 5_000

function readerOf(text: string): JsonReader {
  const reader = new JsonReader()
  reader.open(Buffer.from(`${text},`))
  reader.end = text.length
  return reader
}

function doubleOf(text: string): number | undefined {
  const doubles = new Float64Array(1)
  return readDouble(readerOf(text), 0, doubles, 0) === text.length ? doubles[0] : undefined
}

describe('a double', () => {
  test('is the nearest to its text, for texts as doubles print', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = JSON.stringify(value)
        expect(doubleOf(text)).toBe(Number(text))
      }),
      { numRuns: RUNS },
    )
  })

  test('is the nearest to its text, for any digits', () => {
    const digits = (max: number) =>
      fc.string({
        unit: fc.constantFrom(...Array.from('0123456789')),
        minLength: 1,
        maxLength: max,
      })
    fc.assert(
      fc.property(digits(22), digits(22), (whole, fraction) => {
        const text = `${whole.replace(/^0+(?=\d)/, '')}.${fraction}`
        expect(doubleOf(text)).toBe(Number(text))
        expect(doubleOf(`-${text}`)).toBe(Number(`-${text}`))
      }),
      { numRuns: RUNS },
    )
  })

  test('is the nearest to its text, in the middle between two and next to it', () => {
    // Halves of odd 54-bit integers lie in the middle of two doubles.
    fc.assert(
      fc.property(fc.bigInt({ min: 2n ** 53n, max: 2n ** 54n - 1n }), (half) => {
        const middle = `${(half | 1n) / 2n}.5`
        for (const text of [
          middle,
          `${middle}00`,
          `${middle}0001`,
          `${middle.slice(0, -1)}49999`,
        ]) {
          expect(doubleOf(text)).toBe(Number(text))
        }
      }),
      { numRuns: RUNS },
    )
  })
})

describe('an integer of any digits', () => {
  test('is exact in its halves', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (value) => {
        const words = new Int32Array(2)
        const text = String(value)
        const fits = BigInt.asIntN(64, value) === value
        expect(readLong(readerOf(text), 0, words, 0)).toBe(fits ? text.length : -1)
        if (fits) expect(new BigInt64Array(words.buffer)[0]).toBe(value)
      }),
      { numRuns: RUNS },
    )
  })
})

describe('a decimal of up to 18 digits', () => {
  test('is exact in its words', () => {
    const scaled = fc.tuple(
      fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n }),
      fc.integer({ min: 1, max: 17 }),
    )
    fc.assert(
      fc.property(scaled, fc.integer({ min: 0, max: 3 }), ([unscaled, scale], cut) => {
        const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
        const shown = Math.max(1, scale - cut)
        const text = `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale).slice(0, shown)}`
        const words = new Int32Array(4)
        expect(decimalReader(18, scale)(readerOf(text), 0, words, 0)).toBe(text.length)
        const lost = 10n ** BigInt(scale - shown)
        expect(new BigInt64Array(words.buffer)).toEqual(
          BigInt64Array.of((unscaled / lost) * lost, (unscaled / lost) * lost < 0n ? -1n : 0n),
        )
      }),
      { numRuns: RUNS },
    )
  })
})
