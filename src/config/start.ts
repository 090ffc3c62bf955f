import { z } from 'zod'
import { topicName, type TopicName } from '../core/ids.ts'
import { PartitionMap, type Position } from '../core/offsets.ts'
import { section, text } from './section.ts'

/** Where a topic is begun that no ledger holds yet. */
export type StartPolicy =
  | { readonly kind: 'earliest' }
  | { readonly kind: 'latest' }
  /** The committed offsets of the consumer group. */
  | { readonly kind: 'group' }
  /** The first record of this time or later; ms since the epoch. */
  | { readonly kind: 'timestamp'; readonly timestampMs: number }
  /** A partition that is not stated begins at the earliest record. */
  | { readonly kind: 'offsets'; readonly positions: PartitionMap<Position> }

const INT64_MAX = 2n ** 63n - 1n

const position = z
  .union([z.int().min(0), z.bigint().min(0n).max(INT64_MAX)])
  .transform((value): Position => BigInt(value))

const partition = z.string().regex(/^\d{1,9}$/, { error: "a partition's number" })

const positions = z.record(text(), z.record(partition, position)).transform((topics) => {
  const map = new PartitionMap<Position>()
  for (const [topic, ofTopic] of Object.entries(topics)) {
    for (const [number, value] of Object.entries(ofTopic)) {
      map.set({ topic: topicName(topic), partition: Number(number) }, value)
    }
  }
  return map
})

/** `start:` of a table. */
export const startSection = z.union([
  z.enum(['earliest', 'latest', 'group']).transform((kind): StartPolicy => ({ kind })),
  section({
    timestamp: z.iso
      .datetime({ offset: true, error: 'a time with its zone, as 2026-11-23T08:00:00Z' })
      .meta({ description: 'A time with its zone: the first record of that time or later.' }),
  }).transform(({ timestamp }): StartPolicy => ({
    kind: 'timestamp',
    timestampMs: Date.parse(timestamp),
  })),
  section({
    offsets: positions.meta({
      description:
        'The first offset to read, by topic and partition: `{orders: {0: 1200, 1: 940}}`. A partition that is not stated begins at its earliest record.',
    }),
  }).transform(({ offsets }): StartPolicy => ({ kind: 'offsets', positions: offsets })),
])

/** The topics that a start policy names. */
export function startTopics(start: StartPolicy): readonly TopicName[] {
  return start.kind === 'offsets' ? start.positions.topics : []
}
