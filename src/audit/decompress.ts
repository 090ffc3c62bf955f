import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { CompressionCodec, Compressors } from 'hyparquet'
import { compressors as portable } from 'hyparquet-compressors'
import { uncompressSync } from 'snappy'

type Decompress = (stored: Uint8Array, length: number) => Uint8Array

/** The runtime's own codecs, and Firn's own dependency, are faster than those in JavaScript. */
const NATIVE: Compressors = {
  ...portable,
  GZIP: (stored) => gunzipSync(stored),
  ZSTD: (stored) => zstdDecompressSync(stored),
  BROTLI: (stored) => brotliDecompressSync(stored),
  SNAPPY: (stored) => Buffer.from(uncompressSync(stored, { asBuffer: true })),
}

/** Nothing may be stored as something that a codec stumbles over: LZ4 of an empty dictionary. */
function orNothing(decompress: Decompress): Decompress {
  return (stored, length) => (length === 0 ? new Uint8Array() : decompress(stored, length))
}

const CODECS = ['GZIP', 'ZSTD', 'BROTLI', 'SNAPPY', 'LZ4', 'LZ4_RAW'] as const

/** Decompression of the pages of Parquet files. */
export const DECOMPRESSORS: Compressors = Object.fromEntries(
  CODECS.flatMap((codec): [CompressionCodec, Decompress][] => {
    const decompress = NATIVE[codec]
    return decompress === undefined ? [] : [[codec, orNothing(decompress)]]
  }),
)
