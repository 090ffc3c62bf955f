import type { LiveFile } from '../audit/live-files.ts'
import { TextNumbers } from '../audit/parquet-leaf.ts'
import type { PositionFields } from '../audit/position-fields.ts'
import { readAhead } from '../audit/read-ahead.ts'
import { type PositionReading, type PositionRows, Scratch } from '../audit/read-positions.ts'
import { topicName } from '../core/ids.ts'
import { PartitionMap, type PositionRange } from '../core/offsets.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** What the rows of a table say about themselves. */
export interface TablePositions {
  /** Of each partition, from its least position to behind its greatest; deleted rows count. */
  readonly extents: PartitionMap<PositionRange>
  readonly rows: number
  readonly rowsWithoutPosition: number
}

/**
 * Reads the positions of all rows. Memory is bounded by one row group. Throws STORAGE_NOT_FOUND and
 * DATA_FILE_UNREADABLE: a file that cannot be read may hold the greatest position.
 */
export async function readTablePositions(
  files: readonly LiveFile[],
  {
    store,
    fields,
    rowGroupBytesMax,
  }: {
    readonly store: ObjectStore
    readonly fields: PositionFields
    readonly rowGroupBytesMax: number
  },
): Promise<TablePositions> {
  const topics = new TextNumbers()
  const reading: PositionReading = {
    store,
    fields,
    topics,
    scratch: new Scratch(),
    rowGroupBytesMax,
  }
  const found = new Map<string, Extent>()
  let [rows, rowsWithoutPosition] = [0, 0]
  for await (const step of readAhead(reading, files)) {
    if (step.kind === 'unreadable') throw step.fault
    if (step.kind !== 'rows') continue
    rows += step.rows.rows
    rowsWithoutPosition += addExtents(found, step.rows)
  }
  const extents = new PartitionMap<PositionRange>()
  for (const { topic, partition, lowest, highest } of found.values()) {
    const name = topics.text(topic)
    if (name === undefined) continue
    const range = { start: BigInt(lowest), end: BigInt(highest) + 1n }
    extents.set({ topic: topicName(name), partition }, range)
  }
  return { extents, rows, rowsWithoutPosition }
}

interface Extent {
  readonly topic: number
  readonly partition: number
  lowest: number
  highest: number
}

/** How many rows have no position. */
function addExtents(found: Map<string, Extent>, { rows, columns }: PositionRows): number {
  if (columns === undefined) return rows
  let without = 0
  let last: Extent | undefined
  for (let row = 0; row < rows; row += 1) {
    const topic = columns.topics[row] ?? Number.NaN
    const partition = columns.partitions[row] ?? Number.NaN
    const offset = columns.offsets[row] ?? Number.NaN
    if (Number.isNaN(topic) || Number.isNaN(partition) || Number.isNaN(offset)) {
      without += 1
      continue
    }
    // The rows of one partition mostly follow each other.
    if (last?.topic !== topic || last.partition !== partition) {
      last = extentOf(found, { topic, partition, offset })
    }
    if (offset < last.lowest) last.lowest = offset
    if (offset > last.highest) last.highest = offset
  }
  return without
}

function extentOf(
  found: Map<string, Extent>,
  { topic, partition, offset }: { topic: number; partition: number; offset: number },
): Extent {
  const key = `${topic} ${partition}`
  const known = found.get(key)
  if (known !== undefined) return known
  const begun = { topic, partition, lowest: offset, highest: offset }
  found.set(key, begun)
  return begun
}
