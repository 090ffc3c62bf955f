import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readColumnType, type ColumnType } from '../../../src/config/column-type.ts'
import { readPartitionField, readSortField } from '../../../src/config/partition-text.ts'
import { parseTransform, transformText } from '../../../src/iceberg/transform-text.ts'
import { parseType } from '../../../src/iceberg/type-text.ts'

const PRIMITIVES = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'timestamp_ns',
  'timestamptz_ns',
  'string',
  'uuid',
  'binary',
  'decimal(38, 0)',
  'decimal(10,2)',
  'fixed[16]',
]

function read(text: string): ColumnType {
  const reading = readColumnType(text)
  if (reading.kind === 'wrong') throw new Error(`${reading.expected} at ${reading.at}`)
  return reading.type
}

describe('a type as text', () => {
  test.each(PRIMITIVES)('%s is what Iceberg knows by that name', (text) => {
    expect(read(` ${text.toUpperCase()} `)).toEqual({ kind: 'primitive', text })
    expect(parseType(text).kind).not.toBe('unsupported')
  })

  test('nests', () => {
    const long: ColumnType = { kind: 'primitive', text: 'long' }
    expect(read('struct<id: long not null, `odd name`: map<string, list<long NOT NULL>>>')).toEqual(
      {
        kind: 'struct',
        fields: [
          { name: 'id', type: long, required: true, doc: undefined, aliases: [] },
          {
            name: 'odd name',
            required: false,
            doc: undefined,
            aliases: [],
            type: {
              kind: 'map',
              key: { kind: 'primitive', text: 'string' },
              value: { kind: 'list', element: long, elementRequired: true },
              valueRequired: false,
            },
          },
        ],
      },
    )
  })

  test.each([
    ['', 1, 'an Iceberg type'],
    ['lng', 1, 'an Iceberg type'],
    ['longer', 1, 'an Iceberg type'],
    ['long x', 6, 'the end'],
    ['decimal(39, 0)', 1, '1 to 38 digits'],
    ['decimal(4, 5)', 1, 'no more of them behind the point'],
    ['list<long', 10, '`>`'],
    ['map<string>', 11, '`,`'],
    ['struct<a long>', 10, '`:`'],
    ['struct<>', 8, "a field's name"],
    ['struct<a: int, a: int>', 15, 'another name than `a`'],
    [`${'list<'.repeat(40)}int${'>'.repeat(40)}`, 166, 'at most 32 levels'],
  ])('%s is wrong at character %i', (text, at, expected) => {
    expect(readColumnType(text)).toMatchObject({
      kind: 'wrong',
      at,
      expected: expect.stringContaining(expected) as string,
    })
  })

  test('whatever was read is read again from its own text', () => {
    fc.assert(
      fc.property(columnType, (type) => {
        expect(read(textOf(type))).toEqual(type)
      }),
    )
  })

  test('never throws', () => {
    const piece = fc.constantFrom(
      'struct<',
      'list<',
      'map<',
      '>',
      ',',
      ':',
      'a',
      'int',
      ' ',
      '`',
      'not null',
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expect(['type', 'wrong']).toContain(readColumnType(pieces.join('')).kind)
      }),
    )
  })
})

const { type: columnType } = fc.letrec<{ type: ColumnType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(...PRIMITIVES).map((text): ColumnType => ({ kind: 'primitive', text })),
    fc.record({
      kind: fc.constant('list' as const),
      element: tie('type'),
      elementRequired: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('map' as const),
      key: tie('type'),
      value: tie('type'),
      valueRequired: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('struct' as const),
      fields: fc.uniqueArray(
        fc.record({
          name: fc.stringMatching(/^[a-z_ .:<>,]{1,8}$/),
          type: tie('type'),
          required: fc.boolean(),
          doc: fc.constant(undefined),
          aliases: fc.constant([]),
        }),
        { minLength: 1, maxLength: 4, selector: (field) => field.name },
      ),
    }),
  ),
}))

const not = (required: boolean): string => (required ? ' not null' : '')

function textOf(type: ColumnType): string {
  switch (type.kind) {
    case 'primitive':
      return type.text
    case 'list':
      return `list<${textOf(type.element)}${not(type.elementRequired)}>`
    case 'map':
      return `map<${textOf(type.key)}, ${textOf(type.value)}${not(type.valueRequired)}>`
    default:
      return `struct<${type.fields.map((field) => `\`${field.name}\`: ${textOf(field.type)}${not(field.required)}`).join(', ')}>`
  }
}

describe('partition and sort fields', () => {
  test.each([
    ['region', 'identity', 'region', undefined],
    ['identity(region)', 'identity', 'region', undefined],
    ['day(ts)', 'day', 'ts', undefined],
    ['DAY( ts )', 'day', 'ts', undefined],
    ['bucket(16, customer.id) as shard', 'bucket[16]', 'customer.id', 'shard'],
    ['truncate(10,name)', 'truncate[10]', 'name', undefined],
    ['void(x)', 'void', 'x', undefined],
  ])('%s', (text, transform, source, name) => {
    expect(readPartitionField(text)).toEqual({ transform, source, name })
    expect(parseTransform(transform).kind).not.toBe('unknown')
    expect(transformText(parseTransform(transform))).toBe(transform)
  })

  test.each([
    '',
    'week(ts)',
    'bucket(ts)',
    'bucket(0, a)',
    'bucket(2147483648, a)',
    'day(a, b)',
    'a b',
  ])('%s is none', (text) => {
    expect(readPartitionField(text)).toBeUndefined()
  })

  test.each([
    ['ts', 'identity', 'asc', 'nulls-first'],
    ['ts desc', 'identity', 'desc', 'nulls-last'],
    ['ts asc nulls last', 'identity', 'asc', 'nulls-last'],
    ['ts DESC NULLS FIRST', 'identity', 'desc', 'nulls-first'],
    ['ts nulls last', 'identity', 'asc', 'nulls-last'],
    ['bucket(4, ts) desc', 'bucket[4]', 'desc', 'nulls-last'],
  ])('sorted by %s', (text, transform, direction, nullOrder) => {
    expect(readSortField(text)).toEqual({ transform, source: 'ts', direction, nullOrder })
  })

  test('sorted by what is no column', () => {
    expect(readSortField('ts up')).toBeUndefined()
  })
})
