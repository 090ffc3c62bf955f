import type { FirnError } from '../core/errors.ts'
import type { Position, TopicPartition } from '../core/offsets.ts'
import type { HaltCause } from '../writer/sealed-files.ts'

/** One partition that the group gave to this worker. */
export type Owned =
  | { readonly kind: 'starting' }
  | {
      readonly kind: 'reading'
      /** The next position to go into the buffer. */
      readonly position: Position
      readonly logEnd: Position | undefined
      /** The worker's clock when there was nothing more to read; undefined while there is. */
      readonly atEndSinceMs: number | undefined
    }
  | { readonly kind: 'halted'; readonly cause: HaltCause }

/** A partition that is read from a position on. */
export function readingAt(position: Position, logEnd?: Position): Owned {
  return { kind: 'reading', position, logEnd, atEndSinceMs: undefined }
}

/**
 * What a table is doing. `held`: the start table refused, nothing of that topic is read until it no longer does.
 * `stuck`: the catalog or the store does not take what was sealed, and fetching stands still.
 * `halted`: a partition stands at a record that cannot be written; the others go on.
 */
export type TableState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  | { readonly kind: 'halted'; readonly causes: readonly HaltCause[] }
  | { readonly kind: 'held'; readonly refusals: readonly FirnError[] }
  | { readonly kind: 'stuck'; readonly reason: FirnError }
  | { readonly kind: 'closed' }

export interface TableReport {
  readonly name: string
  readonly state: TableState
  readonly partitions: readonly (readonly [TopicPartition, Owned])[]
  readonly refusals: readonly FirnError[]
  /** Partitions that are read, and wait because the memory budget is used up. */
  readonly pausedPartitions: number
  readonly bytesHeld: number
  readonly rowsHeld: number
  /** Monotonic clock; undefined where nothing is held. */
  readonly oldestHeldAtMs: number | undefined
  readonly lastCommitAtMs: number | undefined
}

/** A report before its state was told from it. */
export interface TableFacts extends Omit<TableReport, 'state'> {
  readonly closed: boolean
  readonly stuck: FirnError | undefined
}

export function tableReport({ closed, stuck, ...report }: TableFacts): TableReport {
  const owned = report.partitions.map(([, one]) => one)
  return { ...report, state: tableState({ closed, stuck, refusals: report.refusals, owned }) }
}

/** The state that follows from what stands in a table's way; the gravest wins. Pure. */
export function tableState(facts: {
  readonly closed: boolean
  readonly stuck: FirnError | undefined
  readonly refusals: readonly FirnError[]
  readonly owned: readonly Owned[]
}): TableState {
  if (facts.closed) return { kind: 'closed' }
  if (facts.refusals.length > 0) return { kind: 'held', refusals: facts.refusals }
  if (facts.stuck !== undefined) return { kind: 'stuck', reason: facts.stuck }
  const causes = facts.owned.flatMap((owned) => (owned.kind === 'halted' ? [owned.cause] : []))
  if (causes.length > 0) return { kind: 'halted', causes }
  return facts.owned.some(({ kind }) => kind === 'starting')
    ? { kind: 'starting' }
    : { kind: 'running' }
}
