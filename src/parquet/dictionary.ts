import type { LeafValues } from './leaf-values.ts'
import type { Leaf } from './parquet-schema.ts'
import { plainSize } from './plain.ts'
import type { Scratch } from './scratch.ts'
import { bitWidth } from './rle.ts'

/** A chunk's distinct values, in the order in which they first occur, and the place there of each value. */
export interface Dictionary {
  readonly entries: LeafValues
  readonly ids: Int32Array
}

/** After so many values, and each time that twice as many were seen, some must have come again. */
const FIRST_CHECK = 4096
/** So many values a call: without on-stack replacement (`src/main.ts`) the engine looks for faster code at each call. */
const BLOCK_VALUES = 1024
/** With more different ones than this part of the values seen, most of the chunk's will be. */
const DISTINCT_MAX = 0.95
/** A dictionary must save this part of the PLAIN bytes: it costs the reader a look-up for each value. */
const SAVING_MIN = 0.15

/**
 * The dictionary of a chunk; undefined where it would not pay, found out early where that is plain to see. Fixed-length
 * bytes get none, as with Iceberg's Java writer: vectorized readers have failed on dictionaries of uuids.
 */
export function dictionaryOf(
  leaf: Leaf,
  values: LeafValues,
  { bytesMax, scratch }: { readonly bytesMax: number; readonly scratch: Scratch },
): Dictionary | undefined {
  const { physical } = leaf.storage
  if (physical === 'BOOLEAN' || physical === 'FIXED_LEN_BYTE_ARRAY' || values.count === 0) {
    return undefined
  }
  const table = physical === 'BYTE_ARRAY' ? scratch.tables.bytes : scratch.tables.words
  table.start(values)
  const ids = scratch.int32(values.count)
  let done = 0
  let check = Math.min(FIRST_CHECK, values.count)
  while (done < values.count) {
    const end = Math.min(check, done + BLOCK_VALUES)
    if (!table.add(ids, { start: done, end, bytesMax })) return undefined
    done = end
    if (done < check) continue
    if (done >= FIRST_CHECK && table.count > done * DISTINCT_MAX) return undefined
    check = Math.min(values.count, check * 2)
  }
  const plain = plainSize(physical, values, { start: 0, end: values.count })
  const indexed = table.byteSize + (values.count * bitWidth(table.count - 1)) / 8
  return indexed > plain * (1 - SAVING_MIN) ? undefined : { entries: table.entries(), ids }
}
