import { describe, expect, test } from 'vitest'
import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import { FirnError } from '../../../src/core/errors.ts'
import { aliasesOf } from '../../../src/record/aliases.ts'
import { SlowJsonDecoder } from '../../../src/record/slow-json-decoder.ts'
import { decodeAll, field, list, map, OPTIONS, schemaOf, struct } from './rows.ts'

function failure(fieldPath: string, expected: string, found: string) {
  return { topic: 'orders', partition: 3, offset: 107n, fieldPath, expected, found }
}

describe('nested values', () => {
  const schema = schemaOf(
    field('id!', 'long'),
    field('at', struct(field('lat!', 'double'), field('name', 'string'))),
    field('tags', list('string')),
    field('lines', list(struct(field('sku!', 'string'), field('sizes', list('int', true))), true)),
    field('labels', map('string', 'long')),
    field('byDay', map('date', struct(field('n', 'int')), true)),
  )

  test('are taken whole', () => {
    const value = {
      id: 1,
      at: { lat: 1.5, name: null },
      tags: ['a', null, ''],
      lines: [{ sku: 'x', sizes: [1, 2] }, { sku: 'y' }, { sku: 'z', sizes: [] }],
      labels: { b: 2, a: null },
      byDay: [{ key: '1970-01-02', value: { n: 7 } }],
    }
    const empty = { id: 2, tags: [], lines: [], labels: {}, byDay: [] }
    expect(
      decodeAll(
        schema,
        [value, empty, { id: 3 }].map((each) => JSON.stringify(each)),
      ),
    ).toEqual({
      failures: [undefined, undefined, undefined],
      rows: [
        {
          id: 1n,
          at: { lat: 1.5, name: null },
          tags: ['a', null, ''],
          lines: [
            { sku: 'x', sizes: [1, 2] },
            { sku: 'y', sizes: null },
            { sku: 'z', sizes: [] },
          ],
          labels: [
            ['b', 2n],
            ['a', null],
          ],
          byDay: [[1, { n: 7 }]],
        },
        { id: 2n, at: null, tags: [], lines: [], labels: [], byDay: [] },
        { id: 3n, at: null, tags: null, lines: null, labels: null, byDay: null },
      ],
    })
  })

  test.each([
    ['{}', 'id', 'long: an integer of 64 bits, which is required', 'nothing'],
    ['{"id":null}', 'id', 'long: an integer of 64 bits, which is required', 'null'],
    ['{"id":"7"}', 'id', 'long: an integer of 64 bits', '"7"'],
    [
      '{"id":1,"at":{}}',
      'at.lat',
      'double: a number within its range, which is required',
      'nothing',
    ],
    ['{"id":1,"at":[1]}', 'at', 'struct: an object', 'an array'],
    ['{"id":1,"tags":["a",7]}', 'tags[1]', 'string: text', '7'],
    ['{"id":1,"tags":{}}', 'tags', 'list: an array', 'an object'],
    [
      '{"id":1,"lines":[{"sku":"a"},{"sku":"b","sizes":[1,null]}]}',
      'lines[1].sizes[1]',
      'int: an integer of 32 bits, which is required',
      'null',
    ],
    [
      '{"id":1,"lines":[null]}',
      'lines[0]',
      'struct<sku: string, sizes: list<int>>, which is required',
      'null',
    ],
    ['{"id":1,"labels":{"a b":1.5}}', 'labels["a b"]', 'long: an integer of 64 bits', '1.5'],
    ['{"id":1,"labels":[]}', 'labels', 'map: an object', 'an array'],
    [
      '{"id":1,"byDay":{"1970-01-01":{}}}',
      'byDay',
      'map: an array of {"key": …, "value": …}',
      'an object',
    ],
    ['{"id":1,"byDay":[{"value":{}}]}', 'byDay[0].key', EXPECTED_DATE(), 'nothing'],
    [
      '{"id":1,"byDay":[{"key":"1970-01-01"}]}',
      'byDay[0].value',
      'struct<n: int>, which is required',
      'nothing',
    ],
    [
      '{"id":1,"byDay":[{"key":"1970-01-01","value":{"n":true}}]}',
      'byDay[0].value.n',
      'int: an integer of 32 bits',
      'true',
    ],
    [
      '{"id":1,"byDay":[{"key":"1970-01-01","value":{}},{"key":"1970-01-01","value":{}}]}',
      'byDay',
      'map: each key once',
      'a key that comes twice',
    ],
    ['[]', '', 'an object', 'an array'],
    ['null', '', 'an object', 'null'],
    ['', '', 'JSON', 'text that ends too early'],
    ['{"id":1', '', 'JSON', 'text that ends too early'],
    ['{"id":1,}', '', 'JSON', '"}" at character 9, which is not JSON'],
    [`{"id":"${'x'.repeat(200)}"}`, 'id', 'long: an integer of 64 bits', `"${'x'.repeat(78)}…`],
  ])('%s is refused with its place', (json, path, expected, found) => {
    const { rows, failures } = decodeAll(schema, ['{"id":1}', json, '{"id":2}'])
    expect(failures).toEqual([undefined, failure(path, expected, found), undefined])
    expect(rows.map(({ id }) => id)).toEqual([1n, 2n])
  })
})

function EXPECTED_DATE(): string {
  return 'date: text as "2017-11-16", which is required'
}

describe('a value as a whole', () => {
  const schema = schemaOf(field('s', 'string'))

  test('must be UTF-8, in parts that no column takes too', () => {
    const bad = Buffer.from('{"s":"a","other":"b"}')
    bad[bad.indexOf('b')] = 0xff
    expect(decodeAll(schema, [bad]).failures).toEqual([failure('', 'UTF-8', 'other bytes')])
  })

  test('must keep to its size and depth', () => {
    const { failures } = decodeAll(schema, ['{"s":"12345678"}', '{"o":[[]]}', '{"o":[[[]]]}'], {
      bytesMax: 15,
      depthMax: 3,
    })
    expect(failures).toEqual([
      failure('', 'at most 15 bytes', '16 bytes'),
      undefined,
      failure('', 'JSON', 'more than 3 levels of nesting'),
    ])
  })

  test('without bytes is no JSON; null is a row of nulls where all columns are optional', () => {
    expect(decodeAll(schema, [null, ''])).toEqual({
      rows: [{ s: null }],
      failures: [undefined, failure('', 'JSON', 'text that ends too early')],
    })
    expect(decodeAll(schemaOf(field('s!', 'string')), [null]).failures).toEqual([
      failure('', 'a value, since column s is required', 'a null value (a tombstone)'),
    ])
  })
})

function declared(name: string, aliases: string[]) {
  return { name, aliases, type: { kind: 'primitive' as const } }
}

describe('names', () => {
  test('match in their own case; others are ignored', () => {
    const schema = schemaOf(field('id', 'int'), field('ID', 'int'))
    expect(decodeAll(schema, ['{"id":1,"ID":2,"Id":3}']).rows).toEqual([{ id: 1, ID: 2 }])
  })

  test('in any case where asked for; the exact one goes first, then the last', () => {
    const schema = schemaOf(field('userId', 'int'))
    const { rows } = decodeAll(
      schema,
      [
        '{"USERID":1}',
        '{"userId":1,"USERID":2}',
        '{"USERID":1,"userid":2}',
        '{"userid":1,"USERID":2,"userid":3}',
      ],
      { caseInsensitive: true },
    )
    expect(rows.map(({ userId }) => userId)).toEqual([1, 1, 2, 3])
  })

  test('of duplicates the last counts, and only it must fit', () => {
    const schema = schemaOf(field('id!', 'int'))
    expect(decodeAll(schema, ['{"id":"x","id":2}', '{"id":2,"id":null}'])).toEqual({
      rows: [{ id: 2 }],
      failures: [undefined, failure('id', 'int: an integer of 32 bits, which is required', 'null')],
    })
  })

  test('aliases are tried in their order where the name is not there', () => {
    const inside = field('zip', 'string')
    const schema = schemaOf(
      field('id', 'int'),
      field('at', struct(inside)),
      field('l', list(struct(field('n', 'int')))),
    )
    const aliases = aliasesOf(schema, [
      declared('id', ['key', 'Nr']),
      {
        name: 'at',
        aliases: ['address'],
        type: { kind: 'struct', fields: [declared('zip', ['postcode'])] },
      },
      {
        name: 'l',
        aliases: [],
        type: { kind: 'list', element: { kind: 'struct', fields: [declared('n', ['m'])] } },
      },
      declared('gone', ['x']),
    ])
    const values = [
      '{"key":1,"Nr":2}',
      '{"Nr":2,"key":1}',
      '{"Nr":2,"l":[{"m":5}]}',
      '{"key":3,"id":null}',
      '{"address":{"postcode":"x"}}',
    ]
    expect(decodeAll(schema, values, { aliases }).rows).toEqual([
      { id: 1, at: null, l: null },
      { id: 1, at: null, l: null },
      { id: 2, at: null, l: [{ n: 5 }] },
      { id: null, at: null, l: null },
      { id: null, at: { zip: 'x' }, l: null },
    ])
  })

  test('that two columns claim are refused at once', () => {
    const schema = schemaOf(field('a', 'int'), field('A', 'int'))
    const make = (options: Partial<typeof OPTIONS>) => () =>
      new SlowJsonDecoder(new BatchBuilder(schema), { ...OPTIONS, ...options })
    expect(make({ caseInsensitive: true })).toThrow(FirnError)
    expect(make({ aliases: new Map([[1, ['A']]]) })).toThrow(/would belong to two columns/)
    expect(make({})).not.toThrow()
  })
})

describe("v3's write default", () => {
  const schema = schemaOf(
    field('n!', 'int', { writeDefault: 7 }),
    field('s', 'string', { writeDefault: 'x' }),
  )

  test('stands in for what is not there, not for null', () => {
    expect(decodeAll(schema, ['{}', '{"n":1,"s":null}', '{"n":null}'])).toEqual({
      rows: [
        { n: 7, s: 'x' },
        { n: 1, s: null },
      ],
      failures: [
        undefined,
        undefined,
        failure('n', 'int: an integer of 32 bits, which is required', 'null'),
      ],
    })
  })
})
