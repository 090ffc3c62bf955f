import type { SchemaElement } from 'hyparquet/src/types.js'
import {
  appendBoolean,
  appendBytes,
  appendDecimal,
  appendDouble,
  appendFixed,
  appendFloat,
  appendInt32,
  appendInt64,
} from '../columns/append.ts'
import type { ColumnBuilder } from '../columns/column-builder.ts'
import { decimalFromBytes } from '../iceberg/decimal.ts'
import type { PrimitiveType } from '../iceberg/types.ts'

/** Appends a value as Parquet stores it. Throws a TypeError where it is of another form than the file says. */
export type RawAppender = (column: ColumnBuilder, raw: unknown) => void

/**
 * How a Parquet column's values become those of a table's column, without a loss; undefined where they do not, or not
 * by what Iceberg allows: same type, or one that was promoted. Iceberg spec: Appendix A, "Schema Evolution".
 */
export function rawAppender(type: PrimitiveType, element: SchemaElement): RawAppender | undefined {
  switch (type.kind) {
    case 'boolean':
      return when(element.type === 'BOOLEAN', (column, raw) => appendBoolean(column, flag(raw)))
    case 'int':
    case 'date':
      return when(element.type === 'INT32', (column, raw) => appendInt32(column, number(raw)))
    case 'long':
      return longAppender(element)
    case 'float':
      return when(element.type === 'FLOAT', (column, raw) => appendFloat(column, number(raw)))
    case 'double':
      return when(isFloating(element), (column, raw) => appendDouble(column, number(raw)))
    case 'decimal':
      return decimalAppender(type.scale, element)
    case 'string':
    case 'binary':
      return when(element.type === 'BYTE_ARRAY', (column, raw) => {
        const source = bytes(raw)
        appendBytes(column, source, { start: 0, end: source.length })
      })
    case 'uuid':
      return fixedAppender(16, element)
    case 'fixed':
      return fixedAppender(type.length, element)
    default:
      return timeAppender(type.kind, element)
  }
}

function when(fits: boolean, append: RawAppender): RawAppender | undefined {
  return fits ? append : undefined
}

function isFloating({ type }: SchemaElement): boolean {
  return type === 'FLOAT' || type === 'DOUBLE'
}

const appendLong: RawAppender = (column, raw) => {
  appendInt64(column, long(raw))
}

/** An int that was promoted stays an INT32 in old files. */
function longAppender({ type }: SchemaElement): RawAppender | undefined {
  if (type === 'INT64') return appendLong
  return when(type === 'INT32', (column, raw) => {
    appendInt64(column, BigInt(number(raw)))
  })
}

function fixedAppender(length: number, element: SchemaElement): RawAppender | undefined {
  return when(
    element.type === 'FIXED_LEN_BYTE_ARRAY' && element.type_length === length,
    (column, raw) => {
      appendFixed(column, bytes(raw), 0)
    },
  )
}

/** Any of the four forms that the specification of Parquet has; the scale never changes. */
function decimalAppender(scale: number, element: SchemaElement): RawAppender | undefined {
  const { logical_type: logical } = element
  const written = logical?.type === 'DECIMAL' ? logical.scale : (element.scale ?? 0)
  if (written !== scale) return undefined
  switch (element.type) {
    case 'INT32':
      return (column, raw) => {
        appendDecimal(column, BigInt(number(raw)))
      }
    case 'INT64':
      return (column, raw) => {
        appendDecimal(column, long(raw))
      }
    case 'FIXED_LEN_BYTE_ARRAY':
    case 'BYTE_ARRAY':
      return (column, raw) => {
        appendDecimal(column, decimalFromBytes(bytes(raw)))
      }
    default:
      return undefined
  }
}

type TimeKind = 'time' | 'timestamp' | 'timestamptz' | 'timestamp_ns' | 'timestamptz_ns'

/** Only in the unit that the table has: a unit that is not stated is no proof. */
function timeAppender(kind: TimeKind, element: SchemaElement): RawAppender | undefined {
  const wanted = kind.endsWith('_ns') ? 'NANOS' : 'MICROS'
  return when(element.type === 'INT64' && unitOf(element) === wanted, appendLong)
}

function unitOf({ logical_type: logical, converted_type: converted }: SchemaElement) {
  if (logical?.type === 'TIME' || logical?.type === 'TIMESTAMP') return logical.unit
  return converted === 'TIME_MICROS' || converted === 'TIMESTAMP_MICROS' ? 'MICROS' : undefined
}

function flag(raw: unknown): boolean {
  if (typeof raw === 'boolean') return raw
  throw new TypeError(`a boolean was expected, found ${typeof raw}`)
}

function number(raw: unknown): number {
  if (typeof raw === 'number') return raw
  throw new TypeError(`a number was expected, found ${typeof raw}`)
}

function long(raw: unknown): bigint {
  if (typeof raw === 'bigint') return raw
  throw new TypeError(`an int64 was expected, found ${typeof raw}`)
}

function bytes(raw: unknown): Uint8Array {
  if (raw instanceof Uint8Array) return raw
  throw new TypeError(`bytes were expected, found ${typeof raw}`)
}
