import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { describe, expect, test } from 'vitest'
import type { Schema } from '../../../src/iceberg/types.ts'
import { batchOf } from '../columns/tree.ts'
import { encodeFile, metadataOf } from './parquet-files.ts'

const SCHEMA: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    { id: 1, name: 'id', required: true, type: { kind: 'long' } },
    { id: 2, name: 'word', required: false, type: { kind: 'string' } },
    {
      id: 3,
      name: 'tags',
      required: false,
      type: { kind: 'list', elementId: 4, element: { kind: 'string' }, elementRequired: true },
    },
  ],
}
const ROWS = 10_000
const batch = batchOf(
  SCHEMA,
  Array.from({ length: ROWS }, (_, row) => [
    BigInt(row),
    row % 10 === 0 ? null : `word-${String(row).padStart(6, '0')}-${(row * 7919) % 1000}`,
    Array.from({ length: row % 3 }, (_unused, tag) => `tag ${(row + tag) % 11}`),
  ]),
)

async function read(bytes: Uint8Array<ArrayBuffer>, options: object) {
  let bytesRead = 0
  const rows = await parquetReadObjects({
    file: {
      byteLength: bytes.length,
      slice: (start, end) => {
        bytesRead += (end ?? bytes.length) - start
        return bytes.slice(start, end).buffer
      },
    },
    metadata: metadataOf(bytes),
    compressors,
    ...options,
  })
  return { rows, bytesRead }
}

describe('a reader of the page index', () => {
  const { bytes } = encodeFile(SCHEMA, [batch, batch], {
    properties: { 'write.parquet.page-row-limit': '100' },
  })

  test.each([
    ['a number', { id: { $eq: 4321n } }],
    ['text', { word: { $eq: `word-004321-${(4321 * 7919) % 1000}` } }],
  ])('finds the rows of %s, and reads few pages', async (_, filter) => {
    const all = await read(bytes, { filter })
    const indexed = await read(bytes, { filter, usePageIndex: true })
    expect(all.rows).toHaveLength(2)
    expect(indexed.rows).toEqual(all.rows)
    expect(indexed.rows.every((row) => row['id'] === 4321n)).toBe(true)
    expect(indexed.bytesRead).toBeLessThan(all.bytesRead / 5)
  })

  test('finds no row where there is none', async () => {
    const { rows } = await read(bytes, { filter: { id: { $gt: 20_000n } }, usePageIndex: true })
    expect(rows).toEqual([])
  })

  test('finds rows by a range across pages', async () => {
    const filter = { id: { $gte: 150n, $lt: 350n } }
    const { rows } = await read(bytes, { filter, usePageIndex: true })
    expect(rows.map((row): unknown => row['id'])).toEqual(
      [0, 0].flatMap(() => Array.from({ length: 200 }, (_, index) => BigInt(150 + index))),
    )
  })
})

describe('a reader of Bloom filters', () => {
  const { bytes } = encodeFile(SCHEMA, [batch], {
    properties: {
      'write.parquet.bloom-filter-enabled.column.word': 'true',
      'write.parquet.bloom-filter-enabled.column.id': 'true',
    },
  })

  test('passes over row groups that cannot hold the value', async () => {
    const absent = { filter: { word: { $eq: 'word-004321-x' } } }
    const without = await read(bytes, absent)
    const withFilters = await read(bytes, { ...absent, useBloomFilters: true })
    expect(withFilters.rows).toEqual([])
    expect(withFilters.bytesRead).toBeLessThan(without.bytesRead)
  })

  test('finds every value', async () => {
    for (const row of [1, 4321, 9999]) {
      const filter = { id: { $eq: BigInt(row) } }
      const { rows } = await read(bytes, { filter, useBloomFilters: true })
      expect(rows).toHaveLength(1)
    }
  })
})

test('a page of NaN alone leaves its column without an index', () => {
  const schema: Schema = {
    ...SCHEMA,
    fields: [{ id: 1, name: 'x', required: true, type: { kind: 'double' } }],
  }
  const pages = [[NaN], [NaN], [1], [2]]
  const { bytes } = encodeFile(schema, [batchOf(schema, pages)], {
    properties: { 'write.parquet.page-row-limit': '2' },
  })
  const [chunk] = metadataOf(bytes).row_groups[0]!.columns
  expect(chunk!.column_index_offset).toBeUndefined()
  expect(chunk!.offset_index_offset).toBeDefined()
  expect(chunk!.meta_data!.statistics).toMatchObject({ min_value: 1, max_value: 2 })
})

test('a column of uuids has no bounds: Java orders them otherwise than Parquet', () => {
  const schema: Schema = {
    ...SCHEMA,
    fields: [{ id: 1, name: 'x', required: false, type: { kind: 'uuid' } }],
  }
  const rows = [[new Uint8Array(16)], [new Uint8Array(16).fill(255)], [null]]
  const { bytes } = encodeFile(schema, [batchOf(schema, rows)])
  const [chunk] = metadataOf(bytes).row_groups[0]!.columns
  expect(chunk!.column_index_offset).toBeUndefined()
  expect(chunk!.meta_data!.statistics).toEqual({ null_count: 1n })
})
