import { listOffsetsV7 } from '@platformatic/kafka'
import { FirnError } from '../core/errors.ts'
import { topicName, type TopicName } from '../core/ids.ts'
import { PartitionMap, partitionText, type Position, type TopicPartition } from '../core/offsets.ts'
import type { Brokers, ClusterMetadata, TopicMetadata } from './brokers.ts'
import { answered, authorizationError, KAFKA, kafkaErrorText } from './kafka-errors.ts'
import type { LogBounds, TopicDescription, TopicSelection } from './record-source.ts'

/** Special timestamps of ListOffsets. */
const LATEST = -1n
const EARLIEST = -2n
/** What a consumer calls itself where replicas say their id. */
export const CONSUMER = -1

/** What metadata says of a topic that is not there. */
const ABSENT: ReadonlySet<number> = new Set([
  KAFKA.unknownTopicOrPartition,
  KAFKA.unknownTopicId,
  KAFKA.invalidTopic,
])

type ListOffsetsResponse = ReturnType<typeof listOffsetsV7.parseResponse>

/** Questions about logs, asked from the leaders of their partitions. */
export class LogQueries {
  readonly #brokers: Brokers

  constructor(brokers: Brokers) {
    this.#brokers = brokers
  }

  async describe(wanted: TopicSelection): Promise<readonly TopicDescription[]> {
    const names = namesOf(wanted)
    const metadata = await this.#brokers.retrying('topics', async () => {
      const found = await this.#brokers.metadataOnce(names === undefined ? null : [...names])
      refuseFaults(found.faults, wanted)
      return found
    })
    return [...metadata.topics.values()]
      .filter(
        ({ name, internal }) => selects(wanted, name) && (!internal || names?.has(name) === true),
      )
      .map(descriptionOf)
  }

  /** Those of these topics that there are, and that we may see. */
  async existing(names: readonly string[]): Promise<readonly TopicDescription[]> {
    const { topics } = await this.#brokers.metadata(names)
    return [...topics.values()].map(descriptionOf)
  }

  async bounds(partitions: readonly TopicPartition[]): Promise<PartitionMap<LogBounds>> {
    const [starts, ends] = await Promise.all([
      this.#offsets(partitions, EARLIEST),
      this.#offsets(partitions, LATEST),
    ])
    const bounds = new PartitionMap<LogBounds>()
    for (const [partition, logStart] of starts) {
      const logEnd = ends.get(partition)
      if (logEnd !== undefined) bounds.set(partition, { logStart, logEnd })
    }
    return bounds
  }

  async at(
    partitions: readonly TopicPartition[],
    timestampMs: number,
  ): Promise<PartitionMap<Position>> {
    const [found, ends] = await Promise.all([
      this.#offsets(partitions, BigInt(timestampMs)),
      this.#offsets(partitions, LATEST),
    ])
    // No record of that time or later: -1 from the broker, the end for us.
    return ends.map((end, partition) => {
      const position = found.get(partition) ?? -1n
      return position < 0n ? end : position
    })
  }

  async #offsets(
    partitions: readonly TopicPartition[],
    timestamp: bigint,
  ): Promise<PartitionMap<Position>> {
    if (partitions.length === 0) return new PartitionMap<Position>()
    return this.#brokers.retrying('log bounds', async () => {
      const topics = [...new Set(partitions.map(({ topic }) => topic))]
      const metadata = await this.#brokers.metadataOnce(topics)
      const found = new PartitionMap<Position>()
      await Promise.all(
        [...byLeader(metadata, partitions)].map(async ([node, own]) => {
          for (const [partition, position] of await this.#offsetsOf(node, own, timestamp)) {
            found.set(partition, position)
          }
        }),
      )
      return found
    })
  }

  async #offsetsOf(
    node: number,
    partitions: readonly TopicPartition[],
    timestamp: bigint,
  ): Promise<readonly (readonly [TopicPartition, Position])[]> {
    const connection = await this.#brokers.toNode(node, 'control')
    const isolation = this.#brokers.options.isolation === 'read_committed' ? 1 : 0
    const request = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, own]) => ({
      name,
      partitions: own.map(({ partition }) => ({
        partitionIndex: partition,
        currentLeaderEpoch: -1,
        timestamp,
      })),
    }))
    const response = await answered(
      async () => listOffsetsV7.api.async(connection, CONSUMER, isolation, request),
      isListOffsets,
      this.#brokers,
    )
    const wanted = new Map(partitions.map((partition) => [partitionText(partition), partition]))
    return response.topics.flatMap(({ name, partitions: answers }) =>
      answers.flatMap(({ partitionIndex, errorCode, offset }) => {
        const partition = wanted.get(`${name}/${partitionIndex}`)
        if (partition === undefined || errorCode === KAFKA.unknownTopicOrPartition) return []
        checkPartition(errorCode, partition)
        return [[partition, offset] as const]
      }),
    )
  }
}

function isListOffsets(response: unknown): response is ListOffsetsResponse {
  return typeof response === 'object' && response !== null && 'topics' in response
}

/** Throws what is wrong with one partition of an answer. */
export function checkPartition(code: number, partition: TopicPartition): void {
  if (code === KAFKA.none) return
  throw (
    authorizationError(code, { topic: partition.topic }) ??
    new FirnError('KAFKA_UNAVAILABLE', `${partitionText(partition)}: ${kafkaErrorText(code)}`)
  )
}

/** A topic that does not exist is not in the answer; any other fault of one that is wanted is told. */
function refuseFaults(faults: ReadonlyMap<string, number>, wanted: TopicSelection): void {
  for (const [name, code] of faults) {
    if (ABSENT.has(code) || !selects(wanted, topicName(name))) continue
    throw (
      authorizationError(code, { topic: name }) ??
      new FirnError('KAFKA_UNAVAILABLE', `metadata of topic ${name}: ${kafkaErrorText(code)}`)
    )
  }
}

function descriptionOf({ name, id, partitions }: TopicMetadata): TopicDescription {
  return { topic: name, id, partitions: [...partitions.keys()] }
}

/** Partitions by the node that leads them. Throws KAFKA_UNAVAILABLE while one has no leader. */
export function byLeader(
  metadata: ClusterMetadata,
  partitions: readonly TopicPartition[],
): ReadonlyMap<number, readonly TopicPartition[]> {
  const led = new Map<number, TopicPartition[]>()
  for (const partition of partitions) {
    const leader = metadata.topics.get(partition.topic)?.partitions.get(partition.partition)
    // Not there: whoever asked sees that no answer has it.
    if (leader === undefined) continue
    if (leader.leaderId < 0) {
      throw new FirnError('KAFKA_UNAVAILABLE', `${partitionText(partition)} has no leader now`)
    }
    led.set(leader.leaderId, [...(led.get(leader.leaderId) ?? []), partition])
  }
  return led
}

/** The names of a selection; undefined where a pattern wants all topics looked at. */
function namesOf(selection: TopicSelection): ReadonlySet<string> | undefined {
  switch (selection.kind) {
    case 'names':
      return new Set<string>(selection.names)
    case 'pattern':
      return undefined
    case 'any-of': {
      const names = new Set<string>()
      for (const one of selection.selections) {
        const own = namesOf(one)
        if (own === undefined) return undefined
        for (const name of own) names.add(name)
      }
      return names
    }
  }
}

/** Whether a selection takes a topic. */
function selects(selection: TopicSelection, topic: TopicName): boolean {
  switch (selection.kind) {
    case 'names':
      return selection.names.includes(topic)
    case 'pattern':
      return selection.pattern.test(topic)
    case 'any-of':
      return selection.selections.some((one) => selects(one, topic))
  }
}
