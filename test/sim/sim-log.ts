import { topicId, topicName, type TopicId, type TopicName } from '../../src/core/ids.ts'
import { recordBatch } from '../support/record-batch.ts'
import type { SimRandom } from './sim-random.ts'

/** What a produced record is known by, so that the auditor can tell it from every other. */
export interface SimRecord {
  readonly topicId: TopicId
  readonly partition: number
  readonly offset: bigint
  /** Also the `id` field of its JSON value. */
  readonly id: number
  readonly aborted: boolean
}

export interface SimBatch {
  readonly baseOffset: bigint
  readonly nextOffset: bigint
  readonly leaderEpoch: number
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly records: readonly SimRecord[]
  readonly maxTimestampMs: number
}

export interface AbortedRange {
  readonly producerId: bigint
  readonly firstOffset: bigint
  readonly markerOffset: bigint
}

/** The key of a place in a log: the same offset of a topic that was created again is another place. */
export function placeOf(topic: TopicId, partition: number, offset: bigint): string {
  return `${topic}/${partition}@${offset}`
}

/** One partition's log: batches in order, where it starts, and which transactions were aborted. */
export class SimPartition {
  readonly batches: SimBatch[] = []
  readonly aborted: AbortedRange[] = []
  logStart = 0n
  logEnd = 0n
  leaderEpoch = 0

  /** The end of the last batch written in `epoch` or before it (OffsetForLeaderEpoch). */
  epochEnd(epoch: number): bigint {
    const later = this.batches.find((batch) => batch.leaderEpoch > epoch)
    return later?.baseOffset ?? this.logEnd
  }

  /** Drops everything from `offset` on, as an unclean election does. */
  truncate(offset: bigint): void {
    while ((this.batches.at(-1)?.nextOffset ?? 0n) > offset) this.batches.pop()
    this.logEnd = this.batches.at(-1)?.nextOffset ?? this.logStart
    // An aborted transaction that lost its marker, or all of it, is none any more.
    const kept = this.aborted.filter(({ markerOffset }) => markerOffset < this.logEnd)
    this.aborted.splice(0, this.aborted.length, ...kept)
    this.leaderEpoch++
  }

  /** Retention: the log starts at `offset` from now on. */
  deleteBefore(offset: bigint): void {
    this.logStart = offset > this.logEnd ? this.logEnd : offset
  }
}

/** A topic as it is now; created again it has another id and empty partitions. */
export class SimTopic {
  readonly name: TopicName
  readonly id: TopicId
  readonly partitions: SimPartition[]
  /** Every record ever produced to it that is not aborted: what the table must hold. */
  readonly produced: SimRecord[] = []

  constructor(name: string, id: string, partitionCount: number) {
    this.name = topicName(name)
    this.id = topicId(id)
    this.partitions = Array.from({ length: partitionCount }, () => new SimPartition())
  }
}

export class SimCluster {
  readonly topics = new Map<TopicName, SimTopic>()
  /** Every record that ever stood at a place, by `placeOf`: several where a log was truncated and grew again. */
  readonly everAt = new Map<string, SimRecord[]>()
  /** Places that an election took, with a record or without: whoever read there before found it, whoever did so later did not. */
  readonly truncated = new Set<string>()
  readonly #random: SimRandom
  #nextId = 1
  #nextProducerId = 1000n
  id = 'sim-cluster'

  constructor(random: SimRandom) {
    this.#random = random
  }

  createTopic(name: string, partitionCount: number): SimTopic {
    const topic = new SimTopic(name, this.#random.uuid(), partitionCount)
    this.topics.set(topic.name, topic)
    return topic
  }

  /** Appends one batch of `count` records; now and then a transaction that is aborted, or a hole. */
  produce(topic: SimTopic, partition: number, options: { count: number; nowMs: number }): void {
    const kind = this.#random.next()
    if (kind < 0.1) this.#transaction(topic, partition, { ...options, end: 'abort' })
    else if (kind < 0.2) this.#transaction(topic, partition, { ...options, end: 'commit' })
    else this.#append(topic, partition, { ...options })
    if (this.#random.chance(0.1)) this.#hole(topic, partition, options.nowMs)
  }

  #append(
    topic: SimTopic,
    partition: number,
    options: { count: number; nowMs: number; producerId?: bigint; aborted?: boolean },
  ): void {
    const log = topic.partitions[partition]!
    const base = log.logEnd
    const records = Array.from({ length: options.count }, (_, index): SimRecord => {
      const offset = base + BigInt(index)
      return {
        topicId: topic.id,
        partition,
        offset,
        id: this.#nextId++,
        aborted: options.aborted ?? false,
      }
    })
    this.#push(log, {
      records,
      nextOffset: base + BigInt(options.count),
      bytes: recordBatch({
        baseOffset: base,
        lastOffset: base + BigInt(options.count) - 1n,
        leaderEpoch: log.leaderEpoch,
        transactional: options.producerId !== undefined,
        ...(options.producerId === undefined ? {} : { producerId: options.producerId }),
        records: records.map(({ offset, id }) => ({
          offset,
          timestampMs: options.nowMs,
          value: Buffer.from(JSON.stringify({ id, name: `n${id}` })),
        })),
      }),
      nowMs: options.nowMs,
    })
    topic.produced.push(...records.filter(({ aborted }) => !aborted))
    for (const record of records) {
      const place = placeOf(topic.id, partition, record.offset)
      this.everAt.set(place, [...(this.everAt.get(place) ?? []), record])
    }
  }

  #transaction(
    topic: SimTopic,
    partition: number,
    options: { count: number; nowMs: number; end: 'abort' | 'commit' },
  ): void {
    const log = topic.partitions[partition]!
    const producerId = this.#nextProducerId++
    const firstOffset = log.logEnd
    const aborted = options.end === 'abort'
    this.#append(topic, partition, {
      count: options.count,
      nowMs: options.nowMs,
      producerId,
      aborted,
    })
    const markerOffset = log.logEnd
    this.#push(log, {
      records: [],
      nextOffset: markerOffset + 1n,
      bytes: recordBatch({
        baseOffset: markerOffset,
        lastOffset: markerOffset,
        leaderEpoch: log.leaderEpoch,
        producerId,
        transactional: true,
        control: options.end,
        timestampMs: options.nowMs,
        records: [],
      }),
      nowMs: options.nowMs,
    })
    if (aborted) log.aborted.push({ producerId, firstOffset, markerOffset })
  }

  /** A batch that compaction emptied: it holds no record, and the position must still move over it. */
  #hole(topic: SimTopic, partition: number, nowMs: number): void {
    const log = topic.partitions[partition]!
    const base = log.logEnd
    this.#push(log, {
      records: [],
      nextOffset: base + 2n,
      bytes: recordBatch({
        baseOffset: base,
        lastOffset: base + 1n,
        leaderEpoch: log.leaderEpoch,
        timestampMs: nowMs,
        records: [],
      }),
      nowMs,
    })
  }

  #push(
    log: SimPartition,
    batch: Pick<SimBatch, 'records' | 'nextOffset' | 'bytes'> & { nowMs: number },
  ): void {
    log.batches.push({
      baseOffset: log.logEnd,
      nextOffset: batch.nextOffset,
      leaderEpoch: log.leaderEpoch,
      bytes: batch.bytes,
      records: batch.records,
      maxTimestampMs: batch.nowMs,
    })
    log.logEnd = batch.nextOffset
  }
}
