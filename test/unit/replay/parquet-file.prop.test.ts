import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import type { Schema } from '../../../src/iceberg/types.ts'
import { ParquetFile } from '../../../src/replay/parquet-file.ts'
import { FakeObjectStore } from '../../support/fake-object-store.ts'
import { schemaAndRows } from '../columns/schemas.ts'
import { batchOf, rowsOf, type Tree } from '../columns/tree.ts'
import { encodeFile } from '../parquet/parquet-files.ts'

const settings = fc.record({
  'write.parquet.compression-codec': fc.constantFrom('zstd', 'snappy', 'gzip', 'brotli', 'none'),
  'write.parquet.page-row-limit': fc.constantFrom('1', '3', '8', '20000'),
  'write.parquet.page-size-bytes': fc.constantFrom('1', '64', '1048576'),
  'write.parquet.dict-size-bytes': fc.constantFrom('1', '40', '2097152'),
  'firn.parquet.encodings': fc.constantFrom('v1', 'v2'),
})

async function readBack(bytes: Uint8Array, schema: Schema): Promise<Tree[][]> {
  const store = new FakeObjectStore()
  await store.put('mem://f.parquet', bytes)
  const file = await ParquetFile.open(store, {
    filePath: 'mem://f.parquet',
    fileSizeInBytes: BigInt(bytes.length),
  })
  const layout = file.layout(schema)
  const builder = new BatchBuilder(layout.schema)
  for (let group = 0; group < file.rowGroupCount; group += 1) {
    await file.readRowGroup(group, layout, builder)
  }
  return rowsOf(builder.seal())
}

describe('what is read back into columns is what was written', () => {
  test('any schema, any values, any settings', async () => {
    await fc.assert(
      fc.asyncProperty(
        schemaAndRows,
        settings,
        fc.nat(30),
        async ({ schema, rows }, properties, cut) => {
          const batches = [rows.slice(0, cut), rows.slice(cut)].map((some) => batchOf(schema, some))
          const { bytes } = encodeFile(schema, batches, { properties })
          expect(await readBack(bytes, schema)).toEqual(rows)
        },
      ),
      { numRuns: 400 },
    )
  })

  test('few distinct values many times', async () => {
    await fc.assert(
      fc.asyncProperty(
        schemaAndRows.filter(({ rows }) => rows.length > 0),
        settings,
        fc.array(fc.nat(), { minLength: 1, maxLength: 400 }),
        async ({ schema, rows }, properties, picks) => {
          const many = picks.map((pick) => rows[pick % Math.min(rows.length, 5)]!)
          const { bytes } = encodeFile(schema, [batchOf(schema, many)], { properties })
          expect(await readBack(bytes, schema)).toEqual(many)
        },
      ),
      { numRuns: 100 },
    )
  })

  test('some top columns of many', async () => {
    await fc.assert(
      fc.asyncProperty(schemaAndRows, fc.nat(15), async ({ schema, rows }, mask) => {
        const wanted = schema.fields.filter((_, index) => (mask >> index) % 2 === 1)
        fc.pre(wanted.length > 0)
        const { bytes } = encodeFile(schema, [batchOf(schema, rows)])
        const places = wanted.map((field) => schema.fields.indexOf(field))
        expect(await readBack(bytes, { ...schema, fields: wanted })).toEqual(
          rows.map((row) => places.map((place) => row[place])),
        )
      }),
      { numRuns: 150 },
    )
  })
})
