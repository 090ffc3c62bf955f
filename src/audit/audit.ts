import type { ManifestLists } from '../commit/manifest-lists.ts'
import type { RecordSource } from '../consumer/record-source.ts'
import type { Clock } from '../core/clock.ts'
import { PartitionMap, partitionText, type PositionRange } from '../core/offsets.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { AuditedTable } from './audited-table.ts'
import { checkFiles, type FileFindings } from './check-files.ts'
import { checkRows, type LogToCompare, type RowProgress } from './check-rows.ts'
import { DeletedRows } from './deleted-rows.ts'
import { type LiveFiles, readLiveFiles } from './live-files.ts'
import { type LocatedRow, locateRows, type Place } from './locate-rows.ts'
import type { Isolation } from './log-spans.ts'
import { type PositionFields, positionFields } from './position-fields.ts'
import type { RowFindings } from './row-findings.ts'
import { type PartitionScope, rowScopes } from './row-scope.ts'

/** How far an audit has come. */
export type AuditProgress =
  | { readonly kind: 'manifests' }
  | { readonly kind: 'files'; readonly checked: number; readonly files: number }
  | ({ readonly kind: 'rows' } & RowProgress)

export interface AuditInput {
  readonly table: AuditedTable
  /** The name of the metadata column. */
  readonly column: string
  readonly store: ObjectStore
  readonly lists: ManifestLists
  readonly clock: Pick<Clock, 'monotonic'>
  /** Undefined: the log is left out. */
  readonly log: { readonly source: RecordSource; readonly isolation: Isolation } | undefined
  /** Whether each file is looked up in storage. */
  readonly files: boolean
  readonly memoryBytesMax: number
  readonly progress: (progress: AuditProgress) => void
}

/** Everything that an audit found; what it means is the report's. */
export interface AuditFacts {
  readonly table: AuditedTable
  readonly scopes: PartitionMap<PartitionScope>
  readonly live: LiveFiles
  /** Undefined where files were left out. */
  readonly files: FileFindings | undefined
  readonly rows: RowFindings
  /** The rows of the first position of each listed duplicate. */
  readonly duplicates: ReadonlyMap<Place, readonly LocatedRow[]>
  /** Undefined where the log was left out. */
  readonly log: LogFindings | undefined
}

export interface LogFindings {
  /** Partitions whose log cannot be compared, and why: `wrong` where that is a fault in itself. */
  readonly incomparable: PartitionMap<{ readonly why: string; readonly wrong: boolean }>
}

/** Half of the memory is for bitmaps, a quarter for the row group at hand. */
const BITMAP_SHARE = 2
const ROW_GROUP_SHARE = 4
/** Delete files take 8 bytes a row, and as much again for the set of one file. */
const DELETED_ROW_BYTES = 64
const DELETES_SHARE = 8
const DUPLICATES_LOCATED_MAX = 20

/** Reads back a table and, beside it, the log. Changes nothing. */
export async function audit(input: AuditInput): Promise<AuditFacts> {
  const { table, store, lists, clock, memoryBytesMax, progress } = input
  const fields = positionFields(currentSchema(table.metadata), input.column)
  progress({ kind: 'manifests' })
  const live = await liveFilesOf(table, { store, lists }, fields)
  const all = [...live.data, ...live.deletes]
  const files = input.files
    ? await checkFiles(store, all, (checked) => {
        progress({ kind: 'files', checked, files: all.length })
      })
    : undefined
  const readable = live.data.filter(({ format }) => format === 'PARQUET')
  const deleted = await DeletedRows.read(
    store,
    live.deletes.filter(({ deletes }) => deletes === 'position'),
    memoryBytesMax / DELETES_SHARE / DELETED_ROW_BYTES,
  )
  const scopes = rowScopes({ ...table, files: readable })
  const compared = input.log === undefined ? undefined : await logOf(input.log, table, scopes)
  const rows = await checkRows({
    store,
    clock,
    fields,
    scopes,
    deleted,
    bitmapBytesMax: memoryBytesMax / BITMAP_SHARE,
    rowGroupBytesMax: memoryBytesMax / ROW_GROUP_SHARE,
    links: table.chain.links,
    files: readable,
    log: compared?.log,
    progress: (at) => {
      progress({ kind: 'rows', ...at })
    },
  })
  const places = duplicatePlaces(rows)
  const search = { store, fields, files: readable, deleted, memoryBytesMax }
  return {
    table,
    scopes,
    live,
    files,
    rows,
    duplicates: places.length === 0 ? new Map() : await locateRows(search, places),
    log: compared?.findings,
  }
}

async function liveFilesOf(
  { metadata, snapshot }: AuditedTable,
  from: { readonly store: ObjectStore; readonly lists: ManifestLists },
  fields: PositionFields,
): Promise<LiveFiles> {
  if (snapshot === undefined) return { data: [], deletes: [], repeated: [], unreadable: [] }
  return readLiveFiles(from, { metadata, snapshot }, fields)
}

/** Which positions the log still has, of partitions whose log is the one that the ledger is of. */
async function logOf(
  { source, isolation }: { readonly source: RecordSource; readonly isolation: Isolation },
  { ledger }: AuditedTable,
  scopes: PartitionMap<PartitionScope>,
): Promise<{ readonly log: LogToCompare; readonly findings: LogFindings }> {
  const incomparable: LogFindings['incomparable'] = new PartitionMap()
  const bounds = new PartitionMap<PositionRange>()
  const cluster = await source.clusterId()
  const names = [...ledger.topics.keys()]
  const described = await source.describeTopics({ kind: 'names', names })
  const there = described.flatMap(({ topic, id, partitions }) =>
    id === ledger.topics.get(topic)?.id
      ? partitions.map((partition) => ({ topic, partition }))
      : [],
  )
  const logBounds =
    cluster === ledger.cluster ? await source.logBounds(there) : new PartitionMap<never>()
  for (const [partition, { range }] of scopes) {
    const found = logBounds.get(partition)
    if (found === undefined) {
      const why =
        cluster === ledger.cluster
          ? `topic ${partition.topic} is gone, or is another one under its name`
          : `the brokers belong to cluster ${cluster}, the ledger is of ${ledger.cluster}`
      incomparable.set(partition, { why, wrong: false })
      continue
    }
    const next = ledger.topics.get(partition.topic)?.next.get(partition.partition) ?? range.end
    if (found.logEnd < next) {
      const why = `the log ends at ${found.logEnd}, below the ledger at ${next}: it was truncated`
      incomparable.set(partition, { why, wrong: true })
    }
    const end = found.logEnd < next ? found.logEnd : next
    bounds.set(partition, { start: found.logStart, end })
  }
  return { log: { source, isolation, bounds }, findings: { incomparable } }
}

function duplicatePlaces({ duplicates }: RowFindings): readonly Place[] {
  return duplicates.ranges
    .slice(0, DUPLICATES_LOCATED_MAX)
    .map(({ partition: { topic, partition }, range }) => ({
      topic,
      partition,
      offset: range.start,
    }))
}

/** `orders/3@120`. */
export function placeText({ topic, partition, offset }: Place): string {
  return `${partitionText({ topic, partition })}@${offset}`
}
