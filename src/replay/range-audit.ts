import { FirnError } from '../core/errors.ts'
import { PartitionMap, partitionText, type Position, type PositionRange } from '../core/offsets.ts'
import { type Tally, tallyOf } from './file-positions.ts'
import type { FileInspector } from './file-inspector.ts'
import type { SourceFile } from './file-rewriter.ts'
import { difference, type PositionDifference, PositionSet } from './position-set.ts'

/** What a table holds of one range, in numbers. */
export interface RangeCount {
  readonly rows: bigint
  /** Distinct ones. */
  readonly positions: bigint
  readonly digest: string
}

/** What files hold of ranges: rows, and of which positions. */
export async function tallyFiles(
  inspector: FileInspector,
  files: readonly SourceFile[],
): Promise<PartitionMap<Tally>> {
  const tallies = new PartitionMap<Tally>()
  for (const file of files) {
    const { inRanges } = await inspector.inspect(file)
    for (const [partition, { rows, positions }] of inRanges) {
      const tally = tallyOf(tallies, partition)
      tally.rows += rows
      tally.positions.addAll(positions)
    }
  }
  return tallies
}

/** The counts of each range, of those as well that hold nothing. */
export function countRanges(
  ranges: PartitionMap<PositionRange>,
  tallies: PartitionMap<Tally>,
): PartitionMap<RangeCount> {
  return ranges.map((_range, partition) => {
    const { rows, positions } = tallies.get(partition) ?? { rows: 0n, positions: new PositionSet() }
    return { rows, positions: positions.size, digest: positions.digest }
  })
}

const LISTED_MAX = 20

/** How a table differs from what it should hold of the ranges, a line each; empty where it does not. Pure. */
export function rangeProblems(
  expected: PartitionMap<PositionSet>,
  tallies: PartitionMap<Tally>,
): readonly string[] {
  const problems: string[] = []
  for (const [partition, wanted] of expected) {
    const name = partitionText(partition)
    const { rows, positions } = tallies.get(partition) ?? { rows: 0n, positions: new PositionSet() }
    const missing = difference(wanted, positions, LISTED_MAX)
    const extra = difference(positions, wanted, LISTED_MAX)
    const repeated = rows - positions.size
    if (missing.count > 0n) problems.push(`${name} lacks ${differenceText(missing)}`)
    if (extra.count > 0n) {
      problems.push(`${name} has, and the log does not: ${differenceText(extra)}`)
    }
    if (repeated > 0n) {
      problems.push(`${name} has ${repeated} rows of positions that other rows have`)
    }
  }
  return problems
}

function differenceText({ count, first }: PositionDifference): string {
  const more = count - BigInt(first.length)
  const listed = first.map((position: Position) => String(position)).join(', ')
  return `${count} positions: ${listed}${more > 0n ? ` and ${more} more` : ''}`
}

/** What the second look found wrong. */
export function auditFailed(table: string, problems: readonly string[]): FirnError {
  return new FirnError(
    'REPLAY_AUDIT_FAILED',
    `table ${table} does not hold what the log holds after the replay: ${problems.join('; ')}`,
    {
      context: { table },
      help: `firn audit ${table} tells how the whole table stands; firn rollback ${table} undoes the replay`,
    },
  )
}
