import { crc32c } from '@node-rs/crc32'
import { FirnError } from '../core/errors.ts'
import type { Position } from '../core/offsets.ts'
import { release } from '../core/release.ts'
import type { FetchedBatch } from '../consumer/record-source.ts'
import { readBatch, type BatchHeader } from './batch-header.ts'
import { CorruptBatch } from './corrupt-batch.ts'
import { codecOf, inflate } from './inflate.ts'
import { RecordCursor } from './record-cursor.ts'
import { AbortedBatches } from './transactions.ts'
import { VarintReader } from './varint-reader.ts'

export interface RecordReading {
  readonly isolation: 'read_committed' | 'read_uncommitted'
  /** A batch that would inflate beyond it is refused as corrupt: a few KB can hold gigabytes. */
  readonly inflatedBytesMax?: number
}

const INFLATED_BYTES_MAX = 256 * 1024 * 1024
const ABORT_MARKER = 0
const NO_TIMESTAMP = -1
const NONE_PASSED = -1

/**
 * The records of one fetched batch of bytes, one after the other, read exactly:
 *
 * - Every batch's CRC-32C is checked; a control batch and, under read_committed, a batch of an aborted transaction
 *   hold no record, and neither may one that compaction emptied: the position still moves over them.
 * - Records below the position that was asked for are dropped, those from the `end` of the fetched batch on too, and a
 *   torn batch at the end is left for the next fetch.
 *
 * Throws RECORD_BATCH_CORRUPT or RECORD_FORMAT_UNSUPPORTED; what was passed before it is good.
 */
export class FetchedRecords {
  /** The record that `next` went to. */
  readonly cursor: RecordCursor
  readonly #fetched: FetchedBatch
  readonly #view: DataView
  readonly #aborted: AbortedBatches | undefined
  readonly #inflatedBytesMax: number
  readonly #reader = new VarintReader()

  /** Where the next batch starts in the fetched bytes. */
  #batchAt = 0
  #header: BatchHeader | undefined
  #recordsLeft = 0
  /** Records with a smaller offset delta are dropped. */
  #dropBelow = 0
  /** The first record with an offset delta of so much or more is not wanted, nor anything behind it. */
  #stopAt = 0
  #atRecord = false
  /** The offset delta of the record of this batch that was passed last; none yet: `NONE_PASSED`. */
  #passedDelta = NONE_PASSED
  /** Behind the last batch that was passed as a whole. */
  #position: Position
  #leaderEpoch: number | undefined
  #timestampMsMax = NO_TIMESTAMP
  #logAppendTime = false

  constructor(fetched: FetchedBatch, reading: RecordReading) {
    const { bytes } = fetched
    this.#fetched = fetched
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#aborted =
      reading.isolation === 'read_committed'
        ? new AbortedBatches(fetched.abortedTransactions)
        : undefined
    this.#inflatedBytesMax = reading.inflatedBytesMax ?? INFLATED_BYTES_MAX
    this.#position = fetched.position
    this.cursor = new RecordCursor(fetched.topic, fetched.partition)
  }

  /** Passes the record that the cursor stands at and goes to the next one; false behind the last whole batch. */
  next(): boolean {
    try {
      return this.#next()
    } catch (fault) {
      throw this.#placed(fault)
    }
  }

  /**
   * The next position to read: everything below it has been passed. While the cursor stands at a record, that is the
   * record's own offset.
   */
  get position(): Position {
    if (this.#atRecord) return this.cursor.offset
    if (this.#passedDelta === NONE_PASSED) return this.#position
    return this.cursor.baseOffset + BigInt(this.#passedDelta) + 1n
  }

  /** The leader epoch of the last batch below `position`; undefined where there is none, or it states none. */
  get leaderEpoch(): number | undefined {
    return this.#leaderEpoch
  }

  /** The greatest timestamp of the records that were passed, ms since the epoch. */
  get timestampMsMax(): number | undefined {
    return this.#timestampMsMax === NO_TIMESTAMP ? undefined : this.#timestampMsMax
  }

  get timestampType(): 'create' | 'log-append' {
    return this.#logAppendTime ? 'log-append' : 'create'
  }

  #next(): boolean {
    this.#passRecord()
    for (;;) {
      if (this.#recordsLeft === 0) {
        this.#closeBatch()
        if (!this.#openBatch()) return false
        continue
      }
      this.#readRecord()
      const { offsetDelta } = this.cursor
      if (offsetDelta >= this.#stopAt && this.#stopsAt(this.cursor.offset)) return false
      if (offsetDelta >= this.#dropBelow) {
        this.#atRecord = true
        return true
      }
    }
  }

  /** Whether this offset lies beyond what is wanted: then everything wanted has been passed. */
  #stopsAt(offset: Position): boolean {
    const { end, position } = this.#fetched
    if (end === undefined || offset < end) return false
    this.#passedDelta = NONE_PASSED
    this.#position = end > position ? end : position
    return true
  }

  #passRecord(): void {
    if (!this.#atRecord) return
    this.#atRecord = false
    const { offsetDelta, timestampMs } = this.cursor
    if (timestampMs > this.#timestampMsMax) this.#timestampMsMax = timestampMs
    if (this.#passedDelta === NONE_PASSED) this.#passBatchFacts()
    this.#passedDelta = offsetDelta
  }

  /** Facts are those of what was passed: of this batch, once its first record was. */
  #passBatchFacts(): void {
    const header = this.#header
    if (header === undefined) return
    this.#leaderEpoch = header.leaderEpoch < 0 ? undefined : header.leaderEpoch
    this.#logAppendTime = header.logAppendTime
  }

  #closeBatch(): void {
    const header = this.#header
    if (header === undefined) return
    if (this.#reader.at !== this.#reader.view.byteLength) {
      throw new CorruptBatch('bytes are left behind its last record')
    }
    if (header.codec !== 0) release(this.cursor.bytes)
    this.#passBatch(header)
  }

  #passBatch(header: BatchHeader): void {
    this.#header = header
    this.#passBatchFacts()
    this.#header = undefined
    this.#passedDelta = NONE_PASSED
    const next = nextOffset(header)
    if (!this.#stopsAt(next) && next > this.#position) this.#position = next
    this.#batchAt = header.end
  }

  /** Goes before the first record of the next batch that may hold some; false where no whole batch is left. */
  #openBatch(): boolean {
    for (;;) {
      const header = this.#readHeader()
      if (header === undefined || this.#stopsAt(header.baseOffset)) return false
      if (this.#skips(header)) {
        this.#passBatch(header)
        continue
      }
      this.#openRecords(header)
      return true
    }
  }

  #readHeader(): BatchHeader | undefined {
    const { bytes, logEnd, position } = this.#fetched
    const reading = readBatch(this.#view, this.#batchAt)
    if (reading.kind === 'torn') return undefined
    if (reading.kind === 'old-format') throw this.#oldFormat(reading)
    const { header } = reading
    // The last stable offset: behind it a transaction may still be aborted.
    if (this.#aborted !== undefined && logEnd >= 0n && header.baseOffset >= logEnd) return undefined
    if (crc32c(bytes.subarray(header.crcFrom, header.end)) !== header.crc) {
      throw new CorruptBatch('its CRC-32C does not match')
    }
    if (header.baseOffset < 0n || header.lastOffsetDelta < 0 || header.recordCount < 0) {
      throw new CorruptBatch('a negative offset or count')
    }
    if (this.#position > position && header.baseOffset < this.#position) {
      throw new CorruptBatch(`it starts before position ${this.#position}, which was read already`)
    }
    return header
  }

  /** Whether a batch holds no record for us. Markers also end the aborted transaction of their producer. */
  #skips(header: BatchHeader): boolean {
    if (header.control) {
      if (this.#aborted !== undefined && this.#isAbortMarker(header)) this.#aborted.close(header)
      return true
    }
    return (
      this.#aborted?.holds(header) === true ||
      header.recordCount === 0 ||
      nextOffset(header) <= this.#fetched.position
    )
  }

  /** A control record's key is a version and a type, two int16. */
  #isAbortMarker(header: BatchHeader): boolean {
    if (header.recordCount === 0) return false
    this.#openRecords(header)
    this.#readRecord()
    this.#header = undefined
    this.#recordsLeft = 0
    const { bytes, keyStart, keyEnd } = this.cursor
    if (keyEnd - keyStart < 4) throw new CorruptBatch('a control record without a type')
    return bytes.readInt16BE(keyStart + 2) === ABORT_MARKER
  }

  #openRecords(header: BatchHeader): void {
    const stored = this.#fetched.bytes.subarray(header.recordsFrom, header.end)
    const bytes = inflate(codecOf(header.codec), stored, this.#inflatedBytesMax)
    this.#header = header
    this.#recordsLeft = header.recordCount
    this.#reader.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#reader.at = 0
    const { position, end } = this.#fetched
    const below = position - header.baseOffset
    this.#dropBelow = below > 0n ? Number(below) : 0
    this.#stopAt = end === undefined ? Infinity : Number(end - header.baseOffset)
    this.cursor.bytes = bytes
    this.cursor.baseOffset = header.baseOffset
    this.cursor.offsetDelta = -1
  }

  #readRecord(): void {
    const { cursor } = this
    const reader = this.#reader
    const header = this.#header
    if (header === undefined) return
    const length = reader.varint()
    const end = reader.at + length
    if (length < 0 || end > reader.view.byteLength) throw new CorruptBatch('a record is cut short')
    // Attributes of a record: none are in use.
    reader.at += 1
    const timestampDelta = reader.varlong()
    const delta = reader.varint()
    if (delta <= cursor.offsetDelta || delta > header.lastOffsetDelta) {
      throw new CorruptBatch(`offset delta ${delta} behind ${cursor.offsetDelta}`)
    }
    cursor.offsetDelta = delta
    cursor.timestampMs = timestampOf(header, timestampDelta)
    this.#readKeyAndValue()
    this.#readHeaders()
    if (reader.at !== end) throw new CorruptBatch('a record of another length than it states')
    this.#recordsLeft -= 1
  }

  #readKeyAndValue(): void {
    const { cursor } = this
    const reader = this.#reader
    const keyLength = reader.varint()
    cursor.keyStart = keyLength < 0 ? -1 : reader.at
    if (keyLength > 0) reader.at += keyLength
    cursor.keyEnd = keyLength < 0 ? -1 : reader.at
    const valueLength = reader.varint()
    cursor.valueStart = valueLength < 0 ? -1 : reader.at
    if (valueLength > 0) reader.at += valueLength
    cursor.valueEnd = valueLength < 0 ? -1 : reader.at
  }

  #readHeaders(): void {
    const reader = this.#reader
    const count = reader.varint()
    this.cursor.headerCount = count
    this.cursor.headersStart = reader.at
    if (count < 0) throw new CorruptBatch('a negative number of headers')
    for (let index = 0; index < count; index += 1) {
      const keyLength = reader.varint()
      if (keyLength < 0) throw new CorruptBatch('a header without a key')
      reader.at += keyLength
      const valueLength = reader.varint()
      if (valueLength > 0) reader.at += valueLength
    }
  }

  #oldFormat(reading: { readonly magic: number; readonly baseOffset: bigint }): FirnError {
    const { topic, partition } = this.#fetched
    return new FirnError(
      'RECORD_FORMAT_UNSUPPORTED',
      `${topic}/${partition} holds records of message format ${reading.magic} at offset ${reading.baseOffset}; format 2 (Kafka 0.11 or later) was expected`,
      {
        context: { topic, partition, offset: reading.baseOffset },
        help: 'Let retention pass them, or copy the topic with a current client.',
      },
    )
  }

  #placed(fault: unknown): unknown {
    // A read beyond a view is how a length that lies shows.
    if (!(fault instanceof CorruptBatch) && !(fault instanceof RangeError)) return fault
    const { topic, partition } = this.#fetched
    const offset = this.#header?.baseOffset ?? this.#baseOffsetHere()
    const reason = fault instanceof CorruptBatch ? fault.message : 'it is cut short'
    return new FirnError(
      'RECORD_BATCH_CORRUPT',
      `the record batch of ${topic}/${partition} at offset ${offset} is corrupt: ${reason}`,
      { cause: fault.cause, context: { topic, partition, offset } },
    )
  }

  #baseOffsetHere(): bigint {
    const fits = this.#batchAt + 8 <= this.#view.byteLength
    return fits ? this.#view.getBigInt64(this.#batchAt) : this.#position
  }
}

function nextOffset(header: BatchHeader): Position {
  return header.baseOffset + BigInt(header.lastOffsetDelta) + 1n
}

/** Under LogAppendTime the broker's clock, which stands in the batch's greatest timestamp, is every record's. */
function timestampOf(header: BatchHeader, delta: number): number {
  if (header.logAppendTime) return header.timestampMsMax
  const timestampMs = header.baseTimestampMs + delta
  return Number.isSafeInteger(timestampMs) ? timestampMs : Number.NaN
}
