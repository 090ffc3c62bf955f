import { CorruptBatch } from './corrupt-batch.ts'

const MAGIC = 0x18_4d_22_04
const FLAG_DICTIONARY = 0x01
const FLAG_CONTENT_CHECKSUM = 0x04
const FLAG_CONTENT_SIZE = 0x08
const FLAG_BLOCK_CHECKSUM = 0x10
const VERSION = 1
const STORED = 0x80_00_00_00
const CHECKSUM_BYTES = 4
/** The greatest size of a block by its code in the frame descriptor. */
const BLOCK_BYTES_MAX = [0, 0, 0, 0, 1 << 16, 1 << 18, 1 << 20, 1 << 22]

const MATCH_MIN = 4
const LENGTH_EXTENDED = 15
/** Up to here a copy in steps of four bytes beats a call. */
const SHORT_COPY = 64
/** Room behind both ends in which such a copy may overshoot. */
const SLACK = SHORT_COPY + MATCH_MIN

/**
 * Inflates LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), one or several back to back.
 * Their checksums are not looked at: the record batch's CRC-32C covers the compressed bytes.
 */
export function inflateLz4(bytes: Uint8Array, bytesMax: number): Buffer {
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const bound = inflatedBound(source)
  // The bound is generous by up to a block: the limit holds for what really comes out.
  const inflater = new Inflater(bytes, source, Math.min(bound, bytesMax))
  for (let at = 0; at < bytes.byteLength;) at = inflater.frame(at)
  return inflater.inflated()
}

interface FrameHeader {
  readonly blocksAt: number
  readonly blockBytesMax: number
  readonly blockChecksumBytes: number
  readonly contentChecksumBytes: number
}

function readHeader(source: DataView, at: number): FrameHeader {
  if (source.getUint32(at, true) !== MAGIC) throw new CorruptBatch('lz4 data without a frame')
  const flags = source.getUint8(at + 4)
  const blockBytesMax = BLOCK_BYTES_MAX[(source.getUint8(at + 5) >> 4) & 7] ?? 0
  if (flags >> 6 !== VERSION || (flags & FLAG_DICTIONARY) !== 0 || blockBytesMax === 0) {
    throw new CorruptBatch('an lz4 frame of an unknown form')
  }
  return {
    blocksAt: at + 7 + ((flags & FLAG_CONTENT_SIZE) === 0 ? 0 : 8),
    blockBytesMax,
    blockChecksumBytes: (flags & FLAG_BLOCK_CHECKSUM) === 0 ? 0 : CHECKSUM_BYTES,
    contentChecksumBytes: (flags & FLAG_CONTENT_CHECKSUM) === 0 ? 0 : CHECKSUM_BYTES,
  }
}

/** What the frames can come to at most, by counting their blocks. */
function inflatedBound(source: DataView): number {
  let bound = 0
  for (let at = 0; at < source.byteLength;) {
    const header = readHeader(source, at)
    at = header.blocksAt
    for (;;) {
      const size = source.getUint32(at, true)
      at += 4
      if (size === 0) break
      bound += header.blockBytesMax
      at += (size & ~STORED) + header.blockChecksumBytes
    }
    at += header.contentChecksumBytes
  }
  return bound
}

class Inflater {
  readonly #bytes: Uint8Array
  readonly #source: DataView
  readonly #target: Buffer
  readonly #view: DataView
  readonly #limit: number
  /** Where the next byte is read, and how many were written. */
  #at = 0
  #length = 0

  constructor(bytes: Uint8Array, source: DataView, limit: number) {
    this.#bytes = bytes
    this.#source = source
    this.#limit = limit
    this.#target = Buffer.allocUnsafeSlow(limit + SLACK)
    this.#view = new DataView(this.#target.buffer)
  }

  inflated(): Buffer {
    return this.#target.subarray(0, this.#length)
  }

  /** Inflates the frame at `at` and answers where it ends. */
  frame(at: number): number {
    const header = readHeader(this.#source, at)
    let blockAt = header.blocksAt
    for (;;) {
      const size = this.#source.getUint32(blockAt, true)
      blockAt += 4
      if (size === 0) return blockAt + header.contentChecksumBytes
      const end = blockAt + (size & ~STORED)
      if (end > this.#bytes.byteLength) throw new CorruptBatch('an lz4 block is cut short')
      if (size >= STORED) this.#literals(blockAt, { length: end - blockAt, end })
      else this.#block(blockAt, end)
      blockAt = end + header.blockChecksumBytes
    }
  }

  /** https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md */
  #block(from: number, end: number): void {
    const source = this.#source
    this.#at = from
    for (;;) {
      const token = source.getUint8(this.#at++)
      const literals = this.#extended(token >>> 4)
      if (literals > 0) this.#literals(this.#at, { length: literals, end })
      // The last sequence has no match.
      if (this.#at === end) return
      const distance = source.getUint16(this.#at, true)
      this.#at += 2
      this.#match(distance, this.#extended(token & LENGTH_EXTENDED) + MATCH_MIN)
      if (this.#at >= end) throw new CorruptBatch('an lz4 block is cut short')
    }
  }

  /** A length of 15 goes on in the bytes that follow, as long as they are 255. */
  #extended(length: number): number {
    if (length < LENGTH_EXTENDED) return length
    let total = length
    for (let more = 255; more === 255; total += more) more = this.#source.getUint8(this.#at++)
    return total
  }

  /** Copies bytes as they are; `end` is that of the block. */
  #literals(
    from: number,
    { length, end }: { readonly length: number; readonly end: number },
  ): void {
    const to = this.#length
    if (from + length > end) throw new CorruptBatch('an lz4 block is cut short')
    this.#take(length)
    if (length <= SHORT_COPY && from + SLACK <= this.#source.byteLength) {
      copyShort(this.#source, from, { target: this.#view, to, length })
    } else this.#target.set(this.#bytes.subarray(from, from + length), to)
    this.#at = from + length
  }

  /** Repeats what was written so many bytes ago; it may run into itself. */
  #match(distance: number, length: number): void {
    const to = this.#length
    const from = to - distance
    if (distance === 0 || from < 0) throw new CorruptBatch('an lz4 match before the start')
    this.#take(length)
    if (length <= SHORT_COPY && distance >= 4) {
      copyShort(this.#view, from, { target: this.#view, to, length })
    } else if (distance >= length) this.#target.copyWithin(to, from, from + length)
    else {
      const view = this.#view
      for (let step = 0; step < length; step += 1)
        view.setUint8(to + step, view.getUint8(from + step))
    }
  }

  #take(length: number): void {
    this.#length += length
    if (this.#length > this.#limit) {
      throw new CorruptBatch(`lz4 data inflates beyond ${this.#limit} bytes`)
    }
  }
}

interface ShortCopy {
  readonly target: DataView
  readonly to: number
  readonly length: number
}

/** Four bytes at a time: up to three more than asked are written, and overwritten by what comes next. */
function copyShort(source: DataView, from: number, { target, to, length }: ShortCopy): void {
  for (let step = 0; step < length; step += 4) {
    target.setInt32(to + step, source.getInt32(from + step, true), true)
  }
}
