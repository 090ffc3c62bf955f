import { viewOf } from './compare-bytes.ts'
import type { LeafValues } from './leaf-values.ts'
import type { Leaf } from './parquet-schema.ts'
import type { BloomSettings } from './settings.ts'
import type { ThriftWriter } from './thrift.ts'
import { xxHash64 } from './xxhash64.ts'

const BLOCK_BYTES = 32
const BLOCK_WORDS = 8
const WORD = 2 ** 32
/** One bit of each of a block's words is set for a value. Parquet spec: "Bloom Filter". */
const SALTS = [
  0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31,
]

/** Where a column can have a filter: a boolean has nothing to gain. */
export function takesBloomFilter(leaf: Leaf): boolean {
  return leaf.storage.physical !== 'BOOLEAN'
}

/** A split-block Bloom filter of a chunk's values, header included. */
export function bloomFilter(
  thrift: ThriftWriter,
  values: LeafValues,
  settings: BloomSettings & { readonly bytesMax: number },
): Uint8Array {
  const size = bitsetBytes(settings.distinctValues ?? values.count, settings)
  const bitset = new Int32Array(size / 4)
  if (values.offsets.length > 0) addByteArrays(bitset, values)
  else addFixed(bitset, values)
  thrift.int32(1, size)
  // Algorithm, hash and compression: unions of one member each.
  for (const id of [2, 3, 4]) thrift.struct(id, () => thrift.struct(1, () => undefined))
  return Buffer.concat([thrift.finish(), Buffer.from(bitset.buffer)])
}

/** A power of two, as readers expect, that holds the values at the wanted rate of false positives, if it may. */
function bitsetBytes(
  distinctValues: number,
  { falsePositives, bytesMax }: { readonly falsePositives: number; readonly bytesMax: number },
): number {
  const bits = (-8 * distinctValues) / Math.log(1 - falsePositives ** (1 / 8))
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(bits / 8, BLOCK_BYTES)))
  const allowed = 2 ** Math.floor(Math.log2(Math.max(bytesMax, BLOCK_BYTES)))
  return Math.min(wanted, allowed)
}

function addByteArrays(bitset: Int32Array, { bytes, offsets, count }: LeafValues): void {
  const view = viewOf(bytes)
  for (let index = 0; index < count; index += 1) {
    add(bitset, view, offsets[index] ?? 0, offsets[index + 1] ?? 0)
  }
}

function addFixed(bitset: Int32Array, { bytes, words, width, count }: LeafValues): void {
  const view = bytes.length > 0 ? viewOf(bytes) : new DataView(words.buffer, words.byteOffset)
  for (let index = 0; index < count; index += 1) {
    add(bitset, view, index * width, (index + 1) * width)
  }
}

/** The hash's upper half chooses the block, the lower one the bits. */
function add(bitset: Int32Array, view: DataView, start: number, end: number): void {
  const { high, low } = xxHash64(view, start, end)
  const blocks = bitset.length / BLOCK_WORDS
  const block = Math.floor(((high >>> 0) * blocks) / WORD) * BLOCK_WORDS
  for (let word = 0; word < BLOCK_WORDS; word += 1) {
    const bit = Math.imul(low, SALTS[word] ?? 0) >>> 27
    bitset[block + word] = (bitset[block + word] ?? 0) | (1 << bit)
  }
}
