import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTimestamp, parseTimestampNanos } from '../../../src/iceberg/calendar.ts'
import { parseTransform, transformText } from '../../../src/iceberg/transform-text.ts'
import { applyTransform, compileTransform, hasherOf } from '../../../src/iceberg/transform.ts'
import { parseType } from '../../../src/iceberg/type-text.ts'
import type { PrimitiveType, Value } from '../../../src/iceberg/types.ts'
import { parseUuid } from '../../../src/iceberg/uuid.ts'
import { int32, int64, text, typeAndValues } from './arbitraries.ts'

const zoned = (iso: string) => parseTimestamp(iso, 'required')!
const zonedNanos = (iso: string) => parseTimestampNanos(iso, 'required')!

describe('hashes of the specification (Appendix B)', () => {
  const vectors: [string, Value, number][] = [
    ['int', 34, 2017239379],
    ['long', 34n, 2017239379],
    ['decimal(4,2)', 1420n, -500754589],
    ['date', 17486, -653330422],
    ['time', 81_068_000_000n, -662762989],
    ['timestamp', parseTimestamp('2017-11-16T22:31:08', 'forbidden')!, -2047944441],
    ['timestamp', parseTimestamp('2017-11-16T22:31:08.000001', 'forbidden')!, -1207196810],
    ['timestamptz', zoned('2017-11-16T14:31:08-08:00'), -2047944441],
    ['timestamptz', zoned('2017-11-16T14:31:08.000001-08:00'), -1207196810],
    ['timestamp_ns', 1_510_871_468_000_000_000n, -2047944441],
    ['timestamp_ns', 1_510_871_468_000_001_001n, -1207196810],
    ['timestamptz_ns', zonedNanos('2017-11-16T14:31:08-08:00'), -2047944441],
    ['timestamptz_ns', zonedNanos('2017-11-16T14:31:08.000001001-08:00'), -1207196810],
    ['string', 'iceberg', 1210000089],
    ['uuid', parseUuid('f79c3e09-677c-4bbd-a479-3f349cb785e7')!, 1488055340],
    ['fixed[4]', new Uint8Array([0, 1, 2, 3]), -188683207],
    ['binary', new Uint8Array([0, 1, 2, 3]), -188683207],
  ]

  test.each(vectors)('%s %s', (name, value, hash) => {
    expect(hasherOf(parseType(name) as PrimitiveType)(value)).toBe(hash)
  })

  test('an int hashes as the long that it may be promoted to', () => {
    fc.assert(
      fc.property(int32, (value) => {
        expect(hasherOf({ kind: 'int' })(value)).toBe(hasherOf({ kind: 'long' })(BigInt(value)))
      }),
    )
  })
})

describe('transforms', () => {
  test('nulls stay null', () => {
    for (const name of ['identity', 'bucket[4]', 'truncate[2]', 'void']) {
      expect(applyTransform(parseTransform(name), { kind: 'int' }, null)).toBeNull()
    }
  })

  test('a bucket lies within the number of buckets', () => {
    const numbers = fc.integer({ min: 1, max: 2 ** 31 - 1 })
    fc.assert(
      fc.property(numbers, typeAndValues(), (buckets, { type, values }) => {
        fc.pre(!['boolean', 'float', 'double'].includes(type.kind))
        const apply = compileTransform({ kind: 'bucket', buckets }, type)
        for (const value of values) {
          const bucket = apply(value) as number
          expect(bucket >= 0 && bucket < buckets && Number.isInteger(bucket)).toBe(true)
        }
      }),
    )
  })

  test('truncating a number goes down to a multiple of the width', () => {
    const widths = fc.integer({ min: 1, max: 1_000_000 })
    fc.assert(
      fc.property(widths, int64, (width, value) => {
        fc.pre(value > -(2n ** 63n) + 1_000_000n)
        const cut = applyTransform({ kind: 'truncate', width }, { kind: 'long' }, value) as bigint
        expect(cut <= value && value - cut < BigInt(width) && cut % BigInt(width) === 0n).toBe(true)
      }),
    )
  })

  test('truncating a string keeps whole code points', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 10 }), (value, width) => {
        const cut = applyTransform({ kind: 'truncate', width }, { kind: 'string' }, value)
        expect(cut).toBe(Array.from(value).slice(0, width).join(''))
      }),
    )
  })

  test('times before the epoch fall into the unit before it', () => {
    const type = { kind: 'timestamp' } as const
    const units = (['year', 'month', 'day', 'hour'] as const).map((kind) =>
      applyTransform({ kind }, type, -1n),
    )
    expect(units).toEqual([-1, -1, -1, -1])
  })

  test('a type that a transform does not take is refused with both names', () => {
    expect(() => compileTransform({ kind: 'hour' }, { kind: 'date' })).toThrow(
      /transform hour does not take date/,
    )
    const unknown = parseTransform('zorder')
    expect(() => compileTransform(unknown, { kind: 'int' })).toThrow(/zorder does not take int/)
  })

  test.each(['identity', 'void', 'year', 'bucket[16]', 'truncate[2147483647]'])('%s', (name) => {
    expect(parseTransform(name).kind).not.toBe('unknown')
    expect(transformText(parseTransform(name))).toBe(name)
  })

  test.each(['bucket', 'bucket[0]', 'bucket[x]', 'truncate[2147483648]', 'zorder[2]', 'Identity'])(
    '%s is unknown and keeps its text',
    (name) => expect(parseTransform(name)).toEqual({ kind: 'unknown', text: name }),
  )
})
