import { readLog } from '../audit/read-log.ts'
import type { FetchedBatch, RecordSource } from '../consumer/record-source.ts'
import type { Clock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import type { TopicId } from '../core/ids.ts'
import { PartitionMap, type Position } from '../core/offsets.ts'
import { readBatch } from '../record/batch-header.ts'
import { CorruptBatch } from '../record/corrupt-batch.ts'

/** What a verb may ask of each partition at once, before it has to wait for the next answer. */
const FETCH_BYTES = 64 * 1024

/** The fetch of a verb that wants a header of each partition, not its records. */
export function headersOnly<T extends { readonly partitionMaxBytes: number }>(fetch: T): T {
  return { ...fetch, partitionMaxBytes: Math.min(fetch.partitionMaxBytes, FETCH_BYTES) }
}

/**
 * The greatest timestamp of the first batch at or behind each position: by it Kafka counts how old the batch is.
 * Partitions whose batch cannot be had are left out.
 */
export async function timesAt(
  positions: PartitionMap<{ readonly position: Position; readonly topicId: TopicId }>,
  { source, clock }: { readonly source: RecordSource; readonly clock: Clock },
): Promise<PartitionMap<number>> {
  const times = new PartitionMap<number>()
  const wanted = positions.map(({ position, topicId }) => ({
    range: { start: position, end: position + 1n },
    topicId,
  }))
  const visit = (batch: FetchedBatch): Position => {
    const found = timeIn(batch)
    if (found !== undefined && found >= 0) {
      times.set({ topic: batch.topic, partition: batch.partition }, found)
    }
    return batch.position + 1n
  }
  try {
    await readLog(wanted, { source, clock, visit })
  } catch (fault) {
    // What could be had is of use without the rest.
    if (!(fault instanceof FirnError)) throw fault
  } finally {
    for (const partition of wanted.keys()) source.stop(partition)
  }
  return times
}

/** Of the first batch that reaches the position; undefined where none is whole, or has a time. */
export function timeIn({ bytes, position }: FetchedBatch): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  try {
    for (let at = 0; ;) {
      const reading = readBatch(view, at)
      if (reading.kind !== 'batch') return undefined
      const { baseOffset, lastOffsetDelta, timestampMsMax, end } = reading.header
      if (baseOffset + BigInt(lastOffsetDelta) >= position) {
        return Number.isNaN(timestampMsMax) ? undefined : timestampMsMax
      }
      at = end
    }
  } catch (fault) {
    if (fault instanceof CorruptBatch) return undefined
    throw fault
  }
}
