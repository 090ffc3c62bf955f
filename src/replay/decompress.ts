import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Compressors } from 'hyparquet/src/types.js'
import { compressors as portable } from 'hyparquet-compressors'
import { uncompressSync } from 'snappy'

/** Decompression of Parquet pages: the machine's own where there is one; LZ4's forms are the package's. */
export const DECOMPRESSORS: Compressors = {
  ...portable,
  ZSTD: (bytes) => zstdDecompressSync(bytes),
  GZIP: (bytes) => gunzipSync(bytes),
  BROTLI: (bytes) => brotliDecompressSync(bytes),
  SNAPPY: (bytes) => unsnapped(bytes),
}

function unsnapped(bytes: Uint8Array): Uint8Array {
  const plain = uncompressSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
    asBuffer: true,
  })
  return Buffer.from(plain)
}
