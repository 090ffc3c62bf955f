import type { ByteWriter } from './byte-writer.ts'
import { viewOf } from './compare-bytes.ts'
import type { LevelSequence } from './levels.ts'

/** The least width in bits that holds 0 … max. */
export function bitWidth(max: number): number {
  return 32 - Math.clz32(max)
}

/** A run at least this long is written as a run; a shorter one costs less among the packed values around it. */
const RUN_MIN = 8
/** A packed run goes on until one this long begins: breaking off costs two headers. */
const BREAKING_RUN_MIN = 16
/** Groups of 8 values a packed run at most: readers unpack a run at a time. */
const GROUPS_MAX = 4096

interface Range {
  readonly start: number
  readonly end: number
}

/**
 * RLE/bit-packing hybrid of the values [start, end), each of at most `width` bits: Parquet's levels and dictionary
 * indices. Parquet spec: "Run Length Encoding / Bit-Packing Hybrid".
 */
export function writeRle(
  out: ByteWriter,
  values: Int32Array,
  { start, end }: Range,
  width: number,
): void {
  let at = start
  while (at < end) {
    const run = runLength(values, at, end)
    // Packed values fill groups of 8: only the last may be filled up, so a tail shorter than that may be a run too.
    if (run >= RUN_MIN || at + run === end) {
      writeRun(out, { value: values[at] ?? 0, count: run, width })
      at += run
    } else {
      const stop = packedEnd(values, at, end)
      writePacked(out, values, { start: at, end: stop }, width)
      at = stop
    }
  }
}

/** Levels in a v1 page: their length in four bytes, then the hybrid. */
export function writeLevels(
  out: ByteWriter,
  { each, all }: LevelSequence,
  range: Range,
  max: number,
): void {
  const lengthAt = out.length
  const width = bitWidth(max)
  out.int32(0)
  if (each === undefined) writeRun(out, { value: all, count: range.end - range.start, width })
  else writeRle(out, each, range, width)
  out.bytes.writeInt32LE(out.length - lengthAt - 4, lengthAt)
}

function runLength(values: Int32Array, start: number, end: number): number {
  const value = values[start]
  let at = start + 1
  while (at < end && values[at] === value) at += 1
  return at - start
}

/** Where to stop packing: at a multiple of 8 values from the start before a long run, or at the end. */
function packedEnd(values: Int32Array, start: number, end: number): number {
  const last = Math.min(end, start + GROUPS_MAX * 8)
  for (let at = start + 8; at < last; at += 8) {
    if (values[at] === values[at + 1] && isRun(values, at, end)) return at
  }
  return last
}

function isRun(values: Int32Array, start: number, end: number): boolean {
  const stop = start + BREAKING_RUN_MIN
  if (stop > end) return false
  const value = values[start]
  for (let at = start + 1; at < stop; at += 1) if (values[at] !== value) return false
  return true
}

function writeRun(
  out: ByteWriter,
  {
    value,
    count,
    width,
  }: { readonly value: number; readonly count: number; readonly width: number },
): void {
  out.varint(count * 2)
  for (let shift = 0; shift < width; shift += 8) out.byte((value >>> shift) & 0xff)
}

function writePacked(
  out: ByteWriter,
  values: Int32Array,
  { start, end }: Range,
  width: number,
): void {
  const groups = Math.ceil((end - start) / 8)
  out.varint(groups * 2 + 1)
  out.reserve(groups * width + 8)
  let at = start
  if (width <= NARROW_BITS) {
    at += (end - start) & ~7
    packNarrow(viewOf(out.bytes), values, { start, end: at, to: out.length }, width)
    out.length += ((at - start) / 8) * width
  }
  out.length = packBits(out.bytes, values, { start: at, end, to: out.length }, width)
  // The last group is filled up with zeros.
  const missing = groups * 8 - (end - start)
  if (missing > 0) padGroup(out, { values: end - start, missing, width })
}

/** Values of at most this width are packed eight at a time: four of them fit a word. */
const NARROW_BITS = 8

/** Whole groups of 8 values. Each is written as two words, of which the next group covers what is beyond it. */
function packNarrow(
  target: DataView,
  values: Int32Array,
  { start, end, to }: Range & { readonly to: number },
  width: number,
): void {
  const half = width * 4
  let at = to
  for (let index = start; index < end; index += 8) {
    const low = fourFrom(values, index, width)
    const high = fourFrom(values, index + 4, width)
    // In two steps, as a shift by 32 would be one by 0.
    target.setInt32(at, low | ((high << (half - 1)) << 1), true)
    target.setInt32(at + 4, high >>> (32 - half), true)
    at += width
  }
}

function fourFrom(values: Int32Array, index: number, width: number): number {
  return (
    (values[index] ?? 0) |
    ((values[index + 1] ?? 0) << width) |
    ((values[index + 2] ?? 0) << (width * 2)) |
    ((values[index + 3] ?? 0) << (width * 3))
  )
}

/** Bits of all values one after another, least significant first; the last byte may be filled in part. */
function packBits(
  bytes: Buffer,
  values: Int32Array,
  { start, end, to }: Range & { readonly to: number },
  width: number,
): number {
  let at = to
  let held = 0
  let heldBits = 0
  for (let index = start; index < end; index += 1) {
    const value = values[index] ?? 0
    held |= value << heldBits
    heldBits += width
    if (heldBits < 32) continue
    bytes[at] = held
    bytes[at + 1] = held >>> 8
    bytes[at + 2] = held >>> 16
    bytes[at + 3] = held >>> 24
    at += 4
    heldBits -= 32
    // The bits that did not fit. A shift by 32 would be one by 0, hence the case of none.
    held = heldBits === 0 ? 0 : value >>> (width - heldBits)
  }
  while (heldBits > 0) {
    bytes[at++] = held
    held >>>= 8
    heldBits -= 8
  }
  return at
}

function padGroup(
  out: ByteWriter,
  {
    values,
    missing,
    width,
  }: { readonly values: number; readonly missing: number; readonly width: number },
): void {
  const written = Math.ceil((values * width) / 8)
  const whole = ((values + missing) * width) / 8
  out.bytes.fill(0, out.length, out.length + whole - written)
  out.length += whole - written
}
