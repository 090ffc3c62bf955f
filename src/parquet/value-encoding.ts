import type { ByteWriter } from './byte-writer.ts'
import type { Encoding } from './format.ts'
import type { LeafValues } from './leaf-values.ts'
import type { Leaf } from './parquet-schema.ts'
import { writePlain } from './plain.ts'

/** How values without a dictionary are written. */
export function chooseEncoding(
  _leaf: Leaf,
  _values: LeafValues,
  _encodings: 'v1' | 'v2',
): Encoding {
  return 'PLAIN'
}

export function writeValues(
  out: ByteWriter,
  leaf: Leaf,
  values: LeafValues,
  range: { readonly start: number; readonly end: number; readonly encoding: Encoding },
): void {
  writePlain(out, leaf.storage.physical, values, range)
}
