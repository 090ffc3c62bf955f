import { appendInt64 } from '../columns/append.ts'
import { BatchBuilder } from '../columns/batch-builder.ts'
import type { Column, ColumnBatch } from '../columns/column.ts'
import { valueAt } from '../columns/value-at.ts'
import type { ManifestEntry } from '../iceberg/data-file.ts'
import type { NestedField, Schema } from '../iceberg/types.ts'

/**
 * Row lineage of v3: a row that moves to another file keeps its id, and the number of the commit that changed it last.
 * Both are inherited from the old file's entry until then, so that they must be written out. Spec: "Row Lineage".
 */

/** Spec: "Reserved Field IDs". */
const ROW_ID: NestedField = {
  id: 2147483540,
  name: '_row_id',
  type: { kind: 'long' },
  required: false,
}
const LAST_UPDATED: NestedField = {
  id: 2147483539,
  name: '_last_updated_sequence_number',
  type: { kind: 'long' },
  required: false,
}

export const LINEAGE_IDS: ReadonlySet<number> = new Set([ROW_ID.id, LAST_UPDATED.id])

/** A schema that also asks a file for the lineage that it may have written out itself. */
export function withLineage(schema: Schema): Schema {
  return { ...schema, fields: [...withoutLineage(schema.fields), ROW_ID, LAST_UPDATED] }
}

function withoutLineage(fields: readonly NestedField[]): readonly NestedField[] {
  return fields.filter(({ id }) => !LINEAGE_IDS.has(id))
}

/** Rows taken from a batch, with the lineage that each of them has. */
export interface TakenRows {
  readonly batch: ColumnBatch
  /** Where each row stood in its file. */
  readonly rowInFile: (row: number) => number
}

/** The rows with their lineage written out: what the file had, else what its entry in the manifest says. */
export function lineageWritten(
  { batch, rowInFile }: TakenRows,
  { sequenceNumber, dataFile }: ManifestEntry,
): ColumnBatch {
  const { firstRowId } = dataFile
  const columnOf = (id: number): Column | undefined =>
    batch.columns.find(({ field }) => field.id === id)
  const [rowIds, lastUpdated] = [columnOf(ROW_ID.id), columnOf(LAST_UPDATED.id)]
  const builder = new BatchBuilder({
    schemaId: 0,
    fields: [ROW_ID, LAST_UPDATED],
    identifierFieldIds: [],
  })
  for (let row = 0; row < batch.rowCount; row += 1) {
    const inherited = firstRowId === null ? null : firstRowId + BigInt(rowInFile(row))
    append(builder, 0, longAt(rowIds, row) ?? inherited)
    append(builder, 1, longAt(lastUpdated, row) ?? sequenceNumber)
    builder.endRow()
  }
  const lineage = builder.seal()
  const kept = batch.columns.filter(({ field }) => !LINEAGE_IDS.has(field.id))
  return {
    schema: withLineage(batch.schema),
    rowCount: batch.rowCount,
    columns: [...kept, ...lineage.columns],
    byteSize: batch.byteSize + lineage.byteSize,
  }
}

function longAt(column: Column | undefined, row: number): bigint | null {
  const value = column === undefined ? null : valueAt(column, row)
  return typeof value === 'bigint' ? value : null
}

function append(builder: BatchBuilder, index: number, value: bigint | null): void {
  const column = builder.column(index)
  if (value === null) column.appendNull()
  else appendInt64(column, value)
}
