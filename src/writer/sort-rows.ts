import { required } from '../core/assert.ts'
import type { ColumnBatch } from '../columns/column.ts'
import { takeRows } from '../columns/take-rows.ts'
import { comparatorOf } from '../iceberg/compare.ts'
import type { SortField, SortOrder } from '../iceberg/partition.ts'
import { fieldById } from '../iceberg/schema.ts'
import { compileTransform, resultType } from '../iceberg/transform.ts'
import { isPrimitive } from '../iceberg/type-text.ts'
import type { Value } from '../iceberg/types.ts'
import { columnPath, rowReader } from './column-path.ts'

/** The batch's rows in a table's sort order; rows that are equal in it stay in their order. Spec: "Sorting". */
export function sortedRows(batch: ColumnBatch, order: SortOrder): ColumnBatch {
  if (order.fields.length === 0 || batch.rowCount < 2) return batch
  const compare = order.fields.map((field) => fieldComparison(batch, field))
  const rows = Int32Array.from({ length: batch.rowCount }, (_, row) => row)
  rows.sort((left, right) => {
    for (const one of compare) {
      const difference = one(left, right)
      if (difference !== 0) return difference
    }
    return left - right
  })
  return takeRows(batch, rows)
}

function fieldComparison(
  batch: ColumnBatch,
  { sourceId, transform, direction, nullOrder }: SortField,
): (left: number, right: number) => number {
  const source = required(fieldById(batch.schema, sourceId), `sort column ${sourceId}`).field
  const read = rowReader(
    batch,
    required(columnPath(batch.schema, sourceId), 'way to a sort column'),
  )
  const apply = compileTransform(transform, source.type)
  const type = resultType(transform, source.type)
  const compare = comparatorOf(isPrimitive(type) ? type : { kind: 'string' })
  const keys = Array.from({ length: batch.rowCount }, (_, row) => apply(read(row)))
  const sign = direction === 'asc' ? 1 : -1
  const nullSign = nullOrder === 'nulls-first' ? -1 : 1
  return (left, right) => {
    const [a, b]: (Value | null | undefined)[] = [keys[left], keys[right]]
    if (a === null || a === undefined) return b === null || b === undefined ? 0 : nullSign
    if (b === null || b === undefined) return -nullSign
    return sign * compare(a, b)
  }
}
