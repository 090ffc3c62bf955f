import type { ByteWriter } from './byte-writer.ts'
import type { LeafValues } from './leaf-values.ts'

/** A block's values share a least delta; each of its miniblocks has a width of its own. Java's writer has these too. */
const BLOCK_VALUES = 128
const MINIBLOCK_VALUES = 32
const MINIBLOCKS = BLOCK_VALUES / MINIBLOCK_VALUES
const WORD = 2 ** 32

interface Range {
  readonly start: number
  readonly end: number
}

/**
 * How far apart the values may be for `writeDelta`: so that deltas of deltas are exact in a double, and those of INT32
 * fit 32 bits, as readers expect. Values further apart save little.
 */
export function deltaSpanMax(width: number): number {
  return width === 4 ? 2 ** 30 : 2 ** 51
}

/**
 * DELTA_BINARY_PACKED of the INT32 or INT64 values [start, end), which span at most `deltaSpanMax`.
 * Parquet spec: "Delta Encoding".
 */
export function writeDelta(out: ByteWriter, values: LeafValues, { start, end }: Range): void {
  out.varint(BLOCK_VALUES)
  out.varint(MINIBLOCKS)
  out.varint(end - start)
  writeFirst(out, values, start, end)
  const deltas = new Float64Array(BLOCK_VALUES)
  for (let at = start + 1; at < end; at += BLOCK_VALUES) {
    const count = Math.min(BLOCK_VALUES, end - at)
    for (let index = 0; index < count; index += 1) deltas[index] = deltaAt(values, at + index)
    writeBlock(out, deltas, count)
  }
}

/** A value less the one before it. */
function deltaAt({ words, width }: LeafValues, index: number): number {
  if (width === 4) return (words[index] ?? 0) - (words[index - 1] ?? 0)
  const at = index * 2
  const high = (words[at + 1] ?? 0) - (words[at - 1] ?? 0)
  return high * WORD + (((words[at] ?? 0) >>> 0) - ((words[at - 2] ?? 0) >>> 0))
}

/** The first value in full, zigzag; of no values, 0. */
function writeFirst(
  out: ByteWriter,
  { words, width }: LeafValues,
  start: number,
  end: number,
): void {
  if (start === end) return out.varint(0)
  const value =
    width === 4
      ? BigInt(words[start] ?? 0)
      : (BigInt(words[start * 2 + 1] ?? 0) << 32n) | BigInt((words[start * 2] ?? 0) >>> 0)
  out.wideVarint(BigInt.asUintN(64, (value << 1n) ^ (value >> 63n)))
}

function writeBlock(out: ByteWriter, deltas: Float64Array, count: number): void {
  let least = deltas[0] ?? 0
  for (let index = 1; index < count; index += 1) least = Math.min(least, deltas[index] ?? 0)
  out.varint(least >= 0 ? least * 2 : -least * 2 - 1)
  for (let index = 0; index < BLOCK_VALUES; index += 1) {
    deltas[index] = index < count ? (deltas[index] ?? 0) - least : 0
  }
  const used = Math.ceil(count / MINIBLOCK_VALUES)
  const widthsAt = out.length
  out.reserve(MINIBLOCKS + BLOCK_VALUES * 8)
  out.length += MINIBLOCKS
  for (let miniblock = 0; miniblock < MINIBLOCKS; miniblock += 1) {
    const width = miniblock < used ? widthOf(deltas, miniblock * MINIBLOCK_VALUES) : 0
    out.bytes[widthsAt + miniblock] = width
    if (width > 0) packMiniblock(out, deltas, miniblock * MINIBLOCK_VALUES, width)
  }
}

/** Bits that hold every value of a miniblock. */
function widthOf(deltas: Float64Array, start: number): number {
  let greatest = 0
  for (let index = start; index < start + MINIBLOCK_VALUES; index += 1) {
    greatest = Math.max(greatest, deltas[index] ?? 0)
  }
  const high = Math.floor(greatest / WORD)
  return high > 0 ? 64 - Math.clz32(high) : 32 - Math.clz32(greatest)
}

/** Bits one after another, least significant first; 32 values fill whole words. */
function packMiniblock(out: ByteWriter, deltas: Float64Array, start: number, width: number): void {
  const { bytes } = out
  let to = out.length
  let held = 0
  let heldBits = 0
  for (let index = start; index < start + MINIBLOCK_VALUES; index += 1) {
    const value = deltas[index] ?? 0
    // The low word, then what is above it.
    for (let bits = width, part = value; bits > 0; bits -= 32, part = Math.floor(value / WORD)) {
      const word = (part % WORD) | 0
      const wordBits = Math.min(bits, 32)
      held |= word << heldBits
      heldBits += wordBits
      if (heldBits < 32) continue
      to = bytes.writeInt32LE(held, to)
      heldBits -= 32
      held = heldBits === 0 ? 0 : word >>> (wordBits - heldBits)
    }
  }
  out.length = to
}
