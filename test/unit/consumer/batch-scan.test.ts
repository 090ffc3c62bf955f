import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanBatches } from '../../../src/consumer/batch-scan.ts'
import { recordBatch } from '../../support/record-batch.ts'

const value = Buffer.from('v')
const batch = (baseOffset: bigint, lastOffset: bigint, leaderEpoch = 0): Uint8Array =>
  recordBatch({
    baseOffset,
    lastOffset,
    leaderEpoch,
    records: [{ offset: baseOffset, timestampMs: 1, value }],
  })
const changed = (bytes: Uint8Array, change: (bytes: Buffer) => void): Uint8Array => {
  const copy = Buffer.from(bytes)
  change(copy)
  return copy
}

describe('scanning batch headers', () => {
  test('nothing leaves the position where it was', () => {
    expect(scanBatches(new Uint8Array(0), 7n)).toEqual({
      next: 7n,
      leaderEpoch: undefined,
      wholeBytes: 0,
      end: { kind: 'whole' },
    })
  })

  test('goes behind the last offset of the last batch, also where compaction left fewer records', () => {
    const empty = recordBatch({ baseOffset: 20n, lastOffset: 40n, leaderEpoch: 3, records: [] })
    const bytes = Buffer.concat([batch(10n, 14n), empty])
    expect(scanBatches(bytes, 12n)).toEqual({
      next: 41n,
      leaderEpoch: 3,
      wholeBytes: bytes.length,
      end: { kind: 'whole' },
    })
  })

  test('a position is 64 bits', () => {
    const far = 2n ** 62n
    expect(scanBatches(batch(far, far + 9n), far).next).toBe(far + 10n)
  })

  test('an epoch of -1 is none', () => {
    expect(scanBatches(batch(0n, 0n, -1), 0n).leaderEpoch).toBeUndefined()
  })

  test('wherever a response is cut, the position is that behind the last whole batch', () => {
    const batches = [batch(5n, 5n), batch(6n, 9n), batch(12n, 12n)]
    const bytes = Buffer.concat(batches)
    const ends = batches.map((_, index) => Buffer.concat(batches.slice(0, index + 1)).length)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length }), (cut) => {
        const scan = scanBatches(bytes.subarray(0, cut), 5n)
        const whole = ends.filter((end) => end <= cut).length
        expect(scan.wholeBytes).toBe(whole === 0 ? 0 : ends[whole - 1])
        expect(scan.next).toBe([5n, 6n, 10n, 13n][whole])
        expect(scan.end.kind).toBe(scan.wholeBytes === cut ? 'whole' : 'torn')
      }),
    )
  })

  test.each([
    ['old-format', 16, 1, 'message format 1'],
    ['old-format', 16, 0, 'message format 0'],
    ['corrupt', 16, 9, 'message format 9'],
  ] as const)('%s by its magic byte, at its offset', (kind, at, byte, found) => {
    const bad = changed(batch(8n, 8n), (bytes) => {
      bytes[at] = byte
    })
    const scan = scanBatches(Buffer.concat([batch(7n, 7n), bad]), 7n)
    expect(scan.next).toBe(8n)
    expect(scan.end).toEqual({ kind, offset: 8n, found })
  })

  test.each([
    ['a length of 0 bytes', 8, 0],
    ['a length of -5 bytes', 8, -5],
    ['a length of 48 bytes', 8, 48],
    ['a last offset delta of -1', 23, -1],
  ] as const)('%s is corrupt, and no endless loop', (found, at, number) => {
    const bad = changed(batch(8n, 8n), (bytes) => {
      bytes.writeInt32BE(number, at)
    })
    expect(scanBatches(bad, 8n)).toMatchObject({
      next: 8n,
      wholeBytes: 0,
      end: { kind: 'corrupt', offset: 8n, found },
    })
  })

  test('ends on any bytes, inside them, and never goes back', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.bigInt(0n, 2n ** 62n),
        (bytes, position) => {
          const scan = scanBatches(bytes, position)
          expect(scan.wholeBytes).toBeLessThanOrEqual(bytes.length)
          expect(scan.next).toBeGreaterThanOrEqual(position)
        },
      ),
    )
  })
})
