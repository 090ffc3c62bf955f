import { ConnectionPool, createAPI, type Reader, Writer } from '@platformatic/kafka'
import { RigError } from './rig-error.ts'

/** One record batch for a partition, as bytes; the broker gives it its offsets. */
export interface PreparedBatch {
  readonly partition: number
  readonly bytes: Uint8Array
}

/** Appends record batches that are made already: as many megabytes a second as the broker takes. Dispose of it. */
export interface BatchProducer extends AsyncDisposable {
  /** Each partition at most once in a call. Resolves when the leader has them. */
  append(topic: string, batches: readonly PreparedBatch[]): Promise<void>
}

const PRODUCE_KEY = 0
const PRODUCE_VERSION = 9
const ACKS_LEADER = 1
const TIMEOUT_MS = 30_000

/** Produce version 9: the last that names topics before the transactional checks of 10. Kafka protocol: ProduceRequest. */
const produceApi = createAPI<[string, readonly PreparedBatch[]], readonly number[]>(
  PRODUCE_KEY,
  PRODUCE_VERSION,
  (topic: string, batches: readonly PreparedBatch[]) =>
    Writer.create()
      .appendString(null)
      .appendInt16(ACKS_LEADER)
      .appendInt32(TIMEOUT_MS)
      .appendArray([topic], (topics, name) => {
        topics.appendString(name).appendArray([...batches], (partitions, batch) => {
          partitions
            .appendInt32(batch.partition)
            .appendUnsignedVarInt(batch.bytes.length + 1)
            .append(Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.length))
        })
      })
      .appendTaggedFields(),
  (_correlationId: number, _apiKey: number, _apiVersion: number, reader: Reader) =>
    errorCodes(reader),
)

function errorCodes(reader: Reader): number[] {
  const codes: number[] = []
  reader.readArray((topics) => {
    topics.readString()
    topics.readArray((partition) => {
      partition.readInt32()
      codes.push(partition.readInt16())
      partition.readInt64() // base_offset
      partition.readInt64() // log_append_time_ms
      partition.readInt64() // log_start_offset
      partition.readArray((errors) => {
        errors.readInt32()
        errors.readNullableString()
      })
      partition.readNullableString()
    })
  })
  return codes
}

/** To a cluster of one broker, which then leads all partitions. */
export function batchProducer(bootstrap: string): BatchProducer {
  const pool = new ConnectionPool('rig')
  const [host = '', port = ''] = bootstrap.split(':')
  return {
    async append(topic, batches) {
      const connection = await pool.get({ host, port: Number(port) })
      const codes = await produceApi.async(connection, topic, batches)
      const wrong = codes.find((code) => code !== 0)
      if (wrong !== undefined) throw new RigError(`${topic}: produce answers error code ${wrong}`)
    },
    async [Symbol.asyncDispose]() {
      await pool.close()
    },
  }
}
