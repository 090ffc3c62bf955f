import { assert } from '../core/assert.ts'
import type { TopicId, TopicName } from '../core/ids.ts'
import {
  PartitionMap,
  partitionText,
  type PositionRange,
  type TopicPartition,
} from '../core/offsets.ts'
import type { PushOutcome } from './encoder.ts'
import type { RangeFacts } from './sealed-files.ts'

/** A log by its name and by what tells it from another one of that name. */
interface Log {
  readonly topic: TopicName
  readonly topicId: TopicId
}

/**
 * What one buffer holds, from its first batch to its seal: the ranges of positions that are in it completely. A
 * claim is made of these, so a range only ever grows at its end, and without a gap.
 */
export class Round {
  readonly #ranges = new PartitionMap<PositionRange>()
  readonly #facts = new PartitionMap<RangeFacts>()
  readonly #topics = new Map<TopicName, TopicId>()
  #rowCount = 0
  #openedAtMs: number | undefined
  #lastPushAtMs = 0

  /** Whether a log is another one of the same name than the round has rows of: its positions are other records. */
  isOfAnotherLog({ topic, topicId }: Log): boolean {
    const known = this.#topics.get(topic)
    return known !== undefined && known !== topicId
  }

  /** The log of rows that are about to come in. */
  begin(log: Log): void {
    assert(!this.isOfAnotherLog(log), `the rows of ${log.topic} are of one log`)
    this.#topics.set(log.topic, log.topicId)
  }

  add(partition: TopicPartition, outcome: PushOutcome, nowMs: number): void {
    const { range, facts } = outcome
    if (range.end === range.start) return
    const held = this.#ranges.get(partition)
    assert(
      held === undefined || held.end === range.start,
      `ranges of ${partitionText(partition)} follow each other: ${held?.end} then ${range.start}`,
    )
    this.#ranges.set(partition, { start: held?.start ?? range.start, end: range.end })
    this.#facts.set(partition, joined(this.#facts.get(partition), facts))
    this.#rowCount += outcome.rowCount
    this.#openedAtMs ??= nowMs
    this.#lastPushAtMs = nowMs
  }

  get ranges(): PartitionMap<PositionRange> {
    return this.#ranges
  }

  /** The id of each topic that rows were read from. */
  get topics(): ReadonlyMap<TopicName, TopicId> {
    return this.#topics
  }

  get facts(): PartitionMap<RangeFacts> {
    return this.#facts
  }

  get rowCount(): number {
    return this.#rowCount
  }

  get openedAtMs(): number | undefined {
    return this.#openedAtMs
  }

  get lastPushAtMs(): number {
    return this.#lastPushAtMs
  }

  get empty(): boolean {
    return this.#openedAtMs === undefined
  }
}

function joined(earlier: RangeFacts | undefined, later: RangeFacts): RangeFacts {
  if (earlier === undefined) return later
  return {
    leaderEpoch: later.leaderEpoch ?? earlier.leaderEpoch,
    timestampMsMax: greatest(earlier.timestampMsMax, later.timestampMsMax),
    timestampType: later.timestampType,
    reachedEndAtMs: later.reachedEndAtMs,
  }
}

function greatest(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.max(a, b)
}
