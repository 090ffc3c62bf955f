import { FirnError } from '../core/errors.ts'
import { decimalBytes, decimalFromBytes } from './decimal.ts'
import { typeText } from './type-text.ts'
import type { PrimitiveType, Value } from './types.ts'
import { asBigint, asBoolean, asBytes, asNumber, asText } from './value.ts'

/** A value as single-value binary, as bounds in manifests are stored. Spec: Appendix D. */
export function valueToBytes(type: PrimitiveType, value: Value): Uint8Array {
  switch (type.kind) {
    case 'boolean':
      return new Uint8Array([asBoolean(value) ? 1 : 0])
    case 'int':
    case 'date':
      return packed(4, (view) => view.setInt32(0, asNumber(value), true))
    case 'float':
      return packed(4, (view) => view.setFloat32(0, asNumber(value), true))
    case 'double':
      return packed(8, (view) => view.setFloat64(0, asNumber(value), true))
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return packed(8, (view) => view.setBigInt64(0, asBigint(value), true))
    case 'string':
      return new TextEncoder().encode(asText(value))
    case 'decimal':
      return decimalBytes(asBigint(value))
    default:
      return asBytes(value)
  }
}

/**
 * The value of single-value binary. Bounds are not rewritten when a column is promoted, so a shorter form of a
 * promoted type is read as what it was written as. Spec: "Schema Evolution".
 */
export function valueFromBytes(type: PrimitiveType, bytes: Uint8Array): Value {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (type.kind) {
    case 'boolean':
      return expectLength(type, view, 1).getUint8(0) !== 0
    case 'int':
    case 'date':
      return expectLength(type, view, 4).getInt32(0, true)
    case 'float':
      return expectLength(type, view, 4).getFloat32(0, true)
    case 'double':
      return bytes.length === 4
        ? view.getFloat32(0, true)
        : expectLength(type, view, 8).getFloat64(0, true)
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return readLong(type, view)
    case 'string':
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
    case 'decimal':
      return decimalFromBytes(bytes)
    default:
      return bytes
  }
}

const MICROS_PER_DAY = 86_400_000_000n
const NANOS_PER_MICRO = 1_000n

/** An 8-byte integer, or the 4 bytes of what the column was before its promotion: an int or a date. */
function readLong(type: PrimitiveType, view: DataView): bigint {
  if (view.byteLength !== 4) return expectLength(type, view, 8).getBigInt64(0, true)
  const value = BigInt(view.getInt32(0, true))
  switch (type.kind) {
    case 'long':
      return value
    case 'timestamp':
      return value * MICROS_PER_DAY
    case 'timestamp_ns':
      return value * MICROS_PER_DAY * NANOS_PER_MICRO
    default:
      return expectLength(type, view, 8).getBigInt64(0, true)
  }
}

function packed(length: number, write: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length)
  write(new DataView(bytes.buffer))
  return bytes
}

function expectLength(type: PrimitiveType, view: DataView, length: number): DataView {
  if (view.byteLength === length) return view
  throw new FirnError(
    'MANIFEST_INVALID',
    `a single value of type ${typeText(type)} takes ${length} bytes, found ${view.byteLength}`,
  )
}
