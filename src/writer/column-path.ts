import { required } from '../core/assert.ts'
import type { Column, ColumnBatch } from '../columns/column.ts'
import { valueAt } from '../columns/value-at.ts'
import { childFields } from '../iceberg/schema.ts'
import type { NestedField, Schema, Value } from '../iceberg/types.ts'

/** Reads one value of a row; null where it, or a struct that it is in, is null. */
export type RowReader = (row: number) => Value | null

/** The way from the top of a schema to a column through structs: places of children, the top column first. */
export function columnPath(schema: Schema, fieldId: number): readonly number[] | undefined {
  return pathIn(schema.fields, fieldId)
}

function pathIn(fields: readonly NestedField[], fieldId: number): readonly number[] | undefined {
  for (const [index, field] of fields.entries()) {
    if (field.id === fieldId) return [index]
    // A value inside a list or map is not one of its row.
    if (field.type.kind !== 'struct') continue
    const below = pathIn(childFields(field.type), fieldId)
    if (below !== undefined) return [index, ...below]
  }
  return undefined
}

/** A reader of the column at a path. */
export function rowReader(batch: ColumnBatch, path: readonly number[]): RowReader {
  const [top, ...below] = path
  let column = required(batch.columns[required(top, 'top of a column path')], 'column of a path')
  const structs: Column[] = []
  for (const index of below) {
    structs.push(column)
    column = column.child(index)
  }
  const leaf = column
  return (row) => (structs.some((struct) => struct.isNull(row)) ? null : valueAt(leaf, row))
}
