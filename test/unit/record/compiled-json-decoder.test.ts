import * as fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import type { NestedField, Schema } from '../../../src/iceberg/types.ts'
import { CompiledJsonDecoder } from '../../../src/record/compiled-json-decoder.ts'
import type { DecodingOptions } from '../../../src/record/decoding.ts'
import { JsonKeys } from '../../../src/record/json-keys.ts'
import { SlowJsonDecoder } from '../../../src/record/slow-json-decoder.ts'
import { recordsArb, schemaArb } from './json-arbitraries.ts'
import {
  decodeAll,
  field,
  list,
  map,
  OPTIONS,
  recordOf,
  rowsOf,
  schemaOf,
  struct,
  type MakeDecoder,
} from './rows.ts'

const RUNS = Number(process.env['FIRN_DECODER_RUNS'] ?? 150)

const fast: MakeDecoder = (builder, options) => new CompiledJsonDecoder(builder, options)

function bothDecode(
  schema: Schema,
  records: readonly (Uint8Array | string | null)[],
  options: Partial<DecodingOptions> = {},
) {
  const slow = decodeAll(schema, records, options)
  expect(decodeAll(schema, records, { ...options, make: fast })).toEqual(slow)
}

const schemaAndRecords = schemaArb.chain((schema) =>
  fc.tuple(fc.constant(schema), recordsArb(schema)),
)

describe('compiled code takes and refuses what the slow path does', () => {
  test('on any schema and any records', () => {
    fc.assert(
      fc.property(schemaAndRecords, ([schema, records]) => bothDecode(schema, records)),
      { numRuns: RUNS },
    )
  })

  test('where a value breaks off and the next one might go on', () => {
    const schema = schemaOf(field('a', 'string'), field('m', map('string', 'string')))
    const whole = '{"a":"long enough to be copied by words","m":{"k":"value"}}'
    for (let end = 1; end < whole.length; end += 1) {
      bothDecode(schema, [whole.slice(0, end), whole, whole.slice(0, end), whole.slice(end), whole])
    }
  })

  test('within tight limits', () => {
    fc.assert(
      fc.property(schemaAndRecords, fc.integer({ min: 1, max: 4 }), ([schema, records], depthMax) =>
        bothDecode(schema, records, { depthMax, bytesMax: 80 }),
      ),
      { numRuns: RUNS / 2 },
    )
  })

  test('with names in any case, and aliases', () => {
    const aliasesArb = fc.dictionary(
      fc.nat({ max: 9 }).map(String),
      fc.uniqueArray(fc.constantFrom('A', 'b', 'Id', 'other', 'naïve'), { maxLength: 2 }),
    )
    fc.assert(
      fc.property(
        schemaAndRecords,
        fc.boolean(),
        aliasesArb,
        ([schema, records], caseInsensitive, named) => {
          const aliases = new Map(Object.entries(named).map(([id, names]) => [Number(id), names]))
          const options = { caseInsensitive, aliases }
          fc.pre(isConfigurable(schema, options))
          bothDecode(schema, records, options)
        },
      ),
      { numRuns: RUNS / 2 },
    )
  })

  test('with write defaults', () => {
    fc.assert(
      fc.property(schemaAndRecords, ([schema, records]) =>
        bothDecode(withDefaults(schema), [...records, '{}']),
      ),
      { numRuns: RUNS / 3 },
    )
  })
})

function withDefaults(schema: Schema): Schema {
  const fields = schema.fields.map((each) =>
    each.type.kind === 'string' ? withDefault(each) : each,
  )
  return { ...schema, fields }
}

function withDefault(each: NestedField): NestedField {
  return { ...each, writeDefault: 'default' }
}

function isConfigurable(schema: Schema, options: Partial<DecodingOptions>): boolean {
  try {
    fast(new BatchBuilder(schema), { ...OPTIONS, ...options })
    return true
  } catch {
    return false
  }
}

describe('the slow path is not needed', () => {
  afterEach(() => {
    vi.restoreAllMocks()
  })

  const schema = schemaOf(
    field('id!', 'long'),
    field('n', 'int'),
    field('x', 'double'),
    field('f', 'float'),
    field('price', 'decimal(18, 4)'),
    field('huge', 'decimal(38, 0)'),
    field('day', 'date'),
    field('clock', 'time'),
    field('at', 'timestamptz'),
    field('local', 'timestamp'),
    field('ns', 'timestamptz_ns'),
    field('text', 'string'),
    field('uuid', 'uuid'),
    field('raw', 'binary'),
    field('four', 'fixed[4]'),
    field('ok', 'boolean'),
    field('s', struct(field('a', 'int'), field('l', list(struct(field('b', 'string')))))),
    field('m', map('string', list('long'))),
    field('e', map('int', 'string')),
  )

  test.each([
    [
      'every type',
      '{"id":1,"n":-5,"x":0.25,"f":1.5,"price":12.5,"huge":99999999999999999999999999999999999999,"day":"2024-02-29","clock":"22:31:08.5","at":"2017-11-16T14:31:08.123456-08:00","local":"2017-11-16 22:31","ns":"2017-11-16t22:31:08.123456789z","text":"x","uuid":"f79c3e09-677c-4bbd-a479-3f349cb785e7","raw":"AQ==","four":"AQIDBA==","ok":true,"s":{"a":1,"l":[{"b":"c"},null,{}]},"m":{"k":[1,null],"l":[]},"e":[{"key":1,"value":null},{"value":"x","key":2}]}',
    ],
    [
      'nulls',
      '{"id":1,"n":null,"x":null,"price":null,"text":null,"s":null,"m":null,"e":null,"ok":null}',
    ],
    [
      'integers of 16 to 19 digits',
      '{"id":9223372036854775807,"m":{"a":[-9223372036854775808,1234567890123456,-99999999999999999,1000000000000000000]}}',
    ],
    [
      'escapes and other alphabets',
      String.raw`{"id":1,"text":"a\n\"\\\/\u00e9\ud83d\ude00 naïve 日本 😀 ","m":{"\u006b\ud83d\ude00":null}}`,
    ],
    ['escaped names', String.raw`{"\u0069d":1,"te\u0078t":"x"}`],
    ['another order', '{"text":"x","ok":false,"id":7,"x":1e5}'],
    ['an order that changes', '{"m":{"a":null},"text":"x","id":7,"n":3}'],
    [
      'duplicates',
      '{"id":1,"id":2,"text":"a","text":null,"text":"b","n":null,"n":4,"s":{"l":[{"b":"x"},null],"l":[]},"s":null,"s":{"a":3,"a":4},"m":{"a":[1]},"m":{}}',
    ],
    [
      'members that belong to no column',
      '{"other":{"deep":[1,{"x":"y\\u00e9"},-1.5e-7,true,null,[],{}]},"id":1,"more":"日本","again":[]}',
    ],
    [
      'white space',
      ' {\n\t"id" : 1 ,\r\n "s" : { "a" : 2 , "l" : [ { } , { "b" : "c" } ] } , "m" : { "k" : [ 1 , 2 ] } , "e" : [ { "key" : 1 } ] } \n',
    ],
    ['doubles of any length', '{"id":1,"x":0.30000000000000004,"f":-3.4028234663852886e38}'],
    ['decimals as text', '{"id":1,"price":"-12345678901234.5678","huge":"-0"}'],
  ])('for %s', (_, json) => {
    const expected = decodeAll(schema, [json])
    expect(expected.failures).toEqual([undefined])
    const slowly = vi.spyOn(SlowJsonDecoder.prototype, 'decode')
    expect(decodeAll(schema, [json], { make: fast })).toEqual(expected)
    expect(slowly).not.toHaveBeenCalled()
  })
})

test('a producer’s order of members is learned from its first record', () => {
  const schema = schemaOf(field('first', 'int'), field('second', 'int'), field('third', 'int'))
  const found = vi.spyOn(JsonKeys.prototype, 'find')
  const record = '{"third":3,"first":1,"second":2}'
  const { failures } = decodeAll(
    schema,
    Array.from({ length: 5 }, () => record),
    { make: fast },
  )
  expect(failures).toEqual([undefined, undefined, undefined, undefined, undefined])
  // `second` behind `first` is where the schema has it, too.
  expect(found).toHaveBeenCalledTimes(2)
  vi.restoreAllMocks()
})

describe('generated code', () => {
  test('is made of names only as comments and bytes', () => {
    const names = [
      '*/ globalThis.broken = true /*',
      '`${globalThis.broken = true}`',
      '\u2028globalThis.broken = true',
      "'\n;globalThis.broken = true//",
      '\\',
    ]
    const schema = schemaOf(...names.map((name) => field('x', 'int', { name })))
    const { source } = new CompiledJsonDecoder(new BatchBuilder(schema), OPTIONS)
    const withoutComments = source.replaceAll(/\/\*[\s\S]*?\*\//g, '')
    expect(withoutComments).not.toMatch(/globalThis|broken/)
    const json = JSON.stringify(Object.fromEntries(names.map((name, index) => [name, index])))
    bothDecode(schema, [json])
    expect(Reflect.get(globalThis, 'broken')).toBeUndefined()
  })

  test('reads as a person would write it', async () => {
    const schema = schemaOf(field('id!', 'long'), field('tags', list('string')))
    const { source } = new CompiledJsonDecoder(new BatchBuilder(schema), OPTIONS)
    await expect(source).toMatchFileSnapshot('generated-decoder.txt')
  })
})

function object(names: readonly string[]): string {
  return `{"m":{${names.map((name, index) => `"${name}":${index}`).join()}}}`
}

function entries(keys: readonly string[]): string {
  return `{"e":[${keys.map((key) => `{"key":${key}}`).join()}]}`
}

describe('columns', () => {
  test('grow as rows come, and are given up and taken up again', () => {
    const schema = schemaOf(
      field('s', 'string'),
      field('l', list(struct(field('n', 'int'), field('b', 'binary')))),
    )
    const builder = new BatchBuilder(schema)
    const decoder = new CompiledJsonDecoder(builder, OPTIONS)
    const values = Array.from({ length: 3_000 }, (_, index) =>
      JSON.stringify({
        s: 'é'.repeat(index % 40),
        l: Array.from({ length: index % 7 }, (__, n) => ({ n, b: 'AQID' })),
      }),
    )
    const expected = decodeAll(schema, values).rows
    for (const next of [() => builder.reset(), () => builder.release(), () => builder.release()]) {
      for (const value of values) expect(decoder.decode(recordOf(value))).toBeUndefined()
      expect(rowsOf(builder)).toEqual(expected)
      next()
    }
  })

  test('may be as many as a table has', () => {
    const fields = Array.from({ length: 200 }, (_, index) =>
      field(`column_${index}`, index % 2 === 0 ? 'long' : 'string'),
    )
    const schema = schemaOf(...fields)
    const row = Object.fromEntries(
      fields.map(({ name }, index) => [name, index % 2 === 0 ? index : `text ${index}`]),
    )
    const { column_0, column_7, ...fewer } = row
    bothDecode(schema, [
      JSON.stringify(row),
      JSON.stringify(fewer),
      JSON.stringify({ ...fewer, column_7, column_0, other: 1 }),
      '{}',
    ])
  })

  test('of a map tell keys apart, however many', () => {
    const schema = schemaOf(field('m', map('string', 'int')), field('e', map('double', 'int')))
    const keys = Array.from({ length: 40 }, (_, index) => `k${index}`)
    bothDecode(schema, [
      object(keys),
      object([...keys, 'k7']),
      object(['a', 'a']),
      object(['a', String.raw`\u0061`, 'b']),
    ])
    bothDecode(schema, [
      entries(['1', '1.0']),
      entries(['0', '-0']),
      entries(['"NaN"', '"NaN"']),
      entries(keys.map((key) => key.slice(1))),
      entries([...keys.map((key) => key.slice(1)), '7']),
    ])
  })
})
