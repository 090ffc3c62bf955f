import { required } from '../core/assert.ts'
import type { ColumnBatch } from '../columns/column.ts'
import type { PartitionSpec, PartitionTuple } from '../iceberg/partition.ts'
import { fieldById } from '../iceberg/schema.ts'
import { compileTransform, type Transformer } from '../iceberg/transform.ts'
import type { Schema, Value } from '../iceberg/types.ts'
import { columnPath, rowReader } from './column-path.ts'

/** The rows of one partition tuple in a batch. */
export interface PartitionRows {
  /** The same text for equal tuples, and for no others. */
  readonly key: string
  readonly tuple: PartitionTuple
  readonly rows: Int32Array
}

interface CompiledField {
  /** Undefined for `void`, whose source may be gone. */
  readonly path: readonly number[] | undefined
  readonly transform: Transformer
}

/** Splits batches by a partition spec. Spec: "Partitioning". */
export class Partitioner {
  readonly #fields: readonly CompiledField[]

  constructor(schema: Schema, spec: PartitionSpec) {
    this.#fields = spec.fields.map(({ sourceId, transform }) => {
      if (transform.kind === 'void') return { path: undefined, transform: () => null }
      const source = required(fieldById(schema, sourceId), `source column ${sourceId}`)
      return {
        path: required(columnPath(schema, sourceId), `way to column ${source.path}`),
        transform: compileTransform(transform, source.field.type),
      }
    })
  }

  /** Each tuple that occurs, in order of its first row. */
  split(batch: ColumnBatch): readonly PartitionRows[] {
    const readers = this.#fields.map(({ path, transform }) => {
      if (path === undefined) return () => null
      const read = rowReader(batch, path)
      return remembering((row: number) => read(row), transform)
    })
    const found = new Map<string, { tuple: PartitionTuple; rows: number[] }>()
    for (let row = 0; row < batch.rowCount; row += 1) {
      const tuple = readers.map((read) => read(row))
      const key = tupleKey(tuple)
      const entry = found.get(key)
      if (entry === undefined) found.set(key, { tuple, rows: [row] })
      else entry.rows.push(row)
    }
    return [...found].map(([key, { tuple, rows }]) => ({ key, tuple, rows: Int32Array.from(rows) }))
  }
}

/** Neighbouring rows often have the same source value: its transform is then not computed again. */
function remembering(
  read: (row: number) => Value | null,
  transform: Transformer,
): (row: number) => Value | null {
  let last: Value | null | undefined
  let result: Value | null = null
  return (row) => {
    const value = read(row)
    if (last === undefined || !Object.is(value, last)) {
      result = transform(value)
      last = value
    }
    return result
  }
}

/** Text that tells tuples apart; the type of each place is fixed, so that no tag is needed. */
function tupleKey(tuple: PartitionTuple): string {
  return JSON.stringify(tuple.map(keyPart))
}

function keyPart(value: Value | null): string | null {
  if (value === null) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  // Readers order -0 before 0, so that rows of the one are skipped under the name of the other.
  return Object.is(value, -0) ? '-0' : String(value)
}
