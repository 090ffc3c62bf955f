import * as fc from 'fast-check'
import type { PrimitiveType, Value } from '../../../src/iceberg/types.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

export const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
export const int64 = fc.bigInt({ min: INT64_MIN, max: INT64_MAX })
export const positiveInt64 = fc.bigInt({ min: 1n, max: INT64_MAX })
export const bytes = fc.uint8Array({ maxLength: 40 })
/** Whole code points: what UTF-8 can hold. */
export const text = fc.string({ unit: 'binary', maxLength: 30 })

const plain = fc
  .constantFrom(
    'boolean',
    'int',
    'long',
    'float',
    'double',
    'date',
    'time',
    'timestamp',
    'timestamptz',
    'timestamp_ns',
    'timestamptz_ns',
    'string',
    'uuid',
    'binary',
  )
  .map((kind): PrimitiveType => ({ kind }))
const decimal = fc
  .integer({ min: 1, max: 38 })
  .chain((precision) =>
    fc
      .integer({ min: 0, max: precision })
      .map((scale): PrimitiveType => ({ kind: 'decimal', precision, scale })),
  )
const fixed = fc
  .integer({ min: 1, max: 20 })
  .map((length): PrimitiveType => ({ kind: 'fixed', length }))

export const primitiveType: fc.Arbitrary<PrimitiveType> = fc.oneof(plain, plain, decimal, fixed)

/** Any value of a type, all of its range. */
export function valueOf(type: PrimitiveType): fc.Arbitrary<Value> {
  switch (type.kind) {
    case 'boolean':
      return fc.boolean()
    case 'int':
    case 'date':
      return int32
    case 'float':
      return fc.float()
    case 'double':
      return fc.double()
    case 'time':
      return fc.bigInt({ min: 0n, max: 86_400_000_000n - 1n })
    case 'long':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return int64
    case 'decimal': {
      const max = 10n ** BigInt(type.precision) - 1n
      return fc.bigInt({ min: -max, max })
    }
    case 'string':
      return text
    default:
      return bytesOf(type)
  }
}

function bytesOf(type: PrimitiveType): fc.Arbitrary<Uint8Array> {
  const length = type.kind === 'uuid' ? 16 : type.kind === 'fixed' ? type.length : undefined
  return length === undefined ? bytes : fc.uint8Array({ minLength: length, maxLength: length })
}

/** A type and some of its values. */
export function typeAndValues(
  types: fc.Arbitrary<PrimitiveType> = primitiveType,
): fc.Arbitrary<{ type: PrimitiveType; values: Value[] }> {
  return types.chain((type) =>
    fc.array(valueOf(type), { minLength: 1, maxLength: 8 }).map((values) => ({ type, values })),
  )
}
