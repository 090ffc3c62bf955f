import { assert } from '../core/assert.ts'
import { FirnError } from '../core/errors.ts'
import { truncateText } from './bounds.ts'
import { civilFromDays, floorDiv } from './calendar.ts'
import { decimalBytes } from './decimal.ts'
import { murmur3, murmur3Long } from './murmur3.ts'
import type { Transform } from './partition.ts'
import { transformText } from './transform-text.ts'
import { typeText } from './type-text.ts'
import type { PrimitiveType, Type, Value } from './types.ts'
import { asBigint, asBytes, asNumber, asText } from './value.ts'

const NANOS_PER_MICRO = 1_000n
const MICROS_PER_HOUR = 3_600_000_000n
const MICROS_PER_DAY = 24n * MICROS_PER_HOUR
const EPOCH_YEAR = 1970

/** Computes the partition value of a source value. Nulls stay null. */
export type Transformer = (value: Value | null) => Value | null

/**
 * The function of a transform for a source type, for many values. Throws SPEC_INVALID where the transform does not
 * take the type. Spec: "Partition Transforms".
 */
export function compileTransform(transform: Transform, type: Type): Transformer {
  if (!takesType(transform, type)) {
    const message = `the transform ${transformText(transform)} does not take ${typeText(type)}`
    throw new FirnError('SPEC_INVALID', message)
  }
  const apply = compileNonNull(transform, type)
  return (value) => (value === null ? null : apply(value))
}

/** The partition value of one source value. @see compileTransform */
export function applyTransform(
  transform: Transform,
  type: Type,
  value: Value | null,
): Value | null {
  return compileTransform(transform, type)(value)
}

/** Whether a transform is defined for a source type. An unknown transform takes none: it cannot be computed. */
export function takesType(transform: Transform, type: Type): type is PrimitiveType {
  if (['struct', 'list', 'map', 'unsupported'].includes(type.kind)) return false
  switch (transform.kind) {
    case 'identity':
    case 'void':
      return true
    case 'bucket':
      return !['boolean', 'float', 'double'].includes(type.kind)
    case 'truncate':
      return ['int', 'long', 'decimal', 'string', 'binary'].includes(type.kind)
    case 'year':
    case 'month':
    case 'day':
      return type.kind === 'date' || isTimestamp(type)
    case 'hour':
      return isTimestamp(type)
    default:
      return false
  }
}

/** The type of a transform's values. What depends on a source column that was dropped is not known any more. */
export function resultType(transform: Transform, source: Type | undefined): Type {
  switch (transform.kind) {
    case 'bucket':
    case 'year':
    case 'month':
    case 'hour':
      return { kind: 'int' }
    case 'day':
      return { kind: 'date' }
    case 'unknown':
      return { kind: 'string' }
    default:
      return source ?? { kind: 'unsupported', text: 'unknown' }
  }
}

function isTimestamp({ kind }: Type): boolean {
  return kind.startsWith('timestamp')
}

function compileNonNull(transform: Transform, type: PrimitiveType): (value: Value) => Value | null {
  switch (transform.kind) {
    case 'identity':
      return (value) => value
    case 'bucket': {
      const hash = hasherOf(type)
      return (value) => (hash(value) & 0x7fffffff) % transform.buckets
    }
    case 'truncate':
      return truncaterOf(type, transform.width)
    case 'year':
    case 'month': {
      const days = daysOf(type)
      const { kind } = transform
      return (value) => monthsOrYears(kind, days(value))
    }
    case 'day':
      return daysOf(type)
    case 'hour': {
      const micros = microsOf(type)
      return (value) => Number(floorDiv(micros(value), MICROS_PER_HOUR))
    }
    default:
      return () => null
  }
}

function monthsOrYears(unit: 'year' | 'month', days: number): number {
  const { year, month } = civilFromDays(days)
  const years = year - EPOCH_YEAR
  return unit === 'year' ? years : years * 12 + month - 1
}

function daysOf(type: PrimitiveType): (value: Value) => number {
  if (type.kind === 'date') return asNumber
  const micros = microsOf(type)
  return (value) => Number(floorDiv(micros(value), MICROS_PER_DAY))
}

/** A timestamp in microseconds: nanoseconds are cut downwards. */
function microsOf(type: PrimitiveType): (value: Value) => bigint {
  const nanos = type.kind === 'timestamp_ns' || type.kind === 'timestamptz_ns'
  return nanos ? (value) => floorDiv(asBigint(value), NANOS_PER_MICRO) : asBigint
}

/** The hash of a type's values. Spec: Appendix B. */
export function hasherOf(type: PrimitiveType): (value: Value) => number {
  switch (type.kind) {
    case 'int':
    case 'date':
      return (value) => murmur3Long(BigInt(asNumber(value)))
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return (value) => murmur3Long(asBigint(value))
    case 'timestamp_ns':
    case 'timestamptz_ns': {
      const micros = microsOf(type)
      return (value) => murmur3Long(micros(value))
    }
    case 'decimal':
      return (value) => murmur3(decimalBytes(asBigint(value)))
    case 'string':
      return (value) => murmur3(new TextEncoder().encode(asText(value)))
    default:
      return (value) => murmur3(asBytes(value))
  }
}

function truncaterOf(type: PrimitiveType, width: number): (value: Value) => Value {
  assert(width > 0, 'a truncate width is positive')
  const wide = BigInt(width)
  switch (type.kind) {
    case 'int':
      // The result may lie below an int's range only by wrapping, as in Java.
      return (value) => (Math.floor(asNumber(value) / width) * width) | 0
    case 'long':
      return (value) => BigInt.asIntN(64, floorDiv(asBigint(value), wide) * wide)
    case 'decimal':
      return (value) => floorDiv(asBigint(value), wide) * wide
    case 'string':
      return (value) => truncateText(asText(value), width)
    default:
      return (value) => asBytes(value).subarray(0, width)
  }
}
