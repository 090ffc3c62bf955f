import { required } from '../core/assert.ts'
import type { FirnError } from '../core/errors.ts'
import type { CommitId, SnapshotId, TopicName } from '../core/ids.ts'
import { PartitionMap, type PositionRange } from '../core/offsets.ts'
import { snapshotById } from '../iceberg/ancestry.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import { sameFields } from '../iceberg/partition-spec.ts'
import { applyMove, type LedgerMove, type Takeover } from './ledger-moves.ts'
import type { Gaps, Ledger, OriginTopic } from './ledger.ts'
import {
  type IdlePartition,
  ledgerAfter,
  planCommit,
  type Standing,
  withIdle,
} from './plan-commit.ts'
import { planRollback, type Rollback } from './plan-rollback.ts'
import { planTakeover } from './plan-takeover.ts'
import type { TableVerdict } from './plan-table.ts'
import type { LedgerReading, Membership } from './read-ledger.ts'
import { branchTaken, lost, unproven } from './refusals.ts'
import type { Replacement } from './replacement.ts'
import { schemaMisfits } from './schema-fit.ts'
import type { StagedAppend } from './stage.ts'
import type { ThroughLimits } from './through.ts'

/** What the loop commits: staged files, such files in the place of others, or a change of the ledger alone. */
export type CommitWork =
  | { readonly kind: 'append'; readonly staged: StagedAppend }
  | {
      readonly kind: 'replace'
      readonly staged: StagedAppend
      readonly replacement: Replacement
    }
  | {
      readonly kind: 'move'
      readonly move: LedgerMove
      readonly commitId: CommitId
      readonly snapshotId: SnapshotId
    }
  | {
      readonly kind: 'rollback'
      readonly rollback: Rollback
      readonly commitId: CommitId
      readonly snapshotId: SnapshotId
    }
  | {
      readonly kind: 'takeover'
      readonly takeover: Takeover
      readonly commitId: CommitId
      readonly snapshotId: SnapshotId
    }

/** Why a claim, or a move, was turned down. */
export type RejectedWhy =
  /** Where each range stands against the ledger. */
  | { readonly kind: 'standings'; readonly standings: PartitionMap<Standing> }
  /** The table was rolled back: the start table says what follows. */
  | { readonly kind: 'rolled-back' }
  /** The ledger is not the one that a move was meant for. */
  | { readonly kind: 'other-ledger' }

export type AttemptPlan =
  | {
      readonly kind: 'send'
      readonly ledger: Ledger
      readonly ranges: PartitionMap<PositionRange>
      readonly gaps: Gaps
      /** The snapshot to build on; undefined: the head. */
      readonly onto?: SnapshotId
      /** Table properties that are set in the same request. */
      readonly properties?: Readonly<Record<string, string>>
      /** Where topics begin that are taken over. */
      readonly begun?: ReadonlyMap<TopicName, OriginTopic>
    }
  /** An earlier attempt's snapshot is on the ancestry. The ledger is the newest that is known by now. */
  | { readonly kind: 'landed'; readonly ledger: Ledger }
  | { readonly kind: 'already-committed'; readonly ledger: Ledger }
  | { readonly kind: 'rejected'; readonly why: RejectedWhy }
  | { readonly kind: 'refused'; readonly refusal: FirnError }
  | { readonly kind: 'stale'; readonly why: 'schema' | 'spec' }

export interface AttemptInput {
  /** The table's name, for people. */
  readonly table: string
  readonly metadata: TableMetadata
  readonly reading: LedgerReading
  readonly verdict: TableVerdict
  /** Whether this work's own snapshot is on the ancestry; undefined where nothing names it. */
  readonly own: Membership | undefined
  readonly work: CommitWork
  readonly idle: PartitionMap<IdlePartition>
  readonly limits: ThroughLimits & { readonly nowMs: number }
}

/** The snapshot of this work, where the metadata still names it: an earlier attempt landed, and may be gone since. */
export function sightingOf(
  metadata: TableMetadata,
  { mirror, end }: LedgerReading,
  own: SnapshotId,
): { readonly snapshotId: SnapshotId; readonly sequenceNumber: bigint } | undefined {
  const listed = snapshotById(metadata, own)
  if (listed !== undefined) return listed
  if (mirror?.snapshotId === own) return mirror
  const isMissingParent = end.kind === 'cut' && end.missing === own
  return isMissingParent ? { snapshotId: own, sequenceNumber: 0n } : undefined
}

/**
 * What one attempt does on the table as it was loaded: the same for the first, after a conflict, and after an unknown
 * outcome. The order matters: what has landed has landed, whatever else is wrong with the table. Pure.
 */
export function planAttempt(input: AttemptInput): AttemptPlan {
  const { own, reading, table } = input
  if (own === 'yes') return planLanded(input)
  const plan = planWork(input)
  if (own === undefined || plan.kind !== 'send') return plan
  // Landed, and rolled back since: sent again it would undo the rollback. Below a cut it may still be there; but a
  // ledger above the cut that had its positions would have said so.
  return own === 'no' || reading.newest !== undefined
    ? { kind: 'rejected', why: { kind: 'rolled-back' } }
    : { kind: 'refused', refusal: unproven(table, ownEvidence(input)) }
}

/** Without a ledger to go on from, having landed helps nobody: every trace but the parent's id was removed. */
function planLanded({ verdict, reading, table }: AttemptInput): AttemptPlan {
  const open = verdict.kind === 'refuse' || verdict.kind === 'nothing' ? undefined : verdict.ledger
  const ledger = open ?? reading.newest?.record.ledger ?? reading.evidence?.ledger
  return ledger === undefined
    ? { kind: 'refused', refusal: lost(table) }
    : { kind: 'landed', ledger }
}

function ownEvidence({ work, reading }: AttemptInput): Parameters<typeof unproven>[1] {
  return { snapshotId: snapshotIdOf(work), from: reading.evidence?.from ?? 'tag' }
}

export function snapshotIdOf(work: CommitWork): SnapshotId {
  return 'staged' in work ? work.staged.snapshotId : work.snapshotId
}

export function commitIdOf(work: CommitWork): CommitId {
  return 'staged' in work ? work.staged.commitId : work.commitId
}

type OpenVerdict = Exclude<TableVerdict, { kind: 'refuse' }>

function planWork(input: AttemptInput): AttemptPlan {
  const { work, verdict } = input
  // What a rollback goes back behind may be the very thing that is refused.
  if (work.kind === 'rollback') return planRollback(work.rollback, input)
  if (work.kind === 'takeover') return planTakeover(work.takeover, input)
  if (verdict.kind === 'refuse') return { kind: 'refused', refusal: verdict.refusal }
  switch (work.kind) {
    case 'append':
      return planAppend(input, verdict, work.staged)
    case 'replace':
      return planReplace(input, verdict, work)
    case 'move':
      return planMove(input, verdict, work.move)
  }
}

/** Ranges that are below the ledger are replaced; it is carried over as the head has it. */
function planReplace(
  { metadata, table, own }: AttemptInput,
  verdict: OpenVerdict,
  { staged, replacement }: Extract<CommitWork, { kind: 'replace' }>,
): AttemptPlan {
  const { newBranch } = replacement
  if (verdict.kind === 'skip') return { kind: 'rejected', why: { kind: 'rolled-back' } }
  if (verdict.kind === 'nothing') return { kind: 'refused', refusal: lost(table) }
  if (newBranch !== undefined && own === undefined && metadata.refs[newBranch] !== undefined) {
    return { kind: 'refused', refusal: branchTaken(table, newBranch) }
  }
  const plan = planCommit(verdict.ledger, staged.claim)
  if (plan.kind !== 'already-committed') {
    const standings =
      plan.kind === 'rejected' ? plan.standings : staged.claim.ranges.map(() => 'next' as const)
    return { kind: 'rejected', why: { kind: 'standings', standings } }
  }
  const misfit = fitOf(metadata, staged)
  if (misfit !== undefined) return { kind: 'stale', why: misfit }
  return { kind: 'send', ledger: verdict.ledger, ranges: new PartitionMap(), gaps: new Map() }
}

function planAppend(
  { metadata, idle, limits, table }: AttemptInput,
  verdict: OpenVerdict,
  staged: StagedAppend,
): AttemptPlan {
  if (verdict.kind === 'skip') return { kind: 'rejected', why: { kind: 'rolled-back' } }
  if (verdict.kind === 'nothing' && verdict.lost) return { kind: 'refused', refusal: lost(table) }
  const held = verdict.kind === 'nothing' ? undefined : verdict.ledger
  const plan = planCommit(held, staged.claim)
  if (plan.kind === 'rejected') {
    return { kind: 'rejected', why: { kind: 'standings', standings: plan.standings } }
  }
  const ledger = required(held, 'ledger that takes a claim')
  if (plan.kind === 'already-committed') return { kind: 'already-committed', ledger }
  const misfit = fitOf(metadata, staged)
  if (misfit !== undefined) return { kind: 'stale', why: misfit }
  const after = ledgerAfter(ledger, staged.claim, { facts: staged.facts, limits })
  return {
    kind: 'send',
    ledger: withIdle(after, idle, limits),
    ranges: staged.claim.ranges,
    gaps: new Map(),
  }
}

/** Whether the files can still be read in the table as it is. A spec that is no longer the default one is fine. */
function fitOf(
  metadata: TableMetadata,
  { schema, spec }: StagedAppend,
): 'schema' | 'spec' | undefined {
  const listed = metadata.partitionSpecs.find(({ specId }) => specId === spec.specId)
  if (listed === undefined || !sameFields(listed, spec)) return 'spec'
  return schemaMisfits(schema, currentSchema(metadata)).length > 0 ? 'schema' : undefined
}

function planMove(
  { reading, idle, limits }: AttemptInput,
  verdict: OpenVerdict,
  move: LedgerMove,
): AttemptPlan {
  const liftable = reading.foreignAbove > 0 || idle.size > 0
  const outcome = applyMove(move, verdict, { liftable })
  switch (outcome.kind) {
    case 'apply':
      return {
        kind: 'send',
        ledger: withIdle(outcome.ledger, idle, limits),
        ranges: new PartitionMap(),
        gaps: outcome.gaps,
      }
    case 'nothing-to-do':
      return { kind: 'already-committed', ledger: outcome.ledger }
    case 'rejected':
      return { kind: 'rejected', why: { kind: 'other-ledger' } }
  }
}
