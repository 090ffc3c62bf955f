import { describe, expect, test } from 'vitest'
import { kafkaTool } from '../../../rig/produce.ts'
import { topicName } from '../../../src/core/ids.ts'
import { useRig } from '../../support/rig.ts'
import { open, Reader, until } from './support.ts'

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

  test('starts to read once there is a broker again', async () => {
    const topic = 'down'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 1 })
    await tool.produce(topic, values('v', 10))
    const source = await open(rig().kafka.bootstrap)
    await rig().kafka.stop()
    const reader = new Reader(source)
    const partition = reader.seek(topic, 0, 0n)
    // Long enough for the source to have found nobody.
    expect(await source.poll(500)).toEqual([])
    await rig().kafka.start()
    await reader.readTo([[partition, 10n]])
    expect(reader.of(topic, 0)).toHaveLength(10)
    await source.close()
  })

  test('serves all partitions where a response has room for one only', async () => {
    const topic = 'fair'
    const PARTITIONS = 8
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: PARTITIONS })
    const large = Array.from({ length: 20 * PARTITIONS }, (_, index) => ({
      value: 'z'.repeat(5_000),
      partition: index % PARTITIONS,
    }))
    await tool.produce(topic, large, { batchRecords: 1 })
    const source = await open(rig().kafka.bootstrap, {
      fetch: {
        maxBytes: 6_000,
        partitionMaxBytes: 6_000,
        partitionMaxBytesLimit: 100_000,
        minBytes: 1,
        maxWaitMs: 50,
      },
    })
    const reader = new Reader(source)
    for (let partition = 0; partition < PARTITIONS; partition++) reader.seek(topic, partition, 0n)
    const read = (): number[] =>
      Array.from({ length: PARTITIONS }, (_, partition) => reader.of(topic, partition).length)
    let held = 0
    await until(async () => {
      held = Math.max(held, source.bytesHeld)
      await reader.turn()
      expect(Math.max(...read()) - Math.min(...read())).toBeLessThanOrEqual(3)
      return read().every((count) => count === 20)
    }, 'all records')
    // One response that waits, one on its way, and a batch that is larger than what was asked for.
    expect(held).toBeLessThan(3 * 6_000)
    await source.close()
  })

  test('pauses and goes on where it was', async () => {
    const topic = 'paused'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 2 })
    const source = await open(rig().kafka.bootstrap)
    const reader = new Reader(source)
    const [still, other] = [0, 1].map((partition) => reader.seek(topic, partition, 0n))
    await reader.readTo([
      [still!, 0n],
      [other!, 0n],
    ])
    source.pause([still!])
    // The request that was on its way when it was paused may still bring something: it is answered by this.
    await tool.produce(topic, [{ value: 'a', partition: 1 }])
    await reader.readTo([[other!, 1n]])
    await tool.produce(topic, [
      { value: 'b', partition: 0 },
      { value: 'c', partition: 1 },
    ])
    await reader.readTo([[other!, 2n]])
    expect(reader.of(topic, 0)).toEqual([])
    source.resume([still!])
    await reader.readTo([[still!, 1n]])
    expect(reader.of(topic, 0)).toEqual([{ offset: 0n, value: 'b' }])
    await source.close()
  })

  test('drops what was fetched at a seek, and reads from there', async () => {
    const topic = 'again'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 1 })
    await tool.produce(topic, values('v', 30))
    const source = await open(rig().kafka.bootstrap)
    const reader = new Reader(source)
    reader.seek(topic, 0, 0n)
    await until(() => source.bytesHeld > 0, 'something is fetched')
    const partition = reader.seek(topic, 0, 25n)
    expect(source.bytesHeld).toBe(0)
    await reader.readTo([[partition, 30n]])
    expect(reader.of(topic, 0).map(({ offset }) => offset)).toEqual([25n, 26n, 27n, 28n, 29n])
    await source.close()
  })

  test('does not read another log of the same name', async () => {
    const topic = 'renewed'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 1 })
    const source = await open(rig().kafka.bootstrap)
    const wanted = { kind: 'names', names: [topicName(topic)] } as const
    const [before] = await source.describeTopics(wanted)
    await tool.deleteTopic(topic)
    await until(async () => (await source.describeTopics(wanted)).length === 0, 'it is gone')
    await tool.createTopic(topic, { partitions: 1 })
    await tool.produce(topic, values('new', 5))
    const partition = { topic: topicName(topic), partition: 0 }
    source.seek(partition, { position: 0n, topicId: before!.id })
    const events = await until(async () => {
      const found = await source.poll(200)
      return found.length > 0 ? found : undefined
    }, 'an answer')
    expect(events).toEqual([{ kind: 'gone', ...partition }])
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

  test('ends of leader epochs, of many partitions and of several epochs at once', async () => {
    const topic = 'epochs'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic(topic, { partitions: 20 })
    await tool.produce(
      topic,
      Array.from({ length: 20 }, (_, partition) => partition).flatMap((partition) =>
        Array.from({ length: partition }, () => ({ value: 'v', partition })),
      ),
    )
    const source = await open(rig().kafka.bootstrap)
    const ends = await Promise.all(
      Array.from({ length: 20 }, async (_, partition) =>
        source.epochEnd({ topic: topicName(topic), partition }, 0),
      ),
    )
    expect(ends).toEqual(Array.from({ length: 20 }, (_, partition) => BigInt(partition)))
    const partition = { topic: topicName(topic), partition: 7 }
    expect(
      await Promise.all([source.epochEnd(partition, 0), source.epochEnd(partition, 9)]),
    ).toEqual([7n, undefined])
    await source.close()
  })

  test('names the brokers that do not answer', async () => {
    await expect(open('127.0.0.1:1')).rejects.toMatchObject({
      code: 'KAFKA_UNAVAILABLE',
      message: expect.stringContaining('127.0.0.1:1'),
    })
  })
})
