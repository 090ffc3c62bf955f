import type { ColumnBuilder } from '../columns/column-builder.ts'
import { BAIL, copyText, interruptions, type JsonReader, NOT_ASCII } from './json-reader.ts'

const QUOTE = 34
const BACKSLASH = 92
const SPACE = 32

/**
 * Appends the string at a quote to a text column, eight bytes at a time and its end byte by byte; from the first escape
 * on it is somebody else's. One function for all columns: with code of its own for each, a schema of hundreds of columns
 * has more code than the processor keeps at hand.
 */
export function appendJsonText(
  reader: JsonReader,
  at: number,
  column: ColumnBuilder,
  counters: Int32Array,
): number {
  const { bytes, view, end } = reader
  if (bytes[at] !== QUOTE) return BAIL
  // Room for all that is left of the record: no escape gets longer by being read.
  const slot = counters[column.lengthAt] ?? 0
  const { offsets } = column
  let next = offsets[slot] ?? 0
  if (next + end - at > column.bytes.length) column.reserveBytes(end - at)
  const target = column.bytesView
  let place = at + 1
  let high = 0
  while (place + 8 <= end) {
    const word = view.getInt32(place, true)
    const other = view.getInt32(place + 4, true)
    // Also what stands behind the end of the text, where the next one is written.
    target.setInt32(next, word, true)
    target.setInt32(next + 4, other, true)
    high |= word | other
    const stop = interruptions(word) & NOT_ASCII
    const otherStop = interruptions(other) & NOT_ASCII
    if ((stop | otherStop) !== 0) {
      const run = stop === 0 ? 4 + bytesBelow(otherStop) : bytesBelow(stop)
      place += run
      next += run
      break
    }
    place += 8
    next += 8
  }
  for (;;) {
    // A value that breaks off must not be read on in what follows it: there is no room for that.
    if (place >= end) return BAIL
    const byte = bytes[place] ?? 0
    if (byte === QUOTE) break
    if (byte < SPACE || byte === BACKSLASH) {
      place = copyText(reader, place, target, next) - 1
      if (place < 0) return BAIL
      next = reader.written
      break
    }
    high |= byte
    target.setUint8(next++, byte)
    place += 1
  }
  reader.highBits |= high
  offsets[slot + 1] = next
  counters[column.lengthAt] = slot + 1
  return place + 1
}

/** How many bytes are below the lowest one whose top bit is set. The lowest bit is right: only those above it may be set by a borrow. */
function bytesBelow(topBits: number): number {
  return (31 - Math.clz32(topBits & -topBits)) >>> 3
}
