import { FirnError } from '../core/errors.ts'
import { topicId, type TopicId } from '../core/ids.ts'
import { partitionText, type Position, type TopicPartition } from '../core/offsets.ts'
import { scanBatches, type BatchScan } from './batch-scan.ts'
import type { FetchedPartition } from './fetch-response.ts'
import { authorizationError, KAFKA, kafkaErrorText } from './kafka-errors.ts'
import type { FetchedBatch, FetchEvent } from './record-source.ts'

/** One partition that is being read. A new object for every seek: a response to an older one is recognised by it. */
export interface Reading {
  readonly partition: TopicPartition
  /** Of the log that is read: another id is another log, whatever its name. */
  topicId: TopicId | undefined
  position: Position
  /** Of the last batch that was read, -1 for none: the broker compares it with its log. */
  lastEpoch: number
  paused: boolean
  /**
   * `waiting`: for metadata that may know better. `over`: nothing more is asked until a seek; what was found is the
   * caller's to decide on.
   */
  phase: 'asking' | 'waiting' | 'over'
  partitionMaxBytes: number
  /** The log end that `at-end` was last told for. */
  toldEnd: Position | undefined
  /** The follower in our rack that the leader named (KIP-392); undefined: the leader itself. */
  replica: number | undefined
  /** Requests in a row that did not lead on. */
  failures: number
  /** Metadata answers in a row that do not know this log. */
  unknown: number
  /** Least served first: a response has room for some partitions only, and the first ones take it. */
  turn: number
}

export interface ReadingRules {
  readonly isolation: 'read_committed' | 'read_uncommitted'
  readonly partitionMaxBytesLimit: number
}

/** What a response means for the partition that was asked for. */
export type Verdict =
  | { readonly kind: 'records'; readonly batch: FetchedBatch; readonly scan: BatchScan }
  | { readonly kind: 'nothing'; readonly logEnd: Position }
  /** A batch is larger than what was asked for. */
  | { readonly kind: 'more-bytes'; readonly partitionMaxBytes: number }
  | { readonly kind: 'over'; readonly event: FetchEvent }
  /** Leader moved, epoch fenced, topic unknown, or the broker cannot now: metadata says what is so. */
  | { readonly kind: 'ask-metadata'; readonly code: number }
  /** A follower may lag behind, or follow no more: its leader's word counts. */
  | { readonly kind: 'ask-leader' }

/** Pure, and total over error codes. */
export function judgeFetched(
  reading: Reading,
  fetched: FetchedPartition,
  rules: ReadingRules,
): Verdict {
  const { partition, position } = reading
  if (fetched.errorCode !== KAFKA.none) {
    return reading.replica === undefined
      ? judgeError(reading, fetched.errorCode)
      : { kind: 'ask-leader' }
  }
  if (fetched.divergingEpoch !== undefined) {
    return { kind: 'over', event: { kind: 'diverged', ...partition, ...fetched.divergingEpoch } }
  }
  const logEnd =
    rules.isolation === 'read_committed' ? fetched.lastStableOffset : fetched.highWatermark
  if (fetched.records.byteLength === 0) return { kind: 'nothing', logEnd }
  // A broker states its bounds as they were before it read (Kafka's UnifiedLog): the records may go beyond them, and
  // whoever decodes stops at the last stable offset. What lies behind it comes with the next fetch.
  const limit = rules.isolation === 'read_committed' && logEnd >= 0n ? logEnd : undefined
  const scan = scanBatches(fetched.records, position, limit)
  if (scan.next > position)
    return { kind: 'records', batch: batchOf(reading, fetched, { logEnd, scan }), scan }
  if (scan.end.kind === 'limit') return { kind: 'nothing', logEnd }
  if (scan.end.kind === 'torn' && scan.wholeBytes === 0) return moreBytes(reading, rules)
  return over(reading, unreadable(reading, scan))
}

function judgeError(reading: Reading, code: number): Verdict {
  const { partition, position } = reading
  switch (code) {
    case KAFKA.offsetOutOfRange:
      return { kind: 'over', event: { kind: 'out-of-range', ...partition, position } }
    case KAFKA.topicAuthorizationFailed:
      return over(reading, authorizationError(code, { topic: partition.topic }))
    case KAFKA.corruptMessage:
      return over(
        reading,
        new FirnError(
          'RECORD_BATCH_CORRUPT',
          `${partitionText(partition)}@${position}: the broker says ${kafkaErrorText(code)}`,
          {
            help: 'its disk is damaged: read the partition from another replica, or accept the gap',
          },
        ),
      )
    default:
      return { kind: 'ask-metadata', code }
  }
}

function over({ partition }: Reading, error: FirnError | undefined): Verdict {
  const fault = error ?? new FirnError('KAFKA_PROTOCOL', `${partitionText(partition)}: refused`)
  return { kind: 'over', event: { kind: 'failed', ...partition, error: fault } }
}

function batchOf(
  { partition, position }: Reading,
  fetched: FetchedPartition,
  { logEnd, scan }: { logEnd: Position; scan: BatchScan },
): FetchedBatch {
  return {
    kind: 'batch',
    ...partition,
    topicId: topicId(fetched.topicId),
    position,
    // What lies behind is torn, or told on its own when it comes first.
    bytes: fetched.records.subarray(0, scan.wholeBytes),
    abortedTransactions: fetched.abortedTransactions,
    logStart: fetched.logStartOffset,
    logEnd,
    highWatermark: fetched.highWatermark,
  }
}

/** Nothing but a torn batch came: ask for twice as much, up to the limit. */
function moreBytes(reading: Reading, { partitionMaxBytesLimit }: ReadingRules): Verdict {
  const { partition, position, partitionMaxBytes } = reading
  if (partitionMaxBytes < partitionMaxBytesLimit) {
    return {
      kind: 'more-bytes',
      partitionMaxBytes: Math.min(partitionMaxBytes * 2, partitionMaxBytesLimit),
    }
  }
  return over(
    reading,
    new FirnError(
      'BATCH_TOO_LARGE',
      `${partitionText(partition)}@${position}: the record batch is larger than ${partitionMaxBytesLimit} bytes`,
      { help: 'raise `kafka.fetch.partition_max_bytes_limit`' },
    ),
  )
}

/** Whole batches that lead nowhere, or the first one cannot be read. */
function unreadable({ partition, position }: Reading, { end }: BatchScan): FirnError {
  const place = partitionText(partition)
  switch (end.kind) {
    case 'old-format':
      return new FirnError(
        'RECORD_FORMAT_UNSUPPORTED',
        `${place}@${end.offset}: ${end.found}; Firn reads format 2 (Kafka 0.11 and newer)`,
        { help: 'produce the topic again with a newer client, or start behind these records' },
      )
    case 'corrupt':
      return new FirnError('RECORD_BATCH_CORRUPT', `${place}@${end.offset}: ${end.found}`)
    case 'torn':
    case 'whole':
    case 'limit':
      return new FirnError(
        'KAFKA_PROTOCOL',
        `${place}@${position}: the broker answers batches that all lie below this position`,
      )
  }
}

/** Whether the end has been reached and was not told yet. */
export function atEnd({ position, toldEnd }: Reading, logEnd: Position): boolean {
  return logEnd >= 0n && position >= logEnd && toldEnd !== logEnd
}

/** How often in a row metadata must not know a log: a broker that has just started may not know it yet. */
export const GONE_AFTER = 3

/** What fresh metadata says of a log that is read. */
export type Whereabouts = 'readable' | 'no-leader' | 'unknown' | 'forbidden'

export function whereabouts(
  reading: Reading,
  found: { readonly id: TopicId; readonly leaderId: number | undefined } | number,
): Whereabouts {
  if (typeof found === 'number') {
    if (found === KAFKA.topicAuthorizationFailed) return 'forbidden'
    return found === KAFKA.unknownTopicOrPartition || found === KAFKA.unknownTopicId
      ? 'unknown'
      : 'no-leader'
  }
  if (reading.topicId !== undefined && reading.topicId !== found.id) return 'unknown'
  if (found.leaderId === undefined) return 'unknown'
  return found.leaderId < 0 ? 'no-leader' : 'readable'
}
