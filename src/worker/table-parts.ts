import type { Clock } from '../core/clock.ts'
import type { RecordSource } from '../consumer/record-source.ts'
import type { FlushLimits } from '../writer/flush-policy.ts'
import type { TableEvents } from './table-events.ts'
import type { TableSession } from './table-session.ts'

export interface TableWorkerOptions {
  /** The table's name, for people. */
  readonly name: string
  readonly flush: FlushLimits
  /** How often a table without anything to commit is loaded, so that a rollback is noticed. */
  readonly idleLoadIntervalMs: number
  /** The pace of attempts once the bounded ones are used up, and of asking again after a refusal. */
  readonly slowRetryMs: number
  /** How long a revocation or a shutdown may take to commit what is complete. */
  readonly drainBudgetMs: number
}

export interface TableWorkerParts {
  readonly clock: Clock
  readonly source: RecordSource
  readonly session: TableSession
  readonly events: TableEvents
}
