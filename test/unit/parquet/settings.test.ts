import { describe, expect, test } from 'vitest'
import type { Schema } from '../../../src/iceberg/types.ts'
import { parquetSettings } from '../../../src/parquet/settings.ts'

const SCHEMA: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    { id: 1, name: 'id', required: true, type: { kind: 'long' } },
    {
      id: 2,
      name: 'device',
      required: false,
      type: {
        kind: 'struct',
        fields: [{ id: 3, name: 'os', required: false, type: { kind: 'string' } }],
      },
    },
  ],
}

describe("settings from a table's properties", () => {
  test("are Iceberg's defaults", () => {
    expect(parquetSettings(SCHEMA, {})).toEqual({
      compression: { codec: 'zstd', level: undefined },
      rowGroupBytes: 134_217_728,
      pageBytes: 1_048_576,
      pageRows: 20_000,
      dictionaryBytesMax: 2_097_152,
      bloomFilters: new Map(),
      bloomBytesMax: 1_048_576,
      encodings: 'v1',
    })
  })

  test('follow what is set', () => {
    const settings = parquetSettings(SCHEMA, {
      'write.parquet.compression-codec': 'GZIP',
      'write.parquet.compression-level': '9',
      'write.parquet.page-row-limit': '7',
      'write.parquet.bloom-filter-enabled.column.id': 'true',
      'write.parquet.bloom-filter-ndv.column.id': '500',
      'write.parquet.bloom-filter-enabled.column.device.os': 'true',
      'write.parquet.bloom-filter-fpp.column.device.os': '0.05',
      'write.parquet.bloom-filter-enabled.column.dropped': 'true',
      'write.parquet.bloom-filter-enabled.column.device': 'false',
    })
    expect(settings.compression).toEqual({ codec: 'gzip', level: 9 })
    expect(settings.pageRows).toBe(7)
    expect([...settings.bloomFilters]).toEqual([
      [1, { falsePositives: 0.01, distinctValues: 500 }],
      [3, { falsePositives: 0.05, distinctValues: undefined }],
    ])
  })

  test.each([
    ['write.parquet.compression-codec', 'lz4', 'one of uncompressed, snappy, gzip, brotli, zstd'],
    ['write.parquet.compression-level', '40', 'a whole number from 1 to 22'],
    ['write.parquet.page-size-bytes', '1 MB', 'a whole number from 1 to 2147483647'],
    ['write.parquet.dict-size-bytes', '-1', 'a whole number from 1 to 2147483647'],
    ['firn.parquet.encodings', 'v3', 'v1 or v2'],
  ])('refuse %s: %s', (name, value, expected) => {
    expect(() => parquetSettings(SCHEMA, { [name]: value })).toThrow(
      `table property ${name} must be ${expected}, found "${value}"`,
    )
  })

  test('refuse a probability of false positives that is none', () => {
    const properties = {
      'write.parquet.bloom-filter-enabled.column.id': 'true',
      'write.parquet.bloom-filter-fpp.column.id': '1',
    }
    expect(() => parquetSettings(SCHEMA, properties)).toThrow('a number above 0 and below 1')
  })
})
