import { truncateBytes, truncateBytesUp, truncateTextUp } from '../iceberg/bounds.ts'
import { commonPrefix, type Cut, isBelow, viewOf } from './compare-bytes.ts'
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

interface CutPair {
  readonly min: Cut
  readonly max: Cut
}

/** The extremes of text or binary values, at least one. */
export function byteArrayExtremes(
  values: LeafValues,
  selection: Selection,
  cutting: Cutting,
): Extremes {
  const { bytesMax } = cutting
  // One byte more than is kept: of values that agree in that too, all are cut alike.
  const { min, max } = findExtremes(values, selection, bytesMax + 1)
  const [least, greatest] = [bytesIn(values, min), bytesIn(values, max)]
  const minExact = least.length <= bytesMax
  const lower = { min: minExact ? least : cutDown(least, cutting), minExact }
  if (greatest.length <= bytesMax) return { ...lower, max: greatest, maxExact: true }
  const bound = cutUp(greatest, cutting)
  if (bound !== null) return { ...lower, max: bound, maxExact: false }
  // It begins with nothing but the greatest bytes: no shorter bound lies above, so the greatest itself must be found.
  const whole = findExtremes(values, selection, Infinity)
  return { ...lower, max: bytesIn(values, whole.max), maxExact: true }
}

function bytesIn({ bytes }: LeafValues, { start, end }: Cut): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end))
}

/** Values are compared in their first `limit` bytes: of those that agree so far any may stand for the others. */
function findExtremes(
  { bytes, offsets }: LeafValues,
  { start, end, picks }: Selection,
  limit: number,
): CutPair {
  const view = viewOf(bytes)
  const first = picks === undefined ? start : (picks[start] ?? 0)
  const min = { start: offsets[first] ?? 0, end: offsets[first + 1] ?? 0 }
  const max = { ...min }
  const value = { ...min }
  const whole = { from: 0, limit }
  // What min and max agree in, every value between them agrees in as well: it is compared once, not twice.
  const rest = { from: commonPrefix(view, min, max, whole), limit }
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
  return { min, max }
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
  return { min: new Uint8Array(min), minExact: true, max: new Uint8Array(max), maxExact: true }
}
