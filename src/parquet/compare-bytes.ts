/** Where a value of bytes lies. */
export interface Cut {
  start: number
  end: number
}

/** How many bytes two cuts of the same bytes agree in, which are known to agree up to `from`; at most up to `limit`. */
export function commonPrefix(
  bytes: Uint8Array,
  left: Cut,
  right: Cut,
  { from, limit }: { readonly from: number; readonly limit: number },
): number {
  const length = Math.min(left.end - left.start, right.end - right.start, limit)
  let at = from
  while (at < length && bytes[left.start + at] === bytes[right.start + at]) at += 1
  return at
}

/** Whether one cut is below another, lexicographically, when they agree in exactly `agreed` bytes. */
export function isBelow(bytes: Uint8Array, left: Cut, right: Cut, agreed: number): boolean {
  if (right.start + agreed >= right.end) return false
  if (left.start + agreed >= left.end) return true
  return (bytes[left.start + agreed] ?? 0) < (bytes[right.start + agreed] ?? 0)
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
