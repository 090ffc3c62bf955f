import { expect, test } from 'vitest'
import { headersOnly, timeIn, timesAt } from '../../../src/cli/log-times.ts'
import type { FetchedBatch, FetchEvent, RecordSource } from '../../../src/consumer/record-source.ts'
import { FirnError } from '../../../src/core/errors.ts'
import { topicId, topicName } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import { type BatchSpec, recordBatch } from '../../support/record-batch.ts'

const ORDERS = topicName('orders')
const ID = topicId('orders-id')

function fetched(position: bigint, specs: readonly BatchSpec[], cut = 0): FetchedBatch {
  const all = Uint8Array.from(Buffer.concat(specs.map(recordBatch)))
  return {
    kind: 'batch',
    topic: ORDERS,
    topicId: ID,
    partition: 0,
    position,
    bytes: all.slice(0, all.length - cut),
    abortedTransactions: [],
    logStart: 0n,
    logEnd: 100n,
    highWatermark: 100n,
  }
}

const batch = (base: bigint, ...timestamps: number[]): BatchSpec => ({
  baseOffset: base,
  lastOffset: base + BigInt(timestamps.length) - 1n,
  records: timestamps.map((timestampMs, index) => ({
    offset: base + BigInt(index),
    timestampMs,
    value: new Uint8Array(3),
  })),
})

test.each<[string, FetchedBatch, number | undefined]>([
  ['the newest of the batch', fetched(5n, [batch(5n, 7, 9, 8)]), 9],
  ['of the batch that the position lies in', fetched(6n, [batch(5n, 7, 9, 8)]), 9],
  ['not of a batch below it', fetched(6n, [batch(3n, 1, 2, 3), batch(6n, 4)]), 4],
  ['of the next one, where compaction left a hole', fetched(6n, [batch(20n, 4)]), 4],
  ['of a marker, where nothing else is left', fetched(6n, [control(6n, 11)]), 11],
  ['none of a batch that was cut', fetched(5n, [batch(5n, 7)], 1), undefined],
  ['none of no bytes', fetched(5n, []), undefined],
])('the time: %s', (_name, found, expected) => {
  expect(timeIn(found)).toBe(expected)
})

test('there is none in bytes that are no batch', () => {
  const broken = fetched(5n, [batch(5n, 7)])
  broken.bytes[16] = 9
  expect(timeIn(broken)).toBeUndefined()
})

/** Tells each partition's events once it has been sought. */
function source(of: Record<number, FetchEvent | FirnError>): RecordSource & { stopped: number[] } {
  const sought: number[] = []
  const stopped: number[] = []
  const partial: Pick<RecordSource, 'seek' | 'stop' | 'poll'> & { stopped: number[] } = {
    stopped,
    seek: ({ partition }) => sought.push(partition),
    stop: ({ partition }) => stopped.push(partition),
    poll: async () =>
      sought.splice(0).flatMap((partition) => {
        const event = of[partition]
        if (event instanceof FirnError) throw event
        return event === undefined ? [] : [{ ...event, partition }]
      }),
  }
  return partial as RecordSource & { stopped: number[] }
}

test('times are asked side by side, and those that cannot be had are left out', async () => {
  const at = (partition: number) => ({ topic: ORDERS, partition })
  const wanted = new PartitionMap(
    [0, 1, 2].map((partition) => [at(partition), { position: 5n, topicId: ID }]),
  )
  const asked = source({
    0: fetched(5n, [batch(5n, 7)]),
    1: { kind: 'out-of-range', ...at(1), position: 5n },
    2: { kind: 'at-end', ...at(2), position: 5n, logEnd: 5n },
  })
  const times = await timesAt(wanted, { source: asked, clock: { monotonic: () => 0 } as never })
  expect([...times]).toEqual([[at(0), 7]])
  expect(new Set(asked.stopped)).toEqual(new Set([0, 1, 2]))
})

test('a broker that fails leaves what was had before', async () => {
  const wanted = new PartitionMap([
    [
      { topic: ORDERS, partition: 0 },
      { position: 5n, topicId: ID },
    ],
  ])
  const asked = source({ 0: new FirnError('KAFKA_UNAVAILABLE', 'away') })
  const times = await timesAt(wanted, { source: asked, clock: { monotonic: () => 0 } as never })
  expect(times.size).toBe(0)
  expect(asked.stopped).toEqual([0])
})

test('a verb that wants headers does not fetch more than it needs', () => {
  expect(headersOnly({ partitionMaxBytes: 1_000_000, other: 1 })).toEqual({
    partitionMaxBytes: 65_536,
    other: 1,
  })
  expect(headersOnly({ partitionMaxBytes: 100 })).toEqual({ partitionMaxBytes: 100 })
})

function control(base: bigint, timestampMs: number): BatchSpec {
  return { baseOffset: base, lastOffset: base, records: [], control: 'commit', timestampMs }
}
