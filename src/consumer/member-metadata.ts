import { Reader, Writer } from '@platformatic/kafka'
import { topicName } from '../core/ids.ts'
import type { TopicPartition } from '../core/offsets.ts'

/** Kafka's ConsumerProtocol: subscribed topics, user data, owned partitions (1), their generation (2, KIP-792). */
const VERSION = 2
const VERSION_WITH_OWNED = 1
const VERSION_WITH_GENERATION = 2
const NO_GENERATION = -1

/** What a member tells the leader of a classic group. */
export interface MemberMetadata {
  readonly topics: readonly string[]
  readonly owned: readonly TopicPartition[]
  /** In which it was given what it holds; -1 for none. */
  readonly generation: number
}

function byTopic(partitions: readonly TopicPartition[]): [string, number[]][] {
  return [...Map.groupBy(partitions, ({ topic }) => topic)].map(([topic, own]) => [
    topic,
    own.map(({ partition }) => partition),
  ])
}

function writePartitions(writer: Writer, partitions: readonly TopicPartition[]): Writer {
  return writer.appendArray(
    byTopic(partitions),
    (w, [topic, numbers]) => {
      w.appendString(topic, false).appendArray(
        numbers,
        (one, number) => one.appendInt32(number),
        false,
        false,
      )
    },
    false,
    false,
  )
}

function readPartitions(reader: Reader): TopicPartition[] {
  const topics = reader.readArray(
    (r) => ({
      topic: r.readString(false),
      numbers: r.readArray((one) => one.readInt32(), false, false),
    }),
    false,
    false,
  )
  return topics.flatMap(({ topic, numbers }) =>
    numbers.map((partition) => ({ topic: topicName(topic), partition })),
  )
}

export function encodeMetadata({ topics, owned, generation }: MemberMetadata): Buffer {
  const writer = Writer.create()
    .appendInt16(VERSION)
    .appendArray([...topics], (w, topic) => w.appendString(topic, false), false, false)
    .appendInt32(-1)
  return writePartitions(writer, owned).appendInt32(generation).buffer
}

export function decodeMetadata(bytes: Buffer): MemberMetadata {
  const reader = Reader.from(bytes)
  const version = reader.readInt16()
  const topics = reader.readArray((r) => r.readString(false), false, false)
  const userDataBytes = reader.readInt32()
  if (userDataBytes > 0) reader.skip(userDataBytes)
  const owned = version >= VERSION_WITH_OWNED ? readPartitions(reader) : []
  const generation = version >= VERSION_WITH_GENERATION ? reader.readInt32() : NO_GENERATION
  return { topics, owned, generation }
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  return writePartitions(Writer.create().appendInt16(VERSION), partitions).appendInt32(-1).buffer
}

/** An empty assignment may come as no bytes at all. */
export function decodeAssignment(bytes: Buffer): readonly TopicPartition[] {
  if (bytes.length === 0) return []
  const reader = Reader.from(bytes)
  reader.readInt16()
  return readPartitions(reader)
}
