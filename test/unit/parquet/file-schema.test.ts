import { describe, expect, test } from 'vitest'
import { parseJson } from '../../../src/core/json.ts'
import { schemaFromJson } from '../../../src/iceberg/schema-json.ts'
import type { NestedField, PrimitiveType, Schema, Type } from '../../../src/iceberg/types.ts'
import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import { batchOf } from '../columns/tree.ts'
import { encodeFile, metadataOf } from './parquet-files.ts'

const field = (id: number, name: string, type: Type, required = false): NestedField => ({
  id,
  name,
  type,
  required,
})

function elementsOf(fields: readonly NestedField[]) {
  const schema: Schema = { schemaId: 3, identifierFieldIds: [], fields }
  const { bytes } = encodeFile(schema, [])
  return metadataOf(bytes).schema
}

describe('the schema in a file', () => {
  test.each<[PrimitiveType, object]>([
    [{ kind: 'boolean' }, { type: 'BOOLEAN' }],
    [{ kind: 'int' }, { type: 'INT32' }],
    [{ kind: 'long' }, { type: 'INT64' }],
    [{ kind: 'float' }, { type: 'FLOAT' }],
    [{ kind: 'double' }, { type: 'DOUBLE' }],
    [{ kind: 'date' }, { type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } }],
    [
      { kind: 'time' },
      {
        type: 'INT64',
        converted_type: 'TIME_MICROS',
        logical_type: timeOf('TIME', 'MICROS', false),
      },
    ],
    [
      { kind: 'timestamp' },
      {
        type: 'INT64',
        converted_type: 'TIMESTAMP_MICROS',
        logical_type: timeOf('TIMESTAMP', 'MICROS', false),
      },
    ],
    [
      { kind: 'timestamptz' },
      {
        type: 'INT64',
        converted_type: 'TIMESTAMP_MICROS',
        logical_type: timeOf('TIMESTAMP', 'MICROS', true),
      },
    ],
    [
      { kind: 'timestamp_ns' },
      { type: 'INT64', logical_type: timeOf('TIMESTAMP', 'NANOS', false) },
    ],
    [
      { kind: 'timestamptz_ns' },
      { type: 'INT64', logical_type: timeOf('TIMESTAMP', 'NANOS', true) },
    ],
    [
      { kind: 'string' },
      { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
    ],
    [{ kind: 'binary' }, { type: 'BYTE_ARRAY' }],
    [
      { kind: 'uuid' },
      { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, logical_type: { type: 'UUID' } },
    ],
    [
      { kind: 'fixed', length: 7 },
      { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 7 },
    ],
    [
      { kind: 'decimal', precision: 9, scale: 2 },
      { type: 'INT32', ...decimalOf(9, 2) },
    ],
    [
      { kind: 'decimal', precision: 18, scale: 0 },
      { type: 'INT64', ...decimalOf(18, 0) },
    ],
    [
      { kind: 'decimal', precision: 19, scale: 5 },
      { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 9, ...decimalOf(19, 5) },
    ],
    [
      { kind: 'decimal', precision: 38, scale: 38 },
      { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 16, ...decimalOf(38, 38) },
    ],
  ])('stores %o', (type, expected) => {
    const [, element] = elementsOf([field(5, 'column', type)])
    const defined = Object.fromEntries(
      Object.entries(element!).filter(([, value]) => value !== undefined),
    )
    expect(defined).toEqual({
      name: 'column',
      field_id: 5,
      repetition_type: 'OPTIONAL',
      ...expected,
    })
  })

  test('gives lists and maps three levels, and every field its id', () => {
    const list: Type = {
      kind: 'list',
      elementId: 2,
      element: { kind: 'int' },
      elementRequired: true,
    }
    const map: Type = {
      kind: 'map',
      keyId: 4,
      key: { kind: 'string' },
      valueId: 5,
      value: { kind: 'struct', fields: [field(6, 'x', { kind: 'int' }, true)] },
      valueRequired: false,
    }
    const elements = elementsOf([field(1, 'numbers', list, true), field(3, 'points', map)])
    const shape = elements.map(({ name, field_id: id, repetition_type: repetition }) =>
      [name, id ?? '-', repetition ?? '-'].join(' '),
    )
    expect(shape).toEqual([
      'table - -',
      'numbers 1 REQUIRED',
      'list - REPEATED',
      'element 2 REQUIRED',
      'points 3 OPTIONAL',
      'key_value - REPEATED',
      'key 4 REQUIRED',
      'value 5 OPTIONAL',
      'x 6 REQUIRED',
    ])
    expect(elements[1]!.logical_type).toEqual({ type: 'LIST' })
    expect(elements[4]!.converted_type).toBe('MAP')
  })

  test("makes names fit for Avro, as Iceberg's own writers do", () => {
    const [, first, second] = elementsOf([
      field(1, 'a.b', { kind: 'int' }),
      field(2, '1st naïve', { kind: 'int' }),
    ])
    expect([first!.name, second!.name]).toEqual(['a_x2Eb', '_1st_x20naïve'])
  })

  test('is there as Iceberg has it, too', () => {
    const schema: Schema = {
      schemaId: 3,
      identifierFieldIds: [1],
      fields: [field(1, 'id', { kind: 'long' }, true)],
    }
    const { bytes } = encodeFile(schema, [])
    const { key_value_metadata: entries, created_by: createdBy } = metadataOf(bytes)
    const text = entries!.find(({ key }) => key === 'iceberg.schema')!.value!
    expect(schemaFromJson(parseJson(text, 'schema'))).toEqual(schema)
    expect(createdBy).toMatch(/^firn version \S+ \(build \S+\)$/)
  })

  test('has no place for a type that cannot be written', () => {
    const schema: Schema = {
      schemaId: 0,
      identifierFieldIds: [],
      fields: [field(1, 'v', { kind: 'unsupported', text: 'variant' })],
    }
    const message = 'column v (field id 1) has type variant, which cannot be written'
    expect(() => encodeFile(schema, [])).toThrow(message)
    expect(() => new BatchBuilder(schema)).toThrow(message)
  })
})

describe('a file', () => {
  const schema: Schema = {
    schemaId: 0,
    identifierFieldIds: [],
    fields: [field(1, 'id', { kind: 'int' }, true)],
  }

  test('without rows has no row group', () => {
    const file = encodeFile(schema, [batchOf(schema, [])])
    expect(metadataOf(file.bytes)).toMatchObject({ num_rows: 0n, row_groups: [] })
    expect(file).toMatchObject({ recordCount: 0n, splitOffsets: [] })
  })

  test('is handed on in blocks that own their memory', () => {
    const rows = Array.from({ length: 600_000 }, (_, row) => [Math.imul(row, 0x9e3779b1)])
    const file = encodeFile(schema, [batchOf(schema, rows)], {
      properties: { 'write.parquet.compression-codec': 'none' },
    })
    for (const chunk of file.chunks) expect(chunk.byteLength).toBe(chunk.buffer.byteLength)
    expect(file.bytes.length).toBeGreaterThan(2_400_000)
  })
})

function timeOf(type: string, unit: string, isAdjustedToUTC: boolean): object {
  return { type, isAdjustedToUTC, unit }
}

function decimalOf(precision: number, scale: number): object {
  const logical = { type: 'DECIMAL', precision, scale }
  return { converted_type: 'DECIMAL', logical_type: logical, precision, scale }
}
