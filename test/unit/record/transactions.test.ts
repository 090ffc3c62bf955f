import { describe, expect, test } from 'vitest'
import { recordBatch, type BatchSpec } from '../../support/record-batch.ts'
import { bytes, fetched, plain, readAll, valuesOf, withRecords } from './batches.ts'

function marker(offset: bigint, producerId: bigint, control: 'abort' | 'commit'): Uint8Array {
  return recordBatch({
    baseOffset: offset,
    lastOffset: offset,
    records: [],
    producerId,
    transactional: true,
    control,
  })
}

const inTransaction = (producerId: bigint): Partial<BatchSpec> => ({
  producerId,
  transactional: true,
})

describe('read_committed', () => {
  test('skips the batches of aborted transactions of two producers, interleaved', () => {
    const batches = [
      plain(0n, ['p1 aborted'], inTransaction(1n)),
      plain(1n, ['p2 aborted'], inTransaction(2n)),
      plain(2n, ['p1 aborted too'], inTransaction(1n)),
      plain(3n, ['plain']),
      marker(4n, 1n, 'abort'),
      plain(5n, ['p1 committed'], inTransaction(1n)),
      plain(6n, ['p2 aborted too'], inTransaction(2n)),
      marker(7n, 2n, 'abort'),
      marker(8n, 1n, 'commit'),
      plain(9n, ['p2 committed'], inTransaction(2n)),
      marker(10n, 2n, 'commit'),
    ]
    // Not in order: a broker's list need not be.
    const aborted = [
      { producerId: 2n, firstOffset: 1n },
      { producerId: 1n, firstOffset: 0n },
    ]
    expect(valuesOf(batches, { aborted })).toEqual({
      values: ['plain', 'p1 committed', 'p2 committed'],
      position: 11n,
    })
  })

  test('a fetch that starts inside an aborted transaction skips the rest of it', () => {
    const batches = [
      plain(6n, ['aborted'], inTransaction(1n)),
      marker(7n, 1n, 'abort'),
      plain(8n, ['committed'], inTransaction(1n)),
    ]
    const aborted = [{ producerId: 1n, firstOffset: 2n }]
    expect(valuesOf(batches, { aborted, position: 6n })).toEqual({
      values: ['committed'],
      position: 9n,
    })
  })

  test('the same producer aborts twice', () => {
    const batches = [
      plain(0n, ['a'], inTransaction(1n)),
      marker(1n, 1n, 'abort'),
      plain(2n, ['b'], inTransaction(1n)),
      marker(3n, 1n, 'commit'),
      plain(4n, ['c'], inTransaction(1n)),
      marker(5n, 1n, 'abort'),
    ]
    const aborted = [
      { producerId: 1n, firstOffset: 0n },
      { producerId: 1n, firstOffset: 4n },
    ]
    expect(valuesOf(batches, { aborted })).toEqual({ values: ['b'], position: 6n })
  })

  test('a batch of the producer outside a transaction is kept', () => {
    const batches = [plain(0n, ['idempotent'], { producerId: 1n })]
    const aborted = [{ producerId: 1n, firstOffset: 0n }]
    expect(valuesOf(batches, { aborted }).values).toEqual(['idempotent'])
  })

  test('a commit marker ends nothing', () => {
    const batches = [
      marker(0n, 1n, 'commit'),
      plain(1n, ['aborted'], inTransaction(1n)),
      marker(2n, 1n, 'abort'),
    ]
    const aborted = [{ producerId: 1n, firstOffset: 1n }]
    expect(valuesOf(batches, { aborted })).toEqual({ values: [], position: 3n })
  })

  test('an aborted batch is not inflated', () => {
    const broken = withRecords(plain(0n, ['x'], inTransaction(1n)), {
      codec: 4,
      records: bytes('not zstd'),
    })
    const aborted = [{ producerId: 1n, firstOffset: 0n }]
    expect(valuesOf([broken], { aborted })).toEqual({ values: [], position: 1n })
  })

  test('reads no further than the last stable offset', () => {
    const batches = [plain(0n, ['a']), plain(1n, ['undecided'], inTransaction(1n))]
    expect(valuesOf(batches, { logEnd: 1n })).toEqual({ values: ['a'], position: 1n })
  })

  test('read_uncommitted takes aborted records and still no markers', () => {
    const batches = [plain(0n, ['aborted'], inTransaction(1n)), marker(1n, 1n, 'abort')]
    const { records, after } = readAll(
      fetched(batches, { aborted: [{ producerId: 1n, firstOffset: 0n }], logEnd: 0n }),
      { isolation: 'read_uncommitted' },
    )
    expect(records.map(({ value }) => value)).toEqual(['aborted'])
    expect(after.position).toBe(2n)
  })
})
