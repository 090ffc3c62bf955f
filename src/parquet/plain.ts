import type { ByteWriter } from './byte-writer.ts'
import { copyBytes, viewOf } from './compare-bytes.ts'
import type { LeafValues } from './leaf-values.ts'
import type { Physical } from './format.ts'

interface Range {
  readonly start: number
  readonly end: number
}

const LENGTH_BYTES = 4
/** How far behind its end a copy by two words at a time may reach. */
const WORDS_BEYOND = 8
/** So many values a call: without on-stack replacement (`src/main.ts`) the engine looks for faster code at each call. */
const BLOCK_VALUES = 1024
/** From here on one native copy is cheaper than a loop. */
const NATIVE_COPY_MIN = 128

/** Bytes that the values [start, end) take in PLAIN encoding. */
export function plainSize(physical: Physical, values: LeafValues, { start, end }: Range): number {
  switch (physical) {
    case 'BOOLEAN':
      return (end - start + 7) >>> 3
    case 'BYTE_ARRAY':
      return offsetAt(values, end) - offsetAt(values, start) + (end - start) * LENGTH_BYTES
    default:
      return (end - start) * values.width
  }
}

/** PLAIN encoding of the values [start, end). Parquet spec: "Plain". */
export function writePlain(
  out: ByteWriter,
  physical: Physical,
  values: LeafValues,
  range: Range,
): void {
  out.reserve(plainSize(physical, values, range) + WORDS_BEYOND)
  switch (physical) {
    case 'BOOLEAN':
      return writeBits(out, values.bytes, range)
    case 'BYTE_ARRAY':
      for (let start = range.start; start < range.end; start += BLOCK_VALUES) {
        const end = Math.min(range.end, start + BLOCK_VALUES)
        writeByteArrays(out, values, { start, end })
      }
      return
    case 'FIXED_LEN_BYTE_ARRAY':
      return out.append(values.bytes.subarray(range.start * values.width, range.end * values.width))
    default:
      return out.append(memoryOf(values, range))
  }
}

/** Numbers lie in memory as Parquet has them: low byte first. */
function memoryOf({ words, width }: LeafValues, { start, end }: Range): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset + start * width, (end - start) * width)
}

function writeBits(out: ByteWriter, booleans: Uint8Array, { start, end }: Range): void {
  const { bytes } = out
  let to = out.length
  for (let index = start; index < end; index += 8) {
    let byte = 0
    const stop = Math.min(end, index + 8)
    for (let bit = index; bit < stop; bit += 1) byte |= (booleans[bit] ?? 0) << (bit - index)
    bytes[to++] = byte
  }
  out.length = to
}

/** Each value: its length in four bytes, then its bytes, as many words as they touch: the next value covers the rest. */
function writeByteArrays(out: ByteWriter, values: LeafValues, { start, end }: Range): void {
  const { offsets } = values
  const source = viewOf(values.bytes)
  const target = viewOf(out.bytes)
  const last = source.byteLength - WORDS_BEYOND
  let to = out.length
  let from = offsets[start] ?? 0
  for (let index = start; index < end; index += 1) {
    const stop = offsets[index + 1] ?? 0
    target.setInt32(to, stop - from, true)
    to += LENGTH_BYTES
    if (stop - from >= NATIVE_COPY_MIN) {
      out.bytes.set(values.bytes.subarray(from, stop), to)
    } else if (stop <= last) {
      const distance = to - from
      for (let at = from; at < stop; at += 8) {
        target.setInt32(at + distance, source.getInt32(at, true), true)
        target.setInt32(at + distance + 4, source.getInt32(at + 4, true), true)
      }
    } else {
      copyBytes(source, target, { from, stop, to })
    }
    to += stop - from
    from = stop
  }
  out.length = to
}

function offsetAt({ offsets }: LeafValues, index: number): number {
  return offsets[index] ?? 0
}
