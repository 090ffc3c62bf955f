import { backoffMs, type BackoffPolicy } from '../core/backoff.ts'
import { messageOf } from '../core/errors.ts'
import type { TopicName } from '../core/ids.ts'
import type { TopicPartition } from '../core/offsets.ts'
import type { Brokers, ClusterMetadata, PartitionLeader, TopicMetadata } from './brokers.ts'
import type { SourceParts } from './options.ts'

/** The pace of asking again while something stays wrong: until it is right, however long. */
const PACE: BackoffPolicy = { attemptsMax: Infinity, waitMsMin: 50, waitMsMax: 2_000 }

/** Who asks for metadata, and takes it. */
export interface LeadersFor {
  /** What is read now. */
  topics(): readonly TopicName[]
  took(metadata: ClusterMetadata): void
}

/** Who leads what is read: asked from the brokers when wanted, and when it has grown old. */
export class Leaders {
  readonly #brokers: Brokers
  readonly #parts: SourceParts
  readonly #reader: LeadersFor
  readonly #stopped = new AbortController()
  #metadata: ClusterMetadata | undefined
  #wanted: { failures: number } | undefined
  #resting = new AbortController()
  #running: Promise<void> | undefined

  constructor(brokers: Brokers, parts: SourceParts, reader: LeadersFor) {
    this.#brokers = brokers
    this.#parts = parts
    this.#reader = reader
  }

  topic(topic: TopicName): TopicMetadata | undefined {
    return this.#metadata?.topics.get(topic)
  }

  of({ topic, partition }: TopicPartition): PartitionLeader | undefined {
    return this.topic(topic)?.partitions.get(partition)
  }

  /** Wants metadata: at once, or after the backoff that belongs to so many failures in a row. */
  want(failures = 0): void {
    this.#wanted = { failures: Math.min(failures, this.#wanted?.failures ?? Infinity) }
    this.#running ??= this.#run()
    this.#resting.abort()
  }

  async close(): Promise<void> {
    this.#stopped.abort()
    this.#resting.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#parts
    const stopped = this.#stopped.signal
    while (!stopped.aborted) {
      if (this.#wanted === undefined) await this.#rest()
      const { failures } = this.#wanted ?? { failures: 0 }
      if (failures > 0) await clock.sleep(backoffMs(PACE, failures, random), stopped)
      if (stopped.aborted) return
      this.#wanted = undefined
      await this.#ask(failures)
    }
  }

  async #rest(): Promise<void> {
    this.#resting = new AbortController()
    await this.#parts.clock.sleep(this.#brokers.options.metadataMaxAgeMs, this.#resting.signal)
  }

  async #ask(failures: number): Promise<void> {
    const topics = this.#reader.topics()
    if (topics.length === 0) return
    try {
      this.#metadata = await this.#brokers.metadataOnce(topics)
    } catch (fault) {
      if (this.#stopped.signal.aborted) return
      this.#brokers.log('warn', `no metadata: ${messageOf(fault)}`, { failures })
      this.want(failures + 1)
      return
    }
    if (!this.#stopped.signal.aborted) this.#reader.took(this.#metadata)
  }
}
