import { tableFromIPC } from 'apache-arrow'
import { readParquet } from 'parquet-wasm/node'
import { describe, expect, test } from 'vitest'
import type { PrimitiveType, Schema } from '../../../src/iceberg/types.ts'
import { EncodingMemory } from '../../../src/parquet/encoding-memory.ts'
import { arrowRows } from '../columns/arrow-trees.ts'
import { batchOf, type Tree } from '../columns/tree.ts'
import { encodeFile, type EncodingOptions, metadataOf } from './parquet-files.ts'

/** Encodes values as a column, checks that parquet-rs reads them again, and tells how they were encoded. */
function encodingOf(
  kind: Exclude<PrimitiveType['kind'], 'decimal' | 'fixed'>,
  values: readonly Tree[],
  options: EncodingOptions = {},
) {
  const type: PrimitiveType = { kind }
  const schema: Schema = {
    schemaId: 0,
    identifierFieldIds: [],
    fields: [{ id: 1, name: 'column', required: false, type }],
  }
  const rows = values.map((value) => [value])
  const { bytes } = encodeFile(schema, [batchOf(schema, rows)], options)
  const table = tableFromIPC(readParquet(bytes).intoIPCStream())
  expect(arrowRows(table, [type])).toEqual(rows)
  return metadataOf(bytes).row_groups[0]!.columns[0]!.meta_data!
}

const V2 = { properties: { 'firn.parquet.encodings': 'v2' } }
const upTo = <T>(count: number, value: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => value(index))

describe('dictionary', () => {
  test('of few values, wide enough for any number of them', () => {
    for (const distinct of [1, 2, 3, 17, 256, 257, 70_000]) {
      const values = upTo(distinct * 4, (index) => `value ${Math.floor(index / 4)}`)
      expect(encodingOf('string', values).encodings).toEqual(['PLAIN', 'RLE', 'RLE_DICTIONARY'])
    }
  })

  test('of numbers by their bits', () => {
    const doubles = upTo(1000, (index) => [0, -0, NaN, Infinity, -Infinity, 1.5][index % 6]!)
    expect(encodingOf('double', doubles).encodings).toContain('RLE_DICTIONARY')
    const longs = upTo(1000, (index) => [2n ** 63n - 1n, -(2n ** 63n), 0n, 2n ** 32n][index % 4]!)
    expect(encodingOf('long', longs).encodings).toContain('RLE_DICTIONARY')
    const ints = upTo(1000, (index) => [2 ** 31 - 1, -(2 ** 31), 0, null][index % 4]!)
    expect(encodingOf('int', ints).encodings).toContain('RLE_DICTIONARY')
  })

  test('not of values that are all different, nor past its size', () => {
    const values = upTo(10_000, (index) => `${index}`)
    expect(encodingOf('string', values).encodings).toEqual(['RLE', 'PLAIN'])
    const few = upTo(1000, (index) => `value ${index % 50}`)
    const small = { properties: { 'write.parquet.dict-size-bytes': '100' } }
    expect(encodingOf('string', few, small).encodings).toEqual(['RLE', 'PLAIN'])
  })

  test('is not tried again for a while where it did not pay', () => {
    const memory = new EncodingMemory()
    const few = upTo(100, () => 'same')
    expect(encodingOf('string', upTo(5000, String), { memory }).encodings).toContain('PLAIN')
    const next = upTo(17, () => encodingOf('string', few, { memory }).encodings)
    expect(next.findIndex((encodings) => encodings.includes('RLE_DICTIONARY'))).toBe(16)
  })
})

describe('delta', () => {
  test.each([2, 32, 33, 34, 127, 128, 129, 130, 1000, 20_001])('of %d times in order', (count) => {
    const values = upTo(count, (index) => 1_700_000_000_000_000n + BigInt(index * 1001))
    const { encodings } = encodingOf('timestamptz', values, V2)
    if (count > 30) expect(encodings).toEqual(['RLE', 'DELTA_BINARY_PACKED'])
  })

  test('down, across zero and with nulls', () => {
    const values = upTo(5000, (index) => (index % 7 === 0 ? null : 1_000_000 - index * 400))
    expect(encodingOf('int', values, V2).encodings).toContain('DELTA_BINARY_PACKED')
  })

  test.each([1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 33 + 5, 2 ** 40, 2 ** 49])(
    'of every width: steps up to %d',
    (step) => {
      const values = upTo(4000, (index) =>
        index % 512 === 511 ? BigInt(step) - 17n : BigInt(index) * 3n,
      )
      expect(encodingOf('long', values, V2).encodings).toContain('DELTA_BINARY_PACKED')
    },
  )

  test('never where values are too far apart to be exact', () => {
    const long = upTo(4000, (index) => (index === 4 ? 2n ** 63n - 1n : -BigInt(index)))
    expect(encodingOf('long', long, V2).encodings).toContain('PLAIN')
    const int = upTo(4000, (index) => (index === 4 ? 2 ** 31 - 1 : 1 - index))
    expect(encodingOf('int', int, V2).encodings).toContain('PLAIN')
  })

  test('not unless asked for', () => {
    const values = upTo(5000, (index) => 1_700_000_000_000_000n + BigInt(index * 1001))
    expect(encodingOf('timestamptz', values).encodings).toContain('PLAIN')
  })
})

describe('codec', () => {
  const noise = (count: number): number[] => {
    let state = 1
    return upTo(count, () => {
      state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9
      return (state >>> 0) / 2 ** 32 + (state & 0xffff) / 2 ** 48
    })
  }
  const codecOf = (values: readonly Tree[], options: EncodingOptions = {}) =>
    encodingOf(typeof values[0] === 'number' ? 'double' : 'string', values, options).codec

  test('the one of the table where it saves enough, in chunks of any size', () => {
    const text = upTo(5000, (index) => `https://example.com/${index % 7}/${index}`)
    for (const count of [50, 500, 5000]) {
      for (const [name, codec] of [
        ['zstd', 'ZSTD'],
        ['gzip', 'GZIP'],
        ['snappy', 'SNAPPY'],
      ] as const) {
        const properties = { 'write.parquet.compression-codec': name }
        expect(codecOf(text.slice(0, count), { properties })).toBe(codec)
      }
    }
  })

  test('none of one value, of nulls alone, of few bytes and of noise', () => {
    expect(codecOf(upTo(20_000, () => 'same'))).toBe('UNCOMPRESSED')
    expect(codecOf(upTo(20_000, () => null))).toBe('UNCOMPRESSED')
    expect(codecOf(['aaaaaaaaaaaaaaaaaaaa', 'aaaaaaaaaaaaaaaaaaab'])).toBe('UNCOMPRESSED')
    expect(codecOf(upTo(5000, (index) => `${noise(64)[index % 64]! > 0.5}`))).toBe('ZSTD')
    expect(codecOf(noise(100_000).map((value) => `${value > 0.5}`))).toBe('UNCOMPRESSED')
  })

  test('is not tried for a while on small chunks of a column where it saved nothing', () => {
    const memory = new EncodingMemory()
    const repeated = (count: number) => upTo(count, (index) => `${noise(64)[index % 64]! > 0.5}`)
    expect(
      codecOf(
        noise(4000).map((value) => `${value > 0.5}`),
        { memory },
      ),
    ).toBe('UNCOMPRESSED')
    const next = upTo(17, () => codecOf(repeated(5000), { memory }))
    expect(next.indexOf('ZSTD')).toBe(16)
    // A chunk that is much larger says more about itself than the small one did.
    expect(
      codecOf(
        noise(4000).map((value) => `${value > 0.5}`),
        { memory },
      ),
    ).toBe('UNCOMPRESSED')
    expect(codecOf(repeated(10_000), { memory })).toBe('ZSTD')
  })
})

test('byte stream split of measurements that are near each other', () => {
  const values = upTo(5000, (index) => 20 + Math.sin(index))
  expect(encodingOf('double', values, V2).encodings).toEqual(['RLE', 'BYTE_STREAM_SPLIT'])
  const floats = values.map((value) => Math.fround(value))
  expect(encodingOf('float', floats, V2).encodings).toEqual(['RLE', 'BYTE_STREAM_SPLIT'])
})

test('a dictionary is told apart from what fell back, page by page', () => {
  const { encoding_stats: stats } = encodingOf(
    'string',
    upTo(100, (index) => `${index % 3}`),
  )
  expect(stats).toEqual([
    { page_type: 'DICTIONARY_PAGE', encoding: 'PLAIN', count: 1 },
    { page_type: 'DATA_PAGE', encoding: 'RLE_DICTIONARY', count: 1 },
  ])
})
