import type { Dictionary } from './dictionary.ts'
import type { Encoding } from './format.ts'
import type { LeafValues } from './leaf-values.ts'
import type { Levels } from './levels.ts'
import type { Leaf } from './parquet-schema.ts'

/** A chunk while it is written. */
export interface Chunk {
  readonly leaf: Leaf
  readonly levels: Levels
  readonly values: LeafValues
  readonly dictionary: Dictionary | undefined
  readonly encoding: Encoding
  readonly boundBytes: number
}
