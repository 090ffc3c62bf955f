import type { SnapshotId } from '../core/ids.ts'
import type { Position, TopicPartition } from '../core/offsets.ts'
import type { Snapshot } from '../iceberg/metadata.ts'
import { readRecord } from './ledger-text.ts'
import { nextOf } from './ledger.ts'
import type { LedgerReading } from './read-ledger.ts'

/** What a rollback goes back to. */
export type RollbackTo =
  /** Where the branch stands: nothing leaves, and only the ledger is set. */
  | { readonly kind: 'head' }
  | { readonly kind: 'snapshot'; readonly snapshotId: SnapshotId }
  /** The table as it was at this time, ms since the epoch. */
  | { readonly kind: 'time'; readonly ms: number }
  /** The table as it was before it took this position. */
  | { readonly kind: 'position'; readonly partition: TopicPartition; readonly offset: Position }

/** The snapshot of the branch that is meant; undefined where the branch has none such, or not any more. Pure. */
export function targetOf(
  { walk, owner, end }: LedgerReading,
  to: RollbackTo,
): SnapshotId | undefined {
  switch (to.kind) {
    case 'head':
      return walk[0]?.snapshotId
    case 'snapshot':
      return to.snapshotId
    case 'time':
      return walk.find(({ timestampMs }) => timestampMs <= BigInt(Math.floor(to.ms)))?.snapshotId
    case 'position': {
      const taken = walk.findLastIndex((snapshot) => holds(snapshot, to, owner.writer))
      if (taken < 0) return walk[0]?.snapshotId
      // Below a cut nobody knows whether it was there before.
      const oldest = walk.at(-1)
      if (taken === walk.length - 1 && end.kind === 'cut' && oldest !== undefined) return undefined
      return walk[taken + 1]?.snapshotId
    }
  }
}

function holds(
  snapshot: Snapshot,
  { partition, offset }: Extract<RollbackTo, { kind: 'position' }>,
  writer: string,
): boolean {
  const record = readRecord(snapshot)
  if (record?.writer !== writer || record.namedSnapshotId !== snapshot.snapshotId) return false
  return (nextOf(record.ledger, partition) ?? 0n) > offset
}
