import { assert } from './assert.ts'
import type { TopicName } from './ids.ts'

/**
 * A place between two records of a partition: the offset of the next record to read.
 * Positions, not record counts: offsets have holes (compaction, transaction markers, aborted records).
 */
export type Position = bigint

/** One Kafka partition. */
export interface TopicPartition {
  readonly topic: TopicName
  readonly partition: number
}

/** The half-open range of positions `[start, end)`. */
export interface PositionRange {
  readonly start: Position
  readonly end: Position
}

/** A range, checked: `0 <= start <= end`. */
export function positionRange(start: Position, end: Position): PositionRange {
  assert(start >= 0n && start <= end, `a range runs forward, not from ${start} to ${end}`)
  return { start, end }
}

/** How a partition is written for people and in messages: `orders/3`. */
export function partitionText({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`
}

/** One value for each partition, iterated by topic in order of insertion. */
export class PartitionMap<T> {
  readonly #topics = new Map<TopicName, Map<number, T>>()

  constructor(entries: Iterable<readonly [TopicPartition, T]> = []) {
    for (const [key, value] of entries) this.set(key, value)
  }

  get({ topic, partition }: TopicPartition): T | undefined {
    return this.#topics.get(topic)?.get(partition)
  }

  has({ topic, partition }: TopicPartition): boolean {
    return this.#topics.get(topic)?.has(partition) ?? false
  }

  set({ topic, partition }: TopicPartition, value: T): this {
    const ofTopic = this.#topics.get(topic)
    if (ofTopic === undefined) this.#topics.set(topic, new Map([[partition, value]]))
    else ofTopic.set(partition, value)
    return this
  }

  delete({ topic, partition }: TopicPartition): boolean {
    const ofTopic = this.#topics.get(topic)
    if (ofTopic === undefined || !ofTopic.delete(partition)) return false
    if (ofTopic.size === 0) this.#topics.delete(topic)
    return true
  }

  clear(): void {
    this.#topics.clear()
  }

  get size(): number {
    return [...this.#topics.values()].reduce((sum, ofTopic) => sum + ofTopic.size, 0)
  }

  get topics(): readonly TopicName[] {
    return [...this.#topics.keys()]
  }

  /** The values of one topic, by partition number. */
  ofTopic(topic: TopicName): ReadonlyMap<number, T> {
    return this.#topics.get(topic) ?? new Map<number, T>()
  }

  *keys(): Generator<TopicPartition> {
    for (const [key] of this) yield key
  }

  *values(): Generator<T> {
    for (const [, value] of this) yield value
  }

  *[Symbol.iterator](): Generator<[TopicPartition, T]> {
    for (const [topic, ofTopic] of this.#topics) {
      for (const [partition, value] of ofTopic) yield [{ topic, partition }, value]
    }
  }

  map<U>(change: (value: T, key: TopicPartition) => U): PartitionMap<U> {
    const changed = new PartitionMap<U>()
    for (const [key, value] of this) changed.set(key, change(value, key))
    return changed
  }
}
