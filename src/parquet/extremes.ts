import { byteArrayExtremes, fixedExtremes, type Selection } from './byte-extremes.ts'
import { compareSigned, compareUnsigned } from './compare-bytes.ts'
import type { LeafValues } from './leaf-values.ts'
import type { Leaf } from './parquet-schema.ts'

/** A value as statistics hold it: number of INT32, FLOAT, DOUBLE, BOOLEAN; bigint of INT64; bytes of the others. */
export type StatisticsValue = number | bigint | Uint8Array

/**
 * The least and the greatest value of a page, a chunk or a file; without NaN. Long text and bytes are cut: then a
 * bound is not exact, and lies below or above all values.
 */
export interface Extremes {
  readonly min: StatisticsValue
  readonly minExact: boolean
  readonly max: StatisticsValue
  readonly maxExact: boolean
}

interface Range {
  readonly start: number
  readonly end: number
}

/**
 * The extremes of the selected values; undefined where there is none, or only NaN. And of uuids: Iceberg's Java library
 * compares them as two signed longs (apache/iceberg#14216), the specification as bytes. With bounds by either rule, in
 * the footer as in a manifest, a reader by the other passes over rows that it must find.
 */
export function extremesOf(
  leaf: Leaf,
  values: LeafValues,
  range: Selection,
  bytesMax: number,
): Extremes | undefined {
  if (range.start >= range.end || leaf.type.kind === 'uuid') return undefined
  switch (leaf.storage.physical) {
    case 'BOOLEAN':
      return booleanExtremes(values.bytes, range)
    case 'INT32':
      return int32Extremes(values.words, range)
    case 'INT64':
      return int64Extremes(values.words, range)
    case 'FLOAT':
      return floatExtremes(values.floats, range)
    case 'DOUBLE':
      return doubleExtremes(values.doubles, range)
    case 'BYTE_ARRAY':
      return byteArrayExtremes(values, range, { bytesMax, text: leaf.type.kind === 'string' })
    case 'FIXED_LEN_BYTE_ARRAY':
      return fixedExtremes(values, range, comparison(leaf))
  }
}

/** The extremes of two parts together. */
export function merged(
  leaf: Leaf,
  left: Extremes | undefined,
  right: Extremes | undefined,
): Extremes | undefined {
  if (left === undefined || right === undefined) return left ?? right
  const lower = compareValues(leaf, left.min, right.min) <= 0 ? left : right
  const upper = compareValues(leaf, left.max, right.max) >= 0 ? left : right
  return {
    min: lower.min,
    minExact: lower.minExact,
    max: upper.max,
    maxExact: upper.maxExact,
  }
}

/** The order that Parquet defines for a leaf's type. Parquet spec: `ColumnOrder`. */
export function compareValues(leaf: Leaf, left: StatisticsValue, right: StatisticsValue): number {
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    return comparison(leaf)(left, right)
  }
  if (left === right) return compareZeros(left, right)
  return left < right ? -1 : 1
}

/** −0 is below +0 here, so that merging keeps the signs that `zeros` set. */
function compareZeros(left: StatisticsValue, right: StatisticsValue): number {
  return Object.is(left, right) ? 0 : Object.is(left, -0) ? -1 : 1
}

function comparison(leaf: Leaf): (left: Uint8Array, right: Uint8Array) => number {
  return leaf.type.kind === 'decimal' ? compareSigned : compareUnsigned
}

function exact(min: StatisticsValue, max: StatisticsValue): Extremes {
  return { min, minExact: true, max, maxExact: true }
}

function booleanExtremes(bytes: Uint8Array, { start, end }: Range): Extremes {
  let min = 1
  let max = 0
  for (let index = start; index < end; index += 1) {
    const value = bytes[index] ?? 0
    min &= value
    max |= value
  }
  return exact(min, max)
}

function int32Extremes(words: Int32Array, { start, end }: Range): Extremes {
  let min = words[start] ?? 0
  let max = min
  for (let index = start + 1; index < end; index += 1) {
    const value = words[index] ?? 0
    if (value < min) min = value
    else if (value > max) max = value
  }
  return exact(min, max)
}

/** By halves: the high words decide, the low ones unsigned. */
function int64Extremes(words: Int32Array, { start, end }: Range): Extremes {
  let minHigh = words[start * 2 + 1] ?? 0
  let minLow = (words[start * 2] ?? 0) >>> 0
  let maxHigh = minHigh
  let maxLow = minLow
  for (let at = start * 2 + 2; at < end * 2; at += 2) {
    const high = words[at + 1] ?? 0
    const low = (words[at] ?? 0) >>> 0
    if (high < minHigh || (high === minHigh && low < minLow)) {
      minHigh = high
      minLow = low
    } else if (high > maxHigh || (high === maxHigh && low > maxLow)) {
      maxHigh = high
      maxLow = low
    }
  }
  return exact(joined(minLow, minHigh), joined(maxLow, maxHigh))
}

function joined(low: number, high: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low)
}

function floatExtremes(values: Float32Array, { start, end }: Range): Extremes | undefined {
  let min = Infinity
  let max = -Infinity
  let found = false
  for (let index = start; index < end; index += 1) {
    const value = values[index] ?? 0
    // NaN is no value in bounds.
    if (value !== value) continue
    found = true
    if (value < min) min = value
    if (value > max) max = value
  }
  return found ? zeros(min, max) : undefined
}

function doubleExtremes(values: Float64Array, { start, end }: Range): Extremes | undefined {
  let min = Infinity
  let max = -Infinity
  let found = false
  for (let index = start; index < end; index += 1) {
    const value = values[index] ?? 0
    if (value !== value) continue
    found = true
    if (value < min) min = value
    if (value > max) max = value
  }
  return found ? zeros(min, max) : undefined
}

/** A bound of zero stands for both zeros: −0 below, +0 above. Parquet spec: `ColumnOrder`. */
function zeros(min: number, max: number): Extremes {
  return exact(min === 0 ? -0 : min, max === 0 ? 0 : max)
}

/** How many values are NaN. */
export function nanCount({ storage }: Leaf, { doubles, floats, count }: LeafValues): number {
  let nans = 0
  if (storage.physical === 'DOUBLE') {
    for (let index = 0; index < count; index += 1) if (Number.isNaN(doubles[index])) nans += 1
  } else if (storage.physical === 'FLOAT') {
    for (let index = 0; index < count; index += 1) if (Number.isNaN(floats[index])) nans += 1
  }
  return nans
}
