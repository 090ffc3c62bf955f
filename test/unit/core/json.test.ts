import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FirnError } from '../../../src/core/errors.ts'
import { isJsonObject, parseJson, stringifyJson, type JsonValue } from '../../../src/core/json.ts'

const parse = (text: string): JsonValue => parseJson(text, 'the test')

/** By the engine's own account of each number. */
function bySource(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, { source = '' }: { source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source)
      ? BigInt(source)
      : value,
  )
}

function attempt(act: () => unknown): unknown {
  try {
    return { value: act() }
  } catch {
    return 'refused'
  }
}

const wrong = (): JsonValue => parseJson('x'.repeat(1000), 'metadata.json')

describe('parseJson', () => {
  test.each([
    ['6838723292707092922', 6838723292707092922n],
    ['9223372036854775807', 9223372036854775807n],
    ['-9223372036854775808', -9223372036854775808n],
    ['9007199254740991', 9007199254740991],
    ['9007199254740992', 9007199254740992n],
    ['-9007199254740992', -9007199254740992n],
    ['0', 0],
    ['1.5', 1.5],
    ['1e3', 1000],
    ['1e300', 1e300],
    ['12345678901234567890.5', 12345678901234567000],
  ])('%s', (text, value) => {
    expect(parse(text)).toBe(value)
    expect(parse(`{"a":[${text}]}`)).toEqual({ a: [value] })
  })

  test.each([
    '{"a":"[1234567890123456789,1234567890123456789]","b":1234567890123456789}',
    String.raw`{"a\\":-1234567890123456789 ,"\"[1234567890123456789]":[ 1234567890123456789 ]}`,
    String.raw`["\\\"1234567890123456789",1234567890123456789]`,
    ' -1234567890123456789 ',
    '[1234567890123456789.5,1234567890123456789e1,1E+1234567890123456789,1e-1234567890123456789]',
    '["\ue0001234567890123456789",1234567890123456789]',
    String.raw`["\uE0001234567890123456789",1234567890123456789]`,
    '{"__proto__":1234567890123456789,"a":1234567890123456789}',
    '{"a":{"__proto__":{"b":1234567890123456789}}}',
    '[1234567890123456,9007199254740993,1000000000000000000000000]',
  ])('is exact whatever is around an integer: %s', (text) => {
    expect(parse(text)).toEqual(bySource(text))
  })

  test.each([
    '{1234567890123456789:1}',
    '{1234567890123456789 :1}',
    '{"a" 1234567890123456789}',
    '01234567890123456789',
    '-01234567890123456789',
    '--1234567890123456789',
    '[1234567890123456789',
    '"1234567890123456789',
    '1234567890123456789 1234567890123456789',
    '[1234567890123456789"a"]',
    '1234567890123456789n',
  ])('is not taken for JSON: %s', (text) => {
    expect(() => parse(text)).toThrow(/is not JSON/)
    expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError)
  })

  test('any text is what it is when the source of every number is looked at, or refused as there', () => {
    const tokens =
      '" \\ \\" \\u0061 \ue000 __proto__ [ ] { } : , - . e a 1 0 1234567890123456 9999999999999999999 "a": "b" null'
    const piece = fc.constantFrom(' ', ...tokens.split(' '))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join('')
        const expected = attempt(() => bySource(text))
        expect(attempt(() => parse(text))).toEqual(expected)
      }),
      { numRuns: 20_000 },
    )
  })

  test('what is no JSON is named, and shown no further than 200 characters', () => {
    expect(wrong).toThrow(FirnError)
    expect(wrong).toThrow(/^metadata\.json is not JSON: x{200}$/)
  })
})

describe('stringifyJson', () => {
  test('writes a bigint as an integer and leaves undefined members out', () => {
    expect(stringifyJson({ a: 2n ** 63n - 1n, b: undefined, c: [1n, null] })).toBe(
      '{"a":9223372036854775807,"c":[1,null]}',
    )
    expect(stringifyJson({ a: 1n }, 2)).toBe('{\n  "a": 1\n}')
  })

  test('parsing gives every value back, all digits of it', () => {
    const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)
    // An integer beyond 2^53 is a bigint in a JsonValue: as a number it is written with fewer digits than it has.
    const number = fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((x) => !Object.is(x, -0) && (!Number.isInteger(x) || Number.isSafeInteger(x)))
    const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.constant(null),
        fc.boolean(),
        fc.string({ unit: 'binary' }),
        number,
        int64,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    }))
    fc.assert(
      fc.property(value, (original) => {
        expect(numbersAsText(parse(stringifyJson(original)))).toEqual(numbersAsText(original))
      }),
    )
  })
})

/** `1n` and `1` are the same JSON: numbers are compared by their digits. */
function numbersAsText(value: JsonValue | undefined): unknown {
  if (typeof value === 'bigint') return `number ${value}`
  if (typeof value === 'number') {
    return `number ${Number.isInteger(value) ? BigInt(value) : value}`
  }
  if (Array.isArray(value)) return value.map(numbersAsText)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, numbersAsText(member)]),
  )
}

describe('isJsonObject', () => {
  test.each([
    [{}, true],
    [[], false],
    [null, false],
    ['x', false],
    [1n, false],
    [undefined, false],
  ])('%s: %s', (value, expected) => {
    expect(isJsonObject(value)).toBe(expected)
  })
})
