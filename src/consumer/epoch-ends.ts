import { offsetForLeaderEpochV4 } from '@platformatic/kafka'
import { topicName } from '../core/ids.ts'
import { PartitionMap, type Position, type TopicPartition } from '../core/offsets.ts'
import type { Brokers } from './brokers.ts'
import { answered } from './kafka-errors.ts'
import { byLeader, checkPartition, CONSUMER } from './log-queries.ts'

type EpochResponse = ReturnType<typeof offsetForLeaderEpochV4.parseResponse>

/** Questions that were asked in one go, and go to the brokers together. */
interface Round {
  readonly epochs: PartitionMap<number>
  readonly ends: Promise<PartitionMap<Position>>
}

/** Where leader epochs end in the brokers' logs. Kafka: OffsetForLeaderEpoch. */
export class EpochEnds {
  readonly #brokers: Brokers
  #round: Round | undefined

  constructor(brokers: Brokers) {
    this.#brokers = brokers
  }

  /** Undefined where the broker does not know the epoch any more. */
  async endOf(partition: TopicPartition, leaderEpoch: number): Promise<Position | undefined> {
    const { epochs, ends } = this.#roundFor(partition, leaderEpoch)
    epochs.set(partition, leaderEpoch)
    return (await ends).get(partition)
  }

  /** Whoever asks for every partition of a topic makes one request for each leader of it. */
  #roundFor(partition: TopicPartition, leaderEpoch: number): Round {
    const asked = this.#round?.epochs.get(partition)
    if (this.#round !== undefined && (asked === undefined || asked === leaderEpoch)) {
      return this.#round
    }
    const epochs = new PartitionMap<number>()
    this.#round = { epochs, ends: Promise.resolve().then(async () => this.#close(epochs)) }
    return this.#round
  }

  async #close(epochs: PartitionMap<number>): Promise<PartitionMap<Position>> {
    if (this.#round?.epochs === epochs) this.#round = undefined
    return this.#brokers.retrying('ends of leader epochs', async () => this.#ask(epochs))
  }

  async #ask(epochs: PartitionMap<number>): Promise<PartitionMap<Position>> {
    const metadata = await this.#brokers.metadataOnce(epochs.topics)
    const ends = new PartitionMap<Position>()
    await Promise.all(
      [...byLeader(metadata, [...epochs.keys()])].map(async ([node, own]) =>
        this.#askNode(node, new PartitionMap(own.map((key) => [key, epochs.get(key) ?? -1])), ends),
      ),
    )
    return ends
  }

  async #askNode(
    node: number,
    epochs: PartitionMap<number>,
    ends: PartitionMap<Position>,
  ): Promise<void> {
    const connection = await this.#brokers.toNode(node, 'control')
    const topics = epochs.topics.map((topic) => ({
      topic,
      name: topic,
      partitions: [...epochs.ofTopic(topic)].map(([partitionIndex, leaderEpoch]) => ({
        partitionIndex,
        currentLeaderEpoch: -1,
        leaderEpoch,
      })),
    }))
    const response = await answered(
      async () => offsetForLeaderEpochV4.api.async(connection, CONSUMER, topics),
      isEpochResponse,
      this.#brokers,
    )
    for (const { topic, partitions } of response.topics) {
      for (const { partition, errorCode, endOffset } of partitions) {
        const key = { topic: topicName(topic), partition }
        checkPartition(errorCode, key)
        if (endOffset >= 0n) ends.set(key, endOffset)
      }
    }
  }
}

function isEpochResponse(response: unknown): response is EpochResponse {
  return typeof response === 'object' && response !== null && 'topics' in response
}
