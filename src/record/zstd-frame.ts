import { CorruptBatch } from './corrupt-batch.ts'

const MAGIC = 0xfd_2f_b5_28
const SKIPPABLE_MAGIC = 0x18_4d_2a_50
const SKIPPABLE_MASK = 0xff_ff_ff_f0
const BLOCK_BYTES_MAX = 128 * 1024
const BLOCK_RLE = 1
const BLOCK_RESERVED = 3
const CHECKSUM_BYTES = 4

/** One zstd frame among those back to back. */
export interface ZstdFrame {
  /** Where it ends. */
  readonly end: number
  /** What it inflates to: exactly where the frame states it, else at most. */
  readonly inflatedBytes: number
}

/**
 * Measures the zstd frame at `at` without inflating it. RFC 8878, 3.1. Producers that stream (Java's) do not state
 * the content's size; the number of blocks then bounds it.
 */
export function measureZstdFrame(bytes: Uint8Array, at: number): ZstdFrame {
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const magic = source.getUint32(at, true)
  if ((magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC) {
    return { end: at + 8 + source.getUint32(at + 4, true), inflatedBytes: 0 }
  }
  if (magic !== MAGIC) throw new CorruptBatch('zstd data without a frame')
  const header = readHeader(source, at + 4)
  const { end, blocks } = walkBlocks(source, header.blocksAt)
  return {
    end: end + (header.checksum ? CHECKSUM_BYTES : 0),
    inflatedBytes: header.contentBytes ?? blocks * BLOCK_BYTES_MAX,
  }
}

interface FrameHeader {
  readonly blocksAt: number
  readonly contentBytes: number | undefined
  readonly checksum: boolean
}

function readHeader(source: DataView, at: number): FrameHeader {
  const descriptor = source.getUint8(at)
  const singleSegment = (descriptor & 0x20) !== 0
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
  const sizeAt = at + 1 + (singleSegment ? 0 : 1) + dictionaryBytes
  const sizeCode = descriptor >> 6
  const sizeBytes = sizeCode === 0 ? (singleSegment ? 1 : 0) : 1 << sizeCode
  return {
    blocksAt: sizeAt + sizeBytes,
    contentBytes: contentBytes(source, sizeAt, sizeBytes),
    checksum: (descriptor & 4) !== 0,
  }
}

function contentBytes(source: DataView, at: number, sizeBytes: number): number | undefined {
  switch (sizeBytes) {
    case 1:
      return source.getUint8(at)
    case 2:
      return source.getUint16(at, true) + 256
    case 4:
      return source.getUint32(at, true)
    case 8:
      return Number(source.getBigUint64(at, true))
    default:
      return undefined
  }
}

function walkBlocks(source: DataView, from: number): { end: number; blocks: number } {
  let at = from
  for (let blocks = 1; ; blocks += 1) {
    const header = source.getUint16(at, true) | (source.getUint8(at + 2) << 16)
    const kind = (header >> 1) & 3
    if (kind === BLOCK_RESERVED) throw new CorruptBatch('a zstd block of an unknown kind')
    at += 3 + (kind === BLOCK_RLE ? 1 : header >> 3)
    if ((header & 1) === 1) return { end: at, blocks }
  }
}
