import { fitsPrecision } from '../iceberg/decimal.ts'
import { parseExactNumber, scaledInteger } from './exact-number.ts'
import { BAIL, skipNumber, type JsonReader } from './json-reader.ts'

const QUOTE = 34
const MINUS = 45
const POINT = 46
const ZERO = 48
const WORD = 2 ** 32
/** Integers of so many digits are exact as a double, and so are the powers of ten up to 22. */
const DIGITS_EXACT = 15
const LONG_DIGITS = 19
const BILLION = 1_000_000_000
const POWERS = Float64Array.from({ length: 23 }, (_, power) => Number(`1e${power}`))

/** An integer of 32 bits to `words[to]`. A fraction or an exponent is left to the slow path. */
export function readInt(reader: JsonReader, at: number, words: Int32Array, to: number): number {
  const { bytes } = reader
  const negative = bytes[at] === MINUS
  const start = negative ? at + 1 : at
  let place = start
  let value = 0
  for (;;) {
    const digit = (bytes[place] ?? 0) - ZERO
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
    place += 1
  }
  const digits = place - start
  if (digits === 0 || digits > 10 || (digits > 1 && bytes[start] === ZERO)) return BAIL
  if (isFractional(bytes[place] ?? 0)) return BAIL
  if (negative) value = -value
  if (value > 0x7f_ff_ff_ff || value < -0x80_00_00_00) return BAIL
  words[to] = value
  return place
}

/** An integer of 64 bits to `words[to]` (low half) and `words[to + 1]`. */
export function readLong(reader: JsonReader, at: number, words: Int32Array, to: number): number {
  const { bytes } = reader
  const negative = bytes[at] === MINUS
  const start = negative ? at + 1 : at
  let place = start
  let value = 0
  for (;;) {
    const digit = (bytes[place] ?? 0) - ZERO
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
    place += 1
  }
  const digits = place - start
  if (digits === 0 || (digits > 1 && bytes[start] === ZERO)) return BAIL
  if (isFractional(bytes[place] ?? 0)) return BAIL
  if (digits > DIGITS_EXACT) return readWide(reader, at, words, to) ? place : BAIL
  putExact(words, to, negative ? -value : value)
  return place
}

function isFractional(byte: number): boolean {
  return byte === POINT || (byte | 0x20) === 101
}

/** An integer that a double holds exactly, as two halves. */
function putExact(words: Int32Array, to: number, value: number): void {
  const high = Math.floor(value / WORD)
  words[to] = value - high * WORD
  words[to + 1] = high
}

/** Integers of 16 to 19 digits: the last nine digits and those before them are multiplied by hand. */
function readWide(reader: JsonReader, at: number, words: Int32Array, to: number): boolean {
  const { bytes } = reader
  const negative = bytes[at] === MINUS
  const start = negative ? at + 1 : at
  let end = start
  while (isDigit(bytes[end] ?? 0)) end += 1
  if (end - start > LONG_DIGITS) return false
  const high = digitsAt(bytes, start, end - 9)
  return putScaled(words, to, {
    value: negative ? -high : high,
    factor: BILLION,
    rest: negative ? -digitsAt(bytes, end - 9, end) : digitsAt(bytes, end - 9, end),
  })
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte < ZERO + 10
}

function digitsAt(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let place = start; place < end; place += 1) value = value * 10 + (bytes[place] ?? 0) - ZERO
  return value
}

export interface Scaled {
  readonly value: number
  readonly factor: number
  readonly rest: number
}

const HALF = 2 ** 20
const HALF_TO_WORD = 2 ** 12

/**
 * `value` × `factor` + `rest` as two halves of an int64; false where it is beyond 64 bits. Exact for integers with
 * |value| ≤ 2^40, 0 < factor ≤ 2^30 and |rest| ≤ factor: no step passes 2^53.
 */
export function putScaled(words: Int32Array, to: number, { value, factor, rest }: Scaled): boolean {
  const upper = Math.floor(value / HALF)
  const product = upper * factor
  const productHigh = Math.floor(product / HALF_TO_WORD)
  const low = (product - productHigh * HALF_TO_WORD) * HALF + (value - upper * HALF) * factor + rest
  const carry = Math.floor(low / WORD)
  const high = productHigh + carry
  if (high > 0x7f_ff_ff_ff || high < -0x80_00_00_00) return false
  words[to] = low - carry * WORD
  words[to + 1] = high
  return true
}

/** Any number to `doubles[to]`; beyond the range of a double it is left to the slow path. */
export function readDouble(
  reader: JsonReader,
  at: number,
  doubles: Float64Array,
  to: number,
): number {
  const end = readReal(reader, at)
  doubles[to] = real.value
  return end
}

/** The float nearest to a number, rounded once: where the nearest double is a tie, it is left to the slow path. */
export function readFloat(
  reader: JsonReader,
  at: number,
  floats: Float32Array,
  to: number,
): number {
  const end = readReal(reader, at)
  const { value } = real
  const float = Math.fround(value)
  const other = 2 * value - float
  if (float !== value && (Math.fround(other) === other || !Number.isFinite(float))) return BAIL
  floats[to] = float
  return end
}

/** What `readReal` read. */
const real = { value: 0.5 }

/** What `scanDigits` found beside the place: all digits as an integer, and how many of them lie where. */
const scanned = { value: 0.5, whole: 0, fraction: 0 }

/** Goes over the digits of a number, its point among them; the sign lies before, an exponent behind. */
function scanDigits(bytes: Buffer, start: number): number {
  let place = start
  let value = 0
  for (;;) {
    const digit = (bytes[place] ?? 0) - ZERO
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
    place += 1
  }
  scanned.whole = place - start
  scanned.fraction = 0
  if (place === start || (place > start + 1 && bytes[start] === ZERO)) return BAIL
  if (bytes[place] === POINT) {
    const from = place + 1
    for (place = from; ; place += 1) {
      const digit = (bytes[place] ?? 0) - ZERO
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    if (place === from) return BAIL
    scanned.fraction = place - from
  }
  scanned.value = value
  return place
}

/**
 * Up to 15 digits and 10^22, one division of exact doubles rounds once, and so does right (Clinger's fast path); what
 * is longer goes through the engine's own parser.
 */
function readReal(reader: JsonReader, at: number): number {
  const { bytes } = reader
  const negative = bytes[at] === MINUS
  const place = scanDigits(bytes, negative ? at + 1 : at)
  if (place < 0) return BAIL
  const { value, whole, fraction } = scanned
  if (whole + fraction > REAL_DIGITS || isFractional(bytes[place] ?? 0)) {
    return readAnyReal(reader, at)
  }
  const power = POWERS[fraction] ?? 1
  const magnitude =
    whole + fraction <= DIGITS_EXACT
      ? value / power
      : longReal(bytes, place, { digits: whole + fraction, power })
  if (magnitude < 0) return readAnyReal(reader, at)
  real.value = negative ? -magnitude : magnitude
  return place
}

/** The last digits of a real, which come apart from those that a double holds. */
const TAIL_DIGITS = 6
/** So that the digits before the tail are exact, and the power of ten is too. */
const REAL_DIGITS = DIGITS_EXACT + TAIL_DIGITS
/** Splits a double of 53 bits in two of 26 (Dekker). */
const SPLITTER = 2 ** 27 + 1
/** The quotient below is good to 2^-100 of itself; this leaves room. */
const QUOTIENT_ERROR = 2 ** -96

/**
 * A decimal of 16 to 21 digits that end at `end`, divided by an exact power of ten with about 100 bits: rounding that
 * to a double is right, unless it lies so near to the middle of two that the error might decide. Then the answer is
 * negative, and the engine's parser has to look. These are the digits that doubles print with, so it pays.
 */
function longReal(
  bytes: Buffer,
  end: number,
  { digits, power }: { readonly digits: number; readonly power: number },
): number {
  let head = 0
  let tail = 0
  let left = digits
  for (let place = end - digits - (power > 1 ? 1 : 0); place < end; place += 1) {
    const digit = (bytes[place] ?? 0) - ZERO
    if (digit < 0) continue
    if (left > TAIL_DIGITS) head = head * 10 + digit
    else tail = tail * 10 + digit
    left -= 1
  }
  // The numerator as a sum of two doubles, the second far smaller.
  const shift = POWERS[TAIL_DIGITS] ?? 1
  const product = head * shift
  const numerator = product + tail
  const numeratorLow = productError(head, shift, product) + (tail - (numerator - product))
  const quotient = numerator / power
  const back = quotient * power
  const rest = numerator - back - productError(quotient, power, back) + numeratorLow
  const quotientLow = rest / power
  const rounded = quotient + quotientLow
  const lost = quotientLow - (rounded - quotient)
  const error = quotient * QUOTIENT_ERROR
  return rounded + (lost + error) === rounded && rounded + (lost - error) === rounded
    ? rounded
    : BAIL
}

/** What is lost when two doubles are multiplied: itself a double. */
function productError(left: number, right: number, product: number): number {
  const leftBig = left * SPLITTER
  const leftHigh = leftBig - (leftBig - left)
  const leftLow = left - leftHigh
  const rightBig = right * SPLITTER
  const rightHigh = rightBig - (rightBig - right)
  const rightLow = right - rightHigh
  return (
    leftHigh * rightHigh - product + leftHigh * rightLow + leftLow * rightHigh + leftLow * rightLow
  )
}

function readAnyReal(reader: JsonReader, at: number): number {
  const end = skipNumber(reader, at)
  if (end < 0) return BAIL
  const value = Number(reader.bytes.toString('latin1', at, end))
  real.value = value
  return Number.isFinite(value) ? end : BAIL
}

export type DecimalReader = (
  reader: JsonReader,
  at: number,
  words: Int32Array,
  to: number,
) => number

/** A number, or a string that is one, as the unscaled value in four words from `words[to]` on. */
export function decimalReader(precision: number, scale: number): DecimalReader {
  const limit = precision <= DIGITS_EXACT ? (POWERS[precision] ?? 0) : Number.POSITIVE_INFINITY
  const digitsMax = Math.max(DIGITS_EXACT, Math.min(DECIMAL_DIGITS, precision))
  return (reader, at, words, to) => {
    const { bytes } = reader
    const start = bytes[at] === QUOTE ? at + 1 : at
    const negative = bytes[start] === MINUS
    const place = scanDigits(bytes, negative ? start + 1 : start)
    if (place < 0) return BAIL
    const { whole, fraction } = scanned
    const digits = whole + scale
    if (fraction > scale || digits > digitsMax || isFractional(bytes[place] ?? 0)) {
      return readAnyDecimal(reader, at, { words, to, precision, scale })
    }
    if (digits <= DIGITS_EXACT) {
      const value = scanned.value * (POWERS[scale - fraction] ?? 1)
      if (value >= limit) return BAIL
      putExact(words, to, negative ? -value : value)
    } else putDecimal(bytes, place, { words, to, zeros: scale - fraction, negative })
    const sign = (words[to + 1] ?? 0) >> 31
    words[to + 2] = sign
    words[to + 3] = sign
    if (start === at) return place
    return bytes[place] === QUOTE ? place + 1 : BAIL
  }
}

/** As many digits as an int64 always holds. */
const DECIMAL_DIGITS = 18

interface PlacedDecimal {
  readonly words: Int32Array
  readonly to: number
  /** To be added behind the digits. */
  readonly zeros: number
  readonly negative: boolean
}

/** The digits that end at `end`, a point among them, and zeros behind them, as an int64. */
function putDecimal(
  bytes: Buffer,
  end: number,
  { words, to, zeros, negative }: PlacedDecimal,
): void {
  let low = 0
  let factor = POWERS[zeros] ?? 1
  let high = 0
  let place = end - 1
  for (let digits = zeros; ; place -= 1) {
    const digit = (bytes[place] ?? 0) - ZERO
    if (digit === POINT - ZERO) continue
    if (digit < 0 || digit > 9) break
    if (digits < 9) low += digit * factor
    else high += digit * (factor / BILLION)
    factor *= 10
    digits += 1
  }
  putScaled(words, to, {
    value: negative ? -high : high,
    factor: BILLION,
    rest: negative ? -low : low,
  })
}

interface DecimalTarget {
  readonly words: Int32Array
  readonly to: number
  readonly precision: number
  readonly scale: number
}

/** More digits than a double holds, an exponent, or spare zeros behind the scale. */
function readAnyDecimal(reader: JsonReader, at: number, target: DecimalTarget): number {
  const { bytes } = reader
  const quoted = bytes[at] === QUOTE
  const start = quoted ? at + 1 : at
  const end = skipNumber(reader, start)
  if (end < 0 || (quoted && bytes[end] !== QUOTE)) return BAIL
  const { words, to, precision, scale } = target
  const exact = parseExactNumber(bytes.toString('latin1', start, end))
  const unscaled = exact && scaledInteger(exact, { scale, digitsMax: precision })
  if (unscaled === undefined || !fitsPrecision(unscaled, precision)) return BAIL
  for (let word = 0; word < 4; word += 1) {
    words[to + word] = Number(BigInt.asIntN(32, unscaled >> BigInt(word * 32)))
  }
  return quoted ? end + 1 : end
}
