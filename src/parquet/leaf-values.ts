import type { Column } from '../columns/column.ts'
import { assert } from '../core/assert.ts'
import type { Levels } from './levels.ts'
import type { Leaf } from './parquet-schema.ts'
import type { Scratch } from './scratch.ts'

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
export function leafValues(
  leaf: Leaf,
  column: Column,
  levels: Levels,
  scratch: Scratch,
): LeafValues {
  const { slots, valueCount: count } = levels
  const pick: Pick = { slots, count, scratch }
  const { storage } = leaf
  switch (storage.physical) {
    case 'BOOLEAN':
      return { ...NONE, count, width: 0, bytes: unpackedBits(column.bytes, pick) }
    case 'INT32':
      return { ...NONE, count, width: 4, words: int32Words(column, pick) }
    case 'INT64':
      return { ...NONE, count, width: 8, words: int64Words(column, pick) }
    case 'FLOAT': {
      const floats =
        slots === undefined ? column.floats : gatheredFloats(column.floats, slots, scratch)
      return { ...NONE, count, width: 4, floats, words: wordsOf(floats, count) }
    }
    case 'DOUBLE': {
      const doubles =
        slots === undefined ? column.doubles : gatheredDoubles(column.doubles, slots, scratch)
      return { ...NONE, count, width: 8, doubles, words: wordsOf(doubles, count * 2) }
    }
    case 'BYTE_ARRAY': {
      const offsets =
        slots === undefined ? column.offsets : gatheredOffsets(column.offsets, slots, scratch)
      return { ...NONE, count, width: 0, bytes: column.bytes, offsets }
    }
    case 'FIXED_LEN_BYTE_ARRAY': {
      const width = storage.typeLength
      const bytes =
        column.layout === 'decimal'
          ? bigEndianDecimals(column.words, pick, width)
          : fixedBytes(column, pick)
      return { ...NONE, count, width, bytes }
    }
  }
}

/** Which slots to take, and memory for what must be copied. */
interface Pick {
  readonly slots: Int32Array | undefined
  readonly count: number
  readonly scratch: Scratch
}

function bytesOf(scratch: Scratch, length: number): Uint8Array {
  return Buffer.from(scratch.int32(Math.ceil(length / 4)).buffer, 0, length)
}

function wordsOf(values: Float32Array | Float64Array, count: number): Int32Array {
  return new Int32Array(values.buffer, values.byteOffset, count)
}

function unpackedBits(bits: Uint8Array, { slots, count, scratch }: Pick): Uint8Array {
  const bytes = bytesOf(scratch, count)
  for (let index = 0; index < count; index += 1) {
    const slot = slots === undefined ? index : (slots[index] ?? 0)
    bytes[index] = ((bits[slot >>> 3] ?? 0) >>> (slot & 7)) & 1
  }
  return bytes
}

/** Every `stride`th word from the first, one a value. */
function int32Words(column: Column, { slots, count, scratch }: Pick): Int32Array {
  const stride = column.width / 4
  if (stride === 1 && slots === undefined) return column.words
  const words = scratch.int32(count)
  const source = column.words
  for (let index = 0; index < count; index += 1) {
    const slot = slots === undefined ? index : (slots[index] ?? 0)
    words[index] = source[slot * stride] ?? 0
  }
  return words
}

function int64Words(column: Column, { slots, count, scratch }: Pick): Int32Array {
  const stride = column.width / 4
  if (stride === 2 && slots === undefined) return column.words
  const words = scratch.int32(count * 2)
  const source = column.words
  for (let index = 0; index < count; index += 1) {
    const from = (slots === undefined ? index : (slots[index] ?? 0)) * stride
    words[index * 2] = source[from] ?? 0
    words[index * 2 + 1] = source[from + 1] ?? 0
  }
  return words
}

function gatheredFloats(source: Float32Array, slots: Int32Array, scratch: Scratch): Float32Array {
  const values = new Float32Array(scratch.int32(slots.length).buffer, 0, slots.length)
  for (let index = 0; index < slots.length; index += 1) {
    values[index] = source[slots[index] ?? 0] ?? 0
  }
  return values
}

function gatheredDoubles(source: Float64Array, slots: Int32Array, scratch: Scratch): Float64Array {
  const values = new Float64Array(scratch.int32(slots.length * 2).buffer, 0, slots.length)
  for (let index = 0; index < slots.length; index += 1) {
    values[index] = source[slots[index] ?? 0] ?? 0
  }
  return values
}

/** Nulls take no bytes, so what is left of the offsets still cuts the bytes without a gap. */
function gatheredOffsets(source: Int32Array, slots: Int32Array, scratch: Scratch): Int32Array {
  const offsets = scratch.int32(slots.length + 1)
  for (let index = 0; index < slots.length; index += 1) {
    offsets[index] = source[slots[index] ?? 0] ?? 0
  }
  offsets[slots.length] = source.at(-1) ?? 0
  return offsets
}

function fixedBytes(column: Column, { slots, count, scratch }: Pick): Uint8Array {
  if (slots === undefined) return column.bytes
  const { width } = column
  const bytes = bytesOf(scratch, count * width)
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
  { slots, count, scratch }: Pick,
  width: number,
): Uint8Array {
  assert(width <= 16, 'a decimal has at most 16 bytes')
  const bytes = bytesOf(scratch, count * width)
  let to = 0
  for (let index = 0; index < count; index += 1) {
    const from = (slots === undefined ? index : (slots[index] ?? 0)) * 4
    for (let byte = width - 1; byte >= 0; byte -= 1) {
      bytes[to++] = (words[from + (byte >>> 2)] ?? 0) >>> ((byte & 3) * 8)
    }
  }
  return bytes
}
