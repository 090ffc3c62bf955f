import type { Clock } from '../core/clock.ts'
import type { FirnError } from '../core/errors.ts'
import { topicName, type TopicId, type TopicName } from '../core/ids.ts'
import type { TopicPartition } from '../core/offsets.ts'
import type { Brokers } from './brokers.ts'
import type { Committer, Coordinator } from './coordinator.ts'
import type { LogQueries } from './log-queries.ts'
import type { Ownership } from './ownership.ts'
import type { TopicDescription, TopicSelection } from './record-source.ts'

/** One protocol's way of being in a group. */
export interface GroupMembership {
  readonly committer: Committer
  start(): void
  /** Revokes what is held, then leaves. */
  leave(): Promise<void>
}

export interface MembershipParts {
  readonly brokers: Brokers
  readonly coordinator: Coordinator
  readonly clock: Clock
  readonly ownership: Ownership
  readonly topics: SubscribedTopics
  readonly failed: (error: FirnError) => void
}

/** The topics that a selection takes now, as the brokers list them: patterns are resolved here. */
export class SubscribedTopics {
  readonly #queries: LogQueries
  readonly #selection: TopicSelection
  #known: readonly TopicDescription[] = []

  constructor(queries: LogQueries, selection: TopicSelection) {
    this.#queries = queries
    this.#selection = selection
  }

  async names(): Promise<readonly TopicName[]> {
    this.#known = await this.#queries.describe(this.#selection)
    return this.#known.map(({ topic }) => topic).sort()
  }

  /** The partitions of all these topics, whether this member reads them or not. */
  async partitionsOf(topics: readonly string[]): Promise<readonly TopicPartition[]> {
    const names = [...new Set(topics)].map(topicName)
    const described = await this.#queries.describe({ kind: 'names', names })
    return described.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    )
  }

  /** The name of a topic by its id; asked from the brokers where it is not known yet. */
  async nameOf(id: TopicId): Promise<TopicName | undefined> {
    const find = (): TopicName | undefined => this.#known.find((one) => one.id === id)?.topic
    if (find() === undefined) await this.names()
    return find()
  }

  idOf(topic: TopicName): TopicId | undefined {
    return this.#known.find((one) => one.topic === topic)?.id
  }

  /** Whether topics or partitions have come or gone since they were last asked for. */
  async changed(): Promise<boolean> {
    const before = listText(this.#known)
    await this.names()
    return listText(this.#known) !== before
  }
}

function listText(topics: readonly TopicDescription[]): string {
  return topics
    .map(({ topic, id, partitions }) => `${topic} ${id} ${partitions.length}`)
    .sort((a, b) => (a < b ? -1 : 1))
    .join('\n')
}
