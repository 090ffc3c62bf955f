import { appendRange } from '../src/columns/append-range.ts'
import { BatchBuilder } from '../src/columns/batch-builder.ts'
import type { ColumnBatch } from '../src/columns/column.ts'
import { assignFreshIds } from '../src/iceberg/field-ids.ts'
import { parseType } from '../src/iceberg/type-text.ts'
import type { NestedField, Schema, Type } from '../src/iceberg/types.ts'
import { compileDecoder } from '../src/record/decoder.ts'
import type { DecodingOptions } from '../src/record/decoding.ts'
import { FetchedRecords } from '../src/record/fetched-records.ts'
import { kafkaField } from '../src/record/kafka-column.ts'
import type { IcebergField, IcebergType } from '../rig/readers/table.ts'
import { recordBatch, type RecordSpec } from '../test/support/record-batch.ts'
import { fetched } from '../test/unit/record/batches.ts'
import type { Shape } from './shapes.ts'

/** As a producer with the usual limits fills a batch. */
const BATCH_RECORDS = 500
const FIRST_MS = Date.UTC(2026, 0, 1)

/** As a topic of JSON is read where nothing else is said. */
export const DECODING: DecodingOptions = {
  format: 'json',
  caseInsensitive: false,
  aliases: new Map(),
  depthMax: 64,
  bytesMax: 1 << 24,
  metadataColumn: '_kafka',
}

/** The schema of a shape's table; with `kafka`, rows also say where in Kafka their records are. */
export function tableSchema({ fields }: Shape, { kafka }: { readonly kafka: boolean }): Schema {
  const columns = fields.map(nestedField)
  if (kafka) columns.push(kafkaField({ name: '_kafka', key: false, headers: false }))
  return assignFreshIds({ schemaId: 0, fields: columns, identifierFieldIds: [] }).schema
}

/** A shape's records as the decoder leaves them: batches that end at so many rows, or about so many bytes. */
export function* columnBatches(
  shape: Shape,
  schema: Schema,
  limits: { readonly records: number; readonly rows: number; readonly bytes: number },
): Generator<ColumnBatch, void> {
  const builder = new BatchBuilder(schema)
  const decoder = compileDecoder(builder, DECODING)
  for (const bytes of recordBatches(shape.records(limits.records))) {
    const batch = fetched([bytes], { logEnd: 2n ** 60n })
    const records = new FetchedRecords(batch, { isolation: 'read_committed' })
    while (records.next()) {
      const failure = decoder.decode(records.cursor)
      if (failure !== undefined) throw new Error(`${failure.fieldPath}: ${failure.expected}`)
      if (builder.rowCount >= limits.rows) yield takenFrom(builder)
    }
    if (builder.byteSize >= limits.bytes) yield takenFrom(builder)
  }
  if (builder.rowCount > 0) yield takenFrom(builder)
}

/** The rows in memory of their own, so that all batches can be kept. */
function takenFrom(builder: BatchBuilder): ColumnBatch {
  const copy = new BatchBuilder(builder.schema)
  appendRange(copy, builder.seal(), { start: 0, end: builder.rowCount })
  builder.reset()
  return copy.seal()
}

function* recordBatches(values: Iterable<string>): Generator<Uint8Array, void> {
  let records: RecordSpec[] = []
  let next = 0
  const batch = (): Uint8Array => {
    const [first] = records
    const bytes = recordBatch({
      baseOffset: first?.offset ?? 0n,
      lastOffset: BigInt(next - 1),
      records,
    })
    records = []
    return bytes
  }
  for (const value of values) {
    const offset = BigInt(next)
    records.push({ offset, timestampMs: FIRST_MS + (next >> 4), value: Buffer.from(value) })
    next += 1
    if (records.length === BATCH_RECORDS) yield batch()
  }
  if (records.length > 0) yield batch()
}

/** Ids are given later, by place. */
function nestedField({ name, type }: IcebergField): NestedField {
  return { id: 0, name, required: false, type: nestedType(type) }
}

function nestedType(type: IcebergType): Type {
  if (typeof type === 'string') return parseType(type)
  switch (type.type) {
    case 'struct':
      return { kind: 'struct', fields: type.fields.map(nestedField) }
    case 'list':
      return {
        kind: 'list',
        elementId: 0,
        element: nestedType(type.element),
        elementRequired: false,
      }
    case 'map':
      return {
        kind: 'map',
        keyId: 0,
        key: nestedType(type.key),
        valueId: 0,
        value: nestedType(type.value),
        valueRequired: false,
      }
  }
}
