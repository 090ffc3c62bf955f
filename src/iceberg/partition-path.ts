import { civilFromDays, floorDiv, timestampText } from './calendar.ts'
import { decimalText } from './decimal.ts'
import { shortestFloatText } from './float-text.ts'
import type { PartitionSpec, PartitionTuple, Transform } from './partition.ts'
import { partitionType } from './partition-spec.ts'
import type { Schema, Type, Value } from './types.ts'
import { uuidText } from './uuid.ts'
import { asBigint, asBytes, asNumber } from './value.ts'

const EPOCH_YEAR = 1970

/**
 * The folder names of a partition tuple below a table's data, as Java makes them: `ts_day=2026-01-02/id_bucket=3`.
 * Only for people and for other tools' habits: readers take partitions from manifests.
 */
export function partitionPath(spec: PartitionSpec, schema: Schema, tuple: PartitionTuple): string {
  const { fields } = partitionType(spec, schema)
  return spec.fields
    .map(({ name, transform }, index) => {
      const type = fields[index]?.type ?? { kind: 'string' }
      const value = humanText(transform, type, tuple[index] ?? null)
      return `${formEncoded(name)}=${formEncoded(value)}`
    })
    .join('/')
}

/** A partition value for people, as Java's transforms print it: `2026-01` for a month, `null` for null. */
export function humanText(transform: Transform, type: Type, value: Value | null): string {
  if (value === null) return 'null'
  switch (transform.kind) {
    case 'year':
      return padded(EPOCH_YEAR + asNumber(value), 4)
    case 'month': {
      const months = asNumber(value)
      const year = EPOCH_YEAR + Math.floor(months / 12)
      return `${padded(year, 4)}-${padded(months - Math.floor(months / 12) * 12 + 1, 2)}`
    }
    case 'hour': {
      const hours = asNumber(value)
      const day = Math.floor(hours / 24)
      return `${dayText(day)}-${padded(hours - day * 24, 2)}`
    }
    default:
      return valueHumanText(type, value)
  }
}

function valueHumanText(type: Type, value: Value): string {
  switch (type.kind) {
    case 'date':
      return dayText(asNumber(value))
    case 'time':
      return localTimeText(asBigint(value))
    case 'timestamp':
    case 'timestamptz':
      return timestampText(asBigint(value), { unit: 'micros', zone: type.kind === 'timestamptz' })
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return timestampText(asBigint(value), { unit: 'nanos', zone: type.kind === 'timestamptz_ns' })
    case 'fixed':
    case 'binary':
      return Buffer.from(asBytes(value)).toString('base64')
    case 'uuid':
      return uuidText(asBytes(value))
    case 'decimal':
      return bigDecimalText(asBigint(value), type.scale)
    case 'float':
    case 'double':
      return floatText(asNumber(value), type.kind)
    default:
      return String(value)
  }
}

function dayText(days: number): string {
  const { year, month, day } = civilFromDays(days)
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`
}

/** As `%0Nd`: the sign counts as one of the places. */
function padded(value: number, width: number): string {
  if (value >= 0) return String(value).padStart(width, '0')
  return `-${String(-value).padStart(width - 1, '0')}`
}

/** As Java's LocalTime: no seconds where they are zero, and a fraction of 3 or 6 digits. */
function localTimeText(micros: bigint): string {
  const seconds = Number(floorDiv(micros, 1_000_000n))
  const fraction = Number(micros % 1_000_000n)
  const [hour, minute, second] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) =>
    padded(Math.floor(part), 2),
  )
  const minutes = `${hour}:${minute}`
  if (fraction === 0) return second === '00' ? minutes : `${minutes}:${second}`
  const digits = padded(fraction, 6)
  return `${minutes}:${second}.${digits.endsWith('000') ? digits.slice(0, 3) : digits}`
}

/** As Java's BigDecimal: scientific where the first digit lies more than six places behind the point. */
function bigDecimalText(unscaled: bigint, scale: number): string {
  const digits = `${unscaled < 0n ? -unscaled : unscaled}`
  const exponent = digits.length - 1 - scale
  if (exponent >= -6) return decimalText(unscaled, scale)
  const mantissa = digits.length === 1 ? digits : `${digits.slice(0, 1)}.${digits.slice(1)}`
  return `${unscaled < 0n ? '-' : ''}${mantissa}E${exponent}`
}

/** As Java's Double and Float: `1.0`, `1.0E10`. */
function floatText(value: number, kind: 'float' | 'double'): string {
  if (!Number.isFinite(value)) return String(value)
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const [mantissa = '0', exponentText = '0'] = shortestFloatText(Math.abs(value), kind).split('e')
  const exponent = Number(exponentText)
  const digits = mantissa.replace('.', '')
  if (value !== 0 && (exponent < -3 || exponent >= 7)) {
    return `${sign}${digits.slice(0, 1)}.${digits.slice(1) || '0'}E${exponent}`
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${sign}${whole}.${digits.slice(exponent + 1) || '0'}`
}

/** As Java's URLEncoder: a space becomes `+`, and only letters, digits and `.-*_` stay. */
function formEncoded(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replaceAll(/[!'()~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}
