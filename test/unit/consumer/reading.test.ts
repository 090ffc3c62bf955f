import { protocolErrors } from '@platformatic/kafka'
import { describe, expect, test } from 'vitest'
import { topicId, topicName } from '../../../src/core/ids.ts'
import type { FetchedPartition } from '../../../src/consumer/fetch-response.ts'
import { fetchTopics } from '../../../src/consumer/fetch-topics.ts'
import {
  atEnd,
  judgeFetched,
  whereabouts,
  type Reading,
  type ReadingRules,
} from '../../../src/consumer/reading.ts'
import { recordBatch } from '../../support/record-batch.ts'

const partition = { topic: topicName('orders'), partition: 3 }
const rules: ReadingRules = { isolation: 'read_committed', partitionMaxBytesLimit: 1_000 }
const records = recordBatch({
  baseOffset: 100n,
  lastOffset: 104n,
  leaderEpoch: 7,
  records: [{ offset: 100n, timestampMs: 1, value: null }],
})

const reading = (changes: Partial<Reading> = {}): Reading => ({
  partition,
  topicId: topicId('t'),
  position: 100n,
  lastEpoch: -1,
  paused: false,
  phase: 'asking',
  partitionMaxBytes: 300,
  toldEnd: undefined,
  replica: undefined,
  failures: 0,
  unknown: 0,
  turn: 0,
  ...changes,
})

const fetched = (changes: Partial<FetchedPartition> = {}): FetchedPartition => ({
  topicId: 't',
  partition: 3,
  errorCode: 0,
  highWatermark: 120n,
  lastStableOffset: 110n,
  logStartOffset: 5n,
  divergingEpoch: undefined,
  abortedTransactions: [],
  preferredReadReplica: -1,
  records: new Uint8Array(0),
  ...changes,
})

describe('what a response means', () => {
  /** Everything else asks metadata: it says what is so, and the partition goes on. */
  const DECIDED: Record<string, string> = {
    OFFSET_OUT_OF_RANGE: 'out-of-range',
    TOPIC_AUTHORIZATION_FAILED: 'KAFKA_AUTHORIZATION',
    CORRUPT_MESSAGE: 'RECORD_BATCH_CORRUPT',
  }

  test.each(Object.entries(protocolErrors).filter(([, { code }]) => code !== 0))(
    '%s from the leader',
    (name, { code }) => {
      const verdict = judgeFetched(reading(), fetched({ errorCode: code }), rules)
      if (DECIDED[name] === undefined) {
        expect(verdict).toEqual({ kind: 'ask-metadata', code })
        return
      }
      if (verdict.kind !== 'over') throw new Error(`${name} is ${verdict.kind}`)
      const { event } = verdict
      expect(event).toMatchObject(partition)
      expect(event.kind === 'failed' ? event.error.code : event.kind).toBe(DECIDED[name])
    },
  )

  test('no error of a follower is decided on: its leader is asked', () => {
    for (const { code } of Object.values(protocolErrors)) {
      if (code === 0) continue
      const verdict = judgeFetched(reading({ replica: 2 }), fetched({ errorCode: code }), rules)
      expect(verdict).toEqual({ kind: 'ask-leader' })
    }
  })

  test('a diverging epoch goes before records', () => {
    const divergingEpoch = { epoch: 4, endOffset: 90n }
    expect(judgeFetched(reading(), fetched({ divergingEpoch, records }), rules)).toEqual({
      kind: 'over',
      event: { kind: 'diverged', ...partition, epoch: 4, endOffset: 90n },
    })
  })

  test.each([
    ['read_committed', 110n],
    ['read_uncommitted', 120n],
  ] as const)('records under %s, and the log end that counts there', (isolation, logEnd) => {
    const verdict = judgeFetched(reading(), fetched({ records }), { ...rules, isolation })
    expect(verdict).toMatchObject({
      kind: 'records',
      scan: { next: 105n, leaderEpoch: 7 },
      batch: { ...partition, position: 100n, bytes: records, logStart: 5n, logEnd },
    })
  })

  test('a torn tail is not handed on', () => {
    const torn = new Uint8Array(Buffer.concat([records, records.subarray(0, 30)]))
    const verdict = judgeFetched(reading(), fetched({ records: torn }), rules)
    expect(verdict).toMatchObject({ kind: 'records', batch: { bytes: records } })
  })

  test('batches behind the stated end are left for the next fetch, as the decoder leaves them', () => {
    const behind = recordBatch({
      baseOffset: 110n,
      lastOffset: 111n,
      leaderEpoch: 7,
      records: [{ offset: 110n, timestampMs: 1, value: null }],
    })
    const both = new Uint8Array(Buffer.concat([records, behind]))
    expect(judgeFetched(reading(), fetched({ records: both }), rules)).toMatchObject({
      kind: 'records',
      scan: { next: 105n },
      batch: { bytes: records },
    })
    const at = reading({ position: 110n })
    expect(judgeFetched(at, fetched({ records: behind }), rules)).toEqual({
      kind: 'nothing',
      logEnd: 110n,
    })
    const uncommitted = { ...rules, isolation: 'read_uncommitted' } as const
    expect(judgeFetched(at, fetched({ records: behind }), uncommitted)).toMatchObject({
      kind: 'records',
      scan: { next: 112n },
    })
  })

  test('no records are nothing, however far the end is', () => {
    expect(judgeFetched(reading(), fetched(), rules)).toEqual({ kind: 'nothing', logEnd: 110n })
  })

  test('nothing but a torn batch asks for more, up to the limit, and then says which key', () => {
    const torn = fetched({ records: records.slice(0, records.length - 1) })
    const asked: number[] = []
    let partitionMaxBytes = 300
    for (;;) {
      const verdict = judgeFetched(reading({ partitionMaxBytes }), torn, rules)
      if (verdict.kind !== 'more-bytes') {
        expect(verdict).toMatchObject({
          kind: 'over',
          event: {
            kind: 'failed',
            error: {
              code: 'BATCH_TOO_LARGE',
              message: expect.stringContaining('orders/3@100'),
              help: expect.stringContaining('partition_max_bytes_limit'),
            },
          },
        })
        break
      }
      partitionMaxBytes = verdict.partitionMaxBytes
      asked.push(partitionMaxBytes)
    }
    expect(asked).toEqual([600, 1_000])
  })

  test.each([
    [16, 1, 'RECORD_FORMAT_UNSUPPORTED'],
    [16, 77, 'RECORD_BATCH_CORRUPT'],
  ] as const)('a first batch that cannot be read fails, with its offset', (at, byte, code) => {
    const bad = records.slice()
    bad[at] = byte
    expect(judgeFetched(reading(), fetched({ records: bad }), rules)).toMatchObject({
      event: { kind: 'failed', error: { code, message: expect.stringContaining('orders/3@100') } },
    })
  })

  test('a batch that cannot be read behind good ones comes next', () => {
    const bad = records.slice()
    bad[16] = 1
    const both = new Uint8Array(Buffer.concat([records, bad]))
    const verdict = judgeFetched(reading(), fetched({ records: both }), rules)
    expect(verdict).toMatchObject({ kind: 'records', batch: { bytes: records } })
  })

  test('batches below the position are an error, not a loop', () => {
    expect(judgeFetched(reading({ position: 200n }), fetched({ records }), rules)).toMatchObject({
      event: { kind: 'failed', error: { code: 'KAFKA_PROTOCOL' } },
    })
  })
})

describe('the end', () => {
  test('is told once for each end', () => {
    expect(atEnd(reading(), 100n)).toBe(true)
    expect(atEnd(reading(), 101n)).toBe(false)
    expect(atEnd(reading({ toldEnd: 100n }), 100n)).toBe(false)
    expect(atEnd(reading({ toldEnd: 90n }), 100n)).toBe(true)
    expect(atEnd(reading(), -1n)).toBe(false)
  })
})

describe('where a log is', () => {
  const id = topicId('t')
  test.each([
    ['its leader is known', { id, leaderId: 2 }, 'readable'],
    ['a leader is being elected', { id, leaderId: -1 }, 'no-leader'],
    ['the partition is not there', { id, leaderId: undefined }, 'unknown'],
    ['another topic has its name', { id: topicId('other'), leaderId: 2 }, 'unknown'],
    ['UNKNOWN_TOPIC_OR_PARTITION', 3, 'unknown'],
    ['UNKNOWN_TOPIC_ID', 100, 'unknown'],
    ['LEADER_NOT_AVAILABLE', 5, 'no-leader'],
    ['TOPIC_AUTHORIZATION_FAILED', 29, 'forbidden'],
  ] as const)('%s: %j is %s', (_, found, expected) => {
    expect(whereabouts(reading(), found)).toBe(expected)
  })

  test('any id will do where none is known yet', () => {
    expect(whereabouts(reading({ topicId: undefined }), { id, leaderId: 1 })).toBe('readable')
  })
})

describe('a request', () => {
  test('asks for the least served first, and for each topic once', () => {
    const of = (topic: string, number: number, turn: number): Reading =>
      reading({
        partition: { topic: topicName(topic), partition: number },
        topicId: topicId(topic),
        turn,
      })
    const asked = fetchTopics(
      [of('a', 0, 9), of('a', 1, 3), of('b', 0, 1), of('a', 2, 5), of('b', 1, 8)],
      ({ partition: number }) => number + 40,
    )
    expect(
      asked.map((topic) => [topic.topicId, topic.partitions.map((one) => one.partition)]),
    ).toEqual([
      ['b', [0, 1]],
      ['a', [1, 2, 0]],
    ])
    expect(asked[0]?.partitions[1]).toEqual({
      partition: 1,
      currentLeaderEpoch: 41,
      fetchOffset: 100n,
      lastFetchedEpoch: -1,
      partitionMaxBytes: 300,
    })
  })
})
