import type { FetchedBatch, FetchEvent, RecordSource } from '../consumer/record-source.ts'
import type { Clock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import type { TopicId } from '../core/ids.ts'
import {
  PartitionMap,
  partitionText,
  type PositionRange,
  type TopicPartition,
} from '../core/offsets.ts'

/** What to read of one partition. */
export interface WantedLog {
  readonly range: PositionRange
  /** Another log under the same name is not read. */
  readonly topicId: TopicId
}

export interface LogReading {
  readonly source: Pick<RecordSource, 'seek' | 'stop' | 'poll'>
  readonly clock: Pick<Clock, 'monotonic'>
  /** Takes what came, and returns the position behind it. The next batch waits for it. */
  readonly visit: (batch: FetchedBatch) => bigint | Promise<bigint>
}

const POLL_MS = 1_000
/** Brokers that have nothing to say for this long are taken for gone. */
const SILENCE_MS_MAX = 60_000

/** Why a partition could not be read to its end, where it could not. */
export type LogEnds = PartitionMap<string>

/**
 * Reads ranges of partitions once, side by side, whatever the order in which they come. What cannot be read to the
 * end of its range is told with the reason. Throws KAFKA_UNAVAILABLE, and what the log's own faults are.
 */
export async function readLog(
  wanted: PartitionMap<WantedLog>,
  { source, clock, visit }: LogReading,
): Promise<LogEnds> {
  const left = new PartitionMap<WantedLog>()
  const ends: LogEnds = new PartitionMap()
  for (const [partition, want] of wanted) {
    if (want.range.start < want.range.end) left.set(partition, want)
  }
  for (const [partition, { range, topicId }] of left) {
    source.seek(partition, { position: range.start, topicId })
  }
  let heardMs = clock.monotonic()
  const finish = (partition: TopicPartition): void => {
    source.stop(partition)
    left.delete(partition)
  }
  while (left.size > 0) {
    const events = await source.poll(POLL_MS)
    if (events.length > 0) heardMs = clock.monotonic()
    else if (clock.monotonic() - heardMs > SILENCE_MS_MAX) throw silent(left)
    for (const event of events) {
      const partition = { topic: event.topic, partition: event.partition }
      const want = left.get(partition)
      if (want === undefined) continue
      const outcome = await step(event, want, visit)
      if (outcome === 'more') continue
      finish(partition)
      if (outcome !== 'done') ends.set(partition, outcome.why)
    }
  }
  return ends
}

async function step(
  event: FetchEvent,
  { range }: WantedLog,
  visit: LogReading['visit'],
): Promise<'more' | 'done' | { readonly why: string }> {
  switch (event.kind) {
    case 'batch':
      return (await visit(event)) >= range.end ? 'done' : 'more'
    case 'at-end':
      return event.position >= range.end ? 'done' : { why: `the log ends at ${event.logEnd}` }
    case 'out-of-range':
      return { why: `retention has passed ${event.position} meanwhile` }
    case 'diverged':
      return { why: `the log was truncated to ${event.endOffset}` }
    case 'gone':
      return { why: 'the topic is gone, or is another one under its name' }
    case 'failed':
      throw event.error
  }
}

function silent(left: PartitionMap<WantedLog>): FirnError {
  const [first] = left.keys()
  const place = first === undefined ? 'the log' : partitionText(first)
  return new FirnError(
    'KAFKA_UNAVAILABLE',
    `${place} could not be read: the brokers have not answered for ${SILENCE_MS_MAX / 1_000} s`,
    { help: '--no-log leaves out what needs the brokers' },
  )
}
