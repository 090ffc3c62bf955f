import { type AuditedTable, auditedTable } from '../audit/audited-table.ts'
import { tableText } from '../catalog/catalog.ts'
import { commitReplacement, type CommitOutcome } from '../commit/committer.ts'
import type { CommitContext } from '../commit/context.ts'
import { manifestProof } from '../commit/manifest-proof.ts'
import { headOf } from '../commit/read-ledger.ts'
import type { ReplacedHead } from '../commit/replacement.ts'
import { type StagedAppend, stageFiles } from '../commit/stage.ts'
import type { RecordSource } from '../consumer/record-source.ts'
import { required } from '../core/assert.ts'
import { FirnError } from '../core/errors.ts'
import { topicName, type TopicName } from '../core/ids.ts'
import type { PartitionMap } from '../core/offsets.ts'
import { snapshotById } from '../iceberg/ancestry.ts'
import type { DataFile } from '../iceberg/data-file.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import type { EncodingPlan } from '../writer/encoder.ts'
import { type EncoderFactory, TableBuffer } from '../writer/table-buffer.ts'
import { FileInspector } from './file-inspector.ts'
import type { Tally } from './file-positions.ts'
import { type HeadPlan, HeadPlanner } from './head-planner.ts'
import { type KafkaPlace, kafkaPlace } from './kafka-place.ts'
import { difference, PositionSet } from './position-set.ts'
import { auditFailed, rangeProblems, tallyFiles } from './range-audit.ts'
import { RangeReplacement } from './range-replacement.ts'
import { type RangeReading, readRanges } from './read-ranges.ts'
import { refuseRanges } from './refuse-ranges.ts'
import type { RangeRequest } from './request.ts'
import { type ResolvedRanges, resolveRanges } from './resolve-ranges.ts'

export interface ReplayParts {
  readonly context: CommitContext
  readonly source: RecordSource
  /** The name of the metadata column; undefined where the configuration turns it off. */
  readonly column: string | undefined
  /** The table's topics, as far as they are named. */
  readonly topics: readonly TopicName[]
  readonly encoding: (metadata: TableMetadata) => EncodingPlan
  readonly encoder: EncoderFactory
  readonly reading: Pick<RangeReading, 'bytesMax' | 'haltError' | 'progress'>
}

/** What a person may allow beyond what is exact by itself. */
export interface ReplayAllowances {
  /** Positions that the table lacks are put in, though rows without a position might be theirs. */
  readonly fillMissing: boolean
  /** Rows whose records the log does not have any more (compaction) are dropped. */
  readonly dropAbsent: boolean
}

/** What a replay would do to a table as it is now; nothing has been changed. */
export interface PreparedReplay {
  readonly table: string
  readonly metadata: TableMetadata
  readonly head: ReplacedHead
  readonly audited: AuditedTable
  readonly resolved: ResolvedRanges
  readonly place: KafkaPlace
  readonly inspector: FileInspector
  readonly plan: HeadPlan
  /** What the table holds of the ranges. */
  readonly before: PartitionMap<Tally>
  readonly allowances: ReplayAllowances
}

/** A table as it is, and where in it positions stand. */
export interface ReplayedTable {
  readonly table: string
  readonly metadata: TableMetadata
  readonly audited: AuditedTable
  readonly head: ReplacedHead
  readonly place: KafkaPlace
}

/** Looks at the table and the log. Throws what refuses the replay, naming why it could not be exact. */
export async function prepareReplay(
  parts: ReplayParts,
  request: RangeRequest,
  allowances: ReplayAllowances,
): Promise<PreparedReplay> {
  const { context, source } = parts
  const opened = await openTable(context, parts.column)
  const { table, head, audited, place } = opened
  const resolved = await resolveRanges(source, request, topicOf(parts, request, audited))
  const refusal = refuseRanges({ table, audited, resolved })
  if (refusal !== undefined) throw refusal
  const { ranges } = resolved
  const { store } = context
  const inspector = new FileInspector({ store, place, ranges })
  const planner = new HeadPlanner({ store, place, ranges, inspector, paths: new Set() })
  const plan = await planner.plan(head)
  const before = await tallyFiles(inspector, plan.files)
  return { ...opened, resolved, inspector, plan, before, allowances }
}

/** Loads the table and its ledger. Throws the refusals of the start table, and REPLAY_REFUSED. */
export async function openTable(
  context: CommitContext,
  column: string | undefined,
): Promise<ReplayedTable> {
  const { owner, lists, store, catalog } = context
  const table = tableText(context.table)
  const loaded = await catalog.loadTable(context.table)
  if (loaded.kind === 'missing') {
    throw new FirnError('TABLE_MISSING', `table ${table} does not exist`)
  }
  const { metadata } = loaded.table
  const audited = await auditedTable(
    { name: table, metadata, owner, branch: owner.ref, snapshotId: undefined },
    (of, ref) => manifestProof(of, ref, { store, lists }),
  )
  const snapshot = required(audited.snapshot, 'head of a table with a ledger')
  const place = column === undefined ? undefined : kafkaPlace(currentSchema(metadata), column)
  if (place === undefined) throw noPositions(table, column)
  const head = { metadata, snapshot, manifests: await lists.of(snapshot) }
  return { table, metadata, audited, head, place }
}

function noPositions(table: string, column: string | undefined): FirnError {
  const why =
    column === undefined
      ? '`metadata_column.enabled` is false'
      : `it has no column ${column} with topic, partition and offset`
  return new FirnError(
    'REPLAY_REFUSED',
    `table ${table} does not say which positions its rows are of (${why}): what to replace cannot be told`,
    { context: { table } },
  )
}

function topicOf(
  { topics }: ReplayParts,
  { topic }: RangeRequest,
  { ledger }: AuditedTable,
): TopicName {
  if (topic !== undefined) return topicName(topic)
  const known = new Set([...ledger.topics.keys(), ...topics])
  const [only] = known
  if (only !== undefined && known.size === 1) return only
  throw new FirnError('USAGE', 'the table is of several topics: name one with --topic', {
    help: [...known].join(', '),
  })
}

/** The ranges, read again and durable, not visible yet. */
export interface StagedReplay {
  readonly prepared: PreparedReplay
  readonly staged: StagedAppend
  readonly files: readonly DataFile[]
  /** Which positions of the ranges hold a record. */
  readonly log: PartitionMap<PositionSet>
}

/** Reads the ranges into files. Throws what keeps a record from becoming a row; then nothing was changed. */
export async function stageReplay(
  { context, source, encoding, encoder, reading }: ReplayParts,
  prepared: PreparedReplay,
): Promise<StagedReplay> {
  const { metadata, resolved } = prepared
  const { topic, ranges } = resolved
  const { clock, random, store, owner } = context
  const buffer = new TableBuffer({
    plan: encoding(metadata),
    tableLocation: metadata.location,
    store,
    clock,
    fileName: () => `${owner.writer}-replay-${random.uuid()}.parquet`,
    encoders: [encoder],
  })
  try {
    const log = await readRanges(ranges, topic.id, { ...reading, source, clock, buffer })
    refuseDifferences(prepared, log)
    const sealed = await buffer.seal('shutdown')
    // The round ends with the last record that it read; the range may end with positions that hold none.
    const files = { ...sealed, ranges, topics: new Map([[topic.topic, topic.id]]) }
    const { cluster } = resolved
    const staged = await stageFiles(context, { files, cluster, metadata })
    return { prepared, staged, files: sealed.files, log }
  } finally {
    await buffer.close()
  }
}

/** What the table has and the log lacks would be lost; what it lacks, rows without a position might be. */
function refuseDifferences(
  { table, plan, before, allowances }: PreparedReplay,
  log: PartitionMap<PositionSet>,
): void {
  let [missing, absent] = [0n, 0n]
  for (const [partition, wanted] of log) {
    const held = before.get(partition)?.positions ?? new PositionSet()
    missing += difference(wanted, held, 0).count
    absent += difference(held, wanted, 0).count
  }
  if (absent > 0n && !allowances.dropAbsent) {
    throw new FirnError(
      'REPLAY_REFUSED',
      `table ${table}: the log does not have ${absent} of the range's records any more (compaction, or an aborted transaction), and the table does: they would be lost`,
      { context: { table }, help: 'name a range without them, or let them go with --drop-absent' },
    )
  }
  if (missing === 0n || plan.unplacedRows === 0n || allowances.fillMissing) return
  throw new FirnError(
    'REPLAY_REFUSED',
    `table ${table}: ${missing} positions of the range are in the log and not in the table, and ${plan.unplacedRows} rows of the table do not say which positions they are of: if these are the same, they would be there twice`,
    {
      context: { table },
      help: 'name a range whose positions are all in the table; or put them in with --fill-missing where these rows are certainly others',
    },
  )
}

/** How a replay ended. */
export interface ReplayEnd {
  readonly outcome: Extract<CommitOutcome, { kind: 'committed' }>
  readonly replacement: RangeReplacement
  /** What the snapshot of the replay holds of the ranges. */
  readonly after: PartitionMap<Tally>
  readonly rowsOutside: { readonly before: bigint; readonly after: bigint }
  /** The catalog moved the writer's own branch though another was named. */
  readonly strayed: boolean
}

/** Files that are to take the place of what a table holds of some ranges. */
export interface ReplacementOf {
  readonly staged: StagedAppend
  readonly files: readonly DataFile[]
  readonly place: KafkaPlace
  readonly inspector: FileInspector
  readonly newBranch: string | undefined
  readonly rewritten: readonly DataFile[]
}

/** Commits files in the place of others, and looks at what is there then. Throws what the commit ended with. */
export async function replaceRanges(context: CommitContext, of: ReplacementOf): Promise<ReplayEnd> {
  const { staged, files, place, inspector } = of
  const { ranges } = staged.claim
  const { store, random, owner, lists } = context
  const replacement = new RangeReplacement({
    store,
    random,
    writer: owner.writer,
    place,
    ranges,
    staged: { ...staged, files },
    newBranch: of.newBranch,
    inspector,
    rewritten: of.rewritten,
  })
  const outcome = committed(context, await commitReplacement(context, { staged, replacement }))
  const { metadata } = outcome.table
  // Where it was there already, or only current snapshots are listed, the branch as it is now is looked at.
  const branch = headOf(metadata, of.newBranch ?? owner.ref)
  const snapshot = required(
    snapshotById(metadata, outcome.snapshotId) ??
      (branch === null ? undefined : snapshotById(metadata, branch)),
    'snapshot after a commit',
  )
  const head = { metadata, snapshot, manifests: await lists.of(snapshot) }
  const planner = new HeadPlanner({ store, place, ranges, inspector, paths: new Set() })
  const plan = await planner.plan(head)
  const after = await tallyFiles(inspector, plan.files)
  return {
    outcome,
    replacement,
    after,
    rowsOutside: await countOutside(replacement, inspector),
    strayed: of.newBranch !== undefined && headOf(metadata, owner.ref) === outcome.snapshotId,
  }
}

/** Rows of rewritten files that are not of the ranges: as many as their sources had. */
async function countOutside(
  { replaced }: RangeReplacement,
  inspector: FileInspector,
): Promise<ReplayEnd['rowsOutside']> {
  let [before, after] = [0n, 0n]
  for (const { source, file } of replaced.rewritten) {
    const was = await inspector.inspect(source)
    before += was.liveRows - was.rowsInRanges
    const entry = { ...source.entry, dataFile: file }
    const is = await inspector.inspect({ entry, deletes: [] })
    after += is.liveRows - is.rowsInRanges
  }
  return { before, after }
}

function committed(
  context: CommitContext,
  outcome: CommitOutcome,
): Extract<CommitOutcome, { kind: 'committed' }> {
  const table = tableText(context.table)
  switch (outcome.kind) {
    case 'committed':
      return outcome
    case 'refused':
      throw outcome.refusal
    case 'exhausted':
      throw new FirnError(
        'COMMIT_EXHAUSTED',
        `table ${table}: the replay was not committed in ${outcome.attempts} attempts: ${outcome.reason.message}`,
        { cause: outcome.reason, help: 'run it again: nothing was changed, or it will be found' },
      )
    default:
      throw new FirnError(
        'REPLAY_REFUSED',
        `table ${table} changed while it was replayed, and the ranges do not fit it any more: ${whyText(outcome)}`,
        { context: { table }, help: 'run it again' },
      )
  }
}

function whyText(
  outcome: Extract<CommitOutcome, { kind: 'already-committed' | 'rejected' | 'stale' }>,
): string {
  switch (outcome.kind) {
    case 'stale':
      return outcome.why === 'too-old'
        ? 'the staged files are too old'
        : `the table has another ${outcome.why}`
    case 'rejected':
      return outcome.why.kind === 'rolled-back' ? 'it was rolled back' : 'the ledger is elsewhere'
    case 'already-committed':
      return 'it is there already'
  }
}

/** Throws REPLAY_AUDIT_FAILED with every difference between the log and the table. */
export function checkReplay(
  table: string,
  expected: PartitionMap<PositionSet>,
  { after, rowsOutside }: ReplayEnd,
): void {
  const problems = [...rangeProblems(expected, after)]
  if (rowsOutside.before !== rowsOutside.after) {
    problems.push(
      `${rowsOutside.before} rows outside of the ranges were in the files that were rewritten, and ${rowsOutside.after} are now`,
    )
  }
  if (problems.length > 0) throw auditFailed(table, problems)
}
