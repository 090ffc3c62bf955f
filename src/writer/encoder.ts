import type { PositionRange } from '../core/offsets.ts'
import type { FetchedBatch } from '../consumer/record-source.ts'
import type { ColumnMetrics } from '../iceberg/data-file.ts'
import type { PartitionSpec, PartitionTuple, SortOrder } from '../iceberg/partition.ts'
import type { Schema } from '../iceberg/types.ts'
import type { DecodingOptions } from '../record/decoding.ts'
import type { HaltCause, RangeFacts } from './sealed-files.ts'

/** All that an encoder needs to turn records into files of one table. Plain data: it can cross to a thread. */
export interface EncodingPlan {
  readonly schema: Schema
  readonly spec: PartitionSpec
  readonly sortOrder: SortOrder
  /** The table's properties: `write.parquet.*`, `write.metadata.metrics.*`, `write.target-file-size-bytes`. */
  readonly properties: Readonly<Record<string, string>>
  readonly decoding: DecodingOptions
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** Partition tuples with an open file at a time; beyond it the coldest is closed. */
  readonly openTuplesMax: number
  /** Bytes of columns that one encoder may hold: before that row groups are encoded ahead of time. */
  readonly columnBytesMax: number
}

/** What became of one fetched batch. */
export interface PushOutcome {
  /** The positions that are now in columns, or held no record: `end` is the next position to read. */
  readonly range: PositionRange
  readonly facts: RangeFacts
  readonly rowCount: number
  /** Why nothing at or behind `range.end` was taken: a record that does not fit, or bytes that cannot be read. */
  readonly halt: HaltCause | undefined
  /** All that the encoder holds in memory now: columns, and what open files keep until their end. */
  readonly bytesHeld: number
  /** What the rows in columns will come to in files, estimated. */
  readonly bytesToCome: number
}

/** Encoded bytes on their way out, in order. `file` numbers the files of one encoder. */
export type EncoderOutput =
  | { readonly kind: 'open'; readonly file: number; readonly partition: PartitionTuple }
  | { readonly kind: 'chunk'; readonly file: number; readonly bytes: Uint8Array }
  | { readonly kind: 'finish'; readonly file: number; readonly encoded: EncodedFile }
  /** Answers one seal or discard: whatever follows belongs to what was pushed after it. */
  | { readonly kind: 'end' }

/** What is known of a file once its last byte is out. */
export interface EncodedFile {
  readonly partition: PartitionTuple
  readonly recordCount: bigint
  readonly sizeBytes: number
  readonly metrics: ColumnMetrics
  readonly splitOffsets: readonly bigint[]
  readonly sortOrderId: number
}

/**
 * One encoder for each table and thread. Calls are answered in the order in which they were made, so that a seal
 * covers exactly the batches pushed before it.
 */
export interface Encoder {
  push(batch: FetchedBatch): Promise<PushOutcome>
  /** Closes all files. Everything pushed before is in the outputs that have come when it resolves. */
  seal(): Promise<void>
  /** Forgets everything since the last seal. */
  discard(): Promise<void>
  /** As of the last answer. */
  readonly bytesHeld: number
  readonly bytesToCome: number
  close(): Promise<void>
}
