import type { JsonObject } from '../core/json.ts'
import { PartitionMap, partitionText, type PositionRange } from '../core/offsets.ts'
import type { Tally } from '../replay/file-positions.ts'
import type { HeadPlan, PlannedFile } from '../replay/head-planner.ts'
import type { PositionSet } from '../replay/position-set.ts'
import { countRanges, type RangeCount } from '../replay/range-audit.ts'
import { bytesText, countText, pluralText } from './format.ts'
import type { Output } from './output.ts'

/** What becomes of the files of a table, in numbers. */
export interface FilesChanged {
  readonly dropped: number
  readonly rewritten: number
  /** Of the rewritten ones. */
  readonly rowsKept: bigint
  readonly bytes: bigint
}

export function filesChanged(files: readonly PlannedFile[]): FilesChanged {
  const touched = files.filter(({ fate }) => fate.kind !== 'stays')
  return {
    dropped: touched.filter(({ fate }) => fate.kind === 'goes').length,
    rewritten: touched.filter(({ fate }) => fate.kind === 'rewritten').length,
    rowsKept: touched.reduce(
      (sum, { fate }) => sum + (fate.kind === 'rewritten' ? fate.rowsKept : 0n),
      0n,
    ),
    bytes: touched.reduce((sum, { entry }) => sum + entry.dataFile.fileSizeInBytes, 0n),
  }
}

/** `2 files go, one is rewritten (300 of its rows stay), 12 MiB in all`. */
export function filesText({ dropped, rewritten, rowsKept, bytes }: FilesChanged): string {
  if (dropped + rewritten === 0) return 'no file of the table holds a row of it'
  const parts = [
    ...(dropped === 0 ? [] : [`${pluralText(dropped, 'file')} dropped`]),
    ...(rewritten === 0
      ? []
      : [`${pluralText(rewritten, 'file')} rewritten (${countText(rowsKept)} rows in them stay)`]),
  ]
  return `${parts.join(', ')}, ${bytesText(bytes)} in all`
}

export function filesJson({ dropped, rewritten, rowsKept, bytes }: FilesChanged): JsonObject {
  return { dropped, rewritten, 'rows-kept': rowsKept, bytes }
}

/** What the table, the log, and the table afterwards hold of each range; undefined where not looked at yet. */
export interface RangeCounts {
  readonly ranges: PartitionMap<PositionRange>
  readonly before: PartitionMap<Tally>
  readonly log: PartitionMap<PositionSet> | undefined
  readonly after: PartitionMap<Tally> | undefined
}

interface RangeLine {
  readonly name: string
  readonly range: PositionRange
  readonly before: RangeCount | undefined
  readonly log: RangeCount | undefined
  readonly after: RangeCount | undefined
}

function linesOf({ ranges, before, log, after }: RangeCounts): readonly RangeLine[] {
  const was = countRanges(ranges, before)
  const is = after === undefined ? undefined : countRanges(ranges, after)
  return [...ranges]
    .toSorted(([a], [b]) => a.partition - b.partition)
    .map(([partition, range]) => {
      const positions = log?.get(partition)
      return {
        name: partitionText(partition),
        range,
        before: was.get(partition),
        log:
          positions === undefined
            ? undefined
            : { rows: positions.size, positions: positions.size, digest: positions.digest },
        after: is?.get(partition),
      }
    })
}

/** One line for each range: positions, rows and a digest of the positions, before, in the log, and after. */
export function printRanges(output: Output, counts: RangeCounts): void {
  const lines = linesOf(counts)
  const done = counts.log !== undefined
  output.table(
    [
      { title: 'partition' },
      { title: 'from', align: 'right' },
      { title: 'to', align: 'right' },
      { title: 'rows before', align: 'right' },
      { title: 'positions' },
      ...(done
        ? ([
            { title: 'in the log', align: 'right' },
            { title: 'positions' },
            { title: 'rows after', align: 'right' },
            { title: 'positions' },
          ] as const)
        : []),
    ],
    lines.map(({ name, range, before, log, after }) =>
      [[name, String(range.start), String(range.end)], cells(before)]
        .concat(done ? [cells(log), cells(after)] : [])
        .flat(),
    ),
  )
}

function cells(count: RangeCount | undefined): string[] {
  if (count === undefined) return ['-', '-']
  return [countText(count.rows), `${countText(count.positions)} ${count.digest.slice(0, 8)}`]
}

export function rangesJson(counts: RangeCounts): readonly JsonObject[] {
  return linesOf(counts).map(({ name, range, before, log, after }) => ({
    partition: name,
    from: range.start,
    to: range.end,
    before: countJson(before),
    log: countJson(log),
    after: countJson(after),
  }))
}

function countJson(count: RangeCount | undefined): JsonObject | null {
  return count === undefined
    ? null
    : { rows: count.rows, positions: count.positions, digest: count.digest }
}

/** What a plan found beside the ranges. */
export function printUnplaced(output: Output, { unplacedRows }: HeadPlan): void {
  if (unplacedRows === 0n) return
  output.mark(
    'note',
    `${countText(unplacedRows)} rows do not say which positions they are of: they stay as they are`,
  )
}
