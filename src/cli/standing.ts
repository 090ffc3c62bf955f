import { boundsAt } from '../commit/plan-start.ts'
import type { Ledger } from '../commit/ledger.ts'
import { nextOf } from '../commit/ledger.ts'
import type { FirnError } from '../core/errors.ts'
import type { Position, TopicPartition } from '../core/offsets.ts'
import type { StartView } from '../worker/start-plan.ts'

/** One partition's ledger against its log. */
export interface PartitionStanding {
  readonly partition: TopicPartition
  /** The next position; undefined where the ledger does not have the partition yet. */
  readonly next: Position | undefined
  readonly logStart: Position
  readonly logEnd: Position
}

export function standings({ verdict, log, partitions }: StartView): readonly PartitionStanding[] {
  const ledger: Ledger | undefined =
    verdict !== undefined && 'ledger' in verdict ? verdict.ledger : undefined
  return partitions.flatMap((partition) => {
    const bounds = boundsAt(log, partition)
    if (bounds === undefined) return []
    const { logStart, logEnd } = bounds
    return [
      {
        partition,
        next: ledger === undefined ? undefined : nextOf(ledger, partition),
        logStart,
        logEnd,
      },
    ]
  })
}

/** Positions that the table lacks. */
export function lagOf({ next, logStart, logEnd }: PartitionStanding): bigint {
  const from = next ?? logStart
  return logEnd > from ? logEnd - from : 0n
}

export function entryText({ next }: PartitionStanding): string {
  return next === undefined ? '-' : String(next)
}

/** Everything that stands in the way of a start: a hold, the table, or single topics. */
export function refusalsOf({ plan, held }: StartView): readonly FirnError[] {
  const own = held === undefined ? [] : [held]
  if (plan.kind === 'refuse') return [...own, plan.refusal]
  return plan.kind === 'start' ? [...own, ...plan.refusals] : own
}
