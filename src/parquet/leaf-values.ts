import type { Column } from '../columns/column.ts'
import { assert } from '../core/assert.ts'
import type { Levels } from './levels.ts'
import type { Leaf } from './parquet-schema.ts'

/**
 * A leaf's values without its nulls, in the form of its physical type: BOOLEAN one byte each in `bytes`; INT32 and
 * FLOAT one word each, INT64 and DOUBLE two (floating point is also in `floats` and `doubles`, the same memory);
 * BYTE_ARRAY in `bytes` cut by `offsets`; FIXED_LEN_BYTE_ARRAY in `bytes`, `width` each.
 */
export interface LeafValues {
  readonly count: number
  /** Bytes of a value of fixed size, else 0. */
  readonly width: number
  readonly words: Int32Array
  readonly floats: Float32Array
  readonly doubles: Float64Array
  readonly bytes: Uint8Array
  readonly offsets: Int32Array
}

const NONE: Omit<LeafValues, 'count' | 'width'> = {
  words: new Int32Array(0),
  floats: new Float32Array(0),
  doubles: new Float64Array(0),
  bytes: Buffer.alloc(0),
  offsets: new Int32Array(0),
}

/** Nothing is copied where a column has no nulls, decimals and booleans aside. */
export function leafValues(leaf: Leaf, column: Column, levels: Levels): LeafValues {
  const { slots, valueCount: count } = levels
  const { storage } = leaf
  switch (storage.physical) {
    case 'BOOLEAN':
      return { ...NONE, count, width: 0, bytes: unpackedBits(column.bytes, slots, count) }
    case 'INT32':
      return { ...NONE, count, width: 4, words: int32Words(column, slots, count) }
    case 'INT64':
      return { ...NONE, count, width: 8, words: int64Words(column, slots, count) }
    case 'FLOAT': {
      const floats = slots === undefined ? column.floats : gatheredFloats(column.floats, slots)
      return { ...NONE, count, width: 4, floats, words: wordsOf(floats, count) }
    }
    case 'DOUBLE': {
      const doubles = slots === undefined ? column.doubles : gatheredDoubles(column.doubles, slots)
      return { ...NONE, count, width: 8, doubles, words: wordsOf(doubles, count * 2) }
    }
    case 'BYTE_ARRAY': {
      const offsets = slots === undefined ? column.offsets : gatheredOffsets(column.offsets, slots)
      return { ...NONE, count, width: 0, bytes: column.bytes, offsets }
    }
    case 'FIXED_LEN_BYTE_ARRAY': {
      const width = storage.typeLength
      const bytes =
        column.layout === 'decimal'
          ? bigEndianDecimals(column.words, slots, { count, width })
          : fixedBytes(column, slots, count)
      return { ...NONE, count, width, bytes }
    }
  }
}

function wordsOf(values: Float32Array | Float64Array, count: number): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, count)
}

function unpackedBits(bits: Uint8Array, slots: Int32Array | undefined, count: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(count)
  for (let index = 0; index < count; index += 1) {
    const slot = slots === undefined ? index : (slots[index] ?? 0)
    bytes[index] = ((bits[slot >>> 3] ?? 0) >>> (slot & 7)) & 1
  }
  return bytes
}

/** Every `stride`th word from the first, one a value. */
function int32Words(column: Column, slots: Int32Array | undefined, count: number): Int32Array {
  const stride = column.width / 4
  if (stride === 1 && slots === undefined) return column.words
  const words = new Int32Array(count)
  const source = column.words
  for (let index = 0; index < count; index += 1) {
    const slot = slots === undefined ? index : (slots[index] ?? 0)
    words[index] = source[slot * stride] ?? 0
  }
  return words
}

function int64Words(column: Column, slots: Int32Array | undefined, count: number): Int32Array {
  const stride = column.width / 4
  if (stride === 2 && slots === undefined) return column.words
  const words = new Int32Array(count * 2)
  const source = column.words
  for (let index = 0; index < count; index += 1) {
    const from = (slots === undefined ? index : (slots[index] ?? 0)) * stride
    words[index * 2] = source[from] ?? 0
    words[index * 2 + 1] = source[from + 1] ?? 0
  }
  return words
}

function gatheredFloats(source: Float32Array, slots: Int32Array): Float32Array {
  const values = new Float32Array(slots.length)
  for (let index = 0; index < slots.length; index += 1) {
    values[index] = source[slots[index] ?? 0] ?? 0
  }
  return values
}

function gatheredDoubles(source: Float64Array, slots: Int32Array): Float64Array {
  const values = new Float64Array(slots.length)
  for (let index = 0; index < slots.length; index += 1) {
    values[index] = source[slots[index] ?? 0] ?? 0
  }
  return values
}

/** Nulls take no bytes, so what is left of the offsets still cuts the bytes without a gap. */
function gatheredOffsets(source: Int32Array, slots: Int32Array): Int32Array {
  const offsets = new Int32Array(slots.length + 1)
  for (let index = 0; index < slots.length; index += 1) {
    offsets[index] = source[slots[index] ?? 0] ?? 0
  }
  offsets[slots.length] = source.at(-1) ?? 0
  return offsets
}

function fixedBytes(column: Column, slots: Int32Array | undefined, count: number): Uint8Array {
  if (slots === undefined) return column.bytes
  const { width } = column
  const bytes = Buffer.allocUnsafeSlow(count * width)
  for (let index = 0; index < count; index += 1) {
    const from = (slots[index] ?? 0) * width
    for (let byte = 0; byte < width; byte += 1) {
      bytes[index * width + byte] = column.bytes[from + byte] ?? 0
    }
  }
  return bytes
}

/** The least significant bytes of each four words, most significant first. */
function bigEndianDecimals(
  words: Int32Array,
  slots: Int32Array | undefined,
  { count, width }: { readonly count: number; readonly width: number },
): Uint8Array {
  assert(width <= 16, 'a decimal has at most 16 bytes')
  const bytes = Buffer.allocUnsafeSlow(count * width)
  let to = 0
  for (let index = 0; index < count; index += 1) {
    const from = (slots === undefined ? index : (slots[index] ?? 0)) * 4
    for (let byte = width - 1; byte >= 0; byte -= 1) {
      bytes[to++] = (words[from + (byte >>> 2)] ?? 0) >>> ((byte & 3) * 8)
    }
  }
  return bytes
}
