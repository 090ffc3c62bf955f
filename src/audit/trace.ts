import { nextOf } from '../commit/ledger.ts'
import { readRecord, writerOf } from '../commit/ledger-text.ts'
import type { ManifestLists } from '../commit/manifest-lists.ts'
import type { RecordSource } from '../consumer/record-source.ts'
import type { Clock } from '../core/clock.ts'
import type { TopicId } from '../core/ids.ts'
import { PartitionMap, type PositionRange } from '../core/offsets.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { Snapshot } from '../iceberg/metadata.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { AuditedTable } from './audited-table.ts'
import { DeletedRows } from './deleted-rows.ts'
import { readLiveFiles } from './live-files.ts'
import { type LocatedRow, locateRows, mayHold, type Place } from './locate-rows.ts'
import { type Isolation, logSpans } from './log-spans.ts'
import { positionFields } from './position-fields.ts'
import { readLog } from './read-log.ts'
import { removalsAbove } from './removals.ts'
import type { LogFact, TracedSnapshot, TraceFacts } from './trace-decision.ts'

export interface TraceInput {
  readonly table: AuditedTable
  /** The name of the metadata column. */
  readonly column: string
  readonly store: ObjectStore
  readonly lists: ManifestLists
  readonly clock: Pick<Clock, 'monotonic'>
  /** Undefined: the log is left out. */
  readonly log: { readonly source: RecordSource; readonly isolation: Isolation } | undefined
  /** Whether the table takes a topic. */
  readonly isRouted: (topic: Place['topic']) => boolean
  readonly memoryBytesMax: number
}

/** Everything that is known of some positions of a table: only files whose bounds allow it are opened. */
export async function traceFacts(
  input: TraceInput,
  places: readonly Place[],
): Promise<readonly TraceFacts[]> {
  const rows = await rowsAt(input, places)
  const logs = await logFacts(input, places)
  return places.map((place) => ({
    place,
    known: input.isRouted(place.topic) || input.table.ledger.topics.has(place.topic),
    ledger: nextOf(input.table.ledger, place),
    rows: rows.get(place) ?? [],
    ...historyOf(input.table, place),
    log: logs.get(place) ?? { kind: 'left-out' },
  }))
}

async function rowsAt(
  { table: { metadata, snapshot }, column, store, lists, memoryBytesMax }: TraceInput,
  places: readonly Place[],
): Promise<ReadonlyMap<Place, readonly LocatedRow[]>> {
  if (snapshot === undefined) return new Map()
  const fields = positionFields(currentSchema(metadata), column)
  const live = await readLiveFiles({ store, lists }, { metadata, snapshot }, fields)
  const [unreadable] = live.unreadable
  if (unreadable !== undefined) throw unreadable
  const files = live.data.filter(
    (file) => file.format === 'PARQUET' && places.some((place) => mayHold(file, place)),
  )
  const deletes = live.deletes.filter((file) => file.deletes === 'position')
  const deleted = await DeletedRows.read(
    store,
    files.length === 0 ? [] : deletes,
    memoryBytesMax / DELETED_ROW_BYTES,
  )
  return locateRows({ store, fields, files, deleted, memoryBytesMax }, places)
}

const DELETED_ROW_BYTES = 64

/** What the snapshots say of a position. */
function historyOf(
  table: AuditedTable,
  place: Place,
): Pick<TraceFacts, 'gap' | 'addedBy' | 'replayedBy' | 'rolledBack' | 'removals'> {
  const { chain, reading } = table
  const again = chain.replays.findLast(({ record }) => holds(record.replayed.get(place), place))
  // What was replayed since is in no gap any more.
  const since = again?.snapshot.sequenceNumber ?? -1n
  const gap = chain.gaps.findLast(
    ({ partition, range, snapshot }) =>
      isAt(place, partition) && holds(range, place) && snapshot.sequenceNumber > since,
  )
  const link = chain.links.findLast(({ record }) => holds(record.ranges.get(place), place))
  const range = link?.record.ranges.get(place)
  return {
    gap: gap === undefined ? undefined : { reason: gap.reason, snapshot: traced(gap.snapshot) },
    addedBy:
      link === undefined || range === undefined ? undefined : { ...traced(link.snapshot), range },
    replayedBy: again === undefined ? undefined : traced(again.snapshot),
    rolledBack: rolledBackOf(table, place),
    removals: removalsAbove(reading.walk, link?.snapshot).map(traced),
  }
}

/**
 * A snapshot of the writer that holds the position and is no longer part of the table: one that is still listed, or
 * the one that mirror or tag name. Of an older state of the table, what came later was not rolled back.
 */
function rolledBackOf(
  { metadata, reading, standing }: AuditedTable,
  place: Place,
): TracedSnapshot | undefined {
  if (standing === undefined) return undefined
  const onWalk = new Set<bigint>(reading.walk.map(({ snapshotId }) => snapshotId))
  const listed = metadata.snapshots.find(
    (snapshot) => !onWalk.has(snapshot.snapshotId) && added(snapshot, reading.owner.writer, place),
  )
  if (listed !== undefined) return traced(listed)
  if (standing.kind !== 'rolled-back') return undefined
  const { ledger, snapshotId } = standing.newer
  return (nextOf(ledger, place) ?? 0n) > place.offset
    ? { snapshotId, timestampMs: undefined }
    : undefined
}

function traced({ snapshotId, timestampMs }: Snapshot): TracedSnapshot {
  return { snapshotId, timestampMs }
}

function isAt(place: Place, at: { readonly topic: string; readonly partition: number }): boolean {
  return at.topic === place.topic && at.partition === place.partition
}

function holds(range: PositionRange | undefined, { offset }: Place): boolean {
  return range !== undefined && range.start <= offset && offset < range.end
}

function added(snapshot: Snapshot, writer: string, place: Place): boolean {
  if (writerOf(snapshot) !== writer) return false
  return holds(readRecord(snapshot)?.ranges.get(place), place)
}

async function logFacts(
  { table: { ledger }, log, clock }: TraceInput,
  places: readonly Place[],
): Promise<ReadonlyMap<Place, LogFact>> {
  const facts = new Map<Place, LogFact>()
  if (log === undefined) return facts
  const { source, isolation } = log
  const cluster = await source.clusterId()
  const names = [...new Set(places.map(({ topic }) => topic))]
  const described = await source.describeTopics({ kind: 'names', names })
  for (const place of places) {
    const topic = described.find((one) => one.topic === place.topic)
    const held = ledger.topics.get(place.topic)
    if (topic?.partitions.includes(place.partition) !== true) {
      facts.set(place, { kind: 'other-log', why: 'the topic has no such partition by now' })
    } else if (held !== undefined && (held.id !== topic.id || ledger.cluster !== cluster)) {
      facts.set(place, { kind: 'other-log', why: 'the topic is another one under its name by now' })
    } else {
      const { topic: name, partition } = place
      const at = { topic: name, partition }
      const bounds = (await source.logBounds([at])).get(at)
      facts.set(
        place,
        await logFact({ place, bounds, topicId: topic.id }, { source, isolation, clock }),
      )
    }
  }
  return facts
}

async function logFact(
  {
    place,
    bounds,
    topicId,
  }: {
    readonly place: Place
    readonly bounds: { readonly logStart: bigint; readonly logEnd: bigint } | undefined
    readonly topicId: TopicId
  },
  { source, isolation, clock }: Pick<TraceInput, 'clock'> & NonNullable<TraceInput['log']>,
): Promise<LogFact> {
  if (bounds === undefined) return { kind: 'other-log', why: 'the brokers do not know its log' }
  const { offset, topic, partition } = place
  const { logStart, logEnd } = bounds
  if (offset < logStart) return { kind: 'below-start', logStart }
  if (offset >= logEnd) return { kind: 'beyond-end', logEnd }
  let found: LogFact = { kind: 'absent', logEnd }
  const range = { start: offset, end: offset + 1n }
  const ends = await readLog(
    new PartitionMap([
      [
        { topic, partition },
        { range, topicId },
      ],
    ]),
    {
      source,
      clock,
      visit: (batch) => {
        let at = batch.position
        for (const span of logSpans(batch, isolation)) {
          if (span.start <= offset && offset < span.end) found = { kind: span.kind, logEnd }
          at = span.end
        }
        return at
      },
    },
  )
  const why = ends.get({ topic, partition })
  return why === undefined ? found : { kind: 'other-log', why }
}
