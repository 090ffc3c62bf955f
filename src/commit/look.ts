import type { LoadedTable } from '../catalog/catalog.ts'
import type { FirnError } from '../core/errors.ts'
import { PartitionMap, type Position, type TopicPartition } from '../core/offsets.ts'
import { commitMove } from './committer.ts'
import type { CommitContext } from './context.ts'
import { nextOf } from './ledger.ts'
import { type JudgedTable, loadTable } from './load-table.ts'
import { APPEARED_AT, type IdlePartition, withIdle } from './plan-commit.ts'

export interface LookRequest {
  /** Where this worker's next claim would start, per partition. */
  readonly held: PartitionMap<Position>
  readonly idle?: PartitionMap<IdlePartition>
}

export type LookOutcome =
  | { readonly kind: 'unchanged'; readonly lifted: boolean; readonly table: LoadedTable }
  /** The ledger is elsewhere: start again. */
  | { readonly kind: 'moved'; readonly partitions: readonly TopicPartition[] }
  | { readonly kind: 'refused'; readonly refusal: FirnError }

/**
 * The slow beat of a worker that has nothing to commit: notices a rollback without a new record, and brings up a
 * ledger that the snapshots of others have buried, long before expiry could cut the walk to it. Throws the faults of
 * catalog and store.
 */
export async function lookAtTable(
  context: CommitContext,
  { held, idle = new PartitionMap() }: LookRequest,
): Promise<LookOutcome> {
  const loaded = await loadTable(context)
  if (loaded.kind === 'refused') return loaded
  const { judgedTable } = loaded
  const { verdict, table } = judgedTable
  if (verdict.kind === 'refuse') return { kind: 'refused', refusal: verdict.refusal }
  const moved = movedPartitions(judgedTable, held)
  if (moved.length > 0) return { kind: 'moved', partitions: moved }
  if (!isLiftDue(context, judgedTable, idle)) return { kind: 'unchanged', lifted: false, table }
  const outcome = await commitMove(context, { kind: 'lift' }, { idle })
  if (outcome.kind === 'refused') return outcome
  return outcome.kind === 'committed'
    ? { kind: 'unchanged', lifted: true, table: outcome.table }
    : { kind: 'unchanged', lifted: false, table }
}

function movedPartitions(
  { verdict }: JudgedTable,
  held: PartitionMap<Position>,
): readonly TopicPartition[] {
  // A skip, or a ledger that is gone: the start has to be asked.
  if (verdict.kind !== 'go-on' && verdict.kind !== 'lift') return [...held.keys()]
  const { ledger } = verdict
  return [...held].flatMap(([partition, position]) => {
    const known = ledger.topics.has(partition.topic)
    const next = nextOf(ledger, partition) ?? APPEARED_AT
    return known && next === position ? [] : [partition]
  })
}

/** A quiet partition gets a snapshot for its `through` at most so often. */
const THROUGH_STEP_MS = 600_000

function isLiftDue(
  { liftAfterSnapshots, limits, clock }: CommitContext,
  { judged, verdict }: JudgedTable,
  idle: PartitionMap<IdlePartition>,
): boolean {
  if (verdict.kind === 'lift') return true
  if (verdict.kind !== 'go-on') return false
  if (judged.reading.foreignAbove >= liftAfterSnapshots) return true
  const after = withIdle(verdict.ledger, idle, { ...limits, nowMs: clock.now() })
  return [...idle.keys()].some(({ topic, partition }) => {
    const before = verdict.ledger.topics.get(topic)?.through.get(partition) ?? 0
    const now = after.topics.get(topic)?.through.get(partition) ?? 0
    return now - before >= THROUGH_STEP_MS
  })
}
