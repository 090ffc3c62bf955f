import { clusterId, topicId, topicName, type TopicName } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import { PartitionMap, type Position, type PositionRange } from '../core/offsets.ts'
import type { JsonPlace } from '../iceberg/json-place.ts'
import {
  GAP_REASONS,
  type GapReason,
  type Gaps,
  type Ledger,
  type Origin,
  type OriginTopic,
  type TopicLedger,
} from './ledger.ts'

/** `{"orders":{"0":…}}`: something for each partition. */
export function partitionsToJson<T>(
  map: PartitionMap<T>,
  toJson: (value: T) => JsonObject[string],
): JsonObject {
  return Object.fromEntries(
    map.topics.map((topic) => [topic, numbersToJson(map.ofTopic(topic), toJson)]),
  )
}

/** @see partitionsToJson */
export function readPartitions<T>(
  place: JsonPlace,
  read: (place: JsonPlace) => T,
): PartitionMap<T> {
  const map = new PartitionMap<T>()
  for (const [topic, partitions] of place.entries()) {
    for (const [partition, value] of readNumbers(partitions, read)) {
      map.set({ topic: topicName(topic), partition }, value)
    }
  }
  return map
}

/** `[start, end]` of a half-open range. */
export function rangeToJson({ start, end }: PositionRange): JsonObject[string] {
  return [start, end]
}

export function readRange(place: JsonPlace): PositionRange {
  const [start, end, ...rest] = place.items().map(readPosition)
  if (start === undefined || end === undefined || rest.length > 0 || start > end) {
    throw place.invalid('[start, end] with start ≤ end')
  }
  return { start, end }
}

export function ledgerToJson({ cluster, topics }: Ledger): JsonObject {
  return {
    cluster,
    topics: Object.fromEntries([...topics].map(([name, topic]) => [name, topicToJson(topic)])),
  }
}

export function readLedger(place: JsonPlace): Ledger {
  return {
    cluster: clusterId(place.field('cluster').text()),
    topics: readTopics(place.field('topics'), readTopic),
  }
}

function topicToJson({ id, next, epoch, through }: TopicLedger): JsonObject {
  return {
    id,
    next: numbersToJson(next, identity),
    epoch: epoch.size === 0 ? undefined : numbersToJson(epoch, identity),
    through: through.size === 0 ? undefined : numbersToJson(through, identity),
  }
}

function readTopic(place: JsonPlace): TopicLedger {
  return {
    id: topicId(place.field('id').text()),
    next: readNumbers(place.field('next'), readPosition),
    epoch: place
      .field('epoch')
      .optional((epochs) => readNumbers(epochs, readEpoch), new Map<number, number>()),
    through: place
      .field('through')
      .optional((times) => readNumbers(times, readMs), new Map<number, number>()),
  }
}

export function originToJson({ sequenceNumber, topics }: Origin): JsonObject {
  return {
    'sequence-number': sequenceNumber,
    topics: Object.fromEntries(
      [...topics].map(([name, { id, start }]) => [
        name,
        { id, start: numbersToJson(start, identity) },
      ]),
    ),
  }
}

export function readOrigin(place: JsonPlace): Origin {
  return {
    sequenceNumber: readPosition(place.field('sequence-number')),
    topics: readTopics(place.field('topics'), (topic): OriginTopic => ({
      id: topicId(topic.field('id').text()),
      start: readNumbers(topic.field('start'), readPosition),
    })),
  }
}

export function gapsToJson(gaps: Gaps): JsonObject {
  return Object.fromEntries(
    [...gaps].map(([reason, ranges]) => [reason, partitionsToJson(ranges, rangeToJson)]),
  )
}

export function readGaps(place: JsonPlace): Gaps {
  return new Map(
    place.entries().map(([key, ranges]) => {
      const reason = GAP_REASONS.find((known) => known === key)
      if (reason === undefined) throw ranges.invalid(`one of ${GAP_REASONS.join(', ')} as key`)
      return [reason satisfies GapReason, readPartitions(ranges, readRange)] as const
    }),
  )
}

/** A position, or another integer of 64 bits that is not negative. */
export function readPosition(place: JsonPlace): Position {
  const position = place.long()
  if (position < 0n) throw place.invalid('an integer that is not negative')
  return position
}

/** Ms since the epoch. */
export function readMs(place: JsonPlace): number {
  const ms = place.number()
  if (!Number.isSafeInteger(ms)) throw place.invalid('whole milliseconds')
  return ms
}

function readEpoch(place: JsonPlace): number {
  const epoch = place.int()
  if (epoch < 0) throw place.invalid('a leader epoch')
  return epoch
}

function readTopics<T>(place: JsonPlace, read: (place: JsonPlace) => T): ReadonlyMap<TopicName, T> {
  return new Map(place.entries().map(([name, topic]) => [topicName(name), read(topic)]))
}

function numbersToJson<T>(
  map: ReadonlyMap<number, T>,
  toJson: (value: T) => JsonObject[string],
): JsonObject {
  return Object.fromEntries([...map].map(([partition, value]) => [partition, toJson(value)]))
}

const PARTITION = /^(0|[1-9]\d{0,8})$/

function readNumbers<T>(place: JsonPlace, read: (place: JsonPlace) => T): ReadonlyMap<number, T> {
  return new Map(
    place.entries().map(([key, value]) => {
      if (!PARTITION.test(key)) throw value.invalid('a partition number as key')
      return [Number(key), read(value)]
    }),
  )
}

function identity(value: bigint | number): bigint | number {
  return value
}
