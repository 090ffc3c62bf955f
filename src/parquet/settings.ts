import { FirnError } from '../core/errors.ts'
import { fieldByPath } from '../iceberg/schema.ts'
import type { Schema } from '../iceberg/types.ts'
import type { Compression } from './compression.ts'
import { CODEC, type Codec } from './format.ts'

export interface BloomSettings {
  /** Wanted probability of a false positive. */
  readonly falsePositives: number
  /** Expected distinct values in a row group; undefined: as many as it has. */
  readonly distinctValues: number | undefined
}

/** What a table's properties say about its Parquet files. */
export interface ParquetSettings {
  readonly compression: Compression
  /** Where the caller should cut row groups: bytes of columns. */
  readonly rowGroupBytes: number
  /** A page is ended at this many bytes before compression, or rows, whichever comes first; at the end of a row. */
  readonly pageBytes: number
  readonly pageRows: number
  readonly dictionaryBytesMax: number
  /** By field id. */
  readonly bloomFilters: ReadonlyMap<number, BloomSettings>
  readonly bloomBytesMax: number
  /**
   * `v1`: PLAIN and dictionaries, which every reader of Iceberg tables reads. `v2`: also DELTA_BINARY_PACKED and
   * BYTE_STREAM_SPLIT where they are smaller; Iceberg's vectorized readers in Spark refuse these up to Iceberg 1.9
   * and 1.10.
   */
  readonly encodings: 'v1' | 'v2'
}

const PREFIX = 'write.parquet.'
const BLOOM_ENABLED = 'bloom-filter-enabled.column.'
const MEBIBYTE = 2 ** 20
/** Lengths in Parquet's page headers are 32-bit. */
const BYTES_MAX = 2 ** 31 - 1
const LEVELS: Record<Codec, readonly [number, number] | undefined> = {
  uncompressed: undefined,
  snappy: undefined,
  gzip: [0, 9],
  brotli: [0, 11],
  zstd: [1, 22],
}

type Properties = Readonly<Record<string, string>>

/**
 * Settings from `write.parquet.*`, with Iceberg's defaults. A value that Firn cannot follow is refused with
 * `PROPERTY_INVALID`: the table's owner asked for something else than would be written.
 */
export function parquetSettings(schema: Schema, properties: Properties): ParquetSettings {
  const bytes = (name: string, fallback: number): number =>
    numberOf(properties, name, { fallback, min: 1, max: BYTES_MAX })
  return {
    compression: compressionOf(properties),
    rowGroupBytes: bytes('row-group-size-bytes', 128 * MEBIBYTE),
    pageBytes: bytes('page-size-bytes', MEBIBYTE),
    pageRows: bytes('page-row-limit', 20_000),
    dictionaryBytesMax: bytes('dict-size-bytes', 2 * MEBIBYTE),
    bloomFilters: bloomFiltersOf(schema, properties),
    bloomBytesMax: bytes('bloom-filter-max-bytes', MEBIBYTE),
    encodings: encodingsOf(properties),
  }
}

function compressionOf(properties: Properties): Compression {
  const name = (properties[`${PREFIX}compression-codec`] ?? 'zstd').toLowerCase()
  const codec = name === 'none' ? 'uncompressed' : name
  if (!isCodec(codec)) {
    throw invalid('compression-codec', name, `one of ${Object.keys(CODEC).join(', ')}`)
  }
  const levels = LEVELS[codec]
  const text = properties[`${PREFIX}compression-level`]
  if (levels === undefined || text === undefined || text === 'null') {
    return { codec, level: undefined }
  }
  const [min, max] = levels
  const level = numberOf(properties, 'compression-level', { fallback: min, min, max })
  return { codec, level }
}

function isCodec(name: string): name is Codec {
  return Object.hasOwn(CODEC, name)
}

function encodingsOf(properties: Properties): 'v1' | 'v2' {
  const text = properties['firn.parquet.encodings'] ?? 'v1'
  if (text === 'v1' || text === 'v2') return text
  throw new FirnError(
    'PROPERTY_INVALID',
    `table property firn.parquet.encodings must be v1 or v2, found "${text}"`,
  )
}

function bloomFiltersOf(schema: Schema, properties: Properties): Map<number, BloomSettings> {
  const filters = new Map<number, BloomSettings>()
  for (const [key, text] of Object.entries(properties)) {
    if (!key.startsWith(PREFIX + BLOOM_ENABLED) || text.toLowerCase() !== 'true') continue
    const column = key.slice(PREFIX.length + BLOOM_ENABLED.length)
    const field = fieldByPath(schema, column)?.field
    // As in Iceberg's own writers, a filter of a column that is no longer there is not asked for.
    if (field === undefined) continue
    filters.set(field.id, bloomSettingsOf(properties, column))
  }
  return filters
}

function bloomSettingsOf(properties: Properties, column: string): BloomSettings {
  const fpp = `bloom-filter-fpp.column.${column}`
  const text = properties[PREFIX + fpp] ?? '0.01'
  const falsePositives = Number(text)
  if (!(falsePositives > 0 && falsePositives < 1)) {
    throw invalid(fpp, text, 'a number above 0 and below 1')
  }
  const ndv = `bloom-filter-ndv.column.${column}`
  const distinctValues =
    properties[PREFIX + ndv] === undefined
      ? undefined
      : numberOf(properties, ndv, { fallback: 1, min: 1, max: Number.MAX_SAFE_INTEGER })
  return { falsePositives, distinctValues }
}

function numberOf(
  properties: Properties,
  name: string,
  { fallback, min, max }: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  const text = properties[PREFIX + name]
  if (text === undefined) return fallback
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN
  if (value >= min && value <= max) return value
  throw invalid(name, text, `a whole number from ${min} to ${max}`)
}

function invalid(name: string, found: string, expected: string): FirnError {
  return new FirnError(
    'PROPERTY_INVALID',
    `table property ${PREFIX}${name} must be ${expected}, found "${found}"`,
  )
}
