/**
 * Bounds of text and bytes, cut to a length: a lower bound is a prefix; an upper bound is a prefix made greater
 * than all that start with it, and there may be none.
 */

const CODE_POINT_MAX = 0x10ffff
const SURROGATE_MIN = 0xd800
const SURROGATE_MAX = 0xdfff

/** At most so many code points of a text. */
export function truncateText(text: string, codePoints: number): string {
  // A code point is one or two UTF-16 units: a text of no more units is no longer in code points.
  if (text.length <= codePoints) return text
  let end = 0
  for (let count = 0; count < codePoints && end < text.length; count += 1) {
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1
  }
  return text.slice(0, end)
}

/** An upper bound of at most so many code points; null where all of them are the greatest there is. */
export function truncateTextUp(text: string, codePoints: number): string | null {
  const prefix = truncateText(text, codePoints)
  if (prefix.length === text.length) return text
  const points = Array.from(prefix, (point) => point.codePointAt(0) ?? 0)
  for (let last = points.length - 1; last >= 0; last -= 1) {
    const next = nextCodePoint(points[last] ?? CODE_POINT_MAX)
    if (next !== null) return String.fromCodePoint(...points.slice(0, last), next)
  }
  return null
}

/** At most so many bytes. */
export function truncateBytes(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.subarray(0, length)
}

/** An upper bound of at most so many bytes; null where all of them are 0xff. */
export function truncateBytesUp(bytes: Uint8Array, length: number): Uint8Array | null {
  if (bytes.length <= length) return bytes
  for (let last = length - 1; last >= 0; last -= 1) {
    const byte = bytes[last] ?? 0xff
    if (byte < 0xff) {
      const bound = bytes.slice(0, last + 1)
      bound[last] = byte + 1
      return bound
    }
  }
  return null
}

/** Surrogates are no code points that UTF-8 can hold: they are stepped over. */
function nextCodePoint(point: number): number | null {
  if (point >= CODE_POINT_MAX) return null
  const next = point + 1
  return next >= SURROGATE_MIN && next <= SURROGATE_MAX ? SURROGATE_MAX + 1 : next
}
