import { crc32c } from '@node-rs/crc32'
import type { FetchedBatch } from '../consumer/record-source.ts'
import { FirnError } from '../core/errors.ts'
import { partitionText, type Position } from '../core/offsets.ts'
import { type BatchHeader, readBatch } from '../record/batch-header.ts'
import { FetchedRecords } from '../record/fetched-records.ts'
import { AbortedBatches } from '../record/transactions.ts'
import { VarintReader } from '../record/varint-reader.ts'

/**
 * What the log has at some positions: records that are read; records of an aborted transaction; transaction markers;
 * or nothing, since compaction took it.
 */
export type SpanKind = 'records' | 'aborted' | 'control' | 'absent'

/** Positions `[start, end)` of one kind. */
export interface LogSpan {
  readonly kind: SpanKind
  readonly start: Position
  readonly end: Position
}

export type Isolation = 'read_committed' | 'read_uncommitted'

const ABORT_MARKER = 0

/**
 * What a fetched batch of bytes says of every position from the one that was asked for on: without a gap, in order.
 * A batch whose positions are all taken is not even inflated. Throws RECORD_BATCH_CORRUPT.
 */
export function* logSpans(fetched: FetchedBatch, isolation: Isolation): Generator<LogSpan> {
  const aborted = isolation === 'read_committed' ? fetched.abortedTransactions : []
  const transactions = new AbortedBatches(aborted)
  let at = fetched.position
  for (const { header, from } of batchesOf(fetched)) {
    // The last stable offset: behind it a transaction may still be aborted.
    if (isolation === 'read_committed' && fetched.logEnd >= 0n) {
      if (header.baseOffset >= fetched.logEnd) return
    }
    for (const span of batchSpans({ fetched, header, from }, transactions)) {
      if (span.end <= at) continue
      if (span.start > at) yield { kind: 'absent', start: at, end: span.start }
      yield span.start < at ? { ...span, start: at } : span
      at = span.end
    }
  }
}

interface PlacedBatch {
  readonly header: BatchHeader
  /** Where it begins in the fetched bytes. */
  readonly from: number
}

function* batchesOf(fetched: FetchedBatch): Generator<PlacedBatch> {
  const { bytes } = fetched
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let from = 0
  for (;;) {
    const reading = readBatch(view, from)
    if (reading.kind === 'torn') return
    if (reading.kind === 'old-format') throw corrupt(fetched, reading.baseOffset, 'an old format')
    const { header } = reading
    if (crc32c(bytes.subarray(header.crcFrom, header.end)) !== header.crc) {
      throw corrupt(fetched, header.baseOffset, 'its CRC-32C does not match')
    }
    yield { header, from }
    from = header.end
  }
}

function* batchSpans(
  { fetched, header, from }: PlacedBatch & { readonly fetched: FetchedBatch },
  transactions: AbortedBatches,
): Generator<LogSpan> {
  const start = header.baseOffset
  const end = start + BigInt(header.lastOffsetDelta) + 1n
  if (header.control) {
    if (isAbort(fetched, header)) transactions.close(header)
    yield { kind: 'control', start, end }
  } else if (transactions.holds(header)) yield { kind: 'aborted', start, end }
  else if (header.recordCount === 0) yield { kind: 'absent', start, end }
  else if (header.recordCount === header.lastOffsetDelta + 1) yield { kind: 'records', start, end }
  else yield* sparseSpans({ ...fetched, position: start }, { header, from })
}

/** Of a batch that compaction thinned out: its records say which positions are left. */
function* sparseSpans(fetched: FetchedBatch, { header, from }: PlacedBatch): Generator<LogSpan> {
  const bytes = fetched.bytes.subarray(from, header.end)
  const records = new FetchedRecords({ ...fetched, bytes }, { isolation: 'read_uncommitted' })
  const behind = header.baseOffset + BigInt(header.lastOffsetDelta) + 1n
  let at = header.baseOffset
  while (records.next()) {
    const { offset } = records.cursor
    if (offset > at) yield { kind: 'absent', start: at, end: offset }
    yield { kind: 'records', start: offset, end: offset + 1n }
    at = offset + 1n
  }
  if (at < behind) yield { kind: 'absent', start: at, end: behind }
}

/** A control record's key is a version and a type, two int16; control batches are not compressed. */
function isAbort({ bytes }: FetchedBatch, { recordsFrom, end, recordCount }: BatchHeader): boolean {
  if (recordCount === 0) return false
  const reader = new VarintReader()
  reader.view = new DataView(bytes.buffer, bytes.byteOffset + recordsFrom, end - recordsFrom)
  reader.varint()
  reader.at += 1
  reader.varlong()
  reader.varint()
  const keyLength = reader.varint()
  return keyLength >= 4 && reader.view.getInt16(reader.at + 2) === ABORT_MARKER
}

function corrupt({ topic, partition }: FetchedBatch, offset: bigint, found: string): FirnError {
  return new FirnError(
    'RECORD_BATCH_CORRUPT',
    `the record batch of ${partitionText({ topic, partition })} at offset ${offset} cannot be read: ${found}`,
    { context: { topic, partition, offset } },
  )
}
