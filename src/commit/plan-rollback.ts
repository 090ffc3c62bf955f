import type { SnapshotId } from '../core/ids.ts'
import { PartitionMap } from '../core/offsets.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import { type Hold, holdProperty, holdToText } from './hold.ts'
import { skipTo } from './ledger-moves.ts'
import type { Gaps, Ledger } from './ledger.ts'
import type { AttemptPlan } from './plan-attempt.ts'
import type { TableVerdict } from './plan-table.ts'
import { type LedgerReading, readLedger } from './read-ledger.ts'
import { noRollback } from './refusals.ts'
import { withOrigin } from './standing.ts'

/**
 * What becomes of the records that a rollback takes out. `replay`: they are read again. `hold`: they will be, once
 * somebody resumes. `skip`: they stay out, and the gap is recorded.
 */
export type RollbackThen = 'replay' | 'hold' | 'skip'

/** Data and position back together: a snapshot without files on top of the one that is gone back to. */
export interface Rollback {
  readonly to: SnapshotId
  /** What becomes of the records that it takes out. */
  readonly records: RollbackThen
  /** What to hold the table with; only looked at under `hold`. */
  readonly hold: Hold
}

/** Where a rollback leaves the ledger. `refused`: it cannot be told, or there is nothing to go back to. */
export type RollbackView =
  | {
      readonly kind: 'possible'
      /** The ledger as it is, the newest that is known. */
      readonly before: Ledger
      readonly after: Ledger
      readonly gaps: Gaps
      /** Snapshots that leave the branch, newest first. */
      readonly leaving: LedgerReading['walk']
    }
  | { readonly kind: 'refused'; readonly why: string }

/** What a rollback would do to the branch as it was read. Pure. */
export function viewRollback(
  metadata: TableMetadata,
  reading: LedgerReading,
  { to, records }: Pick<Rollback, 'to' | 'records'>,
): RollbackView {
  const at = reading.walk.findIndex(({ snapshotId }) => snapshotId === to)
  if (at < 0) return { kind: 'refused', why: whyNoTarget(metadata, reading, to) }
  const before = newestKnown(reading)
  if (before === undefined) {
    return {
      kind: 'refused',
      why: 'this writer has no ledger in the table: there is no position to take back',
    }
  }
  const target = ledgerAt(metadata, reading, to)
  if (target === undefined) {
    return {
      kind: 'refused',
      why: `what the ledger was at snapshot ${to} is not known any more: older snapshots have expired`,
    }
  }
  const leaving = reading.walk.slice(0, at)
  if (records !== 'skip')
    return { kind: 'possible', before, after: target, gaps: new Map(), leaving }
  const { ledger, gaps } = skipTo(target, before)
  return { kind: 'possible', before, after: ledger, gaps, leaving }
}

function whyNoTarget(
  { snapshots }: TableMetadata,
  { end, owner }: LedgerReading,
  to: SnapshotId,
): string {
  const listed = snapshots.some(({ snapshotId }) => snapshotId === to)
  if (listed) return `snapshot ${to} is not an ancestor of the head of ${owner.ref}`
  return end.kind === 'cut'
    ? `snapshot ${to} is not listed: it has expired, or the catalog lists the current snapshot only`
    : `the table has no snapshot ${to}`
}

/** The mirror, where it is newer than what stands on the ancestry: the table was rolled back by somebody else. */
function newestKnown({ newest, evidence }: LedgerReading): Ledger | undefined {
  if (newest === undefined) return evidence?.ledger
  const elsewhere =
    evidence !== undefined && evidence.sequenceNumber > newest.snapshot.sequenceNumber
  return withOrigin(elsewhere ? evidence.ledger : newest.record.ledger, evidence?.origin)
}

/** The writer's ledger as of a snapshot of its branch; undefined where nothing is left that says so. */
export function ledgerAt(
  metadata: TableMetadata,
  { owner, evidence }: LedgerReading,
  at: SnapshotId,
): Ledger | undefined {
  const refs = { ...metadata.refs, [owner.ref]: { type: 'branch', snapshotId: at } as const }
  const { newest, end } = readLedger({ ...metadata, refs }, owner)
  const origin = evidence?.origin
  if (newest !== undefined) return withOrigin(newest.record.ledger, origin)
  if (end.kind === 'cut' || evidence === undefined || origin === undefined) return undefined
  return withOrigin({ cluster: evidence.ledger.cluster, topics: new Map() }, origin)
}

/** Refusals that are about another table, branch or ledger than the one that is to be rolled back. */
const NOT_OURS: ReadonlySet<string> = new Set(['TABLE_RECREATED', 'OTHER_REF', 'LEDGER_CORRUPT'])

/** One attempt of a rollback, on the head as it was read: made anew on every head. Pure. */
export function planRollback(
  rollback: Rollback,
  {
    table,
    metadata,
    reading,
    verdict,
  }: {
    readonly table: string
    readonly metadata: TableMetadata
    readonly reading: LedgerReading
    readonly verdict: TableVerdict
  },
): AttemptPlan {
  if (verdict.kind === 'refuse' && NOT_OURS.has(verdict.refusal.code)) {
    return { kind: 'refused', refusal: verdict.refusal }
  }
  const view = viewRollback(metadata, reading, rollback)
  if (view.kind === 'refused') return { kind: 'refused', refusal: noRollback(table, view.why) }
  return {
    kind: 'send',
    ledger: view.after,
    ranges: new PartitionMap(),
    gaps: view.gaps,
    onto: rollback.to,
    properties:
      rollback.records === 'hold'
        ? { [holdProperty(reading.owner.writer)]: holdToText(rollback.hold) }
        : {},
  }
}
