import { writeByteStreamSplit } from './byte-stream-split.ts'
import type { ByteWriter } from './byte-writer.ts'
import { compress } from './compression.ts'
import { deltaSpanMax, writeDelta } from './delta.ts'
import { extremesOf } from './extremes.ts'
import type { Encoding } from './format.ts'
import type { LeafValues } from './leaf-values.ts'
import type { Leaf } from './parquet-schema.ts'
import { writePlain } from './plain.ts'
import type { Scratch } from './scratch.ts'
import type { ParquetSettings } from './settings.ts'

/** So many values decide for a chunk. */
const SAMPLE_VALUES = 4096
/** Another encoding than PLAIN must save this part: PLAIN is read fastest, and by all. */
const SAVING_MIN = 0.1

/**
 * The encoding of a chunk's values without a dictionary: of those that its type allows, the one that makes the first
 * values smallest once compressed.
 */
export function chooseEncoding(
  leaf: Leaf,
  values: LeafValues,
  { settings, scratch }: { readonly settings: ParquetSettings; readonly scratch: Scratch },
): Encoding {
  if (settings.encodings === 'v1' || values.count === 0) return 'PLAIN'
  const { body } = scratch
  const range = { start: 0, end: Math.min(SAMPLE_VALUES, values.count) }
  const sizeWith = (encoding: Encoding): number => {
    body.length = 0
    writeValues(body, leaf, values, { ...range, encoding })
    return compress(body.view(), settings.compression).length
  }
  let best: Encoding = 'PLAIN'
  let least = sizeWith('PLAIN') * (1 - SAVING_MIN)
  for (const encoding of otherEncodings(leaf, values)) {
    const size = sizeWith(encoding)
    if (size >= least) continue
    best = encoding
    least = size
  }
  return best
}

function otherEncodings(leaf: Leaf, values: LeafValues): readonly Encoding[] {
  switch (leaf.storage.physical) {
    case 'INT32':
    case 'INT64':
      return span(leaf, values) <= deltaSpanMax(values.width) ? ['DELTA_BINARY_PACKED'] : []
    case 'FLOAT':
    case 'DOUBLE':
      return ['BYTE_STREAM_SPLIT']
    default:
      return []
  }
}

/** How far apart a chunk's integers are. */
function span(leaf: Leaf, values: LeafValues): number {
  const all = { start: 0, end: values.count, picks: undefined }
  const extremes = extremesOf(leaf, values, all, Infinity)
  if (extremes === undefined || extremes.min instanceof Uint8Array) return Infinity
  if (extremes.max instanceof Uint8Array) return Infinity
  return Number(BigInt(extremes.max) - BigInt(extremes.min))
}

/** The values [start, end) in an encoding other than a dictionary's. */
export function writeValues(
  out: ByteWriter,
  leaf: Leaf,
  values: LeafValues,
  range: { readonly start: number; readonly end: number; readonly encoding: Encoding },
): void {
  switch (range.encoding) {
    case 'DELTA_BINARY_PACKED':
      return writeDelta(out, values, range)
    case 'BYTE_STREAM_SPLIT':
      return writeByteStreamSplit(out, values, range)
    default:
      return writePlain(out, leaf.storage.physical, values, range)
  }
}
