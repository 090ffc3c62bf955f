import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nearestFloat, parseExactNumber, scaledInteger } from '../../../src/record/exact-number.ts'

function at(text: string, scale: number, digitsMax: number) {
  return scaledInteger(parseExactNumber(text)!, { scale, digitsMax })
}

describe('a number as its text states it', () => {
  test.each([
    ['0', '', 0],
    ['-0.000e7', '', 0],
    ['1200', '12', 2],
    ['-1.2300', '123', -2],
    ['3e2', '3', 2],
    ['0.00120E+4', '12', 0],
    ['1e-999999999999', '1', -1e9],
  ])('%s', (text, digits, exponent) => {
    expect(parseExactNumber(text)).toEqual({ negative: text.startsWith('-'), digits, exponent })
  })

  test.each(['', '-', '01', '1.', '.1', '+1', '1e', 'NaN', ' 1', '1 ', '0x1', '１'])(
    '%j is none',
    (text) => {
      expect(parseExactNumber(text)).toBeUndefined()
    },
  )

  test('as an integer at a scale', () => {
    expect(at('14.20', 2, 9)).toBe(1420n)
    expect(at('14.200', 2, 9)).toBe(1420n)
    expect(at('14.201', 2, 9)).toBeUndefined()
    expect(at('-1e3', 2, 6)).toBe(-100_000n)
    expect(at('-1e3', 2, 5)).toBeUndefined()
    expect(at('1e999999999', 0, 38)).toBeUndefined()
    expect(at('0e999999999', 0, 38)).toBe(0n)
  })

  test('costs no more for a great exponent or many digits', () => {
    const started = performance.now()
    const many = `1${'0'.repeat(2e6)}`
    expect(scaledInteger(parseExactNumber(many)!, { scale: 0, digitsMax: 19 })).toBeUndefined()
    expect(parseExactNumber(`${'9'.repeat(2e6)}e-2000000`)?.digits.length).toBe(2e6)
    expect(nearestFloat(`1.${'0'.repeat(2e6)}1`)).toBe(1)
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('the float nearest to a text', () => {
  test('is exact for every float', () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(nearestFloat(value === 0 ? '0' : value.toString())).toBe(value === 0 ? 0 : value)
      }),
    )
  })

  test('is rounded once, not by way of the nearest double', () => {
    // 1 + 2^-24 lies between two floats; with 2^-60 more or less it is a double away from nothing.
    expect(nearestFloat('1.000000059604644775390625')).toBe(1)
    expect(nearestFloat('1.000000059604644775390625000000000000001')).toBe(1 + 2 ** -23)
    expect(nearestFloat('1.000000059604644775390624999999999999999')).toBe(1)
    expect(nearestFloat('-1.000000178813934326171875')).toBe(-(1 + 2 ** -22))
    expect(nearestFloat('-1.00000017881393432617187499999999999999')).toBe(-(1 + 2 ** -23))
    expect(nearestFloat(`1.000000059604644775390625${'0'.repeat(2_000)}1`)).toBe(1 + 2 ** -23)
  })

  test('among the smallest', () => {
    // Half of the smallest float.
    const half = (2n ** 0n * 5n ** 150n).toString()
    expect(nearestFloat(`${half}e-150`)).toBe(0)
    expect(nearestFloat(`${half}1e-151`)).toBe(2 ** -149)
    expect(nearestFloat('1e-500')).toBe(0)
  })

  test('at the end of the range', () => {
    const overflow = 2n ** 128n - 2n ** 103n
    expect(nearestFloat(`${overflow - 1n}`)).toBe(Math.fround(3.4028234663852886e38))
    expect(nearestFloat(`${overflow}`)).toBe(Number.POSITIVE_INFINITY)
    expect(nearestFloat(`${-overflow + 1n}`)).toBe(-Math.fround(3.4028234663852886e38))
    expect(nearestFloat('1e39')).toBe(Number.POSITIVE_INFINITY)
    expect(nearestFloat('-1e400')).toBe(Number.NEGATIVE_INFINITY)
  })

  test('of any text lies no further than either neighbour', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, min: -1e38, max: 1e38 }), (value) => {
        const float = nearestFloat(value === 0 ? '0' : String(value).replace('e+', 'e'))
        expect(Math.abs(float - value)).toBeLessThanOrEqual(Math.abs(Math.fround(value) - value))
      }),
    )
  })
})
