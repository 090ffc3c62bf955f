import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../../src/core/json.ts'
import { assignFreshIds, duplicateFieldIds } from '../../../src/iceberg/field-ids.ts'
import { schemaFromJson, schemaToJson } from '../../../src/iceberg/schema-json.ts'
import {
  allFields,
  fieldById,
  fieldByName,
  fieldByPath,
  highestFieldId,
  leafColumns,
  parentsOf,
} from '../../../src/iceberg/schema.ts'
import { isPrimitive, parseType, sameType, typeText } from '../../../src/iceberg/type-text.ts'
import type { ListType, MapType, NestedField, Schema, Type } from '../../../src/iceberg/types.ts'
import { primitiveType } from './arbitraries.ts'
import { goldenMetadata, viaText } from './golden-files.ts'

const nested = goldenMetadata('v2_nested').schemas[0]!

describe('type text', () => {
  test('every primitive type comes back', () => {
    fc.assert(
      fc.property(primitiveType, (type) => {
        expect(parseType(typeText(type))).toEqual(type)
        expect(isPrimitive(type)).toBe(true)
      }),
    )
  })

  test.each([
    ['decimal(9,2)', { kind: 'decimal', precision: 9, scale: 2 }],
    [' DECIMAL ( 9 , 2 ) ', { kind: 'decimal', precision: 9, scale: 2 }],
    ['fixed[ 16 ]', { kind: 'fixed', length: 16 }],
    ['String', { kind: 'string' }],
  ])('%j', (text, type) => expect(parseType(text)).toEqual(type))

  test.each([
    'variant',
    'unknown',
    'geometry(srid:4326)',
    'geography(srid:4326, spherical)',
    'decimal(39,2)',
    'decimal(2,3)',
    'decimal(0,0)',
    'decmal(9,2)',
    '',
  ])('%j is unsupported and keeps its text', (text) => {
    expect(parseType(text)).toEqual({ kind: 'unsupported', text })
    expect(isPrimitive(parseType(text))).toBe(false)
  })
})

/** A schema of any shape, its ids yet to be assigned. */
const anyType: fc.Arbitrary<Type> = fc.letrec<{ type: Type; field: NestedField }>((tie) => ({
  type: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    primitiveType,
    fc
      .uniqueArray(tie('field'), { selector: ({ name }) => name, minLength: 1, maxLength: 4 })
      .map((fields): Type => ({ kind: 'struct', fields })),
    fc.record<ListType>({
      kind: fc.constant('list'),
      elementId: fc.constant(0),
      element: tie('type'),
      elementRequired: fc.boolean(),
    }),
    fc.record<MapType>({
      kind: fc.constant('map'),
      keyId: fc.constant(0),
      key: primitiveType,
      valueId: fc.constant(0),
      value: tie('type'),
      valueRequired: fc.boolean(),
    }),
  ),
  field: fc.record({
    id: fc.constant(0),
    name: fc.string({ minLength: 1, unit: fc.constantFrom('a', 'b', 'ß', ' ', '1') }),
    type: tie('type'),
    required: fc.boolean(),
  }),
})).type
const anySchema = fc.array(anyType, { maxLength: 5 }).map(
  (types): Schema =>
    assignFreshIds({
      schemaId: 1,
      fields: types.map((type, id) => ({ id, name: `c${id}`, type, required: false })),
      identifierFieldIds: [],
    }).schema,
)

describe('any schema', () => {
  test('comes back from JSON', () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const again = schemaFromJson(viaText(schemaToJson(schema)) as never)
        expect(again).toEqual(schema)
        const all: Type = { kind: 'struct', fields: schema.fields }
        expect(sameType(all, { kind: 'struct', fields: again.fields })).toBe(true)
      }),
    )
  })

  test('has ids 1 to n, each found with its parents', () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const ids = allFields(schema).map(({ field }) => field.id)
        expect([...ids].sort((a, b) => a - b)).toEqual(ids.map((_, index) => index + 1))
        expect(highestFieldId(schema)).toBe(ids.length)
        expect(duplicateFieldIds(schema)).toEqual([])
        for (const id of ids) {
          const placed = fieldById(schema, id)!
          expect(parentsOf(schema, id)[0]?.field.id ?? null).toBe(placed.parentId)
        }
      }),
    )
  })
})

describe('lookups', () => {
  test('by path, with and without the names of element and value', () => {
    expect(fieldByPath(nested, 'address.city')?.field.name).toBe('city')
    expect(fieldByPath(nested, 'items.price')).toBe(fieldByPath(nested, 'items.element.price'))
    expect(fieldByPath(nested, 'attributes.v')).toBe(fieldByPath(nested, 'attributes.value.v'))
    expect(fieldByPath(nested, 'items.tags.element')?.field.type).toEqual({ kind: 'string' })
    expect(fieldByPath(nested, 'attributes.key')?.field.required).toBe(true)
    expect(fieldByPath(nested, 'city')).toBeUndefined()
  })

  test('by name, case-sensitive or not', () => {
    expect(fieldByName(nested.fields, 'ID')).toBeUndefined()
    expect(fieldByName(nested.fields, 'ID', { caseSensitive: false })?.name).toBe('id')
    expect(fieldByName(nested.fields, 'none', { caseSensitive: false })).toBeUndefined()
  })

  test('leaf columns in the order of the schema', () => {
    expect(leafColumns(nested).map(({ path }) => path)).toEqual([
      'id',
      'name',
      'address.city',
      'address.zip code',
      'items.element.price',
      'items.element.tags.element',
      'attributes.key',
      'attributes.value.v',
      '1st.odd',
    ])
  })
})

test('ids that occur twice are found', () => {
  const fields: NestedField[] = [
    { id: 1, name: 'a', type: { kind: 'int' }, required: true },
    {
      id: 2,
      name: 'b',
      type: { kind: 'list', elementId: 1, element: { kind: 'int' }, elementRequired: true },
      required: true,
    },
  ]
  expect(duplicateFieldIds({ schemaId: 0, fields, identifierFieldIds: [] })).toEqual([1])
})

describe('a schema that is wrong is reported with its place', () => {
  test.each([
    ['{"type":"struct"}', /schema\.fields: expected a list, found nothing/],
    ['{"fields":[{"id":"1"}]}', /schema\.fields\[0\]\.type: expected an object, found nothing/],
    [
      '{"fields":[{"id":"1","name":"a","required":true,"type":"int"}]}',
      /schema\.fields\[0\]\.id: expected a 32-bit integer, found "1"/,
    ],
    [
      '{"fields":[{"id":1,"name":"a","required":true,"type":"int","write-default":"x"}]}',
      /schema\.fields\[0\]\.write-default: expected a 32-bit integer/,
    ],
    [
      '{"fields":[{"id":1,"name":"a","required":true,"type":{"type":"list"}}]}',
      /schema\.fields\[0\]\.type\.element-id/,
    ],
    [
      '{"fields":[{"id":1,"name":"a","required":true,"type":"variant","initial-default":1}]}',
      /expected no default for the type variant/,
    ],
    ['7', /schema: expected an object, found 7/],
  ])('%s', (json, message) => {
    expect(() => schemaFromJson(parseJson(json, 'a schema'))).toThrow(message)
  })
})
