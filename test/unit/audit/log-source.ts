import type {
  FetchEvent,
  LogBounds,
  RecordSource,
  TopicDescription,
} from '../../../src/consumer/record-source.ts'
import type { ClusterId, TopicId } from '../../../src/core/ids.ts'
import { PartitionMap, type Position, type TopicPartition } from '../../../src/core/offsets.ts'
import { recordBatch } from '../../support/record-batch.ts'
import { CLUSTER, ORDERS, ORDERS_ID } from '../commit/fixtures.ts'

/** What a log has at a position: a record, one of an aborted transaction, a marker, nothing. */
export type Kind = 'r' | 'a' | 'c' | '-'

export interface PartitionLog {
  readonly logStart: number
  /** From position 0 on; a record lies behind the last. */
  readonly kinds: readonly Kind[]
}

/** The topic orders, with as much of a log as reading back needs. */
export class LogSource {
  readonly #partitions: readonly PartitionLog[]
  #events: FetchEvent[] = []
  cluster: ClusterId = CLUSTER
  topicId: TopicId = ORDERS_ID

  constructor(partitions: readonly PartitionLog[]) {
    this.#partitions = partitions
  }

  /** As the port: what is missing is never called. */
  get source(): RecordSource {
    return this as unknown as RecordSource
  }

  clusterId = async (): Promise<ClusterId> => this.cluster

  describeTopics = async (): Promise<readonly TopicDescription[]> => [
    { topic: ORDERS, id: this.topicId, partitions: [...this.#partitions.keys()] },
  ]

  logBounds = async (wanted: readonly TopicPartition[]): Promise<PartitionMap<LogBounds>> =>
    new PartitionMap(
      wanted.flatMap((at): [TopicPartition, LogBounds][] => {
        const log = this.#partitions[at.partition]
        if (log === undefined) return []
        return [[at, { logStart: BigInt(log.logStart), logEnd: BigInt(log.kinds.length) }]]
      }),
    )

  seek = ({ partition }: TopicPartition, { position }: { position: Position }): void => {
    const { kinds, logStart } = this.#partitions[partition]!
    const abortedTransactions: { producerId: bigint; firstOffset: bigint }[] = []
    const batches = [...kinds, 'r' as const].flatMap((kind, index) => {
      const offset = BigInt(index)
      if (kind === '-' || offset < position) return []
      const one = { baseOffset: offset, lastOffset: offset }
      const producerId = offset + 100n
      const records = [{ offset, timestampMs: 0, value: null }]
      if (kind === 'c') return [recordBatch({ ...one, records: [], control: 'commit', producerId })]
      if (kind === 'r') return [recordBatch({ ...one, records })]
      abortedTransactions.push({ producerId, firstOffset: offset })
      return [recordBatch({ ...one, records, producerId, transactional: true })]
    })
    this.#events.push({
      kind: 'batch',
      topic: ORDERS,
      partition,
      topicId: this.topicId,
      position,
      bytes: Uint8Array.from(Buffer.concat(batches)),
      abortedTransactions,
      logStart: BigInt(logStart),
      logEnd: BigInt(kinds.length + 1),
      highWatermark: BigInt(kinds.length + 1),
    })
  }

  stop = (): void => {}

  poll = async (): Promise<readonly FetchEvent[]> => {
    const events = this.#events
    this.#events = []
    return events
  }
}
