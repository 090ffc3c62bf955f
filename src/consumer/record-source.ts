import type { FirnError } from '../core/errors.ts'
import type { ClusterId, TopicId, TopicName } from '../core/ids.ts'
import type { PartitionMap, Position, TopicPartition } from '../core/offsets.ts'

/** A producer's transaction that was aborted: its batches from `firstOffset` on are skipped (read_committed). */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/** Raw record batches of one partition, as one Fetch response brought them. */
export interface FetchedBatch {
  readonly kind: 'batch'
  readonly topic: TopicName
  /** Of the log that it was read from: what a claim on its positions names. */
  readonly topicId: TopicId
  readonly partition: number
  /** The position that was asked for: records below it are dropped, since a fetch may start inside a batch. */
  readonly position: Position
  /** Whole record batches back to back; the tail may be torn. An ArrayBuffer of its own: it can be transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** Positions that the response stated. `logEnd` is the last stable offset under read_committed. */
  readonly logStart: Position
  readonly logEnd: Position
  readonly highWatermark: Position
  /** Set by who wants no more than a range: records from this position on are dropped. */
  readonly end?: Position
}

/** What the log said instead of records. None of these moves the position by itself. */
export type FetchEvent =
  | FetchedBatch
  /** There is nothing to read now: `position` has reached `logEnd`. */
  | (TopicPartition & {
      readonly kind: 'at-end'
      readonly position: Position
      readonly logEnd: Position
    })
  /** The position lies outside the log. */
  | (TopicPartition & { readonly kind: 'out-of-range'; readonly position: Position })
  /** The log was truncated below the position: `endOffset` is the end of `epoch`, the last epoch in common. */
  | (TopicPartition & {
      readonly kind: 'diverged'
      readonly epoch: number
      readonly endOffset: Position
    })
  /** The topic (or its id) is no longer there. */
  | (TopicPartition & { readonly kind: 'gone' })
  /** Cannot be read any more: authorisation, corrupt data. */
  | (TopicPartition & { readonly kind: 'failed'; readonly error: FirnError })

export interface TopicDescription {
  readonly topic: TopicName
  readonly id: TopicId
  readonly partitions: readonly number[]
}

export interface LogBounds {
  readonly logStart: Position
  /** The last stable offset under read_committed, else the high watermark. */
  readonly logEnd: Position
}

/** How long a topic keeps its records. */
export interface TopicRetention {
  /** `cleanup.policy` has `delete`; else nothing goes by its age, nor by size. */
  readonly deletes: boolean
  /** `retention.ms`; undefined: without bound. */
  readonly ms: number | undefined
  /** `retention.bytes` of each partition; undefined: without bound. */
  readonly bytes: bigint | undefined
}

/**
 * What the group tells its member. Each call is awaited before the group protocol goes on, up to the session's
 * limits: at `revoked` there is time to commit, at `lost` the partitions are already somebody else's.
 */
export interface AssignmentListener {
  assigned(partitions: readonly TopicPartition[]): Promise<void>
  revoked(partitions: readonly TopicPartition[]): Promise<void>
  lost(partitions: readonly TopicPartition[]): Promise<void>
  /** The group session failed for good: wrong password, no permission, unsupported. */
  failed(error: FirnError): void
}

/** Where to go on reading, and the leader epoch of the record before it where known (finds truncated logs). */
export interface SeekTarget {
  readonly position: Position
  readonly leaderEpoch?: number
  /** Of the log that the position belongs to: another one under the same name is `gone`. */
  readonly topicId?: TopicId
}

/**
 * Kafka as Firn needs it, one of the five ports. Reading is by explicit position only: nothing here ever resets a
 * position by itself, and committed group offsets are written for lag tools, never read to resume.
 */
export interface RecordSource {
  clusterId(): Promise<ClusterId>
  /** All topics that exist among `names` or match `pattern`. */
  describeTopics(wanted: TopicSelection): Promise<readonly TopicDescription[]>
  logBounds(partitions: readonly TopicPartition[]): Promise<PartitionMap<LogBounds>>
  /** The first position whose record has this timestamp or a later one; the log end where there is none. */
  positionsAt(
    partitions: readonly TopicPartition[],
    timestampMs: number,
  ): Promise<PartitionMap<Position>>
  /** Topics that are not there, or whose configuration we may not see, are not in the answer. */
  retention(topics: readonly TopicName[]): Promise<ReadonlyMap<TopicName, TopicRetention>>
  /** The end of the given leader epoch in the broker's log (OffsetForLeaderEpoch); undefined where unknown. */
  epochEnd(partition: TopicPartition, leaderEpoch: number): Promise<Position | undefined>
  /** The group's committed offsets: for `start: group`, takeover and status only. */
  groupOffsets(partitions: readonly TopicPartition[]): Promise<PartitionMap<Position>>
  /** Advisory, after the snapshot; failures are reported, never retried for ever. */
  commitGroupOffsets(offsets: PartitionMap<Position>): Promise<void>

  /** Joins the group and stays in it until `leave`. */
  join(selection: TopicSelection, listener: AssignmentListener): Promise<void>
  /** Leaves the group after `revoked` has been called for what is held. */
  leave(): Promise<void>
  /** Starts reading an assigned partition there; also moves one that is being read, dropping what was fetched. */
  seek(partition: TopicPartition, target: SeekTarget): void
  /** Stops reading it until `seek`; what was fetched is dropped. */
  stop(partition: TopicPartition): void
  /** No further fetch for these; fetched batches stay. */
  pause(partitions: readonly TopicPartition[]): void
  resume(partitions: readonly TopicPartition[]): void
  /** What has been fetched since the last call; waits up to `waitMsMax` for the first event. */
  poll(waitMsMax: number): Promise<readonly FetchEvent[]>
  /** Bytes fetched and not yet polled. */
  readonly bytesHeld: number
  close(): Promise<void>
}

/** Which topics: by name, or by an anchored regular expression. */
export type TopicSelection =
  | { readonly kind: 'names'; readonly names: readonly TopicName[] }
  | { readonly kind: 'pattern'; readonly pattern: RegExp }
  | { readonly kind: 'any-of'; readonly selections: readonly TopicSelection[] }
