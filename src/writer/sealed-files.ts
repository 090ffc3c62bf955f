import type { FirnError } from '../core/errors.ts'
import type { TopicId, TopicName } from '../core/ids.ts'
import type { PartitionMap, PositionRange } from '../core/offsets.ts'
import type { DataFile } from '../iceberg/data-file.ts'
import type { RecordFailure } from '../record/record-failure.ts'

/** What reading a range told about the log beyond its records. */
export interface RangeFacts {
  /** The leader epoch of the last batch in the range; undefined where the range held none. */
  readonly leaderEpoch: number | undefined
  /** The greatest record timestamp in the range, ms since the epoch; undefined where it held no record. */
  readonly timestampMsMax: number | undefined
  /** LogAppendTime never goes back within a partition; CreateTime may. */
  readonly timestampType: 'create' | 'log-append'
  /** Whether the range ended at the log's end when it was read, and the worker's clock then. */
  readonly reachedEndAtMs: number | undefined
}

/**
 * The files of one sealed buffer, all durable in object storage, and the ranges of positions whose every record
 * they hold: together they are what a claim is made of.
 */
export interface SealedFiles {
  readonly files: readonly DataFile[]
  readonly ranges: PartitionMap<PositionRange>
  /** The logs that the ranges are of, as they were when they were read. */
  readonly topics: ReadonlyMap<TopicName, TopicId>
  readonly facts: PartitionMap<RangeFacts>
  readonly rowCount: bigint
  /** The schema and spec that the files were written with. */
  readonly schemaId: number
  readonly specId: number
  /** Why it was sealed: a metric, and for people. */
  readonly reason: SealReason
  /** When the first record of it was read, worker's clock. */
  readonly openedAtMs: number
}

export type SealReason =
  | 'interval'
  | 'bytes'
  | 'rows'
  | 'idle'
  | 'budget'
  | 'revoked'
  | 'shutdown'
  | 'schema-change'

/** Why a partition stands still. */
export type HaltCause =
  | { readonly kind: 'record'; readonly failure: RecordFailure }
  | { readonly kind: 'fault'; readonly error: FirnError }
