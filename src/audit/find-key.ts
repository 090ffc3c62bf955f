import type { FetchedBatch, RecordSource } from '../consumer/record-source.ts'
import type { Clock } from '../core/clock.ts'
import { PartitionMap, type TopicPartition } from '../core/offsets.ts'
import { FetchedRecords } from '../record/fetched-records.ts'
import type { Place } from './locate-rows.ts'
import type { Isolation } from './log-spans.ts'
import { type LogEnds, readLog, type WantedLog } from './read-log.ts'

export interface KeySearch {
  readonly source: Pick<RecordSource, 'seek' | 'stop' | 'poll'>
  readonly clock: Pick<Clock, 'monotonic'>
  readonly isolation: Isolation
  readonly key: Uint8Array
  /** So many of the newest records are kept. */
  readonly limit: number
  /** How many records have been looked at. */
  readonly progress: (records: number) => void
}

export interface FoundKeys {
  /** The newest ones with the key, partition by partition in the log's order. */
  readonly places: readonly Place[]
  /** How many there are in all. */
  readonly total: number
  readonly ends: LogEnds
}

/** Reads logs from end to end for the records with a key: Kafka has no index of keys. */
export async function findKey(
  wanted: PartitionMap<WantedLog>,
  { source, clock, isolation, key, limit, progress }: KeySearch,
): Promise<FoundKeys> {
  const found = new PartitionMap<Place[]>()
  let [total, records] = [0, 0]
  const visit = (fetched: FetchedBatch): bigint => {
    const reading = new FetchedRecords(fetched, { isolation })
    const at: TopicPartition = { topic: fetched.topic, partition: fetched.partition }
    while (reading.next()) {
      records += 1
      const { cursor } = reading
      if (cursor.keyStart < 0 || cursor.keyEnd - cursor.keyStart !== key.length) continue
      if (cursor.bytes.compare(key, 0, key.length, cursor.keyStart, cursor.keyEnd) !== 0) continue
      total += 1
      keep(found, { ...at, offset: cursor.offset }, limit)
    }
    progress(records)
    return reading.position
  }
  const ends = await readLog(wanted, { source, clock, visit })
  const places = [...found.values()].flat().slice(-limit)
  return { places, total, ends }
}

function keep(found: PartitionMap<Place[]>, place: Place, limit: number): void {
  const places = found.get(place) ?? []
  if (places.length === 0) found.set({ topic: place.topic, partition: place.partition }, places)
  places.push(place)
  if (places.length > limit) places.shift()
}
