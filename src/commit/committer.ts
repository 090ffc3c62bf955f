import { type CommitResponse, type LoadedTable, tableText } from '../catalog/catalog.ts'
import { backoffMs } from '../core/backoff.ts'
import { FirnError } from '../core/errors.ts'
import { type CommitId, commitId, type SnapshotId, snapshotId } from '../core/ids.ts'
import { passes } from '../core/points.ts'
import { PartitionMap } from '../core/offsets.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import type { CommitContext } from './context.ts'
import type { LedgerMove, Takeover } from './ledger-moves.ts'
import type { Ledger } from './ledger.ts'
import { type JudgedTable, loadTable } from './load-table.ts'
import { ManifestMerger } from './merge-manifests.ts'
import {
  type AttemptPlan,
  type CommitWork,
  planAttempt,
  type RejectedWhy,
  sightingOf,
  snapshotIdOf,
} from './plan-attempt.ts'
import type { IdlePartition } from './plan-commit.ts'
import type { Rollback } from './plan-rollback.ts'
import { type Membership, provenMembership } from './read-ledger.ts'
import { branchHolds, type Replacement } from './replacement.ts'
import { retryPolicy } from './retry-policy.ts'
import { writeSnapshot } from './snapshot-draft.ts'
import type { StagedAppend } from './stage.ts'

/** How a commit ended. Nothing staged is ever deleted here, whatever the outcome. */
export type CommitOutcome =
  | {
      readonly kind: 'committed'
      readonly snapshotId: SnapshotId
      readonly ledger: Ledger
      readonly table: LoadedTable
      readonly attempts: number
    }
  /** The ledger holds it all: by an attempt whose snapshot has expired since, or by another worker. */
  | { readonly kind: 'already-committed'; readonly ledger: Ledger; readonly table: LoadedTable }
  /** Overtaken, or the table moved: drop the claim and what was read behind it, start all its partitions again. */
  | { readonly kind: 'rejected'; readonly why: RejectedWhy; readonly table: LoadedTable }
  /** A person has to decide; the refusal names the verb. */
  | { readonly kind: 'refused'; readonly refusal: FirnError }
  /** The bounded attempts are used up: keep what is staged, stop fetching, call again at a slow pace. */
  | { readonly kind: 'exhausted'; readonly reason: FirnError; readonly attempts: number }
  /** Not to be committed any more: drop it, read again. */
  | { readonly kind: 'stale'; readonly why: 'too-old' | 'schema' | 'spec' }

export interface CommitOptions {
  /** Partitions of this worker that stand at their end: their `through` is brought up on the way. */
  readonly idle?: PartitionMap<IdlePartition>
  /** Ends the waits between attempts: the loop then reports `exhausted`. */
  readonly signal?: AbortSignal
}

/** Commits a staged set. May be called again with the same set after `exhausted`. */
export async function commitStaged(
  context: CommitContext,
  staged: StagedAppend,
  options: CommitOptions = {},
): Promise<CommitOutcome> {
  return commitLoop(context, { kind: 'append', staged }, options)
}

/**
 * Commits a staged set in the place of what the table holds of its ranges, all of which lie below the ledger. May be
 * called again with the same set after `exhausted`.
 */
export async function commitReplacement(
  context: CommitContext,
  work: { readonly staged: StagedAppend; readonly replacement: Replacement },
  options: CommitOptions = {},
): Promise<CommitOutcome> {
  return commitLoop(context, { kind: 'replace', ...work }, options)
}

/** Commits a snapshot without files, which changes the ledger alone. */
export async function commitMove(
  context: CommitContext,
  move: LedgerMove,
  options: CommitOptions = {},
): Promise<CommitOutcome> {
  return commitLoop(context, { kind: 'move', move, ...freshIds(context) }, options)
}

/** Commits a rollback: the branch, and the ledger with it, go back in one request. */
export async function commitRollback(
  context: CommitContext,
  rollback: Rollback,
  options: CommitOptions = {},
): Promise<CommitOutcome> {
  return commitLoop(context, { kind: 'rollback', rollback, ...freshIds(context) }, options)
}

/** Commits a takeover: the ledger begins behind rows of another hand. */
export async function commitTakeover(
  context: CommitContext,
  takeover: Takeover,
  options: CommitOptions = {},
): Promise<CommitOutcome> {
  return commitLoop(context, { kind: 'takeover', takeover, ...freshIds(context) }, options)
}

/** What names a snapshot without files, through all attempts to commit it. */
function freshIds({ random }: CommitContext): {
  readonly commitId: CommitId
  readonly snapshotId: SnapshotId
} {
  return { commitId: commitId(random.uuid()), snapshotId: snapshotId(random.int63()) }
}

type AttemptEnd =
  | { readonly kind: 'ended'; readonly outcome: CommitOutcome }
  | {
      readonly kind: 'again'
      readonly reason: FirnError
      /** Of the table on which it was tried; undefined where it could not be loaded. */
      readonly metadata: TableMetadata | undefined
      readonly refused: boolean
    }

/**
 * The one retry loop: load, look, decide, send; and whatever the answer is but `committed`, load and look again.
 * Bounded by the table's `commit.retry.*` in attempts and in time.
 */
async function commitLoop(
  context: CommitContext,
  work: CommitWork,
  options: CommitOptions,
): Promise<CommitOutcome> {
  const { clock, random, observe } = context
  const loop = { context, work, options, merger: new ManifestMerger(context, snapshotIdOf(work)) }
  const startedMs = clock.monotonic()
  let policy = retryPolicy({})
  let last: Extract<AttemptEnd, { kind: 'again' }> | undefined
  for (let attempt = 1; ; attempt++) {
    const end = await tryOnce(loop, attempt)
    if (end.kind === 'ended') return end.outcome
    observe({ kind: 'failed', attempt, reason: end.reason })
    if (end.metadata !== undefined) policy = retryPolicy(end.metadata.properties)
    const waitMs = backoffMs(policy, attempt, random)
    const spent =
      attempt >= policy.attemptsMax ||
      clock.monotonic() - startedMs + waitMs > policy.totalMs ||
      refusedTwice(last, end)
    if (!spent) {
      observe({ kind: 'waiting', attempt, waitMs })
      await clock.sleep(waitMs, options.signal)
    }
    if (spent || options.signal?.aborted === true) {
      return { kind: 'exhausted', reason: end.reason, attempts: attempt }
    }
    last = end
  }
}

/** The catalog refused the same request on the same table again: it will not take it at any later attempt either. */
function refusedTwice(
  last: Extract<AttemptEnd, { kind: 'again' }> | undefined,
  now: Extract<AttemptEnd, { kind: 'again' }>,
): boolean {
  return (
    last?.refused === true &&
    now.refused &&
    last.metadata?.lastSequenceNumber === now.metadata?.lastSequenceNumber &&
    last.metadata?.lastUpdatedMs === now.metadata?.lastUpdatedMs
  )
}

interface Loop {
  readonly context: CommitContext
  readonly work: CommitWork
  readonly options: CommitOptions
  readonly merger: ManifestMerger
}

/** Faults that may pass are attempts that failed; the others are for a person to see. */
async function tryOnce(loop: Loop, attempt: number): Promise<AttemptEnd> {
  const { context, work } = loop
  if (isTooOld(context, work)) return ended({ kind: 'stale', why: 'too-old' })
  try {
    const startedMs = context.clock.monotonic()
    const loaded = await loadTable(context)
    const tookMs = context.clock.monotonic() - startedMs
    context.observe({ kind: 'loaded', attempt, tookMs })
    return loaded.kind === 'refused'
      ? ended(loaded)
      : await tryOn(loaded.judgedTable, loop, attempt)
  } catch (fault) {
    if (!(fault instanceof FirnError)) throw fault
    return fault.retry === 'backoff'
      ? { kind: 'again', reason: fault, metadata: undefined, refused: false }
      : ended({ kind: 'refused', refusal: fault })
  }
}

function isTooOld({ clock, stagedMaxAgeMs }: CommitContext, work: CommitWork): boolean {
  if (!('staged' in work)) return false
  const { wallMs, monotonicMs } = work.staged.stagedAt
  return Math.max(clock.now() - wallMs, clock.monotonic() - monotonicMs) > stagedMaxAgeMs
}

async function tryOn(judged: JudgedTable, loop: Loop, attempt: number): Promise<AttemptEnd> {
  const plan = await decide(judged, loop)
  const { table } = judged
  switch (plan.kind) {
    case 'send':
      return send(plan, judged, loop, attempt)
    case 'landed':
      return landed(plan.ledger, table, loop.work, attempt)
    case 'already-committed':
    case 'rejected':
      return ended({ ...plan, table })
    case 'refused':
    case 'stale':
      return ended(plan)
  }
}

async function decide(
  judgedTable: JudgedTable,
  { context, work, options }: Loop,
): Promise<AttemptPlan> {
  const { table, judged, verdict } = judgedTable
  const { metadata } = table
  const { reading } = judged
  const own = await ownMembership(judgedTable, work)
  return planAttempt({
    table: tableText(context.table),
    metadata,
    reading,
    verdict,
    own,
    work,
    idle: options.idle ?? new PartitionMap(),
    limits: { ...context.limits, nowMs: context.clock.now() },
  })
}

/** Where the snapshot of this work is looked for depends on the branch that it goes to. */
async function ownMembership(
  { table, judged, proof }: JudgedTable,
  work: CommitWork,
): Promise<Membership | undefined> {
  const { metadata } = table
  const branch = work.kind === 'replace' ? work.replacement.newBranch : undefined
  if (branch !== undefined) {
    return branchHolds(metadata, branch, snapshotIdOf(work)) ? 'yes' : undefined
  }
  const sighting = sightingOf(metadata, judged.reading, snapshotIdOf(work))
  return sighting === undefined ? undefined : provenMembership(judged.reading, sighting, proof)
}

function landed(
  ledger: Ledger,
  table: LoadedTable,
  work: CommitWork,
  attempts: number,
): AttemptEnd {
  return ended({ kind: 'committed', snapshotId: snapshotIdOf(work), ledger, table, attempts })
}

async function send(
  plan: Extract<AttemptPlan, { kind: 'send' }>,
  judged: JudgedTable,
  { context, work, merger }: Loop,
  attempt: number,
): Promise<AttemptEnd> {
  const { metadata } = judged.table
  const written = await writeSnapshot(context, { judged, plan, work, merger, attempt })
  if (written === 'live') return landed(plan.ledger, judged.table, work, attempt)
  const { commit, manifests, manifestList } = written
  const startedMs = context.clock.monotonic()
  const answer = context.catalog.commitTable(context.table, commit)
  passes('commit-sent')
  const response = await answer
  passes('commit-answered')
  context.observe({
    kind: 'answered',
    attempt,
    response: response.kind,
    snapshotId: snapshotIdOf(work),
    tookMs: context.clock.monotonic() - startedMs,
  })
  if (response.kind !== 'committed') return again(response, metadata)
  context.lists.remember(manifestList, manifests)
  return landed(plan.ledger, response.table, work, attempt)
}

function again(
  { kind, reason }: Exclude<CommitResponse, { kind: 'committed' }>,
  metadata: TableMetadata,
): AttemptEnd {
  return { kind: 'again', reason, metadata, refused: kind === 'refused' }
}

function ended(outcome: CommitOutcome): AttemptEnd {
  return { kind: 'ended', outcome }
}
