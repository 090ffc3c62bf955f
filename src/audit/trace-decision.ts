import type { GapReason } from '../commit/ledger.ts'
import type { SnapshotId } from '../core/ids.ts'
import type { Position, PositionRange } from '../core/offsets.ts'
import type { LocatedRow, Place } from './locate-rows.ts'
import type { SpanKind } from './log-spans.ts'

/** A snapshot, as far as a trace tells of it. */
export interface TracedSnapshot {
  readonly snapshotId: SnapshotId
  /** Undefined where the snapshot is no longer listed. */
  readonly timestampMs: bigint | undefined
}

/** What the log says about one position. */
export type LogFact =
  | { readonly kind: 'left-out' }
  /** The topic is gone, or the brokers have another log under its name. */
  | { readonly kind: 'other-log'; readonly why: string }
  | { readonly kind: 'below-start'; readonly logStart: Position }
  /** `logEnd` is the last stable offset under read_committed. */
  | { readonly kind: 'beyond-end'; readonly logEnd: Position }
  | { readonly kind: SpanKind; readonly logEnd: Position }

/** Everything that is known of one position of one table. */
export interface TraceFacts {
  readonly place: Place
  /** Whether the table takes the topic, or its ledger has it. */
  readonly known: boolean
  /** The next position of the partition; undefined where the ledger does not have it. */
  readonly ledger: Position | undefined
  readonly rows: readonly LocatedRow[]
  /** The gap that holds the position, on the ancestry. */
  readonly gap: { readonly reason: GapReason; readonly snapshot: TracedSnapshot } | undefined
  /** The writer's snapshot whose ranges hold it, on the ancestry; undefined where it has expired. */
  readonly addedBy: (TracedSnapshot & { readonly range: PositionRange }) | undefined
  /** The newest replay that read it again, on the ancestry. */
  readonly replayedBy: TracedSnapshot | undefined
  /** A snapshot of the writer that holds it and is listed, or named by the mirror, and off the ancestry. */
  readonly rolledBack: TracedSnapshot | undefined
  /** Snapshots of others that took rows out since it was added. */
  readonly removals: readonly TracedSnapshot[]
  readonly log: LogFact
}

/** Why a log has no record at a position. */
export type HoleKind = Exclude<SpanKind, 'records'>

/** What became of a record. */
export type TraceOutcome =
  /** More than one row is a fault: `firn audit` tells of it too. */
  | { readonly kind: 'in-table'; readonly rows: readonly LocatedRow[] }
  /** A position delete takes its row out. */
  | { readonly kind: 'deleted'; readonly rows: readonly LocatedRow[] }
  | { readonly kind: 'not-yet'; readonly lag: bigint | undefined }
  | { readonly kind: 'gap'; readonly reason: GapReason }
  | { readonly kind: 'rolled-back'; readonly snapshot: TracedSnapshot }
  /** Retention deleted it before it was read. */
  | { readonly kind: 'expired-unread'; readonly logStart: Position }
  | { readonly kind: 'hole'; readonly hole: HoleKind }
  | { readonly kind: 'beyond-end'; readonly logEnd: Position }
  /** The log has the record, the ledger has passed it, and others have taken rows out since. */
  | { readonly kind: 'removed'; readonly removals: readonly TracedSnapshot[] }
  /** As `removed`, and nobody is known to have taken rows out. */
  | { readonly kind: 'missing' }
  /** The ledger has passed it, it is not in the table, and the log no longer tells why. */
  | { readonly kind: 'untold'; readonly why: string }
  | { readonly kind: 'unknown-topic' }

/** What became of the record at a position. Pure, and total over the facts. */
export function decideTrace(facts: TraceFacts): TraceOutcome {
  const { place, known, ledger, rows, gap } = facts
  const live = rows.filter(({ deleted }) => !deleted)
  if (live.length > 0) return { kind: 'in-table', rows: live }
  if (rows.length > 0) return { kind: 'deleted', rows }
  if (!known) return { kind: 'unknown-topic' }
  if (ledger === undefined || place.offset >= ledger) return decideAhead(facts)
  return gap === undefined ? decidePassed(facts) : { kind: 'gap', reason: gap.reason }
}

/** The ledger has not reached it. */
function decideAhead({ rolledBack, log, ledger }: TraceFacts): TraceOutcome {
  if (rolledBack !== undefined) return { kind: 'rolled-back', snapshot: rolledBack }
  switch (log.kind) {
    case 'below-start':
      return { kind: 'expired-unread', logStart: log.logStart }
    case 'beyond-end':
      return { kind: 'beyond-end', logEnd: log.logEnd }
    case 'aborted':
    case 'control':
    case 'absent':
      return { kind: 'hole', hole: log.kind }
    case 'records':
      return { kind: 'not-yet', lag: ledger === undefined ? undefined : log.logEnd - ledger }
    case 'left-out':
    case 'other-log':
      return { kind: 'not-yet', lag: undefined }
  }
}

/** The ledger has passed it, in no gap, and no row has it. */
function decidePassed({ log, removals }: TraceFacts): TraceOutcome {
  switch (log.kind) {
    case 'records':
      return removals.length > 0 ? { kind: 'removed', removals } : { kind: 'missing' }
    case 'aborted':
    case 'control':
    case 'absent':
      return { kind: 'hole', hole: log.kind }
    case 'below-start':
      return { kind: 'untold', why: `the log begins at ${log.logStart} by now` }
    case 'beyond-end':
      return { kind: 'untold', why: `the log ends at ${log.logEnd}: it was truncated` }
    case 'other-log':
      return { kind: 'untold', why: log.why }
    case 'left-out':
      return { kind: 'untold', why: 'the log was left out' }
  }
}
