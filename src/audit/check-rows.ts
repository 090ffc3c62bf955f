import type { FetchedBatch, RecordSource } from '../consumer/record-source.ts'
import type { Clock } from '../core/clock.ts'
import { PartitionMap, type Position, type PositionRange } from '../core/offsets.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { DeletedRows } from './deleted-rows.ts'
import type { ChainLink } from './ledger-chain.ts'
import type { LiveFile } from './live-files.ts'
import { type Isolation, logSpans } from './log-spans.ts'
import { TextNumbers } from './parquet-leaf.ts'
import type { PositionFields } from './position-fields.ts'
import { readAhead } from './read-ahead.ts'
import { readLog } from './read-log.ts'
import { type PositionReading, Scratch } from './read-positions.ts'
import { RowFindings } from './row-findings.ts'
import type { PartitionScope } from './row-scope.ts'
import { type CountedRange, WindowScan } from './window-scan.ts'
import { planWindows } from './windows.ts'

/** The log to compare with: the positions that it still has, for each partition of a log that the ledger is of. */
export interface LogToCompare {
  readonly source: RecordSource
  readonly isolation: Isolation
  readonly bounds: PartitionMap<PositionRange>
}

/** How far an audit has come. */
export interface RowProgress {
  readonly window: number
  readonly windows: number
  readonly filesRead: number
  readonly filesToRead: number
  readonly rows: number
  /** Positions of the log that were compared. */
  readonly compared: number
}

export interface RowInput {
  readonly store: ObjectStore
  readonly clock: Pick<Clock, 'monotonic'>
  readonly fields: PositionFields
  readonly scopes: PartitionMap<PartitionScope>
  readonly links: readonly ChainLink[]
  readonly files: readonly LiveFile[]
  readonly deleted: DeletedRows
  /** Undefined: the log is left out. */
  readonly log: LogToCompare | undefined
  /** What the bitmaps of one window may take. */
  readonly bitmapBytesMax: number
  /** What one row group may take. */
  readonly rowGroupBytesMax: number
  readonly progress: (progress: RowProgress) => void
}

/**
 * Whether each position below the ledger has one row: every row's position is marked in a bitmap, a window of
 * positions after the other, so that memory is bounded whatever the table's size; then the log is read over it.
 */
export async function checkRows(input: RowInput): Promise<RowFindings> {
  const { scopes, files, bitmapBytesMax } = input
  const findings = new RowFindings()
  const topics = new TextNumbers()
  const windows = planWindows(
    scopes.map(({ range }) => range),
    bitmapBytesMax,
  )
  const counted = countedRanges(input)
  const shares = filesByWindow(windows, files)
  const met = new Set<LiveFile>()
  let filesRead = 0
  const filesToRead = shares.reduce((sum, share) => sum + share.length, 0)
  for (const [index, window] of windows.entries()) {
    const scan = new WindowScan(window, scopes, { topics, findings })
    const tell = (): void => {
      const { rows, compared } = findings
      const place = { window: index + 1, windows: windows.length }
      input.progress({ ...place, filesRead, filesToRead, rows, compared })
    }
    const read = (): void => {
      filesRead += 1
      tell()
    }
    await scanFiles(input, { scan, findings, topics, met, files: shares[index] ?? [], read })
    scan.finish(counted)
    await compareLog(input, { scan, findings, window, tell })
  }
  return findings
}

interface FileScan {
  readonly scan: WindowScan
  readonly findings: RowFindings
  readonly topics: TextNumbers
  /** Files of earlier windows. */
  readonly met: Set<LiveFile>
  readonly files: readonly LiveFile[]
  readonly read: () => void
}

async function scanFiles(
  { store, fields, deleted, rowGroupBytesMax }: RowInput,
  { scan, findings, topics, met, files, read }: FileScan,
): Promise<void> {
  const reading: PositionReading = {
    store,
    fields,
    topics,
    scratch: new Scratch(),
    rowGroupBytesMax,
  }
  let rowsOfFile = 0
  for await (const step of readAhead(reading, files)) {
    const { file } = step
    const first = !met.has(file)
    if (step.kind === 'rows') {
      rowsOfFile += step.rows.rows
      scan.take({ file, rows: step.rows, first, deleted: deleted.of(file) })
      continue
    }
    if (step.kind === 'unreadable') {
      if (first) findings.unreadable.push({ file, fault: step.fault })
    } else if (first && BigInt(rowsOfFile) !== file.rows) {
      findings.miscounted.push({ file, found: rowsOfFile })
    }
    met.add(file)
    rowsOfFile = 0
    read()
  }
}

interface LogComparison {
  readonly scan: WindowScan
  readonly findings: RowFindings
  readonly window: PartitionMap<PositionRange>
  readonly tell: () => void
}

async function compareLog(
  { log, scopes, clock }: RowInput,
  { scan, findings, window, tell }: LogComparison,
): Promise<void> {
  const wanted = new PartitionMap<{ range: PositionRange; topicId: PartitionScope['topicId'] }>()
  for (const [partition, { start, end }] of window) {
    const scope = scopes.get(partition)
    if (scope === undefined) continue
    const bounds = log?.bounds.get(partition)
    const from = bounds === undefined ? end : most(start, least(bounds.start, end))
    const to = bounds === undefined ? end : most(from, least(bounds.end, end))
    if (from < to)
      wanted.set(partition, { range: { start: from, end: to }, topicId: scope.topicId })
    findings.holesNotCompared += scan.holes(partition, { start, end: from })
    if (log !== undefined && start < from) {
      findings.belowLog.add(partition, Number(start), Number(from))
    }
  }
  if (log === undefined) return
  const visit = (batch: FetchedBatch): Position => {
    let at = batch.position
    for (const span of logSpans(batch, log.isolation)) {
      scan.compare({ topic: batch.topic, partition: batch.partition }, span)
      at = span.end
    }
    tell()
    return at
  }
  const ends = await readLog(wanted, { source: log.source, clock, visit })
  for (const [partition, why] of ends) findings.logEnds.set(partition, why)
}

function countedRanges({ links, scopes }: RowInput): PartitionMap<readonly CountedRange[]> {
  const counted = new PartitionMap<CountedRange[]>()
  for (const { snapshot, record } of links) {
    for (const [partition, range] of record.ranges) {
      if (scopes.get(partition) === undefined) continue
      const ranges = counted.get(partition) ?? []
      if (ranges.length === 0) counted.set(partition, ranges)
      ranges.push({ snapshotId: snapshot.snapshotId, range })
    }
  }
  return counted
}

/** The files that may hold a position of each window; those that hold none of any go to the first. */
function filesByWindow(
  windows: readonly PartitionMap<PositionRange>[],
  files: readonly LiveFile[],
): readonly (readonly LiveFile[])[] {
  const shares = windows.map((): LiveFile[] => [])
  for (const file of files) {
    const touched = windows.flatMap((window, index) => (touches(file, window) ? [index] : []))
    for (const index of touched.length === 0 ? [0] : touched) shares[index]?.push(file)
  }
  return shares
}

function touches({ offsets, partitions }: LiveFile, window: PartitionMap<PositionRange>): boolean {
  if (offsets === undefined) return true
  for (const [{ partition }, { start, end }] of window) {
    if (partitions !== undefined) {
      if (partition < partitions.lowest || partition > partitions.highest) continue
    }
    if (offsets.lowest < end && offsets.highest >= start) return true
  }
  return false
}

function least(left: bigint, right: bigint): bigint {
  return left < right ? left : right
}

function most(left: bigint, right: bigint): bigint {
  return left > right ? left : right
}
