import { expect, test } from 'vitest'
import { release } from '../../../src/core/release.ts'

test('gives back memory of its own, whatever part of it the view shows', () => {
  const whole = Buffer.allocUnsafeSlow(Buffer.poolSize + 1)
  release(whole.subarray(0, 10))
  expect(whole.byteLength).toBe(0)
  expect(whole.buffer.byteLength).toBe(0)
})

test('gives back memory of the size of the pool that one view has for itself', () => {
  const whole = new Uint8Array(Buffer.poolSize)
  release(whole)
  expect(whole.byteLength).toBe(0)
})

test('leaves the pool of small Buffers alone', () => {
  const mine = Buffer.from('mine')
  const neighbour = Buffer.from('neighbour')
  release(mine)
  expect(mine.toString()).toBe('mine')
  expect(neighbour.toString()).toBe('neighbour')
})
