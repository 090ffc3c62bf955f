import { CorruptBatch } from './corrupt-batch.ts'

/** Where the fields of a record batch of message format 2 lie. Kafka: "Record Batch". */
const LENGTH_AT = 8
const LEADER_EPOCH_AT = 12
const MAGIC_AT = 16
const CRC_AT = 17
/** From here to the end the CRC-32C covers. */
const ATTRIBUTES_AT = 21
const LAST_OFFSET_DELTA_AT = 23
const BASE_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35
const PRODUCER_ID_AT = 43
const RECORD_COUNT_AT = 57
export const HEADER_BYTES = 61
/** `batchLength` counts from behind itself. */
const LENGTH_END = 12
/** Below these many bytes, not even the format can be told. */
const PREFIX_BYTES = MAGIC_AT + 1
const FORMAT = 2

const CODEC_MASK = 0x07
const LOG_APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20

/** What stands before the records of a batch. */
export interface BatchHeader {
  readonly baseOffset: bigint
  readonly lastOffsetDelta: number
  /** -1 where the broker did not state one. */
  readonly leaderEpoch: number
  /** The compression's number. */
  readonly codec: number
  readonly logAppendTime: boolean
  readonly transactional: boolean
  readonly control: boolean
  /** NaN where it is beyond 2^53. */
  readonly baseTimestampMs: number
  readonly timestampMsMax: number
  /** -1 where the producer is not idempotent. */
  readonly producerId: bigint
  readonly recordCount: number
  readonly crc: number
  /** The bytes that the CRC covers, and those of the records, as `[from, end)`. */
  readonly crcFrom: number
  readonly recordsFrom: number
  readonly end: number
}

/** What stands at a place where a batch may start. */
export type BatchReading =
  | { readonly kind: 'batch'; readonly header: BatchHeader }
  /** The response was cut inside this batch, or ends here. */
  | { readonly kind: 'torn' }
  /** Message format 0 or 1, written before Kafka 0.11 or by a topic set to it. */
  | { readonly kind: 'old-format'; readonly magic: number; readonly baseOffset: bigint }

/** Reads the header of the batch at `at`. Throws CorruptBatch where it contradicts itself. */
export function readBatch(view: DataView, at: number): BatchReading {
  if (at + PREFIX_BYTES > view.byteLength) return { kind: 'torn' }
  const length = view.getInt32(at + LENGTH_AT)
  const magic = view.getInt8(at + MAGIC_AT)
  const baseOffset = view.getBigInt64(at)
  if (magic === 0 || magic === 1) return { kind: 'old-format', magic, baseOffset }
  if (magic !== FORMAT) throw new CorruptBatch(`unknown message format ${magic}`)
  if (length < HEADER_BYTES - LENGTH_END) throw new CorruptBatch(`a length of ${length} bytes`)
  const end = at + LENGTH_END + length
  if (end > view.byteLength) return { kind: 'torn' }
  return { kind: 'batch', header: readHeader(view, at, end) }
}

function readHeader(view: DataView, at: number, end: number): BatchHeader {
  const attributes = view.getInt16(at + ATTRIBUTES_AT)
  return {
    baseOffset: view.getBigInt64(at),
    lastOffsetDelta: view.getInt32(at + LAST_OFFSET_DELTA_AT),
    leaderEpoch: view.getInt32(at + LEADER_EPOCH_AT),
    codec: attributes & CODEC_MASK,
    logAppendTime: (attributes & LOG_APPEND_TIME) !== 0,
    transactional: (attributes & TRANSACTIONAL) !== 0,
    control: (attributes & CONTROL) !== 0,
    baseTimestampMs: safe(view.getBigInt64(at + BASE_TIMESTAMP_AT)),
    timestampMsMax: safe(view.getBigInt64(at + MAX_TIMESTAMP_AT)),
    producerId: view.getBigInt64(at + PRODUCER_ID_AT),
    recordCount: view.getInt32(at + RECORD_COUNT_AT),
    crc: view.getUint32(at + CRC_AT),
    crcFrom: at + ATTRIBUTES_AT,
    recordsFrom: at + HEADER_BYTES,
    end,
  }
}

function safe(timestampMs: bigint): number {
  const number = Number(timestampMs)
  return Number.isSafeInteger(number) ? number : Number.NaN
}
