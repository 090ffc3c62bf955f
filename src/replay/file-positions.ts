import { BatchBuilder } from '../columns/batch-builder.ts'
import type { ColumnBatch } from '../columns/column.ts'
import { PartitionMap, type PositionRange } from '../core/offsets.ts'
import { type KafkaPlace, positionSchema } from './kafka-place.ts'
import type { ParquetFile } from './parquet-file.ts'
import { PositionSet } from './position-set.ts'
import { eachPosition } from './row-positions.ts'

/** Rows of one partition in a range: how many, and of which positions. */
export interface Tally {
  rows: bigint
  readonly positions: PositionSet
}

/** What a file holds of some ranges. */
export interface FilePositions {
  /** Rows that no delete takes away. */
  readonly liveRows: bigint
  readonly inRanges: PartitionMap<Tally>
  readonly rowsInRanges: bigint
}

/** Whether the row at a place in its file is deleted. */
export type IsDeleted = (row: number) => boolean

export const NONE_DELETED: IsDeleted = () => false

/** Rows of a batch, one byte each: 1 where it is of a position in the ranges. */
export function rowsInRanges(
  batch: ColumnBatch,
  place: KafkaPlace,
  ranges: PartitionMap<PositionRange>,
): Uint8Array {
  const inRanges = new Uint8Array(batch.rowCount)
  eachPosition(batch, place, (row, topic, partition, offset) => {
    const range = ranges.get({ topic, partition })
    if (range !== undefined && offset >= range.start && offset < range.end) inRanges[row] = 1
  })
  return inRanges
}

/** Reads the positions of a file's rows, and nothing else of it. */
export async function filePositions(
  file: ParquetFile,
  {
    place,
    ranges,
    isDeleted,
  }: {
    readonly place: KafkaPlace
    readonly ranges: PartitionMap<PositionRange>
    readonly isDeleted: IsDeleted
  },
): Promise<FilePositions> {
  const layout = file.layout(positionSchema(place))
  const inRanges = new PartitionMap<Tally>()
  let [liveRows, found, base] = [0n, 0n, 0]
  const lacksPlace = layout.leaves.length < 3
  const builder = new BatchBuilder(layout.schema)
  for (let group = 0; group < file.rowGroupCount; group += 1) {
    const rows = file.rowCountOf(group)
    for (let row = 0; row < rows; row += 1) if (!isDeleted(base + row)) liveRows += 1n
    if (!lacksPlace) {
      await file.readRowGroup(group, layout, builder)
      eachPosition(builder.seal(), place, (row, topic, partition, offset) => {
        const key = { topic, partition }
        const range = ranges.get(key)
        if (range === undefined || offset < range.start || offset >= range.end) return
        if (isDeleted(base + row)) return
        found += 1n
        tallyOf(inRanges, key).rows += 1n
        tallyOf(inRanges, key).positions.add(offset)
      })
      builder.reset()
    }
    base += rows
  }
  return { liveRows, inRanges, rowsInRanges: found }
}

/** The tally of a partition, begun where there is none. */
export function tallyOf(
  tallies: PartitionMap<Tally>,
  key: Parameters<PartitionMap<Tally>['get']>[0],
): Tally {
  const known = tallies.get(key)
  if (known !== undefined) return known
  const tally = { rows: 0n, positions: new PositionSet() }
  tallies.set(key, tally)
  return tally
}
