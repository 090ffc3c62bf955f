import { readLog, type WantedLog } from '../audit/read-log.ts'
import type { FetchedBatch, RecordSource } from '../consumer/record-source.ts'
import type { Clock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import type { TopicName } from '../core/ids.ts'
import { PartitionMap, type Position } from '../core/offsets.ts'
import { FetchedRecords } from '../record/fetched-records.ts'
import { type ConnectEvent, decodeConnectEvent } from './connect-event.ts'

/** An event, and where it stands in the control topic. */
export interface PlacedEvent {
  readonly partition: number
  readonly offset: Position
  /** The record's key: each run of a task has one of its own, and writes to one partition of the topic. */
  readonly producer: string
  readonly event: ConnectEvent
}

/** Beyond so many events the list alone would take gigabytes. */
const EVENTS_MAX = 2_000_000

export interface ControlTopic {
  /** Of one partition after the other, in the log's order. */
  readonly events: readonly PlacedEvent[]
  /** Whether retention has taken nothing of it yet. */
  readonly whole: boolean
}

/**
 * Reads the control topic of a connector from end to end, committed transactions only. Throws USAGE where it does not
 * exist, CONNECT_EVENT_INVALID, and the log's own faults.
 */
export async function readControlTopic(
  topic: TopicName,
  group: string,
  { source, clock }: { readonly source: RecordSource; readonly clock: Pick<Clock, 'monotonic'> },
): Promise<ControlTopic> {
  const [described] = await source.describeTopics({ kind: 'names', names: [topic] })
  if (described === undefined) {
    throw new FirnError('USAGE', `there is no control topic ${topic}`, {
      help: '--control-topic takes the sink’s iceberg.control.topic',
    })
  }
  const bounds = await source.logBounds(
    described.partitions.map((partition) => ({ topic, partition })),
  )
  const wanted = new PartitionMap<WantedLog>()
  for (const [partition, { logStart, logEnd }] of bounds) {
    wanted.set(partition, { range: { start: logStart, end: logEnd }, topicId: described.id })
  }
  const events: PlacedEvent[] = []
  const visit = (fetched: FetchedBatch): Position => {
    const records = new FetchedRecords(fetched, { isolation: 'read_committed' })
    while (records.next()) {
      const { bytes, keyStart, keyEnd, valueStart, valueEnd, offset } = records.cursor
      if (valueStart < 0) continue
      const event = decodeConnectEvent(bytes.subarray(valueStart, valueEnd), group)
      if (event === undefined || event.kind === 'other') continue
      const producer = keyStart < 0 ? '' : bytes.toString('utf8', keyStart, keyEnd)
      events.push({ partition: fetched.partition, offset, producer, event })
      if (events.length > EVENTS_MAX) throw tooMany(topic)
    }
    return records.position
  }
  const ends = await readLog(wanted, { source, clock, visit })
  const [unread] = ends.values()
  if (unread !== undefined) throw new FirnError('KAFKA_UNAVAILABLE', `${topic}: ${unread}`)
  return {
    events: events.toSorted((a, b) => a.partition - b.partition),
    whole: [...bounds.values()].every(({ logStart }) => logStart === 0n),
  }
}

function tooMany(topic: TopicName): FirnError {
  return new FirnError('MEMORY_EXCEEDED', `${topic} has more than ${EVENTS_MAX} events`, {
    help: '--positions states what they would have said',
  })
}
