import { describe, expect, test } from 'vitest'
import { kafkaTool } from '../../../rig/produce.ts'
import { topicName } from '../../../src/core/ids.ts'
import { useRig } from '../../support/rig.ts'
import { open, Reader } from './support.ts'

const rig = useRig({ kafka: true })

const values = (prefix: string, count: number): { value: string; partition: number }[] =>
  Array.from({ length: count }, (_, index) => ({ value: `${prefix}${index}`, partition: 0 }))

describe('reading', () => {
  test.for(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'every record of a %s topic, in order',
    async (compression) => {
      const topic = `codec-${compression}`
      await using tool = kafkaTool(rig().kafka.bootstrap)
      await tool.createTopic(topic, { partitions: 2 })
      const produced = Array.from({ length: 2_000 }, (_, index) => ({
        value: JSON.stringify({ index, text: 'x'.repeat(index % 300) }),
        partition: index % 2,
      }))
      await tool.produce(topic, produced, { compression })
      const source = await open(rig().kafka.bootstrap)
      const reader = new Reader(source)
      const ends = [0, 1].map((partition) => [reader.seek(topic, partition, 0n), 1_000n] as const)
      await reader.readTo(ends)
      for (const partition of [0, 1]) {
        const read = reader.of(topic, partition)
        expect(read.map(({ value }) => value)).toEqual(
          produced.filter((record) => record.partition === partition).map(({ value }) => value),
        )
        expect(read.map(({ offset }) => offset)).toEqual(read.map((_, index) => BigInt(index)))
      }
      await source.close()
    },
  )

  test('skips aborted transactions and markers, read_committed; keeps them, read_uncommitted', async () => {
    const topic = 'transactions'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 1 })
    await tool.produce(topic, values('a', 5), { transaction: 'commit', transactionalId: 't1' })
    await tool.produce(topic, values('b', 5), { transaction: 'abort', transactionalId: 't2' })
    await tool.produce(topic, values('c', 5))
    await tool.produce(topic, values('d', 5), { transaction: 'abort', transactionalId: 't1' })
    await tool.produce(topic, values('e', 5), { transaction: 'commit', transactionalId: 't2' })
    const [end = 0n] = await tool.endOffsets(topic)
    expect(end).toBe(29n)
    for (const isolation of ['read_committed', 'read_uncommitted'] as const) {
      const source = await open(rig().kafka.bootstrap, { isolation })
      const reader = new Reader(source, isolation)
      await reader.readTo([[reader.seek(topic, 0, 0n), end]])
      const letters = new Set(reader.of(topic, 0).map(({ value }) => value?.[0]))
      expect([...letters].join('')).toBe(isolation === 'read_committed' ? 'ace' : 'abcde')
      await source.close()
    }
  })

  test('starts in the middle of a batch, and at any position', async () => {
    const topic = 'middle'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 1 })
    await tool.produce(topic, values('v', 100), { compression: 'gzip' })
    const source = await open(rig().kafka.bootstrap)
    const reader = new Reader(source)
    await reader.readTo([[reader.seek(topic, 0, 57n), 100n]])
    expect(reader.of(topic, 0)[0]).toEqual({ offset: 57n, value: 'v57' })
    expect(reader.of(topic, 0)).toHaveLength(43)
    await source.close()
  })

  test('asks for more bytes when a batch is torn, up to the limit', async () => {
    const topic = 'large'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 1 })
    // The broker gives the first batch whole, however large: the second one is torn.
    const large = 'y'.repeat(200_000)
    await tool.produce(topic, [{ value: 'first', partition: 0 }])
    await tool.produce(topic, [{ value: large, partition: 0 }])
    await tool.produce(topic, [{ value: 'last', partition: 0 }])
    const source = await open(rig().kafka.bootstrap, {
      fetch: {
        maxBytes: 1_000,
        partitionMaxBytes: 1_000,
        partitionMaxBytesLimit: 1_000_000,
        minBytes: 1,
        maxWaitMs: 50,
      },
    })
    const reader = new Reader(source)
    await reader.readTo([[reader.seek(topic, 0, 0n), 3n]])
    expect(reader.of(topic, 0).map(({ value }) => value?.length)).toEqual([5, 200_000, 4])
    await source.close()
  })

  test('says out of range, and resets nothing', async () => {
    const topic = 'short'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 1 })
    await tool.produce(topic, values('v', 20))
    await tool.deleteRecordsBefore(topic, new Map([[0, 10n]]))
    const source = await open(rig().kafka.bootstrap)
    for (const position of [3n, 1_000n]) {
      const reader = new Reader(source)
      reader.seek(topic, 0, position)
      while (reader.others.length === 0) await reader.turn()
      expect(reader.others).toEqual([{ kind: 'out-of-range', topic, partition: 0, position }])
      expect(reader.of(topic, 0)).toEqual([])
    }
    await source.close()
  })

  test('goes on when the broker comes back', async () => {
    const topic = 'restart'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 1 })
    await tool.produce(topic, values('v', 50))
    const source = await open(rig().kafka.bootstrap)
    const reader = new Reader(source)
    const partition = reader.seek(topic, 0, 0n)
    await reader.readTo([[partition, 50n]])
    await rig().kafka.restart()
    await tool.produce(topic, values('w', 50))
    await reader.readTo([[partition, 100n]])
    expect(new Set(reader.of(topic, 0).map(({ offset }) => offset)).size).toBe(100)
    await source.close()
  })

  test('tells a topic that was deleted', async () => {
    const topic = 'gone'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 1 })
    await tool.produce(topic, values('v', 5))
    const source = await open(rig().kafka.bootstrap)
    const reader = new Reader(source)
    await reader.readTo([[reader.seek(topic, 0, 0n), 5n]])
    await tool.deleteTopic(topic)
    while (reader.others.length === 0) await reader.turn()
    expect(reader.others[0]).toMatchObject({ kind: 'gone', topic, partition: 0 })
    await source.close()
  })
})

describe('asking', () => {
  test('bounds, positions by time, epochs, ids', async () => {
    const topic = 'asking'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 1 })
    await tool.produce(
      topic,
      [1_000, 2_000, 3_000].map((timestamp) => ({ value: 'v', partition: 0, timestamp })),
    )
    await tool.deleteRecordsBefore(topic, new Map([[0, 1n]]))
    const source = await open(rig().kafka.bootstrap)
    const partition = { topic: topicName(topic), partition: 0 }
    const [described] = await source.describeTopics({ kind: 'pattern', pattern: /^ask.*$/ })
    expect(described).toMatchObject({ topic, partitions: [0] })
    expect(described?.id).toMatch(/^[0-9a-f-]{36}$/)
    expect((await source.logBounds([partition])).get(partition)).toEqual({
      logStart: 1n,
      logEnd: 3n,
    })
    expect((await source.positionsAt([partition], 2_500)).get(partition)).toBe(2n)
    expect((await source.positionsAt([partition], 9_000)).get(partition)).toBe(3n)
    expect(await source.epochEnd(partition, 0)).toBe(3n)
    expect(await source.describeTopics({ kind: 'names', names: [topicName('nowhere')] })).toEqual(
      [],
    )
    await source.close()
  })

  test('names the brokers that do not answer', async () => {
    await expect(open('127.0.0.1:1')).rejects.toMatchObject({
      code: 'KAFKA_UNAVAILABLE',
      message: expect.stringContaining('127.0.0.1:1'),
    })
  })
})
