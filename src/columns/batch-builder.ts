import { assert, required } from '../core/assert.ts'
import { allFields } from '../iceberg/schema.ts'
import type { Schema } from '../iceberg/types.ts'
import { BuilderState, ColumnBuilder } from './column-builder.ts'
import type { ColumnBatch } from './column.ts'

/**
 * Rows under construction: one `ColumnBuilder` for each field of the schema. A row is appended column by column and
 * closed by `endRow`; `rollback` after a bad one needs no mark, for each column says itself where a row starts in it.
 */
export class BatchBuilder {
  readonly schema: Schema
  readonly columns: readonly ColumnBuilder[]
  /** All columns at any depth, each before those in it. */
  readonly allColumns: readonly ColumnBuilder[]
  private readonly state: BuilderState

  constructor(schema: Schema) {
    this.schema = schema
    this.state = new BuilderState(allFields(schema).length)
    this.columns = schema.fields.map((field) => new ColumnBuilder(field, this.state))
    this.allColumns = this.columns.flatMap(withDescendants)
  }

  /** [0] rows; each column's slots at its `lengthAt`, its nulls at its `nullsAt`. The array is never replaced. */
  get counters(): Int32Array {
    return this.state.counters
  }

  /** Changes whenever an array of any column was replaced, but for the bytes of text: compiled code fetches them again. */
  get generation(): number {
    return this.state.generation
  }

  get rowCount(): number {
    return this.state.counters[0] ?? 0
  }

  column(index: number): ColumnBuilder {
    return required(this.columns[index], 'column')
  }

  /** Makes room for more rows in every column that is not inside a list or map. */
  reserveRows(rows: number): void {
    for (const column of this.columns) column.reserve(rows)
  }

  /** Closes a row that every top column has a slot for. */
  endRow(): void {
    this.state.counters[0] = this.rowCount + 1
  }

  /** Takes back everything since the last row was closed. */
  rollback(): void {
    const { rowCount } = this
    for (const column of this.columns) column.truncate(rowCount)
  }

  /** Bytes in use: what the rows themselves take. */
  get byteSize(): number {
    let size = 0
    for (const column of this.columns) size += column.byteSize
    return size
  }

  /** Bytes held, in use or not: what the memory budget counts. At most about twice `byteSize`, once it is not tiny. */
  get allocatedBytes(): number {
    return this.state.allocatedBytes
  }

  /**
   * The rows as a batch over the builder's own arrays: valid until the builder is appended to, reset or released.
   */
  seal(): ColumnBatch {
    const { rowCount } = this
    for (const column of this.columns) {
      assert(column.length === rowCount, `column ${column.field.name} has one slot for each row`)
    }
    return {
      schema: this.schema,
      rowCount,
      columns: this.columns.map((column) => column.view()),
      byteSize: this.byteSize,
    }
  }

  /** Forgets the rows and keeps the arrays for the next ones. */
  reset(): void {
    for (const column of this.allColumns) column.clear()
    this.state.counters.fill(0)
  }

  /**
   * Forgets the rows and gives the arrays up. A batch sealed before stays valid for good: this hands it over.
   */
  release(): void {
    for (const column of this.allColumns) column.drop()
    this.forgetArrays()
  }

  /**
   * As `release`, with the memory given back at once: a batch sealed before is empty then. Left to the garbage
   * collector, columns of a hundred megabytes may wait for it while the next hundred are filled.
   */
  free(): void {
    for (const column of this.allColumns) column.free()
    this.forgetArrays()
  }

  private forgetArrays(): void {
    this.state.counters.fill(0)
    this.state.allocatedBytes = 0
    this.state.generation += 1
  }
}

function withDescendants(column: ColumnBuilder): ColumnBuilder[] {
  return [column, ...column.children.flatMap(withDescendants)]
}
