import type { ColumnBuilder } from '../columns/column-builder.ts'
import { BAIL, HEX_DIGITS, type JsonReader } from './json-reader.ts'

const QUOTE = 34
const PADDING = 61
/** Of a uuid's text, where two digits of each byte start. */
const UUID_DIGITS = Int8Array.of(0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34)
const UUID_HYPHENS = [8, 13, 18, 23]
const HYPHEN = 45
const UUID_LENGTH = 36

/** `true` or `false` as bit `to`. */
export function readBoolean(reader: JsonReader, at: number, bits: Buffer, to: number): number {
  const { bytes } = reader
  const byte = to >>> 3
  const bit = 1 << (to & 7)
  if (bytes[at + 1] === 114) {
    if (bytes[at] !== 116 || bytes[at + 2] !== 117 || bytes[at + 3] !== 101) return BAIL
    bits[byte] = (bits[byte] ?? 0) | bit
    return at + 4
  }
  if (bytes[at] !== 102 || bytes[at + 1] !== 97 || bytes[at + 2] !== 108) return BAIL
  if (bytes[at + 3] !== 115 || bytes[at + 4] !== 101) return BAIL
  bits[byte] = (bits[byte] ?? 0) & ~bit
  return at + 5
}

/** A uuid's text as 16 bytes from `target[to]` on. */
export function readUuid(reader: JsonReader, at: number, target: Buffer, to: number): number {
  const { bytes } = reader
  const start = at + 1
  if (bytes[at] !== QUOTE || bytes[start + UUID_LENGTH] !== QUOTE) return BAIL
  for (const hyphen of UUID_HYPHENS) if (bytes[start + hyphen] !== HYPHEN) return BAIL
  let bad = 0
  for (let index = 0; index < 16; index += 1) {
    const place = start + (UUID_DIGITS[index] ?? 0)
    const high = HEX_DIGITS[bytes[place] ?? 0] ?? BAIL
    const low = HEX_DIGITS[bytes[place + 1] ?? 0] ?? BAIL
    bad |= high | low
    target[to + index] = (high << 4) | low
  }
  return bad < 0 ? BAIL : start + UUID_LENGTH + 1
}

/** The value of a base64 digit, negative where the byte is none. */
const BASE64 = new Int8Array(256).fill(BAIL)
const BASE64_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
for (const [value, digit] of Array.from(BASE64_DIGITS).entries()) {
  BASE64[digit.charCodeAt(0)] = value
}

/** Appends base64 text at a quote to a binary column. */
export function appendBase64(
  reader: JsonReader,
  at: number,
  column: ColumnBuilder,
  counters: Int32Array,
): number {
  const slot = counters[column.lengthAt] ?? 0
  const { offsets } = column
  const from = offsets[slot] ?? 0
  // Room for all that is left of the record: base64 does not get longer by being read.
  if (from + reader.end - at > column.bytes.length) column.reserveBytes(reader.end - at)
  const behind = readBase64(reader, at, column.bytes, from)
  offsets[slot + 1] = reader.written
  counters[column.lengthAt] = slot + 1
  return behind
}

/** Base64 text as bytes from `target[to]` on, which has room for them; `written` is then where they end. */
function readBase64(reader: JsonReader, at: number, target: Buffer, to: number): number {
  const { bytes } = reader
  if (bytes[at] !== QUOTE) return BAIL
  let place = at + 1
  let next = to
  while (bytes[place] !== QUOTE) {
    const a = BASE64[bytes[place] ?? 0] ?? BAIL
    const b = BASE64[bytes[place + 1] ?? 0] ?? BAIL
    const c = BASE64[bytes[place + 2] ?? 0] ?? BAIL
    const d = BASE64[bytes[place + 3] ?? 0] ?? BAIL
    if ((a | b | c | d) < 0) {
      place = readPadded(reader, place, target, next)
      return place
    }
    const group = (a << 18) | (b << 12) | (c << 6) | d
    target[next] = group >> 16
    target[next + 1] = group >> 8
    target[next + 2] = group
    next += 3
    place += 4
  }
  reader.written = next
  return place + 1
}

/** The last group, with one or two `=`; bits that no byte takes must be zero. */
function readPadded(reader: JsonReader, at: number, target: Buffer, to: number): number {
  const { bytes } = reader
  if (bytes[at + 3] !== PADDING || bytes[at + 4] !== QUOTE) return BAIL
  const a = BASE64[bytes[at] ?? 0] ?? BAIL
  const b = BASE64[bytes[at + 1] ?? 0] ?? BAIL
  if ((a | b) < 0) return BAIL
  target[to] = (a << 2) | (b >> 4)
  if (bytes[at + 2] === PADDING) {
    reader.written = to + 1
    return (b & 15) === 0 ? at + 5 : BAIL
  }
  const c = BASE64[bytes[at + 2] ?? 0] ?? BAIL
  if (c < 0) return BAIL
  target[to + 1] = ((b & 15) << 4) | (c >> 2)
  reader.written = to + 2
  return (c & 3) === 0 ? at + 5 : BAIL
}

/** Base64 text of exactly so many bytes. */
export function fixedReader(
  width: number,
): (reader: JsonReader, at: number, target: Buffer, to: number) => number {
  // Four digits for three bytes, and the quotes.
  const length = Math.ceil(width / 3) * 4 + 2
  return (reader, at, target, to) => {
    if (reader.bytes[at + length - 1] !== QUOTE) return BAIL
    const end = readBase64(reader, at, target, to)
    return end === at + length && reader.written === to + width ? end : BAIL
  }
}
