import type { CommitContext } from '../commit/context.ts'
import { readRecord } from '../commit/ledger-text.ts'
import type { SnapshotRecord } from '../commit/ledger.ts'
import { stageFiles } from '../commit/stage.ts'
import { FirnError } from '../core/errors.ts'
import type { CommitId } from '../core/ids.ts'
import { PartitionMap, type PositionRange } from '../core/offsets.ts'
import { snapshotById, walkAncestors } from '../iceberg/ancestry.ts'
import type { DataFile } from '../iceberg/data-file.ts'
import { readManifest } from '../iceberg/manifest-reader.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { Snapshot, TableMetadata } from '../iceberg/metadata.ts'
import { FileInspector } from './file-inspector.ts'
import type { Tally } from './file-positions.ts'
import { keyInName, type SourceFile } from './file-rewriter.ts'
import { type HeadPlan, HeadPlanner } from './head-planner.ts'
import { PositionSet } from './position-set.ts'
import { tallyFiles } from './range-audit.ts'
import { openTable, type ReplayedTable, type ReplayEnd, replaceRanges } from './replay.ts'

/** A replay on a branch of its own, and what it would do to the writer's branch as that is now. */
export interface PreparedPromotion {
  readonly opened: ReplayedTable
  readonly branch: string
  /** The snapshot that the branch began with, and its head. */
  readonly begun: Snapshot
  readonly record: SnapshotRecord
  readonly ranges: PartitionMap<PositionRange>
  readonly inspector: FileInspector
  /** The files that were read again. */
  readonly files: readonly DataFile[]
  /** Files that were rewritten for the branch: used again where their sources are still there. */
  readonly rewritten: readonly DataFile[]
  readonly plan: HeadPlan
  readonly before: PartitionMap<Tally>
  /** Which positions the files that were read again are of. */
  readonly log: PartitionMap<PositionSet>
  /** How many snapshots the writer's branch has that the new one lacks; undefined where its beginning is not on it. */
  readonly movedBy: number | undefined
}

/** Looks at the branch and at the writer's own. Throws REPLAY_REFUSED where it cannot be promoted exactly. */
export async function preparePromotion(
  context: CommitContext,
  { branch, column }: { readonly branch: string; readonly column: string | undefined },
): Promise<PreparedPromotion> {
  const opened = await openTable(context, column)
  const { metadata, head, place } = opened
  const { begun, record } = replayOn(opened, branch)
  const ranges = record.replayed
  const since = snapshotsSince(metadata, head.snapshot, begun)
  const { store } = context
  const inspector = new FileInspector({ store, place, ranges })
  const added = await filesAddedBy(context, metadata, begun)
  const files = added.filter(({ filePath }) => keyInName(filePath) === undefined)
  const paths = new Set(files.map(({ filePath }) => filePath))
  const plan = await new HeadPlanner({ store, place, ranges, inspector, paths }).plan(head)
  if (!plan.live) refuseOverlap(opened, { branch, ranges, since })
  const held = await tallyFiles(inspector, files.map(asSource))
  return {
    opened,
    branch,
    begun,
    record,
    ranges,
    inspector,
    files,
    rewritten: added.filter(({ filePath }) => keyInName(filePath) !== undefined),
    plan,
    before: await tallyFiles(inspector, plan.files),
    log: ranges.map((_range, partition) => held.get(partition)?.positions ?? new PositionSet()),
    movedBy: since?.length,
  }
}

/** The replay that a branch is made of. */
function replayOn(
  { table, metadata, audited }: ReplayedTable,
  branch: string,
): { readonly begun: Snapshot; readonly record: SnapshotRecord } {
  const ref = metadata.refs[branch]
  if (ref?.type !== 'branch') {
    const known = Object.entries(metadata.refs).flatMap(([name, { type }]) =>
      type === 'branch' && name !== audited.reading.owner.ref ? [name] : [],
    )
    throw new FirnError('USAGE', `table ${table} has no branch ${branch}`, {
      help: known.length === 0 ? 'firn replay --branch begins one' : `it has: ${known.join(', ')}`,
    })
  }
  const begun = snapshotById(metadata, ref.snapshotId)
  const record = begun === undefined ? undefined : readRecord(begun)
  const own = record?.writer === audited.reading.owner.writer
  if (begun === undefined || record === undefined || !own || record.replayed.size === 0) {
    throw refused(table, branch, 'its head is no replay by this writer', {
      help: `somebody committed to it, or it is a branch of another kind: move it with that engine (fast_forward in Spark)`,
    })
  }
  if (record.namedSnapshotId !== begun.snapshotId) {
    throw refused(table, branch, `its head copies snapshot ${record.namedSnapshotId}`)
  }
  return { begun, record }
}

/** What the writer's branch has got since another began, newest first; undefined where that did not begin on it. */
function snapshotsSince(
  metadata: TableMetadata,
  head: Snapshot,
  { parentSnapshotId }: Snapshot,
): readonly Snapshot[] | undefined {
  const { snapshots } = walkAncestors(metadata, head.snapshotId)
  const base = snapshots.findIndex(({ snapshotId }) => snapshotId === parentSnapshotId)
  return base < 0 ? undefined : snapshots.slice(0, base)
}

function refuseOverlap(
  { table, audited }: ReplayedTable,
  {
    branch,
    ranges,
    since,
  }: {
    readonly branch: string
    readonly ranges: PartitionMap<PositionRange>
    readonly since: readonly Snapshot[] | undefined
  },
): void {
  const { writer } = audited.reading.owner
  for (const snapshot of since ?? []) {
    const record = readRecord(snapshot)
    if (record?.writer !== writer || record.namedSnapshotId !== snapshot.snapshotId) continue
    for (const [partition, range] of record.replayed) {
      const own = ranges.get(partition)
      if (own === undefined || own.start >= range.end || range.start >= own.end) continue
      throw refused(
        table,
        branch,
        `snapshot ${snapshot.snapshotId} replayed positions of its ranges since it began, and would be undone`,
        { help: `drop the branch, and replay the range again where that is wanted` },
      )
    }
  }
}

/** The data files that a snapshot added, as they were staged. */
async function filesAddedBy(
  { lists, store }: CommitContext,
  metadata: TableMetadata,
  snapshot: Snapshot,
): Promise<readonly DataFile[]> {
  const files: DataFile[] = []
  const schema = currentSchema(metadata)
  for (const manifest of await lists.of(snapshot)) {
    if (manifest.addedSnapshotId !== snapshot.snapshotId || manifest.content !== 'data') continue
    const { entries } = readManifest(await store.get(manifest.manifestPath), { manifest, schema })
    for (const { status, dataFile } of entries) {
      // Row ids are given anew by the snapshot that adds them to the other branch.
      if (status === 'added') files.push({ ...dataFile, firstRowId: null })
    }
  }
  return files
}

function asSource(dataFile: DataFile): SourceFile {
  const numbers = { snapshotId: null, sequenceNumber: null, fileSequenceNumber: null }
  return { entry: { ...numbers, status: 'added', dataFile }, deletes: [] }
}

/**
 * Puts the branch's files in the place of what the writer's own branch holds of the ranges now, whatever was committed
 * to it since: the ledger stays that of its head.
 */
export async function promote(
  context: CommitContext,
  prepared: PreparedPromotion,
): Promise<{ readonly end: ReplayEnd; readonly commitId: CommitId }> {
  const { opened, record, begun, ranges, files, inspector, rewritten } = prepared
  const { metadata, place } = opened
  const { ledger } = record
  const staged = await stageFiles(context, {
    files: {
      files,
      ranges,
      topics: new Map([...ledger.topics].map(([topic, { id }]) => [topic, id])),
      facts: new PartitionMap(),
      rowCount: files.reduce((sum, { recordCount }) => sum + recordCount, 0n),
      schemaId: begun.schemaId ?? metadata.currentSchemaId,
      specId: files[0]?.specId ?? metadata.defaultSpecId,
      reason: 'shutdown',
      openedAtMs: context.clock.now(),
    },
    cluster: ledger.cluster,
    metadata,
  })
  const of = { staged, files, place, inspector, newBranch: undefined, rewritten }
  return { end: await replaceRanges(context, of), commitId: staged.commitId }
}

function refused(
  table: string,
  branch: string,
  why: string,
  options: { readonly help?: string } = {},
): FirnError {
  return new FirnError('REPLAY_REFUSED', `table ${table}, branch ${branch}: ${why}`, {
    context: { table, branch },
    ...options,
  })
}
