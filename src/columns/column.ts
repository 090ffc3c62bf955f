import { required } from '../core/assert.ts'
import type { NestedField, Schema } from '../iceberg/types.ts'
import { getBit } from './bitmap.ts'
import type { Layout } from './layout.ts'

export interface ColumnArrays {
  readonly field: NestedField
  readonly layout: Layout
  readonly width: number
  readonly length: number
  readonly nullCount: number
  readonly validity: Uint8Array
  readonly offsets: Int32Array
  readonly words: Int32Array
  readonly floats: Float32Array
  readonly doubles: Float64Array
  readonly bytes: Uint8Array
  readonly children: readonly Column[]
}

/**
 * A finished column in Arrow's layout. Arrays that the layout has no use for are empty. A class, so that every column
 * has one shape for the engine, whatever its type.
 */
export class Column implements ColumnArrays {
  readonly field: NestedField
  readonly layout: Layout
  readonly width: number
  readonly length: number
  readonly nullCount: number
  /** One bit a slot, 1 where there is a value. Empty for a required column. Bits past the length mean nothing. */
  readonly validity: Uint8Array
  /** Of text, bytes, lists and maps: length + 1, from 0. */
  readonly offsets: Int32Array
  readonly words: Int32Array
  readonly floats: Float32Array
  readonly doubles: Float64Array
  readonly bytes: Uint8Array
  readonly children: readonly Column[]

  constructor(arrays: ColumnArrays) {
    this.field = arrays.field
    this.layout = arrays.layout
    this.width = arrays.width
    this.length = arrays.length
    this.nullCount = arrays.nullCount
    this.validity = arrays.validity
    this.offsets = arrays.offsets
    this.words = arrays.words
    this.floats = arrays.floats
    this.doubles = arrays.doubles
    this.bytes = arrays.bytes
    this.children = arrays.children
  }

  get hasNulls(): boolean {
    return this.nullCount > 0
  }

  isNull(slot: number): boolean {
    return this.nullCount > 0 && !getBit(this.validity, slot)
  }

  child(index: number): Column {
    return required(this.children[index], 'child column')
  }
}

/** Rows of a schema, column by column. */
export interface ColumnBatch {
  readonly schema: Schema
  readonly rowCount: number
  /** In the order of the schema's fields. */
  readonly columns: readonly Column[]
  /** Bytes in use. */
  readonly byteSize: number
}
