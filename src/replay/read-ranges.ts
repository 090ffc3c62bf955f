import { readLog } from '../audit/read-log.ts'
import type { FetchedBatch, RecordSource } from '../consumer/record-source.ts'
import { assert } from '../core/assert.ts'
import type { Clock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import type { TopicId } from '../core/ids.ts'
import {
  PartitionMap,
  partitionText,
  type PositionRange,
  type TopicPartition,
} from '../core/offsets.ts'
import { FetchedRecords } from '../record/fetched-records.ts'
import type { HaltCause } from '../writer/sealed-files.ts'
import type { TableBuffer } from '../writer/table-buffer.ts'
import { PositionSet } from './position-set.ts'

export interface RangeReading {
  readonly source: Pick<RecordSource, 'seek' | 'stop' | 'poll'>
  readonly clock: Clock
  readonly buffer: TableBuffer
  /** Reading waits while more waits for object storage. */
  readonly bytesMax: number
  /** Why a record cannot become a row, for people. */
  readonly haltError: (partition: TopicPartition, cause: HaltCause) => FirnError
  /** Positions passed so far. */
  readonly progress: (positions: bigint) => void
}

const ROOM_WAIT_MS = 20

/**
 * Reads ranges from the log into a buffer, and notes which positions held a record. Nothing of a range may be left
 * out: throws what keeps a record from being read or from becoming a row.
 */
export async function readRanges(
  ranges: PartitionMap<PositionRange>,
  topicId: TopicId,
  reading: RangeReading,
): Promise<PartitionMap<PositionSet>> {
  const { source, clock, buffer, bytesMax, progress } = reading
  const found = ranges.map(() => new PositionSet())
  let passed = 0n
  const visit = async (batch: FetchedBatch): Promise<bigint> => {
    const partition = { topic: batch.topic, partition: batch.partition }
    const wanted = ranges.get(partition)
    const positions = found.get(partition)
    if (wanted === undefined || positions === undefined) return batch.position
    const ended = { ...batch, end: wanted.end }
    const rows = notePositions(ended, buffer.plan.isolation, positions)
    const { halt, range, rowCount } = await buffer.push(ended)
    if (halt !== undefined) throw reading.haltError(partition, halt)
    assert(rowCount === rows, `${partitionText(partition)}: each of ${rows} records is a row`)
    passed += range.end - range.start
    progress(passed)
    while (buffer.uploadBytes > bytesMax) await clock.sleep(ROOM_WAIT_MS)
    return range.end
  }
  const wanted = ranges.map((range) => ({ range, topicId }))
  const unread = await readLog(wanted, { source, clock, visit })
  for (const [partition, why] of unread) throw notRead(partition, why)
  return found
}

function notePositions(
  batch: FetchedBatch,
  isolation: 'read_committed' | 'read_uncommitted',
  positions: PositionSet,
): number {
  const records = new FetchedRecords(batch, { isolation })
  let count = 0
  while (records.next()) {
    positions.add(records.cursor.offset)
    count += 1
  }
  return count
}

function notRead(partition: TopicPartition, why: string): FirnError {
  return new FirnError(
    'REPLAY_REFUSED',
    `${partitionText(partition)} could not be read to the end of the range: ${why}; nothing was changed`,
    { context: { ...partition } },
  )
}
