import { gzipSync, zstdCompressSync } from 'node:zlib'
import { crc32c } from '@node-rs/crc32'
import { compressFrameSync } from 'lz4-napi'
import { compressSync } from 'snappy'
import type { AbortedTransaction, FetchedBatch } from '../../../src/consumer/record-source.ts'
import { unreachable } from '../../../src/core/assert.ts'
import { topicId, topicName } from '../../../src/core/ids.ts'
import { FetchedRecords, type RecordReading } from '../../../src/record/fetched-records.ts'
import { recordBatch, type BatchSpec, type RecordSpec } from '../../support/record-batch.ts'
import { HeaderCursor } from '../../../src/record/record-cursor.ts'

const HEADER_BYTES = 61
export const CODECS = ['gzip', 'snappy', 'snappy-xerial', 'lz4', 'zstd'] as const
export type TestCodec = (typeof CODECS)[number]
const NUMBERS: Record<TestCodec, number> = {
  gzip: 1,
  snappy: 2,
  'snappy-xerial': 2,
  lz4: 3,
  zstd: 4,
}

/** An uncompressed batch, compressed. */
export function compressed(batch: Uint8Array, codec: TestCodec): Uint8Array<ArrayBuffer> {
  return withRecords(batch, {
    codec: NUMBERS[codec],
    records: compress(batch.subarray(HEADER_BYTES), codec),
  })
}

/** A batch whose records section is replaced, with its length and CRC right again. */
export function withRecords(
  batch: Uint8Array,
  { codec, records }: { codec: number; records: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const changed = Buffer.concat([batch.subarray(0, HEADER_BYTES), records])
  changed.writeInt32BE(changed.length - 12, 8)
  changed.writeInt16BE((changed.readInt16BE(21) & ~7) | codec, 21)
  return resealed(changed)
}

/** With the CRC of what it now holds. */
export function resealed(batch: Uint8Array): Uint8Array<ArrayBuffer> {
  const changed = Buffer.from(batch)
  changed.writeUInt32BE(crc32c(changed.subarray(21)), 17)
  return Uint8Array.from(changed)
}

export function compress(bytes: Uint8Array, codec: TestCodec): Uint8Array {
  switch (codec) {
    case 'gzip':
      return gzipSync(bytes)
    case 'snappy':
      return compressSync(bytes)
    case 'snappy-xerial':
      return xerial(bytes)
    case 'lz4':
      return compressFrameSync(Buffer.from(Uint8Array.from(bytes)))
    case 'zstd':
      return zstdCompressSync(bytes)
    default:
      return unreachable(codec)
  }
}

/** In blocks, as snappy-java frames them. */
function xerial(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [
    Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]),
  ]
  for (let at = 0; at < bytes.length; at += 100) {
    const block = compressSync(bytes.subarray(at, at + 100))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

export interface FetchedSpec {
  readonly position?: bigint
  readonly logEnd?: bigint
  readonly end?: bigint
  readonly aborted?: readonly AbortedTransaction[]
}

export function fetched(batches: readonly Uint8Array[], spec: FetchedSpec = {}): FetchedBatch {
  return {
    kind: 'batch',
    topic: topicName('orders'),
    topicId: topicId('topic-1'),
    partition: 3,
    position: spec.position ?? 0n,
    bytes: Uint8Array.from(Buffer.concat(batches)),
    abortedTransactions: spec.aborted ?? [],
    logStart: 0n,
    logEnd: spec.logEnd ?? 1_000_000n,
    highWatermark: 1_000_000n,
    ...(spec.end === undefined ? {} : { end: spec.end }),
  }
}

export interface ReadRecord {
  readonly offset: bigint
  readonly timestampMs: number
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
}

export function readAll(
  batch: FetchedBatch,
  reading: Partial<RecordReading> = {},
): { records: ReadRecord[]; after: FetchedRecords } {
  const after = new FetchedRecords(batch, { isolation: 'read_committed', ...reading })
  const records: ReadRecord[] = []
  const header = new HeaderCursor()
  const { cursor } = after
  while (after.next()) {
    const text = (start: number, end: number) =>
      start < 0 ? null : cursor.bytes.toString('utf8', start, end)
    const headers: [string, string | null][] = []
    header.open(cursor)
    while (header.next()) {
      headers.push([
        text(header.keyStart, header.keyEnd) ?? '',
        text(header.valueStart, header.valueEnd),
      ])
    }
    records.push({
      offset: cursor.offset,
      timestampMs: cursor.timestampMs,
      key: text(cursor.keyStart, cursor.keyEnd),
      value: text(cursor.valueStart, cursor.valueEnd),
      headers,
    })
  }
  return { records, after }
}

export const bytes = (text: string): Uint8Array => Buffer.from(text)

/** Records with these values from an offset on. */
export function plain(
  from: bigint,
  values: readonly string[],
  more: Partial<BatchSpec> = {},
): Uint8Array {
  const records = values.map((value, index): RecordSpec => ({
    offset: from + BigInt(index),
    timestampMs: 1_000 + index,
    value: bytes(value),
  }))
  return recordBatch({
    baseOffset: from,
    lastOffset: from + BigInt(Math.max(values.length, 1)) - 1n,
    records,
    ...more,
  })
}

/** The values that are read, and the position behind them. */
export function valuesOf(batches: readonly Uint8Array[], spec: FetchedSpec = {}) {
  const { records, after } = readAll(fetched(batches, spec))
  return { values: records.map(({ value }) => value), position: after.position }
}
