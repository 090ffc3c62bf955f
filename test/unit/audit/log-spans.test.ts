import { describe, expect, test } from 'vitest'
import { findKey } from '../../../src/audit/find-key.ts'
import { type Isolation, logSpans } from '../../../src/audit/log-spans.ts'
import { readLog } from '../../../src/audit/read-log.ts'
import type { FetchedBatch, FetchEvent } from '../../../src/consumer/record-source.ts'
import { FirnError } from '../../../src/core/errors.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import { type BatchSpec, recordBatch, type RecordSpec } from '../../support/record-batch.ts'
import { at, ORDERS, ORDERS_ID, range } from '../commit/fixtures.ts'

const record = (offset: number, key: string | null = null): RecordSpec => ({
  offset: BigInt(offset),
  timestampMs: 0,
  key: key === null ? null : Buffer.from(key),
  value: Buffer.from('{}'),
})

/** A batch of the records at these offsets, whose last offset may lie further. */
const batch = (
  offsets: readonly number[],
  more: Partial<BatchSpec> = {},
): Uint8Array<ArrayBuffer> =>
  recordBatch({
    baseOffset: BigInt(offsets[0] ?? 0),
    lastOffset: BigInt(offsets.at(-1) ?? 0),
    records: offsets.map((offset) => record(offset)),
    ...more,
  })

const fetched = (
  position: number,
  batches: readonly Uint8Array[],
  more: Partial<FetchedBatch> = {},
): FetchedBatch => ({
  kind: 'batch',
  topic: ORDERS,
  partition: 0,
  topicId: ORDERS_ID,
  position: BigInt(position),
  bytes: Uint8Array.from(Buffer.concat(batches)),
  abortedTransactions: [],
  logStart: 0n,
  logEnd: 1_000n,
  highWatermark: 1_000n,
  ...more,
})

const spans = (of: FetchedBatch, isolation: Isolation = 'read_committed'): string[] =>
  [...logSpans(of, isolation)].map(({ kind, start, end }) => `${kind} ${start}-${end}`)

describe('what the log says of positions', () => {
  test('a batch whose positions are all taken is one span', () => {
    expect(spans(fetched(5, [batch([5, 6, 7]), batch([8])]))).toEqual([
      'records 5-8',
      'records 8-9',
    ])
  })

  test('begins where it was asked, inside a batch too', () => {
    expect(spans(fetched(6, [batch([5, 6, 7])]))).toEqual(['records 6-8'])
    expect(spans(fetched(9, [batch([5, 6, 7])]))).toEqual([])
  })

  test('what compaction took is absent: before, within and at the end of a batch, and whole batches', () => {
    const thin = batch([12, 15], { lastOffset: 19n, baseOffset: 10n })
    expect(spans(fetched(7, [thin, batch([], { baseOffset: 22n, lastOffset: 24n })]))).toEqual([
      'absent 7-10',
      'absent 10-12',
      'records 12-13',
      'absent 13-15',
      'records 15-16',
      'absent 16-20',
      'absent 20-22',
      'absent 22-25',
    ])
  })

  const ABORTED = [
    batch([0, 1], { producerId: 9n, transactional: true }),
    batch([2], { producerId: 8n, transactional: true }),
    recordBatch({ baseOffset: 3n, lastOffset: 3n, records: [], producerId: 9n, control: 'abort' }),
    batch([4], { producerId: 9n, transactional: true }),
    recordBatch({ baseOffset: 5n, lastOffset: 5n, records: [], producerId: 9n, control: 'commit' }),
  ]
  const abortedTransactions = [{ producerId: 9n, firstOffset: 0n }]

  test('aborted transactions and markers are told apart from records', () => {
    expect(spans(fetched(0, ABORTED, { abortedTransactions }))).toEqual([
      'aborted 0-2',
      'records 2-3',
      'control 3-4',
      'records 4-5',
      'control 5-6',
    ])
  })

  test('under read_uncommitted, aborted records are records', () => {
    expect(spans(fetched(0, ABORTED), 'read_uncommitted')[0]).toBe('records 0-2')
  })

  test('stops at the last stable offset and before a torn batch', () => {
    expect(spans(fetched(0, [batch([0]), batch([1])], { logEnd: 1n }))).toEqual(['records 0-1'])
    expect(spans(fetched(0, [batch([0]), batch([1]).subarray(0, 30)]))).toEqual(['records 0-1'])
  })

  test('a damaged batch is no proof', () => {
    const damaged = batch([5])
    damaged[40] = (damaged[40] ?? 0) ^ 1
    expect(() => spans(fetched(5, [damaged]))).toThrow(/orders\/0 at offset 5 .*CRC-32C/)
  })
})

/** A source that tells events as they are given. */
function scripted(rounds: readonly (readonly FetchEvent[])[]) {
  const left = [...rounds]
  const calls: string[] = []
  return {
    calls,
    seek: (partition: { partition: number }, { position }: { position: bigint }) => {
      calls.push(`seek ${partition.partition} ${position}`)
    },
    stop: ({ partition }: { partition: number }) => {
      calls.push(`stop ${partition}`)
    },
    poll: async () => left.shift() ?? [],
  }
}

const clockOf = (stepMs: number) => {
  let nowMs = 0
  return { monotonic: () => (nowMs += stepMs) }
}

const end = (of: FetchedBatch): bigint =>
  [...logSpans(of, 'read_committed')].at(-1)?.end ?? of.position

describe('reading the log', () => {
  const want = (start: number, until: number) => ({
    range: range(start, until),
    topicId: ORDERS_ID,
  })
  const place = { topic: ORDERS, partition: 0 }

  test('reads each range to its end, side by side, and empty ones not at all', async () => {
    const source = scripted([
      [fetched(0, [batch([0, 1])])],
      [fetched(2, [batch([2, 3])]), { kind: 'at-end', ...at(1), position: 9n, logEnd: 9n }],
    ])
    const wanted = new PartitionMap([
      [at(0), want(0, 4)],
      [at(1), want(5, 9)],
      [at(2), want(7, 7)],
    ])
    const ends = await readLog(wanted, { source, clock: clockOf(1), visit: end })
    expect(ends.size).toBe(0)
    expect(source.calls).toEqual(['seek 0 0', 'seek 1 5', 'stop 0', 'stop 1'])
  })

  test.each([
    [{ kind: 'at-end', ...place, position: 2n, logEnd: 2n }, 'the log ends at 2'],
    [{ kind: 'out-of-range', ...place, position: 0n }, 'retention has passed 0 meanwhile'],
    [{ kind: 'diverged', ...place, epoch: 1, endOffset: 1n }, 'the log was truncated to 1'],
    [{ kind: 'gone', ...place }, 'the topic is gone, or is another one under its name'],
  ] as const satisfies (readonly [FetchEvent, string])[])(
    'tells why not: %o',
    async (event, why) => {
      const source = scripted([[event]])
      const wanted = new PartitionMap([[at(0), want(0, 4)]])
      const ends = await readLog(wanted, { source, clock: clockOf(1), visit: end })
      expect([...ends]).toEqual([[at(0), why]])
    },
  )

  test('throws what the log throws, and gives brokers up that stay silent', async () => {
    const error = new FirnError('RECORD_BATCH_CORRUPT', 'damaged')
    const wanted = new PartitionMap([[at(0), want(0, 4)]])
    const failing = scripted([[{ kind: 'failed', ...place, error }]])
    const options = { clock: clockOf(1), visit: end }
    await expect(readLog(wanted, { source: failing, ...options })).rejects.toBe(error)
    const silent = { source: scripted([]), clock: clockOf(25_000), visit: end }
    await expect(readLog(wanted, silent)).rejects.toThrow(/not answered for 60 s/)
  })
})

describe('finding a key', () => {
  test('keeps the newest, counts all, and null is not the empty key', async () => {
    const keyed = [record(0, 'a'), record(1, null), record(2, 'ab'), record(3, 'a'), record(4, 'a')]
    const bytes = recordBatch({ baseOffset: 0n, lastOffset: 4n, records: keyed })
    const search = async (key: string) =>
      findKey(new PartitionMap([[at(0), { range: range(0, 5), topicId: ORDERS_ID }]]), {
        source: scripted([[fetched(0, [bytes])]]),
        clock: clockOf(1),
        isolation: 'read_committed',
        key: Buffer.from(key),
        limit: 2,
        progress: () => {},
      })
    const { places, total } = await search('a')
    expect(total).toBe(3)
    expect(places.map(({ offset }) => offset)).toEqual([3n, 4n])
    expect((await search('')).total).toBe(0)
  })
})
