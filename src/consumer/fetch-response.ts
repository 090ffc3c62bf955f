import { createAPI, type Reader } from '@platformatic/kafka'
import { fetchRequest } from './fetch-request.ts'
import type { AbortedTransaction } from './record-source.ts'

/** One partition of a Fetch response, its records as bytes. */
export interface FetchedPartition {
  readonly topicId: string
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: bigint
  readonly lastStableOffset: bigint
  readonly logStartOffset: bigint
  readonly divergingEpoch: { readonly epoch: number; readonly endOffset: bigint } | undefined
  readonly abortedTransactions: readonly AbortedTransaction[]
  /** -1 for none. */
  readonly preferredReadReplica: number
  readonly records: Uint8Array<ArrayBuffer>
}

export interface FetchResponse {
  readonly errorCode: number
  readonly partitions: readonly FetchedPartition[]
  /** What the socket read of which every byte has been copied: nobody needs it once the connection has passed over it. */
  readonly spent: readonly Uint8Array[]
}

const NO_RECORDS = new Uint8Array(0)
const TAG_DIVERGING_EPOCH = 0

/**
 * Parses a Fetch response (version 13) and leaves the records of each partition as they came, in memory of their own:
 * they go to an encoder untouched. Kafka protocol: FetchResponse.
 */
export function parseFetchResponse(
  _correlationId: number,
  _apiKey: number,
  _apiVersion: number,
  reader: Reader,
): FetchResponse {
  reader.readInt32() // throttle_time_ms
  const errorCode = reader.readInt16()
  reader.readInt32() // session_id
  const partitions: FetchedPartition[] = []
  const spent: Uint8Array[] = []
  reader.readArray((topics) => {
    const topicId = topics.readUUID()
    topics.readArray(
      (one) => {
        partitions.push(readPartition(one, topicId, spent))
      },
      true,
      false,
    )
  })
  reader.readTaggedFields()
  return { errorCode, partitions, spent }
}

function readPartition(reader: Reader, topicId: string, spent: Uint8Array[]): FetchedPartition {
  const fixed = {
    topicId,
    partition: reader.readInt32(),
    errorCode: reader.readInt16(),
    highWatermark: reader.readInt64(),
    lastStableOffset: reader.readInt64(),
    logStartOffset: reader.readInt64(),
    abortedTransactions:
      reader.readNullableArray((one) => ({
        producerId: one.readInt64(),
        firstOffset: one.readInt64(),
      })) ?? [],
    preferredReadReplica: reader.readInt32(),
  }
  const records = readRecords(reader, spent)
  return { ...fixed, records, divergingEpoch: readTags(reader) }
}

/** COMPACT_RECORDS: the length plus one, 0 for null. */
function readRecords(reader: Reader, spent: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const length = reader.readUnsignedVarInt() - 1
  if (length <= 0) return NO_RECORDS
  const bytes = new Uint8Array(length)
  let at = 0
  // The response lies in the chunks that the socket read: each is copied once.
  for (const piece of reader.buffer.subarray(reader.position, reader.position + length).buffers) {
    bytes.set(piece, at)
    at += piece.byteLength
    if (piece.byteLength === piece.buffer.byteLength) spent.push(piece)
  }
  reader.skip(length)
  return bytes
}

function readTags(reader: Reader): FetchedPartition['divergingEpoch'] {
  let diverging: FetchedPartition['divergingEpoch']
  const count = reader.readUnsignedVarInt()
  for (let index = 0; index < count; index++) {
    const tag = reader.readUnsignedVarInt()
    const end = reader.readUnsignedVarInt() + reader.position
    if (tag === TAG_DIVERGING_EPOCH) {
      const epoch = reader.readInt32()
      diverging = { epoch, endOffset: reader.readInt64() }
    }
    reader.skip(end - reader.position)
  }
  return diverging?.epoch === -1 ? undefined : diverging
}

const FETCH_KEY = 1
const FETCH_VERSION = 13

/** Fetch version 13: the first with topic ids (Kafka 3.1). */
export const fetchApi = createAPI<Parameters<typeof fetchRequest>, FetchResponse>(
  FETCH_KEY,
  FETCH_VERSION,
  fetchRequest,
  parseFetchResponse,
)
