import { topicName } from '../core/ids.ts'
import type { Position, TopicPartition } from '../core/offsets.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { DeletedRows } from './deleted-rows.ts'
import type { LiveFile } from './live-files.ts'
import { TextNumbers } from './parquet-leaf.ts'
import type { PositionFields } from './position-fields.ts'
import { readAhead } from './read-ahead.ts'
import { type PositionReading, type PositionRows, Scratch } from './read-positions.ts'

/** One position of one partition. */
export interface Place extends TopicPartition {
  readonly offset: Position
}

/** A row of a data file; `deleted`: a position delete takes it out. */
export interface LocatedRow {
  readonly file: LiveFile
  /** Its number in the file, from 0. */
  readonly row: number
  readonly deleted: boolean
}

export interface RowSearch {
  readonly store: ObjectStore
  readonly fields: PositionFields
  readonly files: readonly LiveFile[]
  readonly deleted: DeletedRows
  readonly memoryBytesMax: number
}

/**
 * The rows that hold some positions: only files, and row groups in them, whose bounds allow it are opened. Throws
 * what reading one of them does.
 */
export async function locateRows(
  { store, fields, files, deleted, memoryBytesMax }: RowSearch,
  places: readonly Place[],
): Promise<ReadonlyMap<Place, readonly LocatedRow[]>> {
  const topics = new TextNumbers()
  const reading: PositionReading = {
    store,
    fields,
    topics,
    scratch: new Scratch(),
    rowGroupBytesMax: memoryBytesMax,
    mayHold: (lowest, highest) =>
      places.some(({ offset }) => lowest <= offset && offset <= highest),
  }
  const found = new Map<Place, LocatedRow[]>(places.map((place) => [place, []]))
  const candidates = files.filter((file) => places.some((place) => mayHold(file, place)))
  for await (const step of readAhead(reading, candidates)) {
    if (step.kind === 'unreadable') throw step.fault
    if (step.kind === 'end-of-file') continue
    const gone = deleted.of(step.file)
    for (const { place, row } of matches(step.rows, places, topics)) {
      found.get(place)?.push({ file: step.file, row, deleted: gone?.has(row) === true })
    }
  }
  return found
}

/** Whether a file's bounds allow it to hold a position. */
export function mayHold({ offsets, partitions }: LiveFile, { partition, offset }: Place): boolean {
  if (partitions !== undefined) {
    if (partition < partitions.lowest || partition > partitions.highest) return false
  }
  return offsets === undefined || (offsets.lowest <= offset && offset <= offsets.highest)
}

function* matches(
  { firstRow, rows, columns }: PositionRows,
  places: readonly Place[],
  topics: TextNumbers,
): Generator<{ readonly place: Place; readonly row: number }> {
  if (columns === undefined) return
  const byOffset = Map.groupBy(places, ({ offset }) => Number(offset))
  for (let row = 0; row < rows; row += 1) {
    for (const place of byOffset.get(columns.offsets[row] ?? Number.NaN) ?? []) {
      if (columns.partitions[row] !== place.partition) continue
      const topic = topics.text(columns.topics[row] ?? Number.NaN)
      if (topic !== undefined && topicName(topic) === place.topic) {
        yield { place, row: firstRow + row }
      }
    }
  }
}
