/** Where a value of bytes lies. */
export interface Cut {
  start: number
  end: number
}

/** Bytes seen as a DataView: words at any place, without alignment. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** How many bytes two cuts of the same bytes agree in, which are known to agree up to `from`; at most up to `limit`. */
export function commonPrefix(
  view: DataView,
  left: Cut,
  right: Cut,
  { from, limit }: { readonly from: number; readonly limit: number },
): number {
  const length = Math.min(left.end - left.start, right.end - right.start, limit)
  let at = from
  for (; at + 4 <= length; at += 4) {
    const difference = view.getInt32(left.start + at, true) ^ view.getInt32(right.start + at, true)
    // The lowest bit in which they differ is in the first byte in which they do.
    if (difference !== 0) return at + ((31 - Math.clz32(difference & -difference)) >>> 3)
  }
  while (at < length && view.getUint8(left.start + at) === view.getUint8(right.start + at)) at += 1
  return at
}

/** Whether the bytes [start, end) are those from `other` on. By words: the last first, where most values differ. */
export function isSame(view: DataView, start: number, end: number, other: number): boolean {
  const last = end - 4
  const distance = other - start
  if (last < start) {
    for (let at = start; at < end; at += 1) {
      if (view.getUint8(at) !== view.getUint8(at + distance)) return false
    }
    return true
  }
  if (view.getInt32(last, true) !== view.getInt32(last + distance, true)) return false
  for (let at = start; at < last; at += 4) {
    if (view.getInt32(at, true) !== view.getInt32(at + distance, true)) return false
  }
  return true
}

/** Copies the bytes [from, stop), by words while there are four left; where they end in the target. */
export function copyBytes(
  source: DataView,
  target: DataView,
  { from, stop, to }: { readonly from: number; readonly stop: number; readonly to: number },
): number {
  const distance = to - from
  let at = from
  for (; at + 4 <= stop; at += 4) target.setInt32(at + distance, source.getInt32(at, true), true)
  for (; at < stop; at += 1) target.setUint8(at + distance, source.getUint8(at))
  return stop + distance
}

/** Whether one cut is below another, lexicographically, when they agree in exactly `agreed` bytes. */
export function isBelow(view: DataView, left: Cut, right: Cut, agreed: number): boolean {
  if (right.start + agreed >= right.end) return false
  if (left.start + agreed >= left.end) return true
  return view.getUint8(left.start + agreed) < view.getUint8(right.start + agreed)
}

/** Lexicographic order of unsigned bytes. */
export function compareUnsigned(left: Uint8Array, right: Uint8Array): number {
  return Buffer.compare(left, right)
}

/** Order of big-endian two's complement numbers of one length. */
export function compareSigned(left: Uint8Array, right: Uint8Array): number {
  const signs = signedByte(left) - signedByte(right)
  return signs === 0 ? Buffer.compare(left, right) : signs
}

function signedByte(bytes: Uint8Array): number {
  return ((bytes[0] ?? 0) << 24) >> 24
}
