import { describe, expect, test } from 'vitest'
import { schemaMisfits } from '../../../src/commit/schema-fit.ts'
import { parseType } from '../../../src/iceberg/type-text.ts'
import type { NestedField, Schema, Type } from '../../../src/iceberg/types.ts'

const schema = (schemaId: number, ...fields: readonly NestedField[]): Schema => ({
  schemaId,
  fields,
  identifierFieldIds: [],
})
const field = (id: number, type: Type, change: Partial<NestedField> = {}): NestedField => ({
  id,
  name: `f${id}`,
  type,
  required: false,
  ...change,
})
const long: Type = { kind: 'long' }
const list = (element: Type, elementRequired = false): Type => ({
  kind: 'list',
  elementId: 9,
  element,
  elementRequired,
})
const map = (value: Type, valueRequired = false): Type => ({
  kind: 'map',
  keyId: 8,
  key: { kind: 'string' },
  valueId: 9,
  value,
  valueRequired,
})
const misfits = (then: readonly NestedField[], now: readonly NestedField[]): readonly string[] =>
  schemaMisfits(schema(0, ...then), schema(1, ...now))

describe('files of an older schema', () => {
  test('of the same id always fit', () => {
    expect(schemaMisfits(schema(0, field(1, long)), schema(0, field(2, long)))).toEqual([])
  })

  test.each<[string, readonly NestedField[], readonly NestedField[], readonly string[]]>([
    ['a column added', [field(1, long)], [field(1, long), field(2, long)], []],
    ['a column dropped', [field(1, long), field(2, long)], [field(1, long)], []],
    ['a column renamed', [field(1, long)], [field(1, long, { name: 'x' })], []],
    ['made optional', [field(1, long, { required: true })], [field(1, long)], []],
    [
      'made required',
      [field(1, long)],
      [field(1, long, { required: true })],
      ['f1 was made required'],
    ],
    [
      'a required one added',
      [],
      [field(1, long, { required: true })],
      ['f1 is required, and the files do not have it'],
    ],
    [
      'a required one added with a default',
      [],
      [field(1, long, { required: true, initialDefault: 1n })],
      [],
    ],
    [
      'in a struct',
      [field(1, { kind: 'struct', fields: [field(2, long)] })],
      [field(1, { kind: 'struct', fields: [field(2, { kind: 'string' })] })],
      ['f1.f2 has another type now'],
    ],
    [
      'in a list',
      [field(1, list(long))],
      [field(1, list(long, true))],
      ['f1.element was made required'],
    ],
    ['in a map', [field(1, map({ kind: 'int' }))], [field(1, map(long))], []],
    [
      'a map’s value',
      [field(1, map(long))],
      [field(1, map(long, true))],
      ['f1.value was made required'],
    ],
    [
      'a list made a map',
      [field(1, list(long))],
      [field(1, map(long))],
      ['f1 has another type now'],
    ],
  ])('%s', (_name, then, now, expected) => {
    expect(misfits(then, now)).toEqual(expected)
  })

  test.each<[string, string, boolean]>([
    ['int', 'int', true],
    ['int', 'long', true],
    ['long', 'int', false],
    ['float', 'float', true],
    ['float', 'double', true],
    ['double', 'float', false],
    ['date', 'date', true],
    ['date', 'timestamp', true],
    ['date', 'timestamp_ns', true],
    ['date', 'timestamptz', false],
    ['decimal(9, 2)', 'decimal(12, 2)', true],
    ['decimal(9, 2)', 'decimal(8, 2)', false],
    ['decimal(9, 2)', 'decimal(9, 3)', false],
    ['decimal(9, 2)', 'double', false],
    ['fixed[4]', 'fixed[4]', true],
    ['fixed[4]', 'fixed[5]', false],
    ['fixed[4]', 'binary', false],
    ['variant', 'variant', true],
    ['variant', 'geometry', false],
    ['variant', 'string', false],
    ['string', 'string', true],
    ['string', 'binary', false],
  ])('%s read as %s: %s', (then, now, fits) => {
    expect(misfits([field(1, parseType(then))], [field(1, parseType(now))]).length === 0).toBe(fits)
  })
})
