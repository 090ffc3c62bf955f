import { truncateBytes, truncateBytesUp, truncateTextUp } from '../iceberg/bounds.ts'
import { commonPrefix, isBelow, viewOf } from './compare-bytes.ts'
import type { Extremes } from './extremes.ts'
import type { LeafValues } from './leaf-values.ts'

/** Which values to look at: those of the places [start, end), or those that `picks` names there. */
export interface Selection {
  readonly start: number
  readonly end: number
  readonly picks: Int32Array | undefined
}

/** How statistics show long values. */
export interface Cutting {
  /** Bytes of a value that they keep; Infinity keeps all. */
  readonly bytesMax: number
  /** Text is cut between code points. */
  readonly text: boolean
}

/**
 * The extremes of text or binary values, at least one. Values are compared as far as statistics show them: of those
 * that agree so far, any may stand for the others, as its bound is cut there.
 */
export function byteArrayExtremes(
  { bytes, offsets }: LeafValues,
  { start, end, picks }: Selection,
  cutting: Cutting,
): Extremes {
  const view = viewOf(bytes)
  // One byte more than is kept: where that agrees too, both values are cut.
  const limit = cutting.bytesMax + 1
  const first = picks === undefined ? start : (picks[start] ?? 0)
  const min = { start: offsets[first] ?? 0, end: offsets[first + 1] ?? 0 }
  const max = { ...min }
  const value = { ...min }
  // What min and max agree in, every value between them agrees in as well: it is compared once, not twice.
  const whole = { from: 0, limit }
  const rest = { from: 0, limit }
  rest.from = commonPrefix(view, min, max, whole)
  for (let index = start + 1; index < end; index += 1) {
    const place = picks === undefined ? index : (picks[index] ?? 0)
    value.start = offsets[place] ?? 0
    value.end = offsets[place + 1] ?? 0
    const withMin = commonPrefix(view, value, min, whole)
    if (withMin >= limit) continue
    let extreme = min
    if (!isBelow(view, value, min, withMin)) {
      const withMax = withMin < rest.from ? withMin : commonPrefix(view, value, max, rest)
      if (withMax >= limit || !isBelow(view, max, value, withMax)) continue
      extreme = max
    }
    extreme.start = value.start
    extreme.end = value.end
    rest.from = commonPrefix(view, min, max, whole)
  }
  return cutExtremes(
    Uint8Array.from(bytes.subarray(min.start, min.end)),
    Uint8Array.from(bytes.subarray(max.start, max.end)),
    cutting,
  )
}

function cutExtremes(min: Uint8Array, max: Uint8Array, cutting: Cutting): Extremes {
  const cutMax = max.length > cutting.bytesMax ? cutUp(max, cutting) : null
  return {
    min: min.length > cutting.bytesMax ? cutDown(min, cutting) : min,
    minExact: min.length <= cutting.bytesMax,
    // A value of nothing but the greatest bytes has no shorter bound above it.
    max: cutMax ?? max,
    maxExact: cutMax === null,
  }
}

function cutDown(value: Uint8Array, { bytesMax, text }: Cutting): Uint8Array {
  return truncateBytes(value, text ? codePointStart(value, bytesMax) : bytesMax)
}

function cutUp(value: Uint8Array, { bytesMax, text }: Cutting): Uint8Array | null {
  if (!text) return truncateBytesUp(value, bytesMax)
  const kept = Buffer.from(value.subarray(0, codePointStart(value, bytesMax))).toString('utf8')
  const bound = truncateTextUp(`${kept}\0`, Array.from(kept).length)
  return bound === null ? null : Buffer.from(bound)
}

/** The last start of a code point at or before a place in UTF-8. */
function codePointStart(value: Uint8Array, place: number): number {
  let start = place
  while (start > 0 && ((value[start] ?? 0) & 0xc0) === 0x80) start -= 1
  return start
}

/** The extremes of values of one width, at least one, in the order of `compare`. */
export function fixedExtremes(
  { bytes, width }: LeafValues,
  { start, end }: Selection,
  compare: (left: Uint8Array, right: Uint8Array) => number,
): Extremes {
  const valueAt = (index: number): Uint8Array => bytes.subarray(index * width, (index + 1) * width)
  let min = valueAt(start)
  let max = min
  for (let index = start + 1; index < end; index += 1) {
    const value = valueAt(index)
    if (compare(value, min) < 0) min = value
    else if (compare(value, max) > 0) max = value
  }
  return { min: Uint8Array.from(min), minExact: true, max: Uint8Array.from(max), maxExact: true }
}
