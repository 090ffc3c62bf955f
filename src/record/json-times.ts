import { putScaled } from './json-numbers.ts'
import { BAIL, type JsonReader } from './json-reader.ts'

const QUOTE = 34
const PLUS = 43
const MINUS = 45
const POINT = 46
const COLON = 58
const ZERO = 48
const LOWER_T = 116
const LOWER_Z = 122
const TO_LOWER = 0x20
const SPACE = 32
const SECONDS_PER_DAY = 86_400
const OFFSET_HOURS_MAX = 18

/** Two digits, negative where they are none. */
function twoDigits(bytes: Buffer, at: number): number {
  const tens = (bytes[at] ?? 0) - ZERO
  const ones = (bytes[at + 1] ?? 0) - ZERO
  return tens >>> 0 > 9 || ones >>> 0 > 9 ? BAIL : tens * 10 + ones
}

const NO_DATE = 0x7f_ff_ff_ff
const DAYS_IN_MONTH = Int8Array.of(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
const DAYS_PER_ERA = 146_097
/** From 0000-03-01 less one era, which keeps everything positive, to the epoch. */
const EPOCH = 719_468 + DAYS_PER_ERA

/** Days since the epoch of `YYYY-MM-DD`; `NO_DATE` where it is none. */
function daysAt(bytes: Buffer, at: number): number {
  const century = twoDigits(bytes, at)
  const ofCentury = twoDigits(bytes, at + 2)
  const month = twoDigits(bytes, at + 5)
  const day = twoDigits(bytes, at + 8)
  if (bytes[at + 4] !== MINUS || bytes[at + 7] !== MINUS) return NO_DATE
  if ((century | ofCentury | month | day) < 0 || month > 12 || day < 1) return NO_DATE
  const year = century * 100 + ofCentury
  if (day > (DAYS_IN_MONTH[month] ?? 0) && !(day === 29 && month === 2 && isLeap(year))) {
    return NO_DATE
  }
  const shifted = year + 400 - (month <= 2 ? 1 : 0)
  const era = (shifted / 400) | 0
  const yearOfEra = shifted - era * 400
  const dayOfYear = ((153 * ((month + 9) % 12) + 2) / 5) | 0
  const leapDays = (yearOfEra >> 2) - ((yearOfEra / 100) | 0)
  return era * DAYS_PER_ERA + yearOfEra * 365 + leapDays + dayOfYear + day - 1 - EPOCH
}

function isLeap(year: number): boolean {
  return (year & 3) === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** `"2017-11-16"` as days to `words[to]`. Years of more than four digits are left to the slow path. */
export function readDate(reader: JsonReader, at: number, words: Int32Array, to: number): number {
  const { bytes } = reader
  if (bytes[at] !== QUOTE || bytes[at + 11] !== QUOTE) return BAIL
  const days = daysAt(bytes, at + 1)
  if (days === NO_DATE) return BAIL
  words[to] = days
  return at + 12
}

/** What `readClock` read beside the place: seconds of the day, and the fraction in its unit. */
const clock = { seconds: 0, fraction: 0 }

/** `22:31`, `22:31:08` or `22:31:08.123`: digits behind the unit's number of them must be zeros. */
function readClock(bytes: Buffer, at: number, digitsMax: number): number {
  const hour = twoDigits(bytes, at)
  const minute = twoDigits(bytes, at + 3)
  if ((hour | minute) < 0 || hour > 23 || minute > 59 || bytes[at + 2] !== COLON) return BAIL
  clock.seconds = (hour * 60 + minute) * 60
  clock.fraction = 0
  if (bytes[at + 5] !== COLON) return at + 5
  const second = twoDigits(bytes, at + 6)
  if (second < 0 || second > 59) return BAIL
  clock.seconds += second
  return bytes[at + 8] === POINT ? readFraction(bytes, at + 9, digitsMax) : at + 8
}

function readFraction(bytes: Buffer, at: number, digitsMax: number): number {
  let place = at
  let fraction = 0
  let digits = 0
  for (;;) {
    const digit = (bytes[place] ?? 0) - ZERO
    if (digit < 0 || digit > 9) break
    if (digits < digitsMax) {
      fraction = fraction * 10 + digit
      digits += 1
    } else if (digit > 0) return BAIL
    place += 1
  }
  if (place === at) return BAIL
  for (; digits < digitsMax; digits += 1) fraction *= 10
  clock.fraction = fraction
  return place
}

/** What `readOffset` read: seconds east of UTC. */
const zone = { seconds: 0 }

/** `Z`, `+05:30`, `+0530` or `+05`. Seconds of an offset are left to the slow path. */
function readOffset(bytes: Buffer, at: number): number {
  const sign = bytes[at]
  zone.seconds = 0
  if (((sign ?? 0) | TO_LOWER) === LOWER_Z) return at + 1
  if (sign !== PLUS && sign !== MINUS) return BAIL
  const hour = twoDigits(bytes, at + 1)
  if (hour < 0 || hour > OFFSET_HOURS_MAX) return BAIL
  let place = at + 3
  let minute = 0
  if (bytes[place] !== QUOTE) {
    if (bytes[place] === COLON) place += 1
    minute = twoDigits(bytes, place)
    if (minute < 0 || minute > 59) return BAIL
    place += 2
  }
  const seconds = (hour * 60 + minute) * 60
  zone.seconds = sign === MINUS ? -seconds : seconds
  return place
}

const MICROS = { digits: 6, factor: 1_000_000 } as const
const NANOS = { digits: 9, factor: 1_000_000_000 } as const

/** `"22:31:08.123456"` as microseconds to two halves from `words[to]` on. */
export function readTime(reader: JsonReader, at: number, words: Int32Array, to: number): number {
  const { bytes } = reader
  if (bytes[at] !== QUOTE) return BAIL
  const end = readClock(bytes, at + 1, MICROS.digits)
  if (end < 0 || bytes[end] !== QUOTE) return BAIL
  const { seconds: value, fraction: rest } = clock
  putScaled(words, to, { value, factor: MICROS.factor, rest })
  return end + 1
}

export type TimestampReader = (
  reader: JsonReader,
  at: number,
  words: Int32Array,
  to: number,
) => number

/** `"2017-11-16T22:31:08.123456Z"` as microseconds or nanoseconds to two halves from `words[to]` on. */
export function timestampReader(options: {
  unit: 'micros' | 'nanos'
  zone: boolean
}): TimestampReader {
  const { digits, factor } = options.unit === 'micros' ? MICROS : NANOS
  const withZone = options.zone
  return (reader, at, words, to) => {
    const { bytes } = reader
    const between = bytes[at + 11] ?? 0
    if (bytes[at] !== QUOTE) return BAIL
    if ((between | TO_LOWER) !== LOWER_T && between !== SPACE) return BAIL
    const days = daysAt(bytes, at + 1)
    if (days === NO_DATE) return BAIL
    let place = readClock(bytes, at + 12, digits)
    if (place < 0) return BAIL
    let value = days * SECONDS_PER_DAY + clock.seconds
    if (withZone) {
      place = readOffset(bytes, place)
      if (place < 0) return BAIL
      value -= zone.seconds
    }
    if (bytes[place] !== QUOTE) return BAIL
    return putScaled(words, to, { value, factor, rest: clock.fraction }) ? place + 1 : BAIL
  }
}
