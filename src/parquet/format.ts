/** Numbers of parquet.thrift, by the names that it gives them. */

export const PHYSICAL = {
  BOOLEAN: 0,
  INT32: 1,
  INT64: 2,
  FLOAT: 4,
  DOUBLE: 5,
  BYTE_ARRAY: 6,
  FIXED_LEN_BYTE_ARRAY: 7,
} as const
export type Physical = keyof typeof PHYSICAL

export const REPETITION = { REQUIRED: 0, OPTIONAL: 1, REPEATED: 2 } as const
export type Repetition = keyof typeof REPETITION

export const CONVERTED = {
  UTF8: 0,
  MAP: 1,
  LIST: 3,
  DECIMAL: 5,
  DATE: 6,
  TIME_MICROS: 8,
  TIMESTAMP_MICROS: 10,
} as const
export type Converted = keyof typeof CONVERTED

export const ENCODING = {
  PLAIN: 0,
  RLE: 3,
  DELTA_BINARY_PACKED: 5,
  RLE_DICTIONARY: 8,
  BYTE_STREAM_SPLIT: 9,
} as const
export type Encoding = keyof typeof ENCODING

export const PAGE_TYPE = { DATA: 0, DICTIONARY: 2 } as const

export const CODEC = { uncompressed: 0, snappy: 1, gzip: 2, brotli: 4, zstd: 6 } as const
/** Compression codecs by the names that Iceberg's properties use. */
export type Codec = keyof typeof CODEC

export const BOUNDARY_ORDER = { UNORDERED: 0, ASCENDING: 1, DESCENDING: 2 } as const
export type BoundaryOrder = keyof typeof BOUNDARY_ORDER
