/**
 * The bytes that compiled JSON code reads, and the few things that its functions tell each other. Every function of
 * the compiled path takes a place and answers the place behind what it read, or `BAIL`: then the record goes to the
 * slow path, which knows what is wrong, or that nothing is.
 */
export class JsonReader {
  /** The batch's bytes. A value may be followed by others', so what was read counts only if it ends at `end`. */
  bytes: Buffer = Buffer.alloc(0)
  view: DataView = new DataView(new ArrayBuffer(0))
  /** Where the record's value ends. */
  end = 0
  /** All bytes of all strings, or-ed, alone or by fours: `NOT_ASCII` where they must be checked to be UTF-8. */
  highBits = 0
  /** Where the last text or binary value that was written ends in its column's bytes. */
  written = 0

  open(bytes: Buffer): void {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
}

export const BAIL = -1

const TAB = 9
const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const SPACE = 32
const QUOTE = 34
const COMMA = 44
const COLON = 58
const MINUS = 45
const ZERO = 48
const NINE = 57
const POINT = 46
const BACKSLASH = 92
const OPEN_BRACKET = 91
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const CLOSE_BRACE = 125

/** Behind white space. */
export function skipSpace(reader: JsonReader, at: number): number {
  const { bytes } = reader
  let place = at
  for (;;) {
    const byte = bytes[place] ?? 0
    if (byte > SPACE || !isSpace(byte)) return place
    place += 1
  }
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === TAB
}

/** Behind `null`. */
export function skipNull(reader: JsonReader, at: number): number {
  return skipWord(reader, at, WORDS.null)
}

const WORDS = {
  true: [116, 114, 117, 101],
  false: [102, 97, 108, 115, 101],
  null: [110, 117, 108, 108],
} as const

export function skipWord(reader: JsonReader, at: number, word: readonly number[]): number {
  for (let index = 0; index < word.length; index += 1) {
    if (reader.bytes[at + index] !== word[index]) return BAIL
  }
  return at + word.length
}

/**
 * Sets the top bit of one of four bytes, at least, where one of them ends or interrupts text: a quote, a backslash or a
 * control character. A subtraction borrows into the top bit of a byte that is too small; bytes that have that bit
 * themselves are masked out, and neither a quote's nor a backslash's exclusive or touches it.
 */
export function interruptions(word: number): number {
  const control = word - 0x20_20_20_20
  const quote = (word ^ 0x22_22_22_22) - 0x01_01_01_01
  const backslash = (word ^ 0x5c_5c_5c_5c) - 0x01_01_01_01
  return (control | quote | backslash) & ~word
}

/** The top bits of four bytes. */
export const NOT_ASCII = 0x80_80_80_80

/** Behind a string that no column takes; its escapes are checked. */
export function skipText(reader: JsonReader, at: number): number {
  const { bytes, view, end } = reader
  if (bytes[at] !== QUOTE) return BAIL
  let place = at + 1
  let high = 0
  for (;;) {
    while (place + 8 <= end) {
      const word = view.getInt32(place, true)
      const other = view.getInt32(place + 4, true)
      if (((interruptions(word) | interruptions(other)) & NOT_ASCII) !== 0) break
      high |= word | other
      place += 8
    }
    const byte = bytes[place] ?? 0
    if (byte === QUOTE) {
      reader.highBits |= high
      return place + 1
    }
    if (byte < SPACE || place >= end) return BAIL
    if (byte === BACKSLASH) {
      place = skipEscape(reader, place)
      if (place < 0) return BAIL
    } else {
      high |= byte
      place += 1
    }
  }
}

function skipEscape(reader: JsonReader, at: number): number {
  const code = escapedCode(reader, at)
  return code < 0 ? BAIL : at + escapeLength(code)
}

function escapeLength(code: number): number {
  if ((code & LONG_ESCAPE) === 0) return 2
  return (code & CODE_MASK) > 0xff_ff ? 12 : 6
}

const CODE_MASK = 0x1f_ff_ff
const LONG_ESCAPE = 0x20_00_00

/**
 * The code point that the escape at a backslash stands for, with `LONG_ESCAPE` set where it is one of `\u…`; a pair of
 * surrogates is one code point, half of one is none (`BAIL`).
 */
function escapedCode({ bytes }: JsonReader, at: number): number {
  const letter = bytes[at + 1] ?? 0
  if (letter !== 117) return SHORT_ESCAPES[letter] ?? BAIL
  const code = hex4(bytes, at + 2)
  if (code < 0xd8_00 || code > 0xdf_ff) return code < 0 ? BAIL : code | LONG_ESCAPE
  if (code > 0xdb_ff || bytes[at + 6] !== BACKSLASH || bytes[at + 7] !== 117) return BAIL
  const low = hex4(bytes, at + 8)
  if (low < 0xdc_00 || low > 0xdf_ff) return BAIL
  return (0x1_00_00 + ((code - 0xd8_00) << 10) + (low - 0xdc_00)) | LONG_ESCAPE
}

const SHORT_ESCAPES = new Int8Array(256).fill(BAIL)
for (const [letter, code] of [
  ['"', 0x22],
  ['\\', 0x5c],
  ['/', 0x2f],
  ['b', 0x08],
  ['f', 0x0c],
  ['n', 0x0a],
  ['r', 0x0d],
  ['t', 0x09],
] as const) {
  SHORT_ESCAPES[letter.charCodeAt(0)] = code
}

/** The value of a hexadecimal digit, negative where the byte is none. */
export const HEX_DIGITS: Int8Array = new Int8Array(256).fill(BAIL)
for (const [value, digit] of Array.from('0123456789abcdef').entries()) {
  HEX_DIGITS[digit.charCodeAt(0)] = value
  HEX_DIGITS[digit.toUpperCase().charCodeAt(0)] = value
}

function hex4(bytes: Buffer, at: number): number {
  const digits = HEX_DIGITS
  const [a, b] = [digits[bytes[at] ?? 0] ?? BAIL, digits[bytes[at + 1] ?? 0] ?? BAIL]
  const [c, d] = [digits[bytes[at + 2] ?? 0] ?? BAIL, digits[bytes[at + 3] ?? 0] ?? BAIL]
  return (a | b | c | d) < 0 ? BAIL : (a << 12) | (b << 8) | (c << 4) | d
}

/**
 * Writes a string from `at`, which is behind its opening quote, up to its closing quote to `target` from `to` on, with
 * its escapes resolved. `written` is then where it ends.
 */
export function copyText(reader: JsonReader, at: number, target: DataView, to: number): number {
  const { bytes, view, end } = reader
  let place = at
  let high = 0
  let next = to
  for (;;) {
    while (place + 8 <= end) {
      const word = view.getInt32(place, true)
      const other = view.getInt32(place + 4, true)
      if (((interruptions(word) | interruptions(other)) & NOT_ASCII) !== 0) break
      target.setInt32(next, word, true)
      target.setInt32(next + 4, other, true)
      high |= word | other
      place += 8
      next += 8
    }
    if (place + 4 <= end) {
      const word = view.getInt32(place, true)
      if ((interruptions(word) & NOT_ASCII) === 0) {
        target.setInt32(next, word, true)
        high |= word
        place += 4
        next += 4
      }
    }
    const byte = bytes[place] ?? 0
    if (byte === QUOTE) break
    if (byte < SPACE || place >= end) return BAIL
    if (byte === BACKSLASH) {
      const code = escapedCode(reader, place)
      if (code < 0) return BAIL
      next = writeCode(target, next, code & CODE_MASK)
      place += escapeLength(code)
    } else {
      high |= byte
      target.setUint8(next, byte)
      next += 1
      place += 1
    }
  }
  reader.highBits |= high
  reader.written = next
  return place + 1
}

/** A code point as UTF-8. An escape is never shorter than that. */
function writeCode(target: DataView, at: number, code: number): number {
  if (code < 0x80) {
    target.setUint8(at, code)
    return at + 1
  }
  if (code < 0x8_00) {
    target.setUint16(at, 0xc0_80 | ((code & 0x7_c0) << 2) | (code & 0x3f))
    return at + 2
  }
  if (code < 0x1_00_00) {
    target.setUint8(at, 0xe0 | (code >> 12))
    target.setUint16(at + 1, 0x80_80 | ((code & 0xf_c0) << 2) | (code & 0x3f))
    return at + 3
  }
  target.setUint16(at, 0xf0_80 | ((code >> 18) << 8) | ((code >> 12) & 0x3f))
  target.setUint16(at + 2, 0x80_80 | ((code & 0xf_c0) << 2) | (code & 0x3f))
  return at + 4
}

/** Behind a value that no column takes; `depth` is how many objects and arrays it may have inside each other. */
export function skipValue(reader: JsonReader, at: number, depth: number): number {
  switch (reader.bytes[at]) {
    case QUOTE:
      return skipText(reader, at)
    case OPEN_BRACE:
      return depth > 0 ? skipObject(reader, at, depth - 1) : BAIL
    case OPEN_BRACKET:
      return depth > 0 ? skipArray(reader, at, depth - 1) : BAIL
    case 116:
      return skipWord(reader, at, WORDS.true)
    case 102:
      return skipWord(reader, at, WORDS.false)
    case 110:
      return skipWord(reader, at, WORDS.null)
    default:
      return skipNumber(reader, at)
  }
}

function skipObject(reader: JsonReader, at: number, depth: number): number {
  const { bytes } = reader
  let place = skipSpace(reader, at + 1)
  if (bytes[place] === CLOSE_BRACE) return place + 1
  for (;;) {
    place = skipText(reader, place)
    if (place < 0) return BAIL
    place = skipSpace(reader, place)
    if (bytes[place] !== COLON) return BAIL
    place = skipValue(reader, skipSpace(reader, place + 1), depth)
    if (place < 0) return BAIL
    place = skipSpace(reader, place)
    if (bytes[place] === CLOSE_BRACE) return place + 1
    if (bytes[place] !== COMMA) return BAIL
    place = skipSpace(reader, place + 1)
  }
}

function skipArray(reader: JsonReader, at: number, depth: number): number {
  const { bytes } = reader
  let place = skipSpace(reader, at + 1)
  if (bytes[place] === CLOSE_BRACKET) return place + 1
  for (;;) {
    place = skipValue(reader, place, depth)
    if (place < 0) return BAIL
    place = skipSpace(reader, place)
    if (bytes[place] === CLOSE_BRACKET) return place + 1
    if (bytes[place] !== COMMA) return BAIL
    place = skipSpace(reader, place + 1)
  }
}

/** Behind a number, whatever its value. */
export function skipNumber(reader: JsonReader, at: number): number {
  const { bytes } = reader
  const whole = bytes[at] === MINUS ? at + 1 : at
  let place = skipDigits(bytes, whole)
  if (place === whole || (bytes[whole] === ZERO && place > whole + 1)) return BAIL
  if (bytes[place] === POINT) {
    const fraction = place + 1
    place = skipDigits(bytes, fraction)
    if (place === fraction) return BAIL
  }
  if (((bytes[place] ?? 0) | 0x20) !== 101) return place
  place += bytes[place + 1] === MINUS || bytes[place + 1] === 43 ? 2 : 1
  const power = place
  place = skipDigits(bytes, power)
  return place === power ? BAIL : place
}

function skipDigits(bytes: Buffer, at: number): number {
  let place = at
  for (;;) {
    const byte = bytes[place] ?? 0
    if (byte < ZERO || byte > NINE) return place
    place += 1
  }
}
