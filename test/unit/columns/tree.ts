import { appendStruct, appendValue, endList } from '../../../src/columns/append.ts'
import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import type { ColumnBuilder } from '../../../src/columns/column-builder.ts'
import type { Column, ColumnBatch } from '../../../src/columns/column.ts'
import { valueAt } from '../../../src/columns/value-at.ts'
import type { Schema, Value } from '../../../src/iceberg/types.ts'

/**
 * A value of any type, as plain data: null, a single value, a list's elements or a struct's fields in order, or a
 * map's entries.
 */
export type Tree = null | Value | readonly Tree[] | Entries
interface Entries {
  readonly entries: readonly (readonly [Tree, Tree])[]
}

export function appendTree(column: ColumnBuilder, tree: Tree): void {
  if (tree === null) return column.appendNull()
  switch (column.layout) {
    case 'struct':
      appendStruct(column)
      column.children.forEach((child, index) => appendTree(child, (tree as Tree[])[index]!))
      return
    case 'list':
      for (const element of tree as Tree[]) appendTree(column.child(0), element)
      return endList(column)
    case 'map':
      for (const [key, value] of (tree as Entries).entries) {
        appendTree(column.child(0), key)
        appendTree(column.child(1), value)
      }
      return endList(column)
    default:
      return appendValue(column, tree as Value)
  }
}

/** A part of a value: what a decoder leaves that gives up in the middle of it. */
export function appendHalf(column: ColumnBuilder, tree: Tree): void {
  if (tree === null) return
  const child = column.children[0]
  if (column.layout === 'struct' && child !== undefined) {
    appendStruct(column)
    appendHalf(child, (tree as Tree[])[0]!)
  } else if (column.layout === 'list') {
    for (const element of tree as Tree[]) appendTree(column.child(0), element)
  } else if (column.layout === 'map') {
    for (const [key] of (tree as Entries).entries) appendTree(column.child(0), key)
  }
}

export function appendRow(builder: BatchBuilder, row: readonly Tree[]): void {
  builder.columns.forEach((column, index) => appendTree(column, row[index]!))
  builder.endRow()
}

export function batchOf(schema: Schema, rows: readonly (readonly Tree[])[]): ColumnBatch {
  const builder = new BatchBuilder(schema)
  for (const row of rows) appendRow(builder, row)
  return builder.seal()
}

function treeAt(column: Column, slot: number): Tree {
  if (column.isNull(slot)) return null
  const [start, end] = [column.offsets[slot]!, column.offsets[slot + 1]!]
  const slots = Array.from({ length: Math.max(0, end - start) }, (_, index) => start + index)
  switch (column.layout) {
    case 'struct':
      return column.children.map((child) => treeAt(child, slot))
    case 'list':
      return slots.map((at) => treeAt(column.child(0), at))
    case 'map':
      return {
        entries: slots.map((at) => [treeAt(column.child(0), at), treeAt(column.child(1), at)]),
      }
    default:
      return valueAt(column, slot)
  }
}

export function rowsOf(batch: ColumnBatch): Tree[][] {
  return Array.from({ length: batch.rowCount }, (_, row) =>
    batch.columns.map((column) => treeAt(column, row)),
  )
}
