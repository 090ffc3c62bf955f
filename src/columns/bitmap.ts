/** Arrow's bitmaps: bit i of a column is bit i % 8 of byte ⌊i / 8⌋. */

export function bitmapBytes(bits: number): number {
  return (bits + 7) >>> 3
}

export function getBit(bitmap: Uint8Array, index: number): boolean {
  return (((bitmap[index >>> 3] ?? 0) >>> (index & 7)) & 1) === 1
}

export function setBit(bitmap: Uint8Array, index: number): void {
  bitmap[index >>> 3] = (bitmap[index >>> 3] ?? 0) | (1 << (index & 7))
}

export function clearBit(bitmap: Uint8Array, index: number): void {
  bitmap[index >>> 3] = (bitmap[index >>> 3] ?? 0) & ~(1 << (index & 7))
}

/** Sets the bits [start, end). */
export function setBits(bitmap: Uint8Array, start: number, end: number): void {
  let index = start
  while (index < end && (index & 7) !== 0) setBit(bitmap, index++)
  const whole = end >>> 3
  if (index >>> 3 < whole) {
    bitmap.fill(0xff, index >>> 3, whole)
    index = whole * 8
  }
  while (index < end) setBit(bitmap, index++)
}
