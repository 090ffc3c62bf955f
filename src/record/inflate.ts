import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { uncompressSync } from 'snappy'
import { unreachable } from '../core/assert.ts'
import { messageOf } from '../core/errors.ts'
import { CorruptBatch } from './corrupt-batch.ts'
import { inflateLz4 } from './lz4-frame.ts'
import { measureZstdFrame } from './zstd-frame.ts'

/** By the number in a batch's attributes, bits 0 to 2. */
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
export type Codec = (typeof CODECS)[number]

/** The codec of a number in a batch's attributes. */
export function codecOf(number: number): Codec {
  const codec = CODECS[number]
  if (codec === undefined) throw new CorruptBatch(`unknown compression ${number}`)
  return codec
}

/**
 * The records of a batch as their producer wrote them. What would inflate beyond `bytesMax` is refused before it
 * is in memory. Throws CorruptBatch.
 */
export function inflate(codec: Codec, bytes: Uint8Array, bytesMax: number): Buffer {
  try {
    switch (codec) {
      case 'none':
        return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      case 'gzip':
        return gunzipSync(bytes, { chunkSize: gzipChunkBytes(bytes), maxOutputLength: bytesMax })
      case 'snappy':
        return inflateSnappy(bytes, bytesMax)
      case 'lz4':
        return inflateLz4(bytes, bytesMax)
      case 'zstd':
        return inflateZstd(bytes, bytesMax)
      default:
        return unreachable(codec)
    }
  } catch (cause) {
    if (cause instanceof CorruptBatch) throw cause
    throw new CorruptBatch(`${codec} data cannot be inflated: ${messageOf(cause)}`, { cause })
  }
}

const CHUNK_BYTES_MIN = 4 * 1024
const CHUNK_BYTES_MAX = 4 * 1024 * 1024
const GZIP_RATIO = 4

function gzipChunkBytes(bytes: Uint8Array): number {
  return chunkBytes(bytes.byteLength * GZIP_RATIO)
}

/**
 * zlib grows its output by whole chunks, each of which it allocates: one chunk that holds everything is the
 * cheapest, and a byte over, or it allocates another to find out that nothing follows.
 */
function chunkBytes(expected: number): number {
  return Math.min(Math.max(expected + 1, CHUNK_BYTES_MIN), CHUNK_BYTES_MAX)
}

/** node:zlib stops at the end of the first frame, so each is inflated by itself. */
function inflateZstd(bytes: Uint8Array, bytesMax: number): Buffer {
  const parts: Buffer[] = []
  let room = bytesMax
  for (let at = 0; at < bytes.byteLength;) {
    const { end, inflatedBytes } = measureZstdFrame(bytes, at)
    if (end > bytes.byteLength) throw new CorruptBatch('a zstd frame is cut short')
    const part = zstdDecompressSync(bytes.subarray(at, end), {
      chunkSize: chunkBytes(inflatedBytes),
      maxOutputLength: Math.max(room, 1),
    })
    parts.push(part)
    room -= part.byteLength
    at = end
  }
  const [only] = parts
  return only !== undefined && parts.length === 1 ? only : Buffer.concat(parts)
}

const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER_BYTES = 16

/** Java's clients frame snappy in blocks as the xerial library does; others send one raw block. */
function inflateSnappy(bytes: Uint8Array, bytesMax: number): Buffer {
  if (!XERIAL_MAGIC.equals(bytes.subarray(0, XERIAL_MAGIC.length))) {
    return inflateSnappyBlock(bytes, bytesMax)
  }
  const source = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Buffer[] = []
  let room = bytesMax
  for (let at = XERIAL_HEADER_BYTES; at < bytes.byteLength;) {
    const end = at + 4 + source.getUint32(at)
    if (end > bytes.byteLength) throw new CorruptBatch('a snappy block is cut short')
    const part = inflateSnappyBlock(bytes.subarray(at + 4, end), room)
    parts.push(part)
    room -= part.byteLength
    at = end
  }
  const [only] = parts
  return only !== undefined && parts.length === 1 ? only : Buffer.concat(parts)
}

function inflateSnappyBlock(bytes: Uint8Array, bytesMax: number): Buffer {
  const length = snappyLength(bytes)
  if (length > bytesMax) throw new CorruptBatch(`snappy data inflates beyond ${bytesMax} bytes`)
  // Copied: an external buffer costs four times the inflating itself.
  const inflated = uncompressSync(bytes, { asBuffer: true, copyOutputData: true })
  if (typeof inflated === 'string') throw new CorruptBatch('snappy data came as text')
  return inflated
}

/** A raw block starts with the length of its content as a variable-length integer. */
function snappyLength(bytes: Uint8Array): number {
  let length = 0
  for (const [index, byte] of bytes.subarray(0, 5).entries()) {
    length += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return length
  }
  throw new CorruptBatch('a snappy block without a length')
}
