import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson, stringifyJson } from '../../../src/core/json.ts'
import {
  decimalByteLength,
  decimalFromBytes,
  decimalText,
  fixedDecimalBytes,
  parseDecimal,
  rescale,
} from '../../../src/iceberg/decimal.ts'
import { JsonPlace } from '../../../src/iceberg/json-place.ts'
import { valueFromJson, valueToJson } from '../../../src/iceberg/single-value-json.ts'
import { valueFromBytes, valueToBytes } from '../../../src/iceberg/single-value.ts'
import { parseType } from '../../../src/iceberg/type-text.ts'
import type { PrimitiveType, Value } from '../../../src/iceberg/types.ts'
import { hexText, parseHex, parseUuid, uuidText } from '../../../src/iceberg/uuid.ts'
import { bytes, typeAndValues } from './arbitraries.ts'

const primitive = (text: string) => parseType(text) as PrimitiveType

describe('binary single values (Appendix D)', () => {
  const vectors: [string, Value, string][] = [
    ['boolean', false, '00'],
    ['boolean', true, '01'],
    ['int', 84202, 'ea480100'],
    ['long', 200n, 'c800000000000000'],
    ['long', -1n, 'ffffffffffffffff'],
    ['float', -4.5, '000090c0'],
    ['double', 6, '0000000000001840'],
    ['date', 1000, 'e8030000'],
    ['time', 10_000n, '1027000000000000'],
    ['timestamp', 400_000n, '801a060000000000'],
    ['timestamptz_ns', -1n, 'ffffffffffffffff'],
    ['string', 'ABC', '414243'],
    [
      'uuid',
      parseUuid('f79c3e09-677c-4bbd-a479-3f349cb785e7')!,
      'f79c3e09677c4bbda4793f349cb785e7',
    ],
    ['fixed[2]', new Uint8Array([1, 2]), '0102'],
    ['binary', new Uint8Array([]), ''],
    ['decimal(9,2)', 345n, '0159'],
    ['decimal(9,2)', 0n, '00'],
    ['decimal(9,2)', 127n, '7f'],
    ['decimal(9,2)', 128n, '0080'],
    ['decimal(9,2)', -128n, '80'],
    ['decimal(9,2)', -129n, 'ff7f'],
    ['decimal(38,0)', 10n ** 37n, '0785ee10d5da46d900f436a000000000'],
  ]

  test.each(vectors)('%s %s', (name, value, hex) => {
    const type = primitive(name)
    expect(hexText(valueToBytes(type, value))).toBe(hex)
    expect(valueFromBytes(type, parseHex(hex)!)).toEqual(value)
  })

  test('every value of every type comes back', () => {
    fc.assert(
      fc.property(typeAndValues(), ({ type, values }) => {
        for (const value of values) {
          expect(valueFromBytes(type, valueToBytes(type, value))).toEqual(value)
        }
      }),
    )
  })

  test('bounds from before a promotion are read as what they were', () => {
    const four = parseHex('01000000')!
    expect(valueFromBytes({ kind: 'long' }, four)).toBe(1n)
    expect(valueFromBytes({ kind: 'double' }, parseHex('0000803f')!)).toBe(1)
    expect(valueFromBytes({ kind: 'timestamp' }, four)).toBe(86_400_000_000n)
    expect(valueFromBytes({ kind: 'timestamp_ns' }, four)).toBe(86_400_000_000_000n)
    expect(() => valueFromBytes({ kind: 'timestamptz' }, four)).toThrow(/takes 8 bytes, found 4/)
    expect(() => valueFromBytes({ kind: 'int' }, new Uint8Array(3))).toThrow(/int takes 4 bytes/)
  })

  test('a view into a larger buffer is read from its own start', () => {
    const whole = new Uint8Array([9, 9, 1, 0, 0, 0, 9])
    expect(valueFromBytes({ kind: 'int' }, whole.subarray(2, 6))).toBe(1)
  })
})

describe('JSON single values (Appendix D)', () => {
  const vectors: [string, Value, string][] = [
    ['boolean', true, 'true'],
    ['int', 34, '34'],
    ['long', 6_838_723_292_707_092_922n, '6838723292707092922'],
    ['float', 1, '1'],
    ['double', 1.5, '1.5'],
    ['decimal(4,2)', 1420n, '"14.20"'],
    ['decimal(9,0)', 14n, '"14"'],
    ['decimal(9,9)', -1n, '"-0.000000001"'],
    ['date', 17486, '"2017-11-16"'],
    ['time', 81_068_123_456n, '"22:31:08.123456"'],
    ['timestamp', 1_510_871_468_123_456n, '"2017-11-16T22:31:08.123456"'],
    ['timestamptz', 1_510_871_468_123_456n, '"2017-11-16T22:31:08.123456+00:00"'],
    ['timestamp_ns', 1_510_871_468_123_456_789n, '"2017-11-16T22:31:08.123456789"'],
    ['timestamptz_ns', 1_510_871_468_123_456_789n, '"2017-11-16T22:31:08.123456789+00:00"'],
    ['string', 'iceberg', '"iceberg"'],
    [
      'uuid',
      parseHex('f79c3e09677c4bbda4793f349cb785e7')!,
      '"f79c3e09-677c-4bbd-a479-3f349cb785e7"',
    ],
    ['fixed[4]', new Uint8Array([0, 1, 2, 255]), '"000102ff"'],
    ['binary', new Uint8Array([0, 1, 2, 255]), '"000102ff"'],
  ]

  test.each(vectors)('%s %s', (name, value, json) => {
    const type = primitive(name)
    expect(stringifyJson(valueToJson(type, value))).toBe(json)
    expect(valueFromJson(type, new JsonPlace(parseJson(json, 'a value'), 'd'))).toEqual(value)
  })

  test('every value comes back', () => {
    fc.assert(
      fc.property(typeAndValues(), ({ type, values }) => {
        for (const value of values) {
          // JSON has no NaN and no infinity, and our text no sign of a zero.
          if (typeof value === 'number' && (!Number.isFinite(value) || value === 0)) continue
          const json = parseJson(stringifyJson(valueToJson(type, value)), 'a value')
          expect(valueFromJson(type, new JsonPlace(json, 'd'))).toEqual(value)
        }
      }),
    )
  })

  test.each([
    ['decimal(4,2)', '"14.205"'],
    ['decimal(4,2)', '"123.45"'],
    ['date', '"2017-02-30"'],
    ['int', '2147483648'],
    ['long', '1.5'],
    ['fixed[2]', '"00"'],
    ['timestamptz', '"2017-11-16T22:31:08+01:00"'],
    ['string', '1'],
  ])('%s refuses %s with its place', (name, json) => {
    const place = new JsonPlace(parseJson(json, 'a value'), 'fields[3].write-default')
    expect(() => valueFromJson(primitive(name), place)).toThrow(/fields\[3\]\.write-default/)
  })
})

describe('decimals', () => {
  test('text in scientific form', () => {
    expect(parseDecimal('2E+20')).toEqual({ unscaled: 2n, scale: -20 })
    expect(parseDecimal('-1.5e-3')).toEqual({ unscaled: -15n, scale: 4 })
    expect(parseDecimal('.5')).toEqual({ unscaled: 5n, scale: 1 })
    expect(parseDecimal('1.')).toEqual({ unscaled: 1n, scale: 0 })
    expect(parseDecimal('1e')).toBeUndefined()
    expect(parseDecimal('NaN')).toBeUndefined()
    expect(rescale({ unscaled: 2n, scale: -2 }, 1)).toBe(2000n)
    expect(rescale({ unscaled: 25n, scale: 1 }, 0)).toBeUndefined()
    expect(decimalText(-5n, 3)).toBe('-0.005')
  })

  test('bytes needed per precision, as Java and Parquet count them', () => {
    const needed = [1, 2, 3, 4, 5, 9, 10, 18, 19, 28, 29, 38].map(decimalByteLength)
    expect(needed).toEqual([1, 1, 2, 2, 3, 4, 5, 8, 9, 12, 13, 16])
  })

  test('fixed width comes back', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n - 1n }), (value) => {
        expect(decimalFromBytes(fixedDecimalBytes(value, 16))).toBe(value)
      }),
    )
  })
})

test('hex and uuid text come back; other text is none', () => {
  fc.assert(
    fc.property(bytes, (value) => {
      expect(parseHex(hexText(value))).toEqual(value)
    }),
  )
  expect(uuidText(parseUuid('F79C3E09-677C-4BBD-A479-3F349CB785E7')!)).toBe(
    'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  )
  expect([parseHex('0'), parseHex('zz'), parseUuid('f79c3e09')]).toEqual(Array(3).fill(undefined))
})
