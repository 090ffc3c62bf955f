/**
 * Dates, times and timestamps as ISO-8601 text and back: proleptic Gregorian, exact over the whole range of each
 * type, which `Date` is not. Parsers answer undefined where the text is not of the form or names no real day.
 */

const DAYS_PER_ERA = 146_097
const YEARS_PER_ERA = 400
/** From 0000-03-01, the start of an era, to the epoch. */
const EPOCH_OFFSET_DAYS = 719_468
const NANOS_PER_SECOND = 1_000_000_000n
const NANOS_PER_DAY = 86_400n * NANOS_PER_SECOND
const NANOS_PER_MICRO = 1_000n

export interface CivilDate {
  readonly year: number
  readonly month: number
  readonly day: number
}

/** Days since the epoch of a date. Years count from 0 (1 BC) downwards too. */
export function daysFromCivil({ year, month, day }: CivilDate): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / YEARS_PER_ERA)
  const yearOfEra = shifted - era * YEARS_PER_ERA
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * DAYS_PER_ERA + dayOfEra - EPOCH_OFFSET_DAYS
}

/** The date that is so many days after the epoch. */
export function civilFromDays(days: number): CivilDate {
  const shifted = days + EPOCH_OFFSET_DAYS
  const era = Math.floor(shifted / DAYS_PER_ERA)
  const dayOfEra = shifted - era * DAYS_PER_ERA
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return {
    year: yearOfEra + era * YEARS_PER_ERA + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1,
  }
}

/** `2017-11-16`; years beyond four digits as `+10000-01-01`, before year 0 as `-0001-01-01`. */
export function dateText(days: number): string {
  const { year, month, day } = civilFromDays(days)
  const sign = year < 0 ? '-' : year > 9999 ? '+' : ''
  return `${sign}${pad(Math.abs(year), 4)}-${pad(month, 2)}-${pad(day, 2)}`
}

const DATE = /^([+-]?\d{4,9})-(\d\d)-(\d\d)$/

/** Days since the epoch. */
export function parseDate(text: string): number | undefined {
  const match = DATE.exec(text)
  if (match === null) return undefined
  const date = { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]) }
  const days = daysFromCivil(date)
  // A day that the month does not have comes back as another date.
  const { year, month, day } = civilFromDays(days)
  return year === date.year && month === date.month && day === date.day ? days : undefined
}

const TIME = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?$/

/** Nanoseconds since midnight. */
export function parseTimeNanos(text: string): bigint | undefined {
  const match = TIME.exec(text)
  if (match === null) return undefined
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const seconds = BigInt((hour * 60 + minute) * 60 + second)
  return seconds * NANOS_PER_SECOND + BigInt((match[4] ?? '').padEnd(9, '0'))
}

/** Microseconds since midnight; undefined also where the text has digits beyond microseconds. */
export function parseTime(text: string): bigint | undefined {
  const nanos = parseTimeNanos(text)
  return nanos === undefined || nanos % NANOS_PER_MICRO !== 0n ? undefined : nanos / NANOS_PER_MICRO
}

/** `22:31:08.123456`: seconds always, and as many digits of a fraction as are needed. */
export function timeText(micros: bigint): string {
  return clockText(micros * NANOS_PER_MICRO)
}

/** The unit that a timestamp type counts in. */
export type TimeUnit = 'micros' | 'nanos'
/** `forbidden`: `timestamp`; `required`: `timestamptz`, any offset; `utc`: `timestamptz` with offset zero only. */
export type ZoneRule = 'forbidden' | 'required' | 'utc'

const TIMESTAMP = /^([^T]+)[T ]([0-9:.]+)(Z|[+-]\d\d(?::?\d\d(?::?\d\d)?)?)?$/i

/** Nanoseconds since the epoch. */
export function parseTimestampNanos(text: string, zone: ZoneRule): bigint | undefined {
  const match = TIMESTAMP.exec(text)
  const days = parseDate(match?.[1] ?? '')
  const time = parseTimeNanos(match?.[2] ?? '')
  const offset = match?.[3]
  if (days === undefined || time === undefined) return undefined
  if ((offset === undefined) !== (zone === 'forbidden')) return undefined
  const offsetSeconds = offset === undefined ? 0 : parseOffsetSeconds(offset)
  if (offsetSeconds === undefined || (zone === 'utc' && offsetSeconds !== 0)) return undefined
  return BigInt(days) * NANOS_PER_DAY + time - BigInt(offsetSeconds) * NANOS_PER_SECOND
}

/** Microseconds since the epoch; undefined also where the text has digits beyond microseconds. */
export function parseTimestamp(text: string, zone: ZoneRule): bigint | undefined {
  const nanos = parseTimestampNanos(text, zone)
  return nanos === undefined || nanos % NANOS_PER_MICRO !== 0n ? undefined : nanos / NANOS_PER_MICRO
}

function parseOffsetSeconds(text: string): number | undefined {
  if (text === 'Z' || text === 'z') return 0
  const digits = text.slice(1).replaceAll(':', '')
  const [hour, minute, second] = [0, 2, 4].map((at) => Number(digits.slice(at, at + 2) || 0))
  if (hour === undefined || minute === undefined || second === undefined) return undefined
  if (hour > 18 || minute > 59 || second > 59) return undefined
  const seconds = (hour * 60 + minute) * 60 + second
  return text.startsWith('-') ? -seconds : seconds
}

/** `2017-11-16T22:31:08.123456`, with `+00:00` behind it where the type has a zone. */
export function timestampText(
  value: bigint,
  { unit, zone }: { readonly unit: TimeUnit; readonly zone: boolean },
): string {
  const nanos = unit === 'nanos' ? value : value * NANOS_PER_MICRO
  const days = floorDiv(nanos, NANOS_PER_DAY)
  const text = `${dateText(Number(days))}T${clockText(nanos - days * NANOS_PER_DAY)}`
  return zone ? `${text}+00:00` : text
}

/** `floor(dividend / divisor)` for a positive divisor: bigint division truncates toward zero. */
export function floorDiv(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient
}

function clockText(nanosOfDay: bigint): string {
  const seconds = Number(nanosOfDay / NANOS_PER_SECOND)
  const fraction = pad(Number(nanosOfDay % NANOS_PER_SECOND), 9).replace(/0+$/, '')
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const text = clock.map((part) => pad(part, 2)).join(':')
  return fraction === '' ? text : `${text}.${fraction}`
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}
