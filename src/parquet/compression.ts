import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib'
import { compressSync as snappyCompressSync } from 'snappy'
import type { Codec } from './format.ts'

export interface Compression {
  readonly codec: Codec
  /** The codec's own scale; undefined for this program's choice. */
  readonly level: number | undefined
}

/**
 * zstd's own default is 3. On event data 1 gave the same size at half the CPU (measured on the reference records).
 */
const ZSTD_LEVEL = 1
const GZIP_LEVEL = 6
/** Brotli's own default, 11, is meant for files that are served a thousand times. */
const BROTLI_LEVEL = 4

/** A page's bytes, compressed. May be the input itself. */
export function compress(bytes: Uint8Array, { codec, level }: Compression): Uint8Array {
  switch (codec) {
    case 'uncompressed':
      return bytes
    case 'zstd':
      return zstdCompressSync(bytes, {
        chunkSize: chunkSize(bytes.length),
        // Tables no larger than the page needs, and its size in the frame for the reader.
        pledgedSrcSize: bytes.length,
        params: { [constants.ZSTD_c_compressionLevel]: level ?? ZSTD_LEVEL },
      })
    case 'gzip':
      return gzipSync(bytes, { chunkSize: chunkSize(bytes.length), level: level ?? GZIP_LEVEL })
    case 'brotli':
      return brotliCompressSync(bytes, {
        chunkSize: chunkSize(bytes.length),
        params: { [constants.BROTLI_PARAM_QUALITY]: level ?? BROTLI_LEVEL },
      })
    case 'snappy':
      return snappyCompressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }
}

/**
 * Room for what incompressible bytes become: one call, where the default takes one for each 16 KiB. What a small page
 * needs comes from Node's pool.
 */
function chunkSize(length: number): number {
  return length + (length >>> 7) + 512
}
