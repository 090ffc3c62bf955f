import { Writer } from '@platformatic/kafka'
import type { FetchTopics } from './fetch-topics.ts'

/** What is asked of one broker. Kafka protocol: FetchRequest. */
export interface FetchRequest {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly isolation: 'read_committed' | 'read_uncommitted'
  readonly topics: FetchTopics
  /** Empty for none. */
  readonly rack: string
}

const NO_REPLICA = -1
const NO_SESSION = { id: 0, epoch: -1 }
/** Replicas state where their log starts, consumers do not. */
const NO_LOG_START = -1n

/**
 * Writes a Fetch request (version 13). The client's own comes with the code that decompresses its responses, which is
 * neither needed nor cheap to load.
 */
export function fetchRequest(request: FetchRequest): Writer {
  return Writer.create()
    .appendInt32(NO_REPLICA)
    .appendInt32(request.maxWaitMs)
    .appendInt32(request.minBytes)
    .appendInt32(request.maxBytes)
    .appendInt8(request.isolation === 'read_committed' ? 1 : 0)
    .appendInt32(NO_SESSION.id)
    .appendInt32(NO_SESSION.epoch)
    .appendArray(request.topics, (topics, { topicId, partitions }) => {
      topics.appendUUID(topicId).appendArray(partitions, (one, asked) => {
        one
          .appendInt32(asked.partition)
          .appendInt32(asked.currentLeaderEpoch)
          .appendInt64(asked.fetchOffset)
          .appendInt32(asked.lastFetchedEpoch)
          .appendInt64(NO_LOG_START)
          .appendInt32(asked.partitionMaxBytes)
      })
    })
    .appendArray([], () => undefined) // forgotten_topics_data, of sessions
    .appendString(request.rack)
    .appendTaggedFields()
}
