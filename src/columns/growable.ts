import { assert } from '../core/assert.ts'

/** Arrow's 32-bit offsets: no array of a column holds more than this many slots or bytes. */
const CAPACITY_MAX = 2 ** 31 - 1

const CAPACITY_MIN = 64

/**
 * The next capacity of an array that must hold `needed`: doubles while small, then by half, so that what is allocated
 * never passes twice what is used, and a large column never asks for twice itself.
 */
export function grownCapacity(capacity: number, needed: number): number {
  assert(needed <= CAPACITY_MAX, 'a column is sealed before it passes 2 GiB')
  const LARGE = 2 ** 20
  const step = capacity < LARGE ? capacity * 2 : capacity + capacity / 2
  return Math.min(CAPACITY_MAX, Math.max(CAPACITY_MIN, Math.ceil(step), needed))
}

/** Copies of arrays with more room. Kept apart so that each has one kind of array in its loops. */
export function grownInt32(old: Int32Array, length: number): Int32Array {
  const grown = new Int32Array(length)
  grown.set(old)
  return grown
}

export function grownFloat32(old: Float32Array, length: number): Float32Array {
  const grown = new Float32Array(length)
  grown.set(old)
  return grown
}

export function grownFloat64(old: Float64Array, length: number): Float64Array {
  const grown = new Float64Array(length)
  grown.set(old)
  return grown
}

/** Not zeroed beyond the copy: nothing reads a byte that was not written. */
export function grownBytes(old: Buffer, length: number): Buffer {
  const grown = Buffer.allocUnsafeSlow(length)
  old.copy(grown)
  return grown
}
