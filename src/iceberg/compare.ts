import type { PrimitiveType, Value } from './types.ts'
import { asBigint, asBytes, asNumber, asText } from './value.ts'

export type Comparator = (left: Value, right: Value) => number

/**
 * The order of a type's values: bytes unsigned, strings by code points (the order of their UTF-8 bytes),
 * floating-point numbers with -0 before 0 and NaN last. Spec: "Sorting".
 */
export function comparatorOf(type: PrimitiveType): Comparator {
  switch (type.kind) {
    case 'boolean':
      return (left, right) => Number(left) - Number(right)
    case 'int':
    case 'date':
      return (left, right) => asNumber(left) - asNumber(right)
    case 'float':
    case 'double':
      return (left, right) => compareFloats(asNumber(left), asNumber(right))
    case 'string':
      return (left, right) => compareTexts(asText(left), asText(right))
    case 'uuid':
    case 'fixed':
    case 'binary':
      return (left, right) => Buffer.compare(asBytes(left), asBytes(right))
    default:
      return (left, right) => compareBigints(asBigint(left), asBigint(right))
  }
}

/**
 * The order of uuids in Iceberg's Java library: as two signed longs, not as bytes (apache/iceberg issue 14216). Bounds
 * of uuids are safe for all readers only where both orders find the same least and greatest value.
 */
export function compareUuidsAsJava(left: Uint8Array, right: Uint8Array): number {
  return compareLongs(left, right, 0) || compareLongs(left, right, 8)
}

function compareLongs(left: Uint8Array, right: Uint8Array, at: number): number {
  const signs = ((right[at] ?? 0) >> 7) - ((left[at] ?? 0) >> 7)
  return signs || Buffer.compare(left.subarray(at, at + 8), right.subarray(at, at + 8))
}

function compareBigints(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0
}

function compareFloats(left: number, right: number): number {
  if (left < right) return -1
  if (left > right) return 1
  return rank(left) - rank(right)
}

/** Tells apart what `<` and `>` do not: -0, 0 and NaN. */
function rank(value: number): number {
  if (Number.isNaN(value)) return 2
  return Object.is(value, -0) ? 0 : 1
}

/** Compares by code points, which UTF-16's order is not where surrogates meet units above them. */
function compareTexts(left: string, right: string): number {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at += 1) {
    const [a, b] = [left.charCodeAt(at), right.charCodeAt(at)]
    if (a !== b) return liftSurrogate(a) - liftSurrogate(b)
  }
  return left.length - right.length
}

/** UTF-16 units of surrogate pairs stand for code points above all others. */
function liftSurrogate(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
