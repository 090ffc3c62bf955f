import type {
  ClusterId,
  CommitId,
  SnapshotId,
  TableUuid,
  TopicId,
  TopicName,
  WriterName,
} from '../core/ids.ts'
import {
  PartitionMap,
  type Position,
  type PositionRange,
  type TopicPartition,
} from '../core/offsets.ts'

/** The part of a ledger that is about one topic. */
export interface TopicLedger {
  readonly id: TopicId
  /** The next position of each partition: everything below it is in the table, or in a recorded gap. */
  readonly next: ReadonlyMap<number, Position>
  /** The leader epoch of the last position, where known: finds a log that was truncated and grew again. */
  readonly epoch: ReadonlyMap<number, number>
  /** Ms since the epoch: every record with an earlier timestamp is in the table. Never goes back. */
  readonly through: ReadonlyMap<number, number>
}

/** The next position per topic-partition, as the snapshots of one table keep it for one writer. */
export interface Ledger {
  readonly cluster: ClusterId
  readonly topics: ReadonlyMap<TopicName, TopicLedger>
}

/** Where each partition was first started, and what the table was before. */
export interface Origin {
  /** The table's last sequence number before the writer's first snapshot. */
  readonly sequenceNumber: bigint
  readonly topics: ReadonlyMap<TopicName, OriginTopic>
}

export interface OriginTopic {
  readonly id: TopicId
  readonly start: ReadonlyMap<number, Position>
}

/** Why a ledger passed positions without reading them. */
export const GAP_REASONS = ['start', 'accept-gap', 'rebase', 'skip', 'adopt'] as const
export type GapReason = (typeof GAP_REASONS)[number]
export type Gaps = ReadonlyMap<GapReason, PartitionMap<PositionRange>>

/** What the `firn.*` keys of one snapshot's summary say. */
export interface SnapshotRecord {
  readonly writer: WriterName
  readonly commitId: CommitId
  /** The snapshot that the commit id names: another one where the summary was copied. */
  readonly namedSnapshotId: SnapshotId
  readonly ranges: PartitionMap<PositionRange>
  readonly ledger: Ledger
  readonly gaps: Gaps
  /** Ranges below the ledger whose rows this snapshot puts in the place of those that were there. */
  readonly replayed: PartitionMap<PositionRange>
  /** Per partition, how many positions went to the dead-letter table. */
  readonly rejected: PartitionMap<bigint>
  /** Ms since the epoch; undefined while some partition has no such time yet. */
  readonly completeThroughMs: number | undefined
  /** Only where the catalog does not keep properties: the tag's snapshot then stands in for the mirror. */
  readonly origin: Origin | undefined
}

/** The table property beside the snapshots: survives expiry, and does not roll back. */
export interface Mirror {
  readonly tableUuid: TableUuid
  /** The one branch that the writer owns. */
  readonly ref: string
  readonly snapshotId: SnapshotId
  readonly sequenceNumber: bigint
  readonly commitId: CommitId
  readonly ledger: Ledger
  /** Undefined where it was lost (the property had been removed by hand). */
  readonly origin: Origin | undefined
}

/** A partition's next position; undefined where the ledger does not hold it. */
export function nextOf(
  ledger: Ledger | undefined,
  { topic, partition }: TopicPartition,
): Position | undefined {
  return ledger?.topics.get(topic)?.next.get(partition)
}

/** The ledger with some of its topics in place of, or beside, those it has. */
export function withTopics(
  ledger: Ledger,
  topics: Iterable<readonly [TopicName, TopicLedger]>,
): Ledger {
  return { ...ledger, topics: new Map([...ledger.topics, ...topics]) }
}

/** A map with one more entry. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map([...map, [key, value]])
}

/** The next position of every partition. */
export function positionsOf(ledger: Ledger): PartitionMap<Position> {
  return new PartitionMap(
    [...ledger.topics].flatMap(([topic, { next }]) =>
      [...next].map(([partition, position]) => [{ topic, partition }, position] as const),
    ),
  )
}

/** The leader epoch of each partition's last position, where known. */
export function epochsOf(ledger: Ledger | undefined): PartitionMap<number> {
  return new PartitionMap(
    [...(ledger?.topics ?? [])].flatMap(([topic, { epoch }]) =>
      [...epoch].map(([partition, value]) => [{ topic, partition }, value] as const),
    ),
  )
}
