import { PartitionMap, type PositionRange, type TopicPartition } from '../core/offsets.ts'
import type { DataFile } from '../iceberg/data-file.ts'
import { valueFromBytes } from '../iceberg/single-value.ts'
import type { PrimitiveType } from '../iceberg/types.ts'
import { asBigint, asNumber } from '../iceberg/value.ts'
import type { KafkaPlace } from './kafka-place.ts'

/**
 * Where a file stands to ranges of positions, by its bounds alone: `outside`, none of its rows is in them; `inside`,
 * each of them is in one; `unclear`, its rows must be asked.
 */
export type FileStanding = 'outside' | 'inside' | 'unclear'

interface Between<T> {
  readonly lower: T
  readonly upper: T
}

/** Bounds may be cut, missing, or wider than the values: they prove what lies beyond them, and equal ones what it is. Pure. */
export function fileStanding(
  file: DataFile,
  place: KafkaPlace,
  ranges: PartitionMap<PositionRange>,
): FileStanding {
  const { recordCount, metrics } = file
  if (recordCount === 0n || metrics.nullValueCounts.get(place.offsetId) === recordCount) {
    return 'outside'
  }
  const topic = topicBounds(file, place.topicId)
  const partition = boundsOf(file, place.partitionId, { kind: 'int' }, asNumber)
  const offset = boundsOf(file, place.offsetId, { kind: 'long' }, asBigint)
  let standing: FileStanding = 'outside'
  for (const [key, range] of ranges) {
    if (range.start === range.end) continue
    const each = [
      topic === undefined ? 'unclear' : ofTopic(topic, key),
      partition === undefined ? 'unclear' : ofPartition(partition, key),
      offset === undefined ? 'unclear' : ofOffset(offset, range),
    ]
    if (each.includes('outside')) continue
    const whole = each.every((one) => one === 'inside')
    if (whole && metrics.nullValueCounts.get(place.offsetId) === 0n) return 'inside'
    standing = 'unclear'
  }
  return standing
}

function ofTopic({ lower, upper }: Between<Buffer>, { topic }: TopicPartition): FileStanding {
  const wanted = Buffer.from(topic)
  if (Buffer.compare(wanted, lower) < 0 || Buffer.compare(wanted, upper) > 0) return 'outside'
  return lower.equals(wanted) && upper.equals(wanted) ? 'inside' : 'unclear'
}

function ofPartition({ lower, upper }: Between<number>, key: TopicPartition): FileStanding {
  if (key.partition < lower || key.partition > upper) return 'outside'
  return lower === upper ? 'inside' : 'unclear'
}

function ofOffset({ lower, upper }: Between<bigint>, { start, end }: PositionRange): FileStanding {
  if (upper < start || lower >= end) return 'outside'
  return lower >= start && upper < end ? 'inside' : 'unclear'
}

/** Text is compared by its bytes, as bounds are made. */
function topicBounds({ metrics }: DataFile, id: number): Between<Buffer> | undefined {
  const [lower, upper] = [metrics.lowerBounds.get(id), metrics.upperBounds.get(id)]
  return lower === undefined || upper === undefined
    ? undefined
    : { lower: Buffer.from(lower), upper: Buffer.from(upper) }
}

function boundsOf<T>(
  { metrics }: DataFile,
  id: number,
  type: PrimitiveType,
  as: (value: ReturnType<typeof valueFromBytes>) => T,
): Between<T> | undefined {
  const [lower, upper] = [metrics.lowerBounds.get(id), metrics.upperBounds.get(id)]
  if (lower === undefined || upper === undefined) return undefined
  return { lower: as(valueFromBytes(type, lower)), upper: as(valueFromBytes(type, upper)) }
}
