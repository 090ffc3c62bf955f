import type {
  FetchedBatch,
  FetchEvent,
  RecordSource,
  SeekTarget,
} from '../../../src/consumer/record-source.ts'
import { PartitionMap, type TopicPartition } from '../../../src/core/offsets.ts'
import { recordBatch } from '../../support/record-batch.ts'
import { CLUSTER, ORDERS, ORDERS_ID } from '../commit/fixtures.ts'

/** A topic of two partitions in memory: the offsets that each holds, in batches. */
export class FakeLog {
  readonly offsets: Map<number, number[]>
  readonly batchRecords: number
  logStart = 0n
  logEnd = 1_000n
  id = ORDERS_ID
  /** The second reading of everything: rows say which one they are of. */
  generation = 2n
  /** By offset: a value that is none. */
  readonly broken = new Set<number>()
  /** Told once, in the place of what would come next. */
  instead: ((partition: TopicPartition) => FetchEvent) | undefined
  silent = false
  readonly #reading = new PartitionMap<{ position: bigint }>()

  constructor(offsets: readonly (readonly number[])[], batchRecords = 4) {
    this.offsets = new Map(offsets.map((of, partition) => [partition, [...of]]))
    this.batchRecords = batchRecords
  }

  get source(): RecordSource {
    const used: Partial<RecordSource> = {
      clusterId: async () => CLUSTER,
      describeTopics: async () => [
        { topic: ORDERS, id: this.id, partitions: [...this.offsets.keys()] },
      ],
      logBounds: async (partitions) =>
        new PartitionMap(
          partitions.map((one) => [one, { logStart: this.logStart, logEnd: this.logEnd }]),
        ),
      // A time is an offset here.
      positionsAt: async (partitions, timestampMs) =>
        new PartitionMap(partitions.map((one) => [one, BigInt(timestampMs)])),
      seek: (partition, target) => this.#seek(partition, target),
      stop: (partition) => {
        this.#reading.delete(partition)
      },
      poll: async () => this.#poll(),
    }
    return used as RecordSource
  }

  #seek(partition: TopicPartition, { position }: SeekTarget): void {
    this.#reading.set(partition, { position })
  }

  #poll(): readonly FetchEvent[] {
    if (this.silent) return []
    return [...this.#reading].map(([partition, reading]) => {
      const { instead } = this
      if (instead !== undefined) {
        this.instead = undefined
        return instead(partition)
      }
      return this.#next(partition, reading)
    })
  }

  #next({ topic, partition }: TopicPartition, reading: { position: bigint }): FetchEvent {
    const left = (this.offsets.get(partition) ?? []).filter(
      (offset) => BigInt(offset) >= reading.position,
    )
    const { position } = reading
    if (left.length === 0) {
      return { kind: 'at-end', topic, partition, position: this.logEnd, logEnd: this.logEnd }
    }
    const some = left.slice(0, this.batchRecords)
    const last = BigInt(some.at(-1)!)
    reading.position = last + 1n
    const batch: FetchedBatch = {
      kind: 'batch',
      topic,
      topicId: this.id,
      partition,
      position,
      bytes: recordBatch({
        baseOffset: BigInt(some[0]!),
        lastOffset: last,
        records: some.map((offset) => ({
          offset: BigInt(offset),
          timestampMs: offset,
          value: Buffer.from(
            this.broken.has(offset) ? '{"generation": "x"}' : `{"generation": ${this.generation}}`,
          ),
        })),
      }),
      abortedTransactions: [],
      logStart: this.logStart,
      logEnd: this.logEnd,
      highWatermark: this.logEnd,
    }
    return batch
  }
}
