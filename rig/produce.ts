import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'
import kafkajs, { CompressionTypes, Kafka, type Message, type Producer } from 'kafkajs'
import { compressFrame, decompressFrame } from 'lz4-napi'
import { quietKafka } from './quiet-kafka.ts'
import { compress as snappyCompress, uncompress as snappyUncompress } from 'snappy'

// Node does not see these two among the names that this CommonJS module exports.
const { CompressionCodecs, Partitioners } = kafkajs

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** A record to produce: text or bytes, or null, which is a tombstone and not the empty value. */
export interface Produced {
  readonly value: string | Buffer | null
  readonly key?: string | Buffer | null
  /** Default: the partition that kafkajs chooses from the key. */
  readonly partition?: number
  /** Milliseconds since the epoch. */
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string | Buffer | (string | Buffer)[]>>
}

/** What is done with a transaction's records once they are written. */
export type TransactionEnd = 'commit' | 'abort'

/** An independent client of a Kafka: creates topics, produces, deletes. Dispose of it. */
export interface KafkaTool extends AsyncDisposable {
  readonly kafka: Kafka
  createTopic(topic: string, options?: TopicOptions): Promise<void>
  /** Writes the records of each partition in their order. Resolves when all are acknowledged. */
  produce(topic: string, records: readonly Produced[], options?: ProduceOptions): Promise<void>
  /** The next offset that each partition will give out. */
  endOffsets(topic: string): Promise<bigint[]>
  /** Moves each partition's start: what retention does. */
  deleteRecordsBefore(topic: string, starts: ReadonlyMap<number, bigint>): Promise<void>
  deleteTopic(topic: string): Promise<void>
}

export interface TopicOptions {
  readonly partitions?: number
  /** Default: the brokers' own. */
  readonly replication?: number
  readonly config?: Readonly<Record<string, string>>
}

export interface ProduceOptions {
  readonly compression?: Compression
  /** Writes the records in one transaction and ends it so. */
  readonly transaction?: TransactionEnd
  /** Names the transactional producer: two names may have transactions open at once. */
  readonly transactionalId?: string
  /** Records in one request, and so at most in one batch of a partition. */
  readonly batchRecords?: number
}

const BATCH_RECORDS = 2_000
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
    async createTopic(topic, options = {}) {
      await connected
      const entries = Object.entries(options.config ?? {})
      await admin.createTopics({
        waitForLeaders: true,
        topics: [
          {
            topic,
            numPartitions: options.partitions ?? 1,
            replicationFactor: options.replication ?? -1,
            configEntries: entries.map(([name, value]) => ({ name, value })),
          },
        ],
      })
    },
    async produce(topic, records, options = {}) {
      const { transaction } = options
      const id = options.transactionalId ?? (transaction === undefined ? undefined : 'rig')
      const producer = await producerOf(id)
      if (transaction === undefined) {
        await sendAll(producer, topic, { records, options })
        return
      }
      const open = await producer.transaction()
      await sendAll(open, topic, { records, options })
      await (transaction === 'commit' ? open.commit() : open.abort())
    },
    async endOffsets(topic) {
      await connected
      const partitions = await admin.fetchTopicOffsets(topic)
      return partitions.toSorted((a, b) => a.partition - b.partition).map((p) => BigInt(p.high))
    },
    async deleteRecordsBefore(topic, starts) {
      await connected
      const partitions = [...starts].map(([partition, start]) => ({
        partition,
        offset: `${start}`,
      }))
      await admin.deleteTopicRecords({ topic, partitions })
    },
    async deleteTopic(topic) {
      await connected
      await admin.deleteTopics({ topics: [topic] })
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...producers.values()].map(async (one) => (await one).disconnect()))
      await connected
      await admin.disconnect()
    },
  }
}

async function connectProducer(
  kafka: Kafka,
  transactionalId: string | undefined,
): Promise<Producer> {
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    allowAutoTopicCreation: false,
    ...(transactionalId === undefined
      ? {}
      : { transactionalId, idempotent: true, maxInFlightRequests: 1 }),
  })
  await producer.connect()
  return producer
}

async function sendAll(
  sender: Pick<Producer, 'send'>,
  topic: string,
  work: { records: readonly Produced[]; options: ProduceOptions },
): Promise<void> {
  const size = work.options.batchRecords ?? BATCH_RECORDS
  const compression = COMPRESSION[work.options.compression ?? 'none']
  for (let start = 0; start < work.records.length; start += size) {
    const messages = work.records.slice(start, start + size).map(messageOf)
    await sender.send({ topic, messages, compression, acks: -1 })
  }
}

function messageOf({ timestamp, headers, ...record }: Produced): Message {
  return {
    ...record,
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
