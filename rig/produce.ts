import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs, {
  type Admin,
  CompressionTypes,
  type ITopicConfig,
  type Kafka,
  type Message,
  type Producer,
  type RecordMetadata,
} from 'kafkajs'
import { compressFrame, decompressFrame } from 'lz4-napi'
import { poll } from './environment.ts'
import { quietKafka } from './quiet-kafka.ts'
import { RigError } from './rig-error.ts'
import { compress as snappyCompress, uncompress as snappyUncompress } from 'snappy'

// Node does not see these two among the names that this CommonJS module exports.
const { CompressionCodecs, Partitioners } = kafkajs

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** A record to produce: text or bytes, or null, which is a tombstone and not the empty value. */
interface Produced {
  readonly value: string | Buffer | null
  readonly key?: string | Buffer | null
  /** Default: 0. A key does not choose. */
  readonly partition?: number
  /** Milliseconds since the epoch. */
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string | Buffer | (string | Buffer)[]>>
}

/** Where a record came to lie. */
interface Position {
  readonly partition: number
  readonly offset: bigint
}

/** What is done with a transaction's records once they are written. */
type TransactionEnd = 'commit' | 'abort'

/** An independent client of a Kafka: creates topics, produces, deletes. Dispose of it. */
export interface KafkaTool extends AsyncDisposable {
  readonly kafka: Kafka
  createTopic(topic: string, options?: TopicOptions): Promise<void>
  /**
   * Writes the records of each partition in their order, each once though requests are repeated. Resolves, with the
   * offset of each record, when all replicas in sync have them.
   */
  produce(
    topic: string,
    records: readonly Produced[],
    options?: ProduceOptions,
  ): Promise<Position[]>
  /** The next offset that each partition will give out. */
  endOffsets(topic: string): Promise<bigint[]>
  /** Resolves when every replica of the topic is in sync. */
  inSync(topic: string): Promise<void>
  /** Moves each partition's start: what retention does. */
  deleteRecordsBefore(topic: string, starts: ReadonlyMap<number, bigint>): Promise<void>
  deleteTopic(topic: string): Promise<void>
}

interface TopicOptions {
  readonly partitions?: number
  /** Default: the brokers' own. */
  readonly replication?: number
  readonly config?: Readonly<Record<string, string>>
}

interface ProduceOptions {
  readonly compression?: Compression
  /** Writes the records in one transaction and ends it so. */
  readonly transaction?: TransactionEnd
  /** Names the transactional producer: two names may have transactions open at once. */
  readonly transactionalId?: string
  /** Records in one request, and so at most in one batch of a partition. */
  readonly batchRecords?: number
}

const BATCH_RECORDS = 2_000
const IN_SYNC_MS = 60_000
const COMPRESSION: Record<Compression, CompressionTypes> = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
}

registerCodecs()

export function kafkaTool(bootstrap: string): KafkaTool {
  const kafka = quietKafka(bootstrap, { retries: 8, initialRetryTime: 100 })
  const admin = kafka.admin()
  const connected = admin.connect()
  const producers = new Map<string, Promise<Producer>>()
  const producerOf = async (transactionalId: string | undefined): Promise<Producer> => {
    const id = transactionalId ?? ''
    const producer = producers.get(id) ?? connectProducer(kafka, transactionalId)
    producers.set(id, producer)
    return producer
  }
  return {
    kafka,
    ...adminPart(admin, connected),
    async produce(topic, records, options = {}) {
      const { transaction } = options
      const id = options.transactionalId ?? (transaction === undefined ? undefined : 'rig')
      const producer = await producerOf(id)
      if (transaction === undefined) return sendAll(producer, topic, { records, options })
      const open = await producer.transaction()
      const positions = await sendAll(open, topic, { records, options })
      await (transaction === 'commit' ? open.commit() : open.abort())
      return positions
    },
    async [Symbol.asyncDispose]() {
      // One that never connected, because its broker is gone, has nothing to let go of.
      await Promise.allSettled([
        connected,
        ...[...producers.values()].map(async (one) => (await one).disconnect()),
      ])
      await admin.disconnect()
    },
  }
}

function adminPart(
  admin: Admin,
  connected: Promise<void>,
): Omit<KafkaTool, 'kafka' | 'produce' | typeof Symbol.asyncDispose> {
  return {
    async createTopic(topic, options = {}) {
      await connected
      await admin.createTopics({ waitForLeaders: true, topics: [topicConfig(topic, options)] })
    },
    async endOffsets(topic) {
      await connected
      const partitions = await admin.fetchTopicOffsets(topic)
      return partitions.toSorted((a, b) => a.partition - b.partition).map((p) => BigInt(p.high))
    },
    async inSync(topic) {
      await connected
      let fault: unknown
      const ask = async (): Promise<true | undefined> => {
        try {
          return (await isInSync(admin, topic)) ? true : undefined
        } catch (reason) {
          // The broker that it is connected to may be the one that was killed: it finds another.
          fault = reason
          return undefined
        }
      }
      const done = await poll(ask, { deadlineMs: IN_SYNC_MS, everyMs: 200 })
      if (done === undefined) {
        throw new RigError(`replicas of ${topic} are out of sync: ${String(fault)}`)
      }
    },
    async deleteRecordsBefore(topic, starts) {
      await connected
      const partitions = [...starts].map(([partition, start]) => ({
        partition,
        offset: `${start}`,
      }))
      let fault: unknown
      const deleted = await poll(
        async () => {
          try {
            // deleteTopicRecords looks leaders up before it loads them; this call loads them.
            await admin.fetchTopicOffsets(topic)
            await admin.deleteTopicRecords({ topic, partitions })
            return true
          } catch (reason) {
            fault = reason
            return undefined
          }
        },
        { deadlineMs: IN_SYNC_MS, everyMs: 200 },
      )
      if (deleted === undefined)
        throw new RigError(`records of ${topic} cannot be deleted: ${String(fault)}`)
    },
    async deleteTopic(topic) {
      await connected
      await admin.deleteTopics({ topics: [topic] })
    },
  }
}

function topicConfig(topic: string, options: TopicOptions): ITopicConfig {
  const entries = Object.entries(options.config ?? {})
  return {
    topic,
    numPartitions: options.partitions ?? 1,
    replicationFactor: options.replication ?? -1,
    configEntries: entries.map(([name, value]) => ({ name, value })),
  }
}

async function isInSync(admin: Admin, topic: string): Promise<boolean> {
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  const partitions = topics.flatMap((one) => one.partitions)
  return partitions.every((one) => one.isr.length === one.replicas.length)
}

async function connectProducer(
  kafka: Kafka,
  transactionalId: string | undefined,
): Promise<Producer> {
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    idempotent: true,
    maxInFlightRequests: 1,
    ...(transactionalId === undefined ? {} : { transactionalId }),
  })
  await producer.connect()
  return producer
}

/**
 * One partition in each request: of a request over several brokers kafkajs forgets a part, and says nothing, when a
 * leader moves to a broker that has already answered.
 */
async function sendAll(
  sender: Pick<Producer, 'send'>,
  topic: string,
  work: { records: readonly Produced[]; options: ProduceOptions },
): Promise<Position[]> {
  const size = work.options.batchRecords ?? BATCH_RECORDS
  const compression = COMPRESSION[work.options.compression ?? 'none']
  const byPartition = Map.groupBy(work.records.entries(), ([, record]) => record.partition ?? 0)
  const positions: Position[] = []
  for (const [partition, entries] of byPartition) {
    for (let start = 0; start < entries.length; start += size) {
      const batch = entries.slice(start, start + size)
      const messages = batch.map(([, record]) => messageOf(record))
      const answered = await sender.send({ topic, messages, compression, acks: -1 })
      const base = firstOffset(answered, partition)
      for (const [i, [index]] of batch.entries()) {
        positions[index] = { partition, offset: base + BigInt(i) }
      }
    }
  }
  return positions
}

function firstOffset(answered: readonly RecordMetadata[], partition: number): bigint {
  const base = answered.find((one) => one.partition === partition)?.baseOffset
  if (base === undefined || base === '-1') {
    throw new RigError(`partition ${partition} did not acknowledge: ${JSON.stringify(answered)}`)
  }
  return BigInt(base)
}

function messageOf({ timestamp, headers, partition, ...record }: Produced): Message {
  return {
    ...record,
    partition: partition ?? 0,
    ...(timestamp === undefined ? {} : { timestamp: String(timestamp) }),
    ...(headers === undefined ? {} : { headers: { ...headers } }),
  }
}

/** kafkajs brings gzip only. Its codecs are factories, as their packages export them. */
function registerCodecs(): void {
  const zstd = { compress: promisify(zstdCompress), decompress: promisify(zstdDecompress) }
  const level = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }
  CompressionCodecs[CompressionTypes.ZSTD] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => zstd.compress(buffer, level),
    decompress: zstd.decompress,
  })
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => compressFrame(buffer),
    decompress: async (buffer: Buffer) => decompressFrame(buffer),
  })
  CompressionCodecs[CompressionTypes.Snappy] = () => ({
    compress: async ({ buffer }: { buffer: Buffer }) => snappyCompress(buffer),
    decompress: async (buffer: Buffer) => snappyUncompress(buffer),
  })
}
