import type { TableCommit } from '../catalog/catalog.ts'
import { required } from '../core/assert.ts'
import type { SnapshotId } from '../core/ids.ts'
import { FirnError } from '../core/errors.ts'
import { PartitionMap, type PositionRange } from '../core/offsets.ts'
import { snapshotById } from '../iceberg/ancestry.ts'
import type { ManifestFile } from '../iceberg/data-file.ts'
import { writeManifestList } from '../iceberg/manifest-list.ts'
import type { Snapshot, TableMetadata } from '../iceberg/metadata.ts'
import { buildCommit } from './build-update.ts'
import type { CommitContext } from './context.ts'
import { originAfter } from './ledger-moves.ts'
import type { Ledger } from './ledger.ts'
import { type JudgedTable, refuseOldFormat } from './load-table.ts'
import type { ManifestMerger } from './merge-manifests.ts'
import { type AttemptPlan, commitIdOf, type CommitWork, snapshotIdOf } from './plan-attempt.ts'
import {
  type AddedFiles,
  NOTHING_ADDED,
  NOTHING_REMOVED,
  type RemovedFiles,
} from './snapshot-summary.ts'
import { metadataLocation } from './table-properties.ts'
import { completeThrough } from './through.ts'

export interface SnapshotAttempt {
  readonly judged: JudgedTable
  readonly plan: Extract<AttemptPlan, { kind: 'send' }>
  readonly work: CommitWork
  readonly merger: ManifestMerger
  readonly attempt: number
}

/** What one attempt has written, and the request that would make it visible. */
export interface WrittenSnapshot {
  readonly commit: TableCommit
  readonly manifestList: string
  readonly manifests: readonly ManifestFile[]
}

/**
 * Writes the manifest list of one attempt (and merged manifests, where they are due), and builds its request. `live`:
 * there is nothing to write, because the head holds the staged files already.
 */
export async function writeSnapshot(
  context: CommitContext,
  { judged, plan, work, merger, attempt }: SnapshotAttempt,
): Promise<WrittenSnapshot | 'live'> {
  const { store, random, clock, carriers, engineVersion } = context
  const { metadata } = judged.table
  const { reading } = judged.judged
  const ids = { snapshotId: snapshotIdOf(work), commitId: commitIdOf(work) }
  const parentId = plan.onto ?? reading.head
  const content = await contentOf(context, { judged, work, merger, parentId })
  if (content === 'live') return 'live'
  const list = writeManifestList({
    formatVersion: refuseOldFormat(metadata),
    snapshotId: ids.snapshotId,
    parentSnapshotId: parentId,
    sequenceNumber: metadata.lastSequenceNumber + 1n,
    firstRowId: metadata.nextRowId,
    manifests: content.manifests,
  })
  // A uuid of its own: a request of an earlier attempt may still be on its way, and name the list of that one.
  const name = `snap-${ids.snapshotId}-${attempt}-${random.uuid()}.avro`
  const manifestList = `${metadataLocation(metadata)}/${name}`
  await store.put(manifestList, list.bytes)
  const draft = {
    ...ids,
    parentId,
    properties: plan.properties ?? {},
    ranges: plan.ranges,
    rejected: new PartitionMap<bigint>(),
    gaps: plan.gaps,
    ledger: plan.ledger,
    origin: originAfter(plan.ledger, {
      ledger: ledgerBefore(judged),
      // What a takeover goes behind is of another table, or cannot be believed.
      origin: startsAnew(judged, work) ? undefined : reading.evidence?.origin,
      lastSequenceNumber: metadata.lastSequenceNumber,
      ...(plan.begun === undefined ? {} : { begun: plan.begun }),
    }),
    completeThroughMs: completeThrough(plan.ledger, context.isRouted),
    added: content.added,
    removed: content.removed,
    replayed:
      work.kind === 'replace' ? work.staged.claim.ranges : new PartitionMap<PositionRange>(),
    newBranch: work.kind === 'replace' ? work.replacement.newBranch : undefined,
    manifestList,
    addedRows: list.addedRows,
  }
  const options = { carriers, engineVersion, nowMs: clock.now() }
  const commit = buildCommit(metadata, reading, draft, options)
  return { commit, manifestList, manifests: list.manifests }
}

function ledgerBefore({ verdict }: JudgedTable): Ledger | undefined {
  return verdict.kind === 'refuse' || verdict.kind === 'nothing' ? undefined : verdict.ledger
}

function startsAnew({ verdict }: JudgedTable, work: CommitWork): boolean {
  return work.kind === 'takeover' && (verdict.kind === 'refuse' || verdict.kind === 'nothing')
}

interface SnapshotContent {
  readonly manifests: readonly ManifestFile[]
  readonly added: AddedFiles
  readonly removed: RemovedFiles
}

async function contentOf(
  { lists }: CommitContext,
  {
    judged,
    work,
    merger,
    parentId,
  }: Pick<SnapshotAttempt, 'judged' | 'work' | 'merger'> & {
    readonly parentId: SnapshotId | null
  },
): Promise<SnapshotContent | 'live'> {
  const { metadata } = judged.table
  const parent = parentOf(metadata, parentId)
  const before = parent === undefined ? [] : await lists.of(parent)
  switch (work.kind) {
    case 'append': {
      const { manifests, added } = work.staged
      const merged = await merger.merge(metadata, before, manifests)
      return { manifests: [...manifests, ...merged], added, removed: NOTHING_REMOVED }
    }
    case 'replace': {
      const snapshot = required(parent, 'snapshot with a ledger')
      const replaced = await work.replacement.on({ metadata, snapshot, manifests: before })
      return replaced.kind === 'live' ? 'live' : replaced
    }
    case 'move':
    case 'rollback':
    case 'takeover':
      return { manifests: before, added: NOTHING_ADDED, removed: NOTHING_REMOVED }
  }
}

function parentOf(metadata: TableMetadata, id: SnapshotId | null): Snapshot | undefined {
  if (id === null) return undefined
  const parent = snapshotById(metadata, id)
  if (parent !== undefined) return parent
  throw new FirnError('METADATA_INVALID', `the branch points to ${id}, which is not listed`)
}
