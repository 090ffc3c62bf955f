import type { TopicId, TopicName } from '../core/ids.ts'
import type { TopicPartition } from '../core/offsets.ts'
import type { Brokers } from './brokers.ts'
import type { Committer, Coordinator } from './coordinator.ts'
import type { SessionParts } from './group-session.ts'
import type { LogQueries } from './log-queries.ts'
import type { KafkaOptions } from './options.ts'
import type { TopicDescription, TopicSelection } from './record-source.ts'

/** One protocol's way of being in a group. */
export interface GroupMembership {
  readonly committer: Committer
  start(): void
  /** Revokes what is held, then leaves. */
  leave(): Promise<void>
}

/** What both protocols are given. */
export interface MembershipParts extends SessionParts {
  readonly options: KafkaOptions
  readonly brokers: Brokers
  readonly coordinator: Coordinator
  readonly topics: SubscribedTopics
}

/** The topics that a selection takes now, as the brokers list them: patterns are resolved here. */
export class SubscribedTopics {
  readonly #queries: LogQueries
  readonly #selection: TopicSelection
  /** Never forgotten: what is held must be named also when its topic is gone. */
  readonly #ids = new Map<TopicId, TopicName>()
  #names: readonly TopicName[] = []
  /** What the leader of a classic group has given out: the topics of all members. */
  #led: { readonly names: readonly string[]; readonly text: string } | undefined

  constructor(queries: LogQueries, selection: TopicSelection) {
    this.#queries = queries
    this.#selection = selection
  }

  async names(): Promise<readonly TopicName[]> {
    const described = await this.#queries.describe(this.#selection)
    for (const { id, topic } of described) this.#ids.set(id, topic)
    this.#names = described.map(({ topic }) => topic).sort()
    return this.#names
  }

  /** As the leader: the partitions of all that the members subscribed to. */
  async lead(names: readonly string[]): Promise<readonly TopicPartition[]> {
    const described = await this.#queries.existing(names)
    this.#led = { names, text: listText(described) }
    return described.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    )
  }

  follow(): void {
    this.#led = undefined
  }

  /** The name of a topic by its id; asked from the brokers where it is not known yet. */
  async nameOf(id: TopicId): Promise<TopicName | undefined> {
    if (!this.#ids.has(id)) await this.names()
    return this.#ids.get(id)
  }

  idsOf(topic: TopicName): readonly TopicId[] {
    return [...this.#ids].filter(([, name]) => name === topic).map(([id]) => id)
  }

  /** Whether topics have come or gone; as the leader, also whether partitions have. */
  async changed(): Promise<boolean> {
    const before = this.#names.join('\n')
    if ((await this.names()).join('\n') !== before) return true
    if (this.#led === undefined) return false
    return listText(await this.#queries.existing(this.#led.names)) !== this.#led.text
  }
}

function listText(topics: readonly TopicDescription[]): string {
  return topics
    .map(({ topic, id, partitions }) => `${topic} ${id} ${partitions.length}`)
    .sort()
    .join('\n')
}
