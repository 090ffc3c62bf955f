import {
  Consumer,
  FetchIsolationLevels,
  MessagesStreamFallbackModes,
  MessagesStreamModes,
} from '@platformatic/kafka'
import type { EachMessagePayload, Producer, Transaction } from 'kafkajs'
import { beforeAll, describe, expect, test } from 'vitest'
import { kafkaTool, type KafkaTool } from '../../../rig/produce.ts'
import { FetchedRecords } from '../../../src/record/fetched-records.ts'
import { topicName } from '../../../src/core/ids.ts'
import { useRig } from '../../support/rig.ts'
import { open, Reader, until } from './support.ts'

/**
 * Why records are read by code of our own: each client below, asked the same of the same log. A test that fails after
 * an upgrade is good news, and a reason to read the decision record again.
 */
const rig = useRig({ kafka: { properties: { 'log.cleaner.backoff.ms': '200' } } })

interface Seen {
  readonly offset: bigint
  readonly value: string | undefined
  readonly timestampMs: number
}

// ------------------------------------------------------------------ the clients

async function withTool<T>(act: (tool: KafkaTool) => Promise<T>): Promise<T> {
  await using tool = kafkaTool(rig().kafka.bootstrap)
  const result = await act(tool)
  return result
}

/** Our own: to the end of the log. */
async function readOurselves(topic: string, end: bigint): Promise<Seen[]> {
  const source = await open(rig().kafka.bootstrap)
  const partition = { topic: topicName(topic), partition: 0 }
  source.seek(partition, { position: 0n })
  const seen: Seen[] = []
  await until(async () => {
    for (const event of await source.poll(100)) {
      if (event.kind === 'at-end') return event.position >= end
      if (event.kind !== 'batch') throw new Error(`told ${event.kind}`)
      const records = new FetchedRecords(event, { isolation: 'read_committed' })
      while (records.next()) {
        const { offset, bytes, valueStart, valueEnd, timestampMs } = records.cursor
        seen.push({ offset, value: bytes.toString('utf8', valueStart, valueEnd), timestampMs })
      }
    }
    return false
  }, 'the end of the log')
  await source.close()
  return seen
}

/** Reads with kafkajs until `enough`, which is told what came and how many fetches were made. */
async function readWithKafkajs(
  topic: string,
  enough: (seen: readonly Seen[], fetches: number) => boolean,
  changes: { groupId?: string; maxBytes?: number; maxBytesPerPartition?: number } = {},
): Promise<Seen[]> {
  return withTool(async ({ kafka }) => {
    const { groupId = `kafkajs-${topic}`, ...sizes } = changes
    const consumer = kafka.consumer({
      groupId,
      readUncommitted: false,
      maxWaitTimeInMs: 50,
      ...sizes,
    })
    const seen: Seen[] = []
    let fetches = 0
    consumer.on(consumer.events.FETCH, () => {
      fetches += 1
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ message }: EachMessagePayload) => {
        seen.push({
          offset: BigInt(message.offset),
          value: message.value?.toString(),
          timestampMs: Number(message.timestamp),
        })
      },
    })
    try {
      await until(() => enough(seen, fetches), 'what kafkajs reads')
    } finally {
      await consumer.disconnect()
    }
    return seen
  })
}

/** Reads with platformatic's stream until `enough`. */
async function readWithPlatformatic(
  topic: string,
  enough: (seen: readonly Seen[]) => boolean,
  position = 0n,
): Promise<Seen[]> {
  const consumer = new Consumer({
    clientId: 'defects',
    groupId: `platformatic-${topic}`,
    bootstrapBrokers: rig().kafka.bootstrap.split(','),
    maxWaitTime: 50,
    isolationLevel: FetchIsolationLevels.READ_COMMITTED,
  })
  const stream = await consumer.consume({
    topics: [topic],
    autocommit: false,
    mode: MessagesStreamModes.MANUAL,
    fallbackMode: MessagesStreamFallbackModes.LATEST,
    offsets: [{ topic, partition: 0, offset: position }],
  })
  const seen: Seen[] = []
  stream.on('data', ({ offset, value, timestamp }) => {
    seen.push({ offset, value: value?.toString(), timestampMs: Number(timestamp) })
  })
  try {
    await until(() => enough(seen), 'what platformatic reads')
  } finally {
    await consumer.close(true)
  }
  return seen
}

const valuesOf = (seen: readonly Seen[]): (string | undefined)[] => seen.map(({ value }) => value)

// ------------------------------------------------------------------ the logs

describe('transactions that were aborted while they interleaved', () => {
  const topic = 'interleaved'
  let end = 0n

  beforeAll(async () => {
    await withTool(async (tool) => {
      await tool.createTopic(topic, { partitions: 1 })
      const producer = async (transactionalId: string): Promise<Producer> => {
        const made = tool.kafka.producer({
          transactionalId,
          idempotent: true,
          maxInFlightRequests: 1,
        })
        await made.connect()
        return made
      }
      const [one, two] = [await producer('one'), await producer('two')]
      const send = async (transaction: Transaction, value: string): Promise<void> => {
        await transaction.send({ topic, messages: [{ value, partition: 0 }] })
      }
      const long = await two.transaction()
      // The first producer aborts twice while the other one's transaction is open.
      for (let round = 0; round < 2; round++) {
        const short = await one.transaction()
        for (let index = 0; index < 5; index++) {
          await send(short, `aborted-${round}-${index}`)
          await send(long, `aborted-long-${round}-${index}`)
        }
        await short.abort()
      }
      await long.abort()
      await Promise.all([one.disconnect(), two.disconnect()])
      await tool.produce(topic, [{ value: 'committed', partition: 0 }])
      end = (await tool.endOffsets(topic))[0] ?? 0n
    })
  })

  const last = (seen: readonly Seen[]): boolean => valuesOf(seen).includes('committed')

  test('we skip all of them', async () => {
    expect(valuesOf(await readOurselves(topic, end))).toEqual(['committed'])
  })

  test('kafkajs gives out aborted records where a response ends between them', async () => {
    const seen = await readWithKafkajs(topic, last, { maxBytes: 300, maxBytesPerPartition: 300 })
    expect(valuesOf(seen)).toContain('committed')
    expect(valuesOf(seen).filter((value) => value?.startsWith('aborted') === true)).not.toEqual([])
  })

  test('platformatic gives out those of the producer that aborted twice', async () => {
    const seen = await readWithPlatformatic(topic, last)
    expect(valuesOf(seen).filter((value) => value?.startsWith('aborted') === true)).not.toEqual([])
  })
})

describe('a batch that compaction left without records', () => {
  const topic = 'compacted'
  let end = 0n

  beforeAll(async () => {
    await withTool(async (tool) => {
      await tool.createTopic(topic, {
        partitions: 1,
        config: {
          'cleanup.policy': 'compact',
          'segment.ms': '100',
          'min.cleanable.dirty.ratio': '0',
          'max.compaction.lag.ms': '200',
        },
      })
      await tool.produce(topic, [{ key: 'k', value: 'old', partition: 0 }])
    })
    // Another producer: the last batch of each is kept, if need be without records.
    await withTool(async (tool) => {
      await tool.produce(topic, [{ key: 'k', value: 'new', partition: 0 }])
      let rolls = 0
      // Each record after the segment's time is up starts another segment; what is before it is cleaned.
      await until(
        async () => {
          await tool.produce(topic, [{ key: `roll-${rolls++}`, value: 'r', partition: 0 }])
          return !valuesOf(await readOurselves(topic, 0n)).includes('old')
        },
        'compaction',
        60_000,
      )
      end = (await tool.endOffsets(topic))[0] ?? 0n
    })
  })

  test('we pass it', async () => {
    const seen = await readOurselves(topic, end)
    expect(valuesOf(seen)[0]).toBe('new')
    expect(seen.at(-1)?.offset).toBe(end - 1n)
  })

  test('kafkajs asks for it again and again, without a word', async () => {
    const seen = await readWithKafkajs(topic, (_, fetches) => fetches >= 30, {
      maxBytesPerPartition: 1,
    })
    expect(seen).toEqual([])
  })

  test('platformatic passes it', async () => {
    const seen = await readWithPlatformatic(topic, (all) => all.at(-1)?.offset === end - 1n)
    expect(valuesOf(seen)[0]).toBe('new')
  })
})

describe('a position that retention has passed', () => {
  const topic = 'expired'
  beforeAll(async () => {
    await withTool(async (tool) => {
      await tool.createTopic(topic, { partitions: 1 })
      const records = Array.from({ length: 20 }, (_, index) => ({
        value: `v${index}`,
        partition: 0,
      }))
      await tool.produce(topic, records)
      const admin = tool.kafka.admin()
      await admin.connect()
      await admin.setOffsets({
        groupId: `kafkajs-${topic}`,
        topic,
        partitions: [{ partition: 0, offset: '3' }],
      })
      await admin.disconnect()
      await tool.deleteRecordsBefore(topic, new Map([[0, 10n]]))
    })
  })

  test('we say so, and read nothing', async () => {
    const source = await open(rig().kafka.bootstrap)
    const reader = new Reader(source)
    const partition = reader.seek(topic, 0, 3n)
    await until(async () => {
      await reader.turn()
      return reader.others.length > 0
    }, 'an answer')
    expect(reader.others).toEqual([{ kind: 'out-of-range', ...partition, position: 3n }])
    expect(reader.of(topic, 0)).toEqual([])
    await source.close()
  })

  test('kafkajs jumps, and commits the jump though it may not commit', async () => {
    const seen = await readWithKafkajs(topic, (all) => all.length === 10)
    expect(seen[0]?.offset).toBe(10n)
    await withTool(async ({ kafka }) => {
      const admin = kafka.admin()
      await admin.connect()
      const [committed] = await admin.fetchOffsets({ groupId: `kafkajs-${topic}`, topics: [topic] })
      await admin.disconnect()
      // Not even a position: its own word for "the start of the log".
      expect(committed?.partitions[0]?.offset).toBe('-2')
    })
  })

  test('platformatic jumps by default', async () => {
    const jumped = readWithPlatformatic(topic, (all) => all.length > 0, 3n)
    await withTool(async (tool) => {
      // The end of the log, or its start: either way the records between are passed without a word.
      let more = 0
      const done = new AbortController()
      void jumped.finally(() => {
        done.abort()
      })
      await until(async () => {
        await tool.produce(topic, [{ value: `later${more++}`, partition: 0 }])
        return done.signal.aborted
      }, 'the stream')
    })
    expect((await jumped)[0]?.offset).toBeGreaterThanOrEqual(10n)
  })
})

describe("the time that the broker wrote a record, where the topic's timestamps are the log's", () => {
  const topic = 'appended'
  const CREATED_MS = 1_000
  beforeAll(async () => {
    await withTool(async (tool) => {
      await tool.createTopic(topic, {
        partitions: 1,
        config: { 'message.timestamp.type': 'LogAppendTime' },
      })
      await tool.produce(topic, [{ value: 'v', partition: 0, timestamp: CREATED_MS }])
    })
  })

  test('we give the time of appending', async () => {
    const [seen] = await readOurselves(topic, 1n)
    expect(seen?.timestampMs).toBeGreaterThan(1_600_000_000_000)
  })

  test('kafkajs does so, too', async () => {
    const [seen] = await readWithKafkajs(topic, (all) => all.length === 1)
    expect(seen?.timestampMs).toBeGreaterThan(1_600_000_000_000)
  })

  test("platformatic gives the producer's", async () => {
    const [seen] = await readWithPlatformatic(topic, (all) => all.length === 1)
    expect(seen?.timestampMs).toBe(CREATED_MS)
  })
})
