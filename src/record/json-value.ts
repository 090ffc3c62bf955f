import {
  parseDate,
  parseTimeNanos,
  parseTimestampNanos,
  type ZoneRule,
} from '../iceberg/calendar.ts'
import { parseUuid } from '../iceberg/uuid.ts'
import type { PrimitiveType, Value } from '../iceberg/types.ts'
import { nearestFloat, parseExactNumber, scaledInteger } from './exact-number.ts'
import type { JsonNode } from './json-node.ts'

/**
 * The value of a primitive type that a JSON value states; undefined where it states none, or one that the type cannot
 * hold exactly. docs/types.md has the rules as a table.
 */
export function valueOf(type: PrimitiveType, node: JsonNode): Value | undefined {
  switch (type.kind) {
    case 'boolean':
      return node.kind === 'boolean' ? node.value : undefined
    case 'int':
      return intOf(node)
    case 'long':
      return within(integerOf(node), INT64)
    case 'float':
    case 'double':
      return realOf(type.kind, node)
    case 'decimal':
      return decimalOf(type, node)
    case 'fixed':
    case 'binary':
      return bytesOf(node, type.kind === 'fixed' ? type.length : undefined)
    default:
      return node.kind === 'string' ? valueOfText(type, node.text) : undefined
  }
}

type TextType = Exclude<
  PrimitiveType,
  {
    readonly kind: 'boolean' | 'int' | 'long' | 'float' | 'double' | 'decimal' | 'fixed' | 'binary'
  }
>

function valueOfText(type: TextType, text: string): Value | undefined {
  switch (type.kind) {
    case 'string':
      return text
    case 'uuid':
      return parseUuid(text)
    case 'date':
      return dateOf(text)
    case 'time':
      return microsOf(parseTimeNanos(withoutSpareZeros(text)))
    case 'timestamp':
      return within(microsOf(nanosOf(text, 'forbidden')), INT64)
    case 'timestamptz':
      return within(microsOf(nanosOf(text, 'required')), INT64)
    case 'timestamp_ns':
      return within(nanosOf(text, 'forbidden'), INT64)
    default:
      return within(nanosOf(text, 'required'), INT64)
  }
}

interface Bounds {
  readonly min: bigint
  readonly max: bigint
}

const INT64: Bounds = { min: -(2n ** 63n), max: 2n ** 63n - 1n }
const INT32: Bounds = { min: -(2n ** 31n), max: 2n ** 31n - 1n }
const LONG_DIGITS = 19

function within(value: bigint | undefined, { min, max }: Bounds): bigint | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined
}

/** `3`, `3.0` and `3e2` are integers; `3.5` is none. */
function integerOf(node: JsonNode): bigint | undefined {
  const exact = node.kind === 'number' ? parseExactNumber(node.text) : undefined
  return exact && scaledInteger(exact, { scale: 0, digitsMax: LONG_DIGITS })
}

function intOf(node: JsonNode): number | undefined {
  const integer = within(integerOf(node), INT32)
  return integer === undefined ? undefined : Number(integer)
}

/** What JSON has no number for. */
const NOT_FINITE: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

function realOf(kind: 'float' | 'double', node: JsonNode): number | undefined {
  if (node.kind === 'string') return NOT_FINITE.get(node.text)
  if (node.kind !== 'number') return undefined
  const value = kind === 'float' ? nearestFloat(node.text) : Number(node.text)
  return Number.isFinite(value) ? value : undefined
}

function decimalOf(
  { precision, scale }: { readonly precision: number; readonly scale: number },
  node: JsonNode,
): bigint | undefined {
  if (node.kind !== 'number' && node.kind !== 'string') return undefined
  const exact = parseExactNumber(node.text)
  return exact && scaledInteger(exact, { scale, digitsMax: precision })
}

/** Base64 (RFC 4648, section 4) with its padding: one text for each value. */
function bytesOf(node: JsonNode, length: number | undefined): Uint8Array | undefined {
  if (node.kind !== 'string') return undefined
  const bytes = Buffer.from(node.text, 'base64')
  if (bytes.toString('base64') !== node.text) return undefined
  return length === undefined || bytes.length === length ? new Uint8Array(bytes) : undefined
}

function dateOf(text: string): number | undefined {
  const days = parseDate(text)
  return days !== undefined && days >= -(2 ** 31) && days < 2 ** 31 ? days : undefined
}

function nanosOf(text: string, zone: ZoneRule): bigint | undefined {
  return parseTimestampNanos(withoutSpareZeros(text), zone)
}

function microsOf(nanos: bigint | undefined): bigint | undefined {
  return nanos === undefined || nanos % 1_000n !== 0n ? undefined : nanos / 1_000n
}

/** A fraction may have any number of digits, as long as those beyond nanoseconds are zeros. */
function withoutSpareZeros(text: string): string {
  return text.replace(/(\.\d{9})0+(?!\d)/, '$1')
}

/** What a column takes, for messages. */
export function expectedText(type: PrimitiveType): string {
  switch (type.kind) {
    case 'boolean':
      return 'boolean: true or false'
    case 'int':
      return 'int: an integer of 32 bits'
    case 'long':
      return 'long: an integer of 64 bits'
    case 'float':
    case 'double':
      return `${type.kind}: a number within its range`
    case 'decimal':
      return `decimal(${type.precision}, ${type.scale}): a number of at most ${type.precision - type.scale} digits before and ${type.scale} behind the point`
    case 'uuid':
      return 'uuid: text as "f79c3e09-677c-4bbd-a479-3f349cb785e7"'
    case 'fixed':
      return `fixed[${type.length}]: base64 text of ${type.length} bytes`
    case 'binary':
      return 'binary: base64 text'
    case 'string':
      return 'string: text'
    default:
      return EXPECTED_TIMES[type.kind]
  }
}

const EXPECTED_TIMES = {
  date: 'date: text as "2017-11-16"',
  time: 'time: text as "22:31:08.123456", to the microsecond at most',
  timestamp:
    'timestamp: text as "2017-11-16T22:31:08.123456" without an offset, to the microsecond at most',
  timestamptz:
    'timestamptz: text as "2017-11-16T22:31:08.123456Z" with an offset, to the microsecond at most',
  timestamp_ns:
    'timestamp_ns: text as "2017-11-16T22:31:08.123456789" without an offset, to the nanosecond at most',
  timestamptz_ns:
    'timestamptz_ns: text as "2017-11-16T22:31:08.123456789Z" with an offset, to the nanosecond at most',
} as const
