import type { FirnError } from '../core/errors.ts'
import type { Hold } from './hold.ts'
import type { Ledger } from './ledger.ts'
import type { Evidence, LedgerReading } from './read-ledger.ts'
import { held, rolledBack, tableRefusal } from './refusals.ts'
import type { StandingLedger } from './standing.ts'

/** What happens when somebody rolls the table back. */
export type OnRollback = 'follow' | 'hold' | 'skip'

/** What a person should hear of, though nothing is refused. */
export interface StartWarning {
  readonly kind: 'rollback-followed' | 'ledger-buried' | 'tag-moved' | 'mirror-behind'
  readonly message: string
}

/** What the start table says about the table as a whole. */
export type TableVerdict =
  /** Go on from this ledger. */
  | { readonly kind: 'go-on'; readonly ledger: Ledger; readonly warnings: readonly StartWarning[] }
  /** Go on from it, once a ledger-only snapshot has brought it to the head. */
  | { readonly kind: 'lift'; readonly ledger: Ledger; readonly warnings: readonly StartWarning[] }
  /** A ledger-only snapshot at the newer position first; nothing else may be committed before. */
  | { readonly kind: 'skip'; readonly ledger: Ledger; readonly newer: Ledger }
  /** This writer has no ledger here. `lost`: on a cut ancestry, where it may have had one. */
  | {
      readonly kind: 'nothing'
      readonly lost: boolean
      readonly warnings: readonly StartWarning[]
    }
  | { readonly kind: 'refuse'; readonly refusal: FirnError }

/** What this writer does about what is found. */
export interface TablePolicy {
  /** The table's name, for people. */
  readonly table: string
  readonly onRollback: OnRollback
  /** Undefined where nobody holds the table, and for the verbs, which work on a held one. */
  readonly hold: Hold | undefined
}

/**
 * The rows of the start table that are about the table: asked at start, and again at every load before a commit,
 * so that a rollback or another table is noticed by a running worker too. Pure.
 */
export function planTable(
  { reading, standing }: StandingLedger,
  policy: TablePolicy,
): TableVerdict {
  if (policy.hold !== undefined) return { kind: 'refuse', refusal: held(policy.table, policy.hold) }
  switch (standing.kind) {
    case 'current':
      return { kind: 'go-on', ledger: standing.ledger, warnings: evidenceWarnings(reading) }
    case 'buried':
      return { kind: 'lift', ledger: standing.ledger, warnings: [buried(reading)] }
    case 'rolled-back':
      return planRolledBack(standing, policy)
    case 'none':
    case 'lost':
      return {
        kind: 'nothing',
        lost: standing.kind === 'lost',
        warnings: evidenceWarnings(reading),
      }
    default:
      return { kind: 'refuse', refusal: tableRefusal(policy.table, standing) }
  }
}

function planRolledBack(
  { ledger, newer }: { readonly ledger: Ledger; readonly newer: Evidence },
  { table, onRollback }: TablePolicy,
): TableVerdict {
  switch (onRollback) {
    case 'hold':
      return { kind: 'refuse', refusal: rolledBack(table, newer) }
    case 'skip':
      return { kind: 'skip', ledger, newer: newer.ledger }
    case 'follow':
      return {
        kind: 'go-on',
        ledger,
        warnings: [
          {
            kind: 'rollback-followed',
            message: `the table was rolled back behind snapshot ${newer.snapshotId}: the records since are read again`,
          },
        ],
      }
  }
}

function buried({ evidence }: LedgerReading): StartWarning {
  return {
    kind: 'ledger-buried',
    message: `the snapshot with the ledger has expired: the ${evidence?.from ?? 'mirror'} is used, and a snapshot without files brings it to the head`,
  }
}

function evidenceWarnings({ mirror, tag, newest }: LedgerReading): readonly StartWarning[] {
  const warnings: StartWarning[] = []
  const named = mirror?.snapshotId ?? newest?.snapshot.snapshotId
  if (tag !== undefined && tag.snapshotId !== named) {
    warnings.push({
      kind: 'tag-moved',
      message: `the tag points to snapshot ${tag.snapshotId}, where this writer did not put it: the next commit sets it right`,
    })
  }
  if (
    mirror !== undefined &&
    newest !== undefined &&
    mirror.snapshotId !== newest.snapshot.snapshotId
  ) {
    warnings.push({
      kind: 'mirror-behind',
      message: `the mirror names snapshot ${mirror.snapshotId}, but the newest ledger is in ${newest.snapshot.snapshotId}: the next commit sets it right`,
    })
  }
  return warnings
}
