import type { TopicPartition } from '../core/offsets.ts'
import type { Reading } from './reading.ts'

/** The topics of a Fetch request. */
export type FetchTopics = {
  topicId: string
  partitions: {
    partition: number
    currentLeaderEpoch: number
    fetchOffset: bigint
    lastFetchedEpoch: number
    partitionMaxBytes: number
  }[]
}[]

/**
 * What is asked of one broker, least served first: it fills its answer in this order, and gives the first one that
 * has records at least one whole batch, however large. So every partition comes to be first.
 */
export function fetchTopics(
  readings: readonly Reading[],
  leaderEpochOf: (partition: TopicPartition) => number,
): FetchTopics {
  const ordered = [...readings].sort((a, b) => a.turn - b.turn)
  return [...Map.groupBy(ordered, ({ topicId }) => topicId)].flatMap(([topicId, own]) =>
    topicId === undefined
      ? []
      : [
          {
            topicId,
            partitions: own.map((reading) => ({
              partition: reading.partition.partition,
              currentLeaderEpoch: leaderEpochOf(reading.partition),
              fetchOffset: reading.position,
              lastFetchedEpoch: reading.lastEpoch,
              partitionMaxBytes: reading.partitionMaxBytes,
            })),
          },
        ],
  )
}
