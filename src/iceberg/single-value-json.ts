import { AssertionError, assert } from '../core/assert.ts'
import type { JsonValue } from '../core/json.ts'
import {
  dateText,
  parseDate,
  parseTime,
  parseTimestamp,
  parseTimestampNanos,
  timestampText,
  timeText,
} from './calendar.ts'
import { decimalText, fitsPrecision, parseDecimal, rescale } from './decimal.ts'
import type { JsonPlace } from './json-place.ts'
import { typeText } from './type-text.ts'
import type { PrimitiveType, Value } from './types.ts'
import { hexText, parseHex, parseUuid, uuidText } from './uuid.ts'
import { asBigint, asBoolean, asBytes, asNumber, asText } from './value.ts'

/** A value as single-value JSON, as defaults in a schema are stored. Spec: Appendix D. */
export function valueToJson(type: PrimitiveType, value: Value): JsonValue {
  switch (type.kind) {
    case 'boolean':
      return asBoolean(value)
    case 'int':
      return asNumber(value)
    case 'float':
    case 'double':
      assert(Number.isFinite(value), 'a default value of a floating-point column is finite')
      return asNumber(value)
    case 'long':
      return asBigint(value)
    case 'string':
      return asText(value)
    default:
      return valueText(type, value)
  }
}

/**
 * A value as text: what single-value JSON puts into a string, and for the other types the obvious one. For people
 * too.
 */
export function valueText(type: PrimitiveType, value: Value): string {
  switch (type.kind) {
    case 'decimal':
      return decimalText(asBigint(value), type.scale)
    case 'date':
      return dateText(asNumber(value))
    case 'time':
      return timeText(asBigint(value))
    case 'timestamp':
    case 'timestamptz':
      return timestampText(asBigint(value), { unit: 'micros', zone: type.kind === 'timestamptz' })
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return timestampText(asBigint(value), { unit: 'nanos', zone: type.kind === 'timestamptz_ns' })
    case 'uuid':
      return uuidText(asBytes(value))
    case 'fixed':
    case 'binary':
      return hexText(asBytes(value))
    default:
      return String(value)
  }
}

/** The value of single-value JSON. Throws METADATA_INVALID with the place where it is not of the type. */
export function valueFromJson(type: PrimitiveType, place: JsonPlace): Value {
  switch (type.kind) {
    case 'boolean':
      return place.boolean()
    case 'int':
      return place.int()
    case 'long':
      return place.long()
    case 'float':
      return Math.fround(place.number())
    case 'double':
      return place.number()
    case 'string':
      return place.text()
    default: {
      const value = parseValueText(type, place.text())
      if (value === undefined) throw place.invalid(`a single value of type ${typeText(type)}`)
      return value
    }
  }
}

function parseDecimalOf(
  { precision, scale }: { readonly precision: number; readonly scale: number },
  text: string,
): bigint | undefined {
  const decimal = parseDecimal(text)
  const unscaled = decimal === undefined ? undefined : rescale(decimal, scale)
  return unscaled !== undefined && fitsPrecision(unscaled, precision) ? unscaled : undefined
}

function parseFixed(length: number, text: string): Uint8Array | undefined {
  const bytes = parseHex(text)
  return bytes?.length === length ? bytes : undefined
}

function parseValueText(type: PrimitiveType, text: string): Value | undefined {
  switch (type.kind) {
    case 'decimal':
      return parseDecimalOf(type, text)
    case 'date':
      return parseDate(text)
    case 'time':
      return parseTime(text)
    case 'timestamp':
      return parseTimestamp(text, 'forbidden')
    case 'timestamptz':
      return parseTimestamp(text, 'utc')
    case 'timestamp_ns':
      return parseTimestampNanos(text, 'forbidden')
    case 'timestamptz_ns':
      return parseTimestampNanos(text, 'utc')
    case 'uuid':
      return parseUuid(text)
    case 'fixed':
      return parseFixed(type.length, text)
    case 'binary':
      return parseHex(text)
    default:
      throw new AssertionError(`bug: ${type.kind} is no type whose single values are JSON strings`)
  }
}
