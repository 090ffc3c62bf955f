import { FirnError } from '../core/errors.ts'
import type { ClusterId, TopicName } from '../core/ids.ts'
import type { PartitionMap, Position, TopicPartition } from '../core/offsets.ts'
import { passes } from '../core/points.ts'
import { Brokers } from './brokers.ts'
import { ClassicMember } from './classic-member.ts'
import { ConsumerMember } from './consumer-member.ts'
import { Coordinator, type Committer } from './coordinator.ts'
import { EpochEnds } from './epoch-ends.ts'
import { Fetcher } from './fetcher.ts'
import { SubscribedTopics, type GroupMembership } from './group-membership.ts'
import { LogQueries } from './log-queries.ts'
import type { KafkaOptions, SourceParts } from './options.ts'
import { Ownership } from './ownership.ts'
import type {
  AssignmentListener,
  FetchEvent,
  LogBounds,
  RecordSource,
  SeekTarget,
  TopicDescription,
  TopicRetention,
  TopicSelection,
} from './record-source.ts'
import { topicRetention } from './topic-retention.ts'

/** Nobody in particular: an empty group takes offsets from anyone. */
const NO_MEMBER: Committer = { memberId: '', epoch: -1 }

/** Kafka itself, through its client's wire layer. */
export class KafkaRecordSource implements RecordSource {
  readonly #brokers: Brokers
  readonly #parts: SourceParts
  readonly #queries: LogQueries
  readonly #epochs: EpochEnds
  readonly #coordinator: Coordinator
  readonly #fetcher: Fetcher
  #membership: GroupMembership | undefined

  private constructor(brokers: Brokers, parts: SourceParts) {
    this.#brokers = brokers
    this.#parts = parts
    this.#queries = new LogQueries(brokers)
    this.#epochs = new EpochEnds(brokers)
    this.#coordinator = new Coordinator(brokers)
    this.#fetcher = new Fetcher(brokers, parts)
  }

  /** Throws KAFKA_UNAVAILABLE or KAFKA_AUTHENTICATION where no broker takes us. */
  static async open(options: KafkaOptions, parts: SourceParts): Promise<KafkaRecordSource> {
    const source = new KafkaRecordSource(new Brokers(options, parts), parts)
    try {
      await source.clusterId()
      return source
    } catch (fault) {
      await source.close()
      throw fault
    }
  }

  /** As the brokers named it last: a connection to other brokers, of another cluster, does not stay hidden. */
  async clusterId(): Promise<ClusterId> {
    return this.#brokers.cluster ?? (await this.#brokers.metadata([])).clusterId
  }

  async describeTopics(wanted: TopicSelection): Promise<readonly TopicDescription[]> {
    return this.#queries.describe(wanted)
  }

  async logBounds(partitions: readonly TopicPartition[]): Promise<PartitionMap<LogBounds>> {
    return this.#queries.bounds(partitions)
  }

  async positionsAt(
    partitions: readonly TopicPartition[],
    timestampMs: number,
  ): Promise<PartitionMap<Position>> {
    return this.#queries.at(partitions, timestampMs)
  }

  async retention(topics: readonly TopicName[]): Promise<ReadonlyMap<TopicName, TopicRetention>> {
    return topicRetention(this.#brokers, topics)
  }

  async epochEnd(partition: TopicPartition, leaderEpoch: number): Promise<Position | undefined> {
    return this.#epochs.endOf(partition, leaderEpoch)
  }

  async groupOffsets(partitions: readonly TopicPartition[]): Promise<PartitionMap<Position>> {
    return this.#coordinator.offsets(partitions)
  }

  /** The group's state in Kafka's words; undefined where there is no such group. */
  async groupState(): Promise<string | undefined> {
    return this.#coordinator.state()
  }

  async commitGroupOffsets(offsets: PartitionMap<Position>): Promise<void> {
    await this.#coordinator.commit(offsets, this.#membership?.committer ?? NO_MEMBER)
    passes('group-offsets')
  }

  async join(selection: TopicSelection, listener: AssignmentListener): Promise<void> {
    const topics = new SubscribedTopics(this.#queries, selection)
    await this.#requireTopics(selection, await topics.names())
    const parts = {
      ...this.#parts,
      brokers: this.#brokers,
      options: this.#brokers.options,
      log: this.#brokers.log,
      coordinator: this.#coordinator,
      ownership: new Ownership(listener),
      topics,
      failed: (error: FirnError) => {
        listener.failed(error)
      },
    }
    this.#membership =
      this.#brokers.options.groupProtocol === 'consumer'
        ? new ConsumerMember(parts)
        : new ClassicMember(parts)
    this.#membership.start()
  }

  /** A topic that is named must exist; a pattern may wait for its first. */
  async #requireTopics(selection: TopicSelection, found: readonly string[]): Promise<void> {
    const missing = requiredNames(selection).filter((name) => !found.includes(name))
    if (missing.length === 0) return
    throw new FirnError('KAFKA_TOPIC_MISSING', `topic ${missing.join(', ')} does not exist`, {
      help: 'create it, correct `topics`, or give the principal DESCRIBE on it; Firn never creates topics',
    })
  }

  async leave(): Promise<void> {
    // Still a member while what is held is committed.
    await this.#membership?.leave()
    this.#membership = undefined
  }

  seek(partition: TopicPartition, target: SeekTarget): void {
    this.#fetcher.seek(plain(partition), target)
  }

  stop(partition: TopicPartition): void {
    this.#fetcher.stop(partition)
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions, true)
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#fetcher.pause(partitions, false)
  }

  async poll(waitMsMax: number): Promise<readonly FetchEvent[]> {
    return this.#fetcher.poll(waitMsMax)
  }

  get bytesHeld(): number {
    return this.#fetcher.bytesHeld
  }

  async close(): Promise<void> {
    await Promise.all([this.#fetcher.close(), this.#brokers.close()])
  }
}

/** Only what names a partition, whatever else the caller's object carries. */
function plain({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition }
}

function requiredNames(selection: TopicSelection): readonly string[] {
  switch (selection.kind) {
    case 'names':
      return selection.names
    case 'pattern':
      return []
    case 'any-of':
      return selection.selections.flatMap(requiredNames)
  }
}
