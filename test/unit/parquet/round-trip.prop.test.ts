import { tableFromIPC } from 'apache-arrow'
import * as fc from 'fast-check'
import { readParquet } from 'parquet-wasm/node'
import { describe, expect, test } from 'vitest'
import type { Schema, Type } from '../../../src/iceberg/types.ts'
import { arrowRows } from '../columns/arrow-trees.ts'
import { schemaAndRows } from '../columns/schemas.ts'
import { batchOf, type Tree } from '../columns/tree.ts'
import { encodeFile, readRows } from './parquet-files.ts'

/** Pages and dictionaries small enough that a few rows make several. */
const settings = fc.record({
  'write.parquet.compression-codec': fc.constantFrom('zstd', 'snappy', 'gzip', 'brotli', 'none'),
  'write.parquet.page-row-limit': fc.constantFrom('1', '3', '8', '20000'),
  'write.parquet.page-size-bytes': fc.constantFrom('1', '64', '1048576'),
  'write.parquet.dict-size-bytes': fc.constantFrom('1', '40', '2097152'),
  'firn.parquet.encodings': fc.constantFrom('v1', 'v2'),
})

function wasmRows(schema: Schema, bytes: Uint8Array): Tree[][] {
  const table = tableFromIPC(readParquet(bytes).intoIPCStream())
  return arrowRows(
    table,
    schema.fields.map((field) => field.type),
  )
}

const RUNS = { numRuns: 400 }

describe('what is written is what is read', () => {
  test('by parquet-rs: any schema, any values, any settings', () => {
    fc.assert(
      fc.property(schemaAndRows, settings, fc.nat(30), ({ schema, rows }, properties, cut) => {
        const batches = [rows.slice(0, cut), rows.slice(cut)].map((some) => batchOf(schema, some))
        const { bytes } = encodeFile(schema, batches, { properties })
        expect(wasmRows(schema, bytes)).toEqual(rows)
      }),
      RUNS,
    )
  })

  test('by parquet-rs: few distinct values many times', () => {
    fc.assert(
      fc.property(
        schemaAndRows.filter(({ rows }) => rows.length > 0),
        settings,
        fc.array(fc.nat(), { minLength: 1, maxLength: 400 }),
        ({ schema, rows }, properties, picks) => {
          const many = picks.map((pick) => rows[pick % Math.min(rows.length, 5)]!)
          const { bytes } = encodeFile(schema, [batchOf(schema, many)], { properties })
          expect(wasmRows(schema, bytes)).toEqual(many)
        },
      ),
      { numRuns: 150 },
    )
  })

  test('by hyparquet', async () => {
    await fc.assert(
      fc.asyncProperty(schemaAndRows, settings, async ({ schema, rows }, properties) => {
        fc.pre(schema.fields.every(({ type }) => isExactInHyparquet(type)))
        const { bytes } = encodeFile(schema, [batchOf(schema, rows)], { properties })
        expect(await readRows(schema, bytes)).toEqual(rows)
      }),
      RUNS,
    )
  })
})

/** It turns decimals into doubles, and maps into objects, whose keys are text and distinct. */
function isExactInHyparquet(type: Type): boolean {
  switch (type.kind) {
    case 'decimal':
    case 'map':
      return false
    case 'struct':
      return type.fields.every((field) => isExactInHyparquet(field.type))
    case 'list':
      return isExactInHyparquet(type.element)
    default:
      return true
  }
}
