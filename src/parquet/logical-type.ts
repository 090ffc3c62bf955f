import type { PrimitiveType } from '../iceberg/types.ts'
import { decimalByteLength } from '../iceberg/decimal.ts'
import type { Converted, Physical } from './format.ts'
import type { ThriftWriter } from './thrift.ts'

/** How Parquet stores a primitive type. Iceberg spec: Appendix A, "Parquet". */
export interface Storage {
  readonly physical: Physical
  /** Bytes of a FIXED_LEN_BYTE_ARRAY, else 0. */
  readonly typeLength: number
  readonly logical?: LogicalType
  /** What readers older than logical types look at. */
  readonly converted?: Converted
}

export type LogicalType =
  | { readonly kind: 'STRING' | 'MAP' | 'LIST' | 'DATE' | 'UUID' }
  | { readonly kind: 'DECIMAL'; readonly precision: number; readonly scale: number }
  | {
      readonly kind: 'TIME' | 'TIMESTAMP'
      readonly utc: boolean
      readonly unit: 'MICROS' | 'NANOS'
    }

const UNION_FIELD = {
  STRING: 1,
  MAP: 2,
  LIST: 3,
  DECIMAL: 5,
  DATE: 6,
  TIME: 7,
  TIMESTAMP: 8,
  UUID: 14,
}
const UNIT_FIELD = { MICROS: 2, NANOS: 3 }

const INT32_DIGITS_MAX = 9
const INT64_DIGITS_MAX = 18

export function storageOf(type: PrimitiveType): Storage {
  switch (type.kind) {
    case 'boolean':
      return plain('BOOLEAN')
    case 'int':
      return plain('INT32')
    case 'long':
      return plain('INT64')
    case 'float':
      return plain('FLOAT')
    case 'double':
      return plain('DOUBLE')
    case 'date':
      return { ...plain('INT32'), logical: { kind: 'DATE' }, converted: 'DATE' }
    case 'string':
      return { ...plain('BYTE_ARRAY'), logical: { kind: 'STRING' }, converted: 'UTF8' }
    case 'binary':
      return plain('BYTE_ARRAY')
    case 'uuid':
      return { physical: 'FIXED_LEN_BYTE_ARRAY', typeLength: 16, logical: { kind: 'UUID' } }
    case 'fixed':
      return { physical: 'FIXED_LEN_BYTE_ARRAY', typeLength: type.length }
    case 'decimal':
      return decimalStorage(type)
    default:
      return timeStorage(type.kind)
  }
}

function plain(physical: Physical): Storage {
  return { physical, typeLength: 0 }
}

function decimalStorage({ precision, scale }: PrimitiveType & { kind: 'decimal' }): Storage {
  const annotated = {
    logical: { kind: 'DECIMAL', precision, scale },
    converted: 'DECIMAL',
  } as const
  if (precision <= INT32_DIGITS_MAX) return { ...plain('INT32'), ...annotated }
  if (precision <= INT64_DIGITS_MAX) return { ...plain('INT64'), ...annotated }
  return {
    physical: 'FIXED_LEN_BYTE_ARRAY',
    typeLength: decimalByteLength(precision),
    ...annotated,
  }
}

type TimeKind = 'time' | 'timestamp' | 'timestamptz' | 'timestamp_ns' | 'timestamptz_ns'

/**
 * The converted types of micros stand for UTC, but Parquet's specification has writers set them on local time as well;
 * for nanos there is none.
 */
function timeStorage(kind: TimeKind): Storage {
  if (kind === 'time') {
    return {
      ...plain('INT64'),
      logical: { kind: 'TIME', utc: false, unit: 'MICROS' },
      converted: 'TIME_MICROS',
    }
  }
  const utc = kind.startsWith('timestamptz')
  return kind.endsWith('_ns')
    ? { ...plain('INT64'), logical: { kind: 'TIMESTAMP', utc, unit: 'NANOS' } }
    : {
        ...plain('INT64'),
        logical: { kind: 'TIMESTAMP', utc, unit: 'MICROS' },
        converted: 'TIMESTAMP_MICROS',
      }
}

/** The union `LogicalType` of parquet.thrift, as a field of the struct being written. */
export function writeLogicalType(thrift: ThriftWriter, id: number, logical: LogicalType): void {
  thrift.struct(id, () => {
    thrift.struct(UNION_FIELD[logical.kind], () => {
      if (logical.kind === 'DECIMAL') {
        thrift.int32(1, logical.scale)
        thrift.int32(2, logical.precision)
      } else if (logical.kind === 'TIME' || logical.kind === 'TIMESTAMP') {
        thrift.bool(1, logical.utc)
        const { unit } = logical
        thrift.struct(2, () => thrift.struct(UNIT_FIELD[unit], () => undefined))
      }
    })
  })
}
