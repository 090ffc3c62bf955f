import { required } from '../core/assert.ts'
import type { ColumnBatch } from '../columns/column.ts'
import { murmur3Words } from '../iceberg/murmur3.ts'
import type { PartitionSpec, PartitionTuple, Transform } from '../iceberg/partition.ts'
import { fieldById } from '../iceberg/schema.ts'
import { compileTransform, type Transformer } from '../iceberg/transform.ts'
import type { Schema, Type, Value } from '../iceberg/types.ts'
import { columnPath, rowReader } from './column-path.ts'

/** The rows of a batch, tuple by tuple. */
export interface PartitionedRows {
  /** All rows, those of one tuple together and in their order. */
  readonly order: Int32Array
  /** Each tuple that occurs, in order of its first row. */
  readonly parts: readonly PartitionRows[]
}

/** Where the rows of one partition tuple lie in `order`: half-open. */
export interface PartitionRows {
  /** The same text for equal tuples, and for no others. */
  readonly key: string
  readonly tuple: PartitionTuple
  readonly start: number
  readonly end: number
}

interface CompiledField {
  /** Undefined for `void`, whose source may be gone. */
  readonly path: readonly number[] | undefined
  readonly transform: Transformer
  /** How many buckets an integer of two words is put into; undefined for any other field. */
  readonly buckets: number | undefined
}

/** A number for each row, and what each number stands for. */
interface Numbered {
  readonly ids: Int32Array
  readonly values: readonly (Value | null)[]
}

/** Splits batches by a partition spec. Spec: "Partitioning". */
export class Partitioner {
  readonly #fields: readonly CompiledField[]

  constructor(schema: Schema, spec: PartitionSpec) {
    this.#fields = spec.fields.map(({ sourceId, transform }) => {
      if (transform.kind === 'void') {
        return { path: undefined, transform: () => null, buckets: undefined }
      }
      const source = required(fieldById(schema, sourceId), `source column ${sourceId}`)
      const path = required(columnPath(schema, sourceId), `way to column ${source.path}`)
      return {
        path,
        transform: compileTransform(transform, source.field.type),
        buckets: path.length === 1 ? bucketsOf(transform, source.field.type) : undefined,
      }
    })
  }

  split(batch: ColumnBatch): PartitionedRows {
    const fields = this.#fields.map((field) => numbered(batch, field))
    const { ids, firstRows } = combined(fields, batch.rowCount)
    const ends = new Int32Array(firstRows.length)
    for (const id of ids) ends[id] = (ends[id] ?? 0) + 1
    let end = 0
    const parts = firstRows.map((row, id) => {
      const start = end
      end += ends[id] ?? 0
      const tuple = fields.map((field) => field.values[field.ids[row] ?? 0] ?? null)
      return { key: tupleKey(tuple), tuple, start, end }
    })
    const next = Int32Array.from(parts, ({ start }) => start)
    const order = new Int32Array(batch.rowCount)
    for (let row = 0; row < ids.length; row += 1) {
      const id = ids[row] ?? 0
      const at = next[id] ?? 0
      order[at] = row
      next[id] = at + 1
    }
    return { order, parts }
  }
}

/** Buckets of the types that hash by the eight bytes that their columns hold. */
function bucketsOf(transform: Transform, { kind }: Type): number | undefined {
  const asLong = ['long', 'time', 'timestamp', 'timestamptz'].includes(kind)
  return transform.kind === 'bucket' && asLong ? transform.buckets : undefined
}

function numbered(batch: ColumnBatch, field: CompiledField): Numbered {
  const { path, transform, buckets } = field
  const ids = new Int32Array(batch.rowCount)
  if (path === undefined) return { ids, values: [null] }
  if (buckets !== undefined) return bucketed(batch, path[0] ?? 0, buckets)
  const read = rowReader(batch, path)
  const known = new Map<Value | null, number>()
  const values: (Value | null)[] = []
  let last: Value | null | undefined
  let id = 0
  for (let row = 0; row < batch.rowCount; row += 1) {
    const source = read(row)
    // Neighbouring rows often have the same source value: its transform is then not computed again.
    if (last === undefined || !Object.is(source, last)) {
      last = source
      const value = transform(source)
      id = numberOf(known, keyPart(value))
      if (id === values.length) values.push(value)
    }
    ids[row] = id
  }
  return { ids, values }
}

/** As any field, without making an object of each value. */
function bucketed(batch: ColumnBatch, index: number, buckets: number): Numbered {
  const column = required(batch.columns[index], 'column of a bucket')
  const ids = new Int32Array(batch.rowCount)
  const known = new Map<number | null, number>()
  for (let row = 0; row < batch.rowCount; row += 1) {
    const { words } = column
    const hash = murmur3Words(words[row * 2] ?? 0, words[row * 2 + 1] ?? 0)
    ids[row] = numberOf(known, column.isNull(row) ? null : (hash & 0x7fffffff) % buckets)
  }
  return { ids, values: [...known.keys()] }
}

/** The number of a value: the next one where it is new. */
function numberOf<T>(known: Map<T, number>, value: T): number {
  const found = known.get(value)
  if (found !== undefined) return found
  known.set(value, known.size)
  return known.size - 1
}

/** Rows by all fields together: a number for each combination that occurs, and the row where it does first. */
function combined(
  fields: readonly Numbered[],
  rowCount: number,
): { readonly ids: Int32Array; readonly firstRows: readonly number[] } {
  let ids = new Int32Array(rowCount)
  let count = rowCount === 0 ? 0 : 1
  for (const field of fields) {
    const known = new Map<number, number>()
    const joined = new Int32Array(rowCount)
    for (let row = 0; row < rowCount; row += 1) {
      // Both are at most the number of rows, which is far below 2^26: the product is exact.
      const pair = (ids[row] ?? 0) * field.values.length + (field.ids[row] ?? 0)
      joined[row] = numberOf(known, pair)
    }
    ids = joined
    count = known.size
  }
  const firstRows = Array.from({ length: count }, () => 0)
  for (let row = rowCount - 1; row >= 0; row -= 1) firstRows[ids[row] ?? 0] = row
  return { ids, firstRows }
}

/** Text that tells tuples apart; the type of each place is fixed, so that no tag is needed. */
function tupleKey(tuple: PartitionTuple): string {
  return JSON.stringify(tuple.map((value) => (value === null ? null : String(keyPart(value)))))
}

/** Equal, as keys of a map are, for equal values and for no others of its type. */
function keyPart(value: Value | null): Value | null {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  // Readers order -0 before 0, so that rows of the one are skipped under the name of the other.
  return Object.is(value, -0) ? '-0' : value
}
