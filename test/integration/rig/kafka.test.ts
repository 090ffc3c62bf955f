import { readFile } from 'node:fs/promises'
import kafkajs, { Kafka, type KafkaConfig, type SASLOptions, logLevel } from 'kafkajs'
import { describe, expect, test } from 'vitest'
import { poll } from '../../../rig/environment.ts'
import { type Compression, kafkaTool } from '../../../rig/produce.ts'
import { useRig } from '../../support/rig.ts'

/** All records of a topic as kafkajs delivers them (committed ones), as `partition@offset value`. */
async function consume(kafka: Kafka, topic: string, count: number): Promise<string[]> {
  const consumer = kafka.consumer({ groupId: `readers-of-${topic}`, maxWaitTimeInMs: 100 })
  const seen: string[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      seen.push(`${partition}@${message.offset} ${message.value?.toString() ?? 'null'}`)
    },
  })
  await poll(async () => (seen.length >= count ? true : undefined), { deadlineMs: 30_000 })
  await consumer.disconnect()
  return seen.sort()
}

async function listTopics(config: Omit<KafkaConfig, 'logLevel'>): Promise<string[]> {
  const kafka = new Kafka({ ...config, logLevel: logLevel.NOTHING, retry: { retries: 0 } })
  const admin = kafka.admin()
  try {
    await admin.connect()
    return await admin.listTopics()
  } finally {
    await admin.disconnect()
  }
}

describe('one broker', () => {
  const rig = useRig({ kafka: true })

  test.for<Compression>(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'takes records compressed with %s, and gives them back',
    async (compression) => {
      await using tool = kafkaTool(rig().kafka.bootstrap)
      const topic = `codec-${compression}`
      await tool.createTopic(topic, { partitions: 2 })
      const long = 'x'.repeat(500)
      const records = [
        { value: long, partition: 0 },
        { value: null, partition: 1, key: 'k' },
        { value: '', partition: 1 },
      ]
      await tool.produce(topic, records, { compression })
      expect(await tool.endOffsets(topic)).toEqual([1n, 2n])
      expect(await consume(tool.kafka, topic, 3)).toEqual([`0@0 ${long}`, '1@0 null', '1@1 '])
    },
  )

  test('has transactions, and deletes records and topics', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('ends')
    await tool.produce('ends', [{ value: 'a' }], { transaction: 'commit' })
    await tool.produce('ends', [{ value: 'b' }], { transaction: 'abort' })
    await tool.produce('ends', [{ value: 'c' }])
    // One position each for the two markers.
    expect(await tool.endOffsets('ends')).toEqual([5n])
    expect(await consume(tool.kafka, 'ends', 2)).toEqual(['0@0 a', '0@4 c'])
    await tool.deleteRecordsBefore('ends', new Map([[0, 4n]]))
    const admin = tool.kafka.admin()
    const [partition] = await admin.fetchTopicOffsets('ends')
    expect(partition?.low).toBe('4')
    await tool.deleteTopic('ends')
    await expect(tool.endOffsets('ends')).rejects.toThrow(/topic/i)
    await admin.disconnect()
  })

  test('makes no topic by itself', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await expect(tool.produce('nobody-made-me', [{ value: 'x' }])).rejects.toThrow(
      /topic|partition/,
    )
  })

  test('keeps its records and its port through a restart, a SIGKILL and a hang', async () => {
    const { kafka } = rig()
    const [broker] = kafka.brokers
    {
      await using tool = kafkaTool(kafka.bootstrap)
      await tool.createTopic('kept')
      expect(await tool.produce('kept', [{ value: 'one' }])).toEqual([{ partition: 0, offset: 0n }])
    }
    await kafka.restart()
    await kafka.kill9()
    expect(broker?.running).toBe(false)
    await kafka.start()
    await broker?.pause()
    expect(await readFile(`/proc/${broker?.pid}/stat`, 'utf8')).toMatch(/\) T /)
    broker?.resume()
    await using tool = kafkaTool(kafka.bootstrap)
    expect(await tool.endOffsets('kept')).toEqual([1n])
  })
})

describe('a broker with secure listeners', () => {
  const rig = useRig({ kafka: { secure: true } })

  async function secure() {
    const found = rig().kafka.secure!
    return {
      ...found,
      ca: await readFile(found.certificates.caFile, 'utf8'),
      stranger: await readFile(found.certificates.strangerCaFile, 'utf8'),
      cert: await readFile(found.certificates.clientCertificateFile, 'utf8'),
      key: await readFile(found.certificates.clientKeyFile, 'utf8'),
    }
  }

  test('answers over TLS to who trusts its certificate only', async () => {
    const { tls, ca, stranger } = await secure()
    expect(await listTopics({ brokers: [tls], ssl: { ca } })).toEqual([])
    await expect(listTopics({ brokers: [tls], ssl: { ca: stranger } })).rejects.toThrow(
      /certificate/,
    )
  })

  test('wants a client certificate where TLS is mutual', async () => {
    const { mutualTls, ca, cert, key } = await secure()
    expect(await listTopics({ brokers: [mutualTls], ssl: { ca, cert, key } })).toEqual([])
    await expect(listTopics({ brokers: [mutualTls], ssl: { ca } })).rejects.toThrow(
      /certificate|alert|closed/i,
    )
  })

  test.for(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'checks the password with SASL %s, with and without TLS',
    async (mechanism) => {
      const { sasl, saslTls, username, password, ca } = await secure()
      // kafkajs’s types want to know which of the mechanisms it is.
      const login = { mechanism, username, password } as SASLOptions
      expect(await listTopics({ brokers: [sasl], sasl: login })).toEqual([])
      expect(await listTopics({ brokers: [saslTls], sasl: login, ssl: { ca } })).toEqual([])
      const wrong = { mechanism, username, password: 'wrong' } as SASLOptions
      await expect(listTopics({ brokers: [sasl], sasl: wrong })).rejects.toThrow(/auth/i)
    },
  )

  test('lets a test forbid a topic', async () => {
    const { sasl, username, password } = await secure()
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('secret')
    const admin = tool.kafka.admin()
    await admin.createAcls({
      acl: [
        {
          resourceType: kafkajs.AclResourceTypes.TOPIC,
          resourceName: 'secret',
          resourcePatternType: kafkajs.ResourcePatternTypes.LITERAL,
          principal: `User:${username}`,
          host: '*',
          operation: kafkajs.AclOperationTypes.ALL,
          permissionType: kafkajs.AclPermissionTypes.DENY,
        },
      ],
    })
    const login = { mechanism: 'plain', username, password } as const
    expect(await listTopics({ brokers: [sasl], sasl: login })).toEqual([])
    expect(await admin.listTopics()).toContain('secret')
    await admin.disconnect()
  })
})

describe('three brokers and a controller', () => {
  const rig = useRig({ kafka: { brokers: 3 } })

  test('lose no record when one is killed, or comes back with an empty disk', async () => {
    const { kafka } = rig()
    await using tool = kafkaTool(kafka.bootstrap)
    await tool.createTopic('orders', { partitions: 3 })
    const records = [0, 1, 2].map((partition) => ({ value: `v${partition}`, partition }))
    const offsets = async () => (await tool.produce('orders', records)).map((p) => p.offset)
    expect(await offsets()).toEqual([0n, 0n, 0n])
    await kafka.brokers[0]?.kill9()
    expect(await offsets()).toEqual([1n, 1n, 1n])
    await kafka.start()
    await tool.inSync('orders')
    await kafka.brokers[1]?.wipe()
    expect(await offsets()).toEqual([2n, 2n, 2n])
    await kafka.start()
    await tool.inSync('orders')
    expect(await tool.endOffsets('orders')).toEqual([3n, 3n, 3n])
    expect(await consume(tool.kafka, 'orders', 9)).toHaveLength(9)
  })
})
