import { type LoadedTable, tableText } from '../catalog/catalog.ts'
import { FirnError } from '../core/errors.ts'
import type { TopicName } from '../core/ids.ts'
import { passes } from '../core/points.ts'
import { PartitionMap, type TopicPartition } from '../core/offsets.ts'
import { type CommitOutcome, commitMove } from './committer.ts'
import type { CommitContext } from './context.ts'
import type { LedgerMove } from './ledger-moves.ts'
import { epochsOf } from './ledger.ts'
import { type JudgedTable, loadTable } from './load-table.ts'
import {
  type LogFacts,
  planBeforeLog,
  planStart,
  type ResolvedStart,
  type SeekPosition,
  type StartPlan,
  topicsToBegin,
} from './plan-start.ts'
import type { StartWarning } from './plan-table.ts'
import { otherWriterOf } from './read-ledger.ts'

/** What a start asks of Kafka. */
export interface LogReader {
  /**
   * Cluster, ids, and the bounds of *every* partition of the topics; where `epochs` has a partition, also where the
   * broker's log ends for that leader epoch.
   */
  facts(topics: readonly TopicName[], epochs: PartitionMap<number>): Promise<LogFacts>
  /** The configured start, with what only Kafka knows resolved. Asked for topics that begin now, and only then. */
  start(topics: readonly TopicName[], facts: LogFacts): Promise<ResolvedStart>
}

export interface StartRequest {
  /** The partitions to be started. */
  readonly partitions: readonly TopicPartition[]
  readonly log: LogReader
  /** The table as it was loaded just now: with a long history a load is what a start waits for. */
  readonly found?: LoadedTable
  /** `firn ledger init`. */
  readonly startConfirmed?: boolean
}

export type StartOutcome =
  | {
      readonly kind: 'started'
      /** Where to go on; partitions of refused topics are not in it. */
      readonly positions: PartitionMap<SeekPosition>
      readonly refusals: readonly FirnError[]
      readonly warnings: readonly StartWarning[]
      /** The ledger-only snapshots that were needed, in their order. */
      readonly moves: readonly LedgerMove['kind'][]
      readonly table: LoadedTable
    }
  /** The table as a whole is refused. */
  | { readonly kind: 'refused'; readonly refusal: FirnError }
  /** A ledger-only snapshot did not get through: ask again at a slow pace. */
  | { readonly kind: 'exhausted'; readonly reason: FirnError }

/** A skip, a lift and a pin, and once more for each where another worker was faster. */
const ROUNDS_MAX = 6

/**
 * Where to start partitions of a table: loads it, asks Kafka, asks the start table, commits what ledger-only
 * snapshots it wants, and asks again. Throws the faults of catalog, store and Kafka.
 */
export async function startTable(
  context: CommitContext,
  request: StartRequest,
): Promise<StartOutcome> {
  const moves: LedgerMove['kind'][] = []
  const warnings: StartWarning[] = []
  for (let round = 1; round <= ROUNDS_MAX; round++) {
    const loaded = await loadTable(context, round === 1 ? request.found : undefined)
    if (loaded.kind === 'refused') return loaded
    const { judgedTable } = loaded
    const plan = await askStart(context, judgedTable, request)
    if (plan.kind === 'refuse') return { kind: 'refused', refusal: plan.refusal }
    addNew(warnings, plan.warnings)
    if (plan.kind === 'start') {
      return { ...plan, kind: 'started', warnings, moves, table: judgedTable.table }
    }
    const outcome = await commitMove(context, plan.move)
    const stopped = whyStopped(outcome)
    if (stopped !== undefined) return stopped
    passes('start-committed')
    if (outcome.kind === 'committed') moves.push(plan.move.kind)
  }
  return {
    kind: 'exhausted',
    reason: new FirnError(
      'CATALOG_UNAVAILABLE',
      `table ${tableText(context.table)} changed each time a start was committed to it`,
    ),
  }
}

async function askStart(
  context: CommitContext,
  { table, judged, verdict }: JudgedTable,
  { partitions, log, startConfirmed = false }: StartRequest,
): Promise<StartPlan> {
  const first = planBeforeLog(verdict)
  if (first !== undefined) return first
  const ledger = verdict.kind === 'go-on' ? verdict.ledger : undefined
  const { topics } = new PartitionMap(partitions.map((partition) => [partition, true]))
  const facts = await log.facts(topics, epochsOf(ledger))
  const beginning = topicsToBegin(verdict, partitions).filter((topic) => facts.topics.has(topic))
  return planStart({
    table: tableText(context.table),
    verdict,
    log: facts,
    partitions,
    start: beginning.length === 0 ? { kind: 'earliest' } : await log.start(beginning, facts),
    startConfirmed,
    otherWriterOf: (topic) => otherWriterOf(table.metadata, judged.reading, topic),
  })
}

function whyStopped(outcome: CommitOutcome): StartOutcome | undefined {
  switch (outcome.kind) {
    case 'refused':
      return outcome
    case 'exhausted':
      return { kind: 'exhausted', reason: outcome.reason }
    default:
      // Committed, or somebody else was faster: the table says.
      return undefined
  }
}

function addNew(known: StartWarning[], found: readonly StartWarning[]): void {
  for (const warning of found) {
    if (!known.some(({ message }) => message === warning.message)) known.push(warning)
  }
}
