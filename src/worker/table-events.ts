import type { FirnError } from '../core/errors.ts'
import type { TopicPartition } from '../core/offsets.ts'
import type { FetchedBatch, FetchEvent } from '../consumer/record-source.ts'
import type { PushOutcome } from '../writer/encoder.ts'
import type { HaltCause, SealedFiles } from '../writer/sealed-files.ts'
import type { CommitStep, StartStep } from './table-session.ts'

/** What a table worker tells of itself: logs and metrics are made of it, and nothing else depends on it. */
export interface TableEvents {
  /** The group gave, took, or had already given away partitions. */
  group(event: 'assigned' | 'revoked' | 'lost', partitions: readonly TopicPartition[]): void
  started(step: Extract<StartStep, { kind: 'started' }>): void
  restarting(reason: string): void
  /** `bytes`: as they were fetched; the batch's own may have gone to a thread. */
  pushed(batch: FetchedBatch, outcome: PushOutcome, bytes: number): void
  /** Data files and manifests of a round are written; nothing of them is in the table yet. */
  staged(files: SealedFiles): void
  committed(step: Extract<CommitStep, { kind: 'committed' }>, files: SealedFiles): void
  /** A round was given up; its positions are read again. */
  dropped(reason: string, files: SealedFiles | undefined): void
  refused(refusal: FirnError): void
  halted(partition: TopicPartition, cause: HaltCause): void
  logMoved(event: Extract<FetchEvent, { kind: 'out-of-range' | 'diverged' | 'gone' }>): void
  fault(during: 'start' | 'look' | 'stage' | 'commit' | 'group-offsets', error: FirnError): void
}
