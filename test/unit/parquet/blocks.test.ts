import { describe, expect, test } from 'vitest'
import type { Schema } from '../../../src/iceberg/types.ts'
import { batchOf } from '../columns/tree.ts'
import { encodeFile, metadataOf, readRows } from './parquet-files.ts'

const SCHEMA: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    { id: 1, name: 'id', required: true, type: { kind: 'long' } },
    { id: 2, name: 'noise', required: true, type: { kind: 'string' } },
  ],
}
const ROWS = 30_000
/** Text that no codec makes much smaller, so that pages fill blocks and blocks end within columns. */
const rows = Array.from({ length: ROWS }, (_, row) => [BigInt(row), noise(row)])

function noise(row: number): string {
  let state = Math.imul(row + 1, 0x9e3779b9)
  let text = ''
  while (text.length < 120) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 1
    text += (state >>> 0).toString(36)
  }
  return text
}

describe('a file of several blocks', () => {
  test.each(['zstd', 'gzip', 'snappy', 'uncompressed'])(
    '%s: all its pages count',
    async (codec) => {
      const bloom = { 'write.parquet.bloom-filter-enabled.column.noise': 'true' }
      const { bytes } = encodeFile(SCHEMA, [batchOf(SCHEMA, rows)], {
        properties: { 'write.parquet.compression-codec': codec, ...bloom },
      })
      const [group] = metadataOf(bytes).row_groups
      const [id, text] = (group?.columns ?? []).map(({ meta_data: data }) => ({
        start: data?.dictionary_page_offset ?? data?.data_page_offset,
        size: data?.total_compressed_size,
        bloomSize: data?.bloom_filter_length,
        bloomAt: data?.bloom_filter_offset,
      }))
      expect(text?.start).toBe((id?.start ?? 0n) + (id?.size ?? 0n))
      expect(text?.bloomAt).toBe((text?.start ?? 0n) + (text?.size ?? 0n))
      expect(text?.bloomSize).toBeGreaterThan(2 ** 15)
      expect(await readRows(SCHEMA, bytes)).toEqual(rows)
    },
  )
})
