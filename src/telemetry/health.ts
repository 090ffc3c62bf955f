import type { ErrorCode } from '../core/error-codes.ts'

/** A partition that stands still until a person decides. */
export interface HaltedPartition {
  /** `orders/3` */
  readonly partition: string
  readonly code: ErrorCode
  readonly message: string
}

/** What is known of one table's way from the log into snapshots. Times are of the clock that `readiness` gets. */
export interface TableHealth {
  /** Why nothing is written: a refusal of `planStart`, of the schema, of the catalog. */
  readonly refusal:
    | { readonly code: ErrorCode; readonly message: string; readonly help: string | undefined }
    | undefined
  readonly halted: readonly HaltedPartition[]
  /** Since when a commit has been failing beyond its attempts; undefined while commits succeed. */
  readonly exhaustedSinceMs: number | undefined
  /** Since when the oldest record that the table lacks has been in the log; undefined: it lacks none. */
  readonly waitingSinceMs: number | undefined
}

/** What health is told from: plain facts, which the run loop keeps. */
export interface HealthState {
  readonly phase: 'starting' | 'running' | 'draining'
  readonly freshnessObjectiveMs: number
  readonly tables: ReadonlyMap<string, TableHealth>
  /** When the run loop last came around. */
  readonly beatAtMs: number
}

type NotReadyCode = ErrorCode | 'STARTING' | 'DRAINING' | 'COMMITS_EXHAUSTED' | 'FRESHNESS_MISSED'

/** One thing that keeps records from reaching a table in time. */
export interface NotReadyReason {
  readonly code: NotReadyCode
  /** Undefined: the process as a whole. */
  readonly table?: string
  readonly message: string
  /** The command, or the change, that resolves it. */
  readonly help?: string
}

export interface Readiness {
  readonly ready: boolean
  readonly reasons: readonly NotReadyReason[]
}

/** A table without anything wrong. */
export const HEALTHY_TABLE: TableHealth = {
  refusal: undefined,
  halted: [],
  exhaustedSinceMs: undefined,
  waitingSinceMs: undefined,
}

/** Whether records reach every table within the freshness objective, and if not, why. */
export function readiness(state: HealthState, nowMs: number): Readiness {
  const reasons = [
    ...phaseReasons(state),
    ...[...state.tables].flatMap(([table, health]) =>
      tableReasons(health, nowMs, state.freshnessObjectiveMs).map((reason) =>
        Object.assign({ table }, reason),
      ),
    ),
  ]
  return { ready: reasons.length === 0, reasons }
}

function phaseReasons({ phase }: HealthState): readonly NotReadyReason[] {
  switch (phase) {
    case 'starting':
      return [{ code: 'STARTING', message: 'the tables have not been looked at yet' }]
    case 'draining':
      return [{ code: 'DRAINING', message: 'the worker is stopping' }]
    default:
      return []
  }
}

function tableReasons(
  { refusal, halted, exhaustedSinceMs, waitingSinceMs }: TableHealth,
  nowMs: number,
  objectiveMs: number,
): readonly NotReadyReason[] {
  const reasons: NotReadyReason[] = []
  if (refusal !== undefined) {
    const { code, message, help } = refusal
    reasons.push({ code, message, ...(help === undefined ? {} : { help }) })
  }
  for (const { partition, code, message } of halted) {
    reasons.push({ code, message: `${partition} stands still: ${message}` })
  }
  if (exhaustedSinceMs !== undefined) {
    const message = `commits have been failing for ${seconds(nowMs - exhaustedSinceMs)}`
    reasons.push({ code: 'COMMITS_EXHAUSTED', message })
  }
  const waitedMs = waitingSinceMs === undefined ? 0 : nowMs - waitingSinceMs
  if (waitedMs > objectiveMs) {
    const message = `the oldest record that the table lacks has waited for ${seconds(waitedMs)}, and the objective is ${seconds(objectiveMs)}`
    reasons.push({ code: 'FRESHNESS_MISSED', message })
  }
  return reasons
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1000))} s`
}

/** A loop that has not come around for so long hangs: only a restart helps. */
export const BEAT_AGE_MS_MAX = 120_000

/** Whether the process still does its work, however badly it goes. */
export function isLive(state: HealthState, nowMs: number): boolean {
  return nowMs - state.beatAtMs <= BEAT_AGE_MS_MAX
}
