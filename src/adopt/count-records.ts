import { logSpans } from '../audit/log-spans.ts'
import { type LogReading, readLog, type WantedLog } from '../audit/read-log.ts'
import type { FetchedBatch } from '../consumer/record-source.ts'
import { FirnError } from '../core/errors.ts'
import type { PartitionMap, Position } from '../core/offsets.ts'

/** Counts the records of committed transactions in ranges of logs. Throws KAFKA_UNAVAILABLE where one ends early. */
export async function countRecords(
  wanted: PartitionMap<WantedLog>,
  { source, clock }: Pick<LogReading, 'source' | 'clock'>,
): Promise<bigint> {
  let records = 0n
  const visit = (batch: FetchedBatch): Position => {
    const end = wanted.get(batch)?.range.end ?? batch.position
    let at = batch.position
    for (const span of logSpans(batch, 'read_committed')) {
      at = span.end
      if (span.kind !== 'records' || span.start >= end) continue
      records += (span.end < end ? span.end : end) - span.start
    }
    return at
  }
  const ends = await readLog(wanted, { source, clock, visit })
  const [why] = ends.values()
  if (why !== undefined)
    throw new FirnError('KAFKA_UNAVAILABLE', `records were not counted: ${why}`)
  return records
}
