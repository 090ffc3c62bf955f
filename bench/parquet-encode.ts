/**
 * What it costs to encode the reference records as Parquet, columns given: CPU µs per record, all threads.
 *
 *     node bench/parquet-encode.ts [records] [-- property=value …]
 */
import { writeFileSync } from 'node:fs'
import { appendStruct, appendValue, endList } from '../src/columns/append.ts'
import { BatchBuilder } from '../src/columns/batch-builder.ts'
import type { ColumnBuilder } from '../src/columns/column-builder.ts'
import type { NestedField, PrimitiveType, Schema, Type } from '../src/iceberg/types.ts'
import { EncodingMemory } from '../src/parquet/encoding-memory.ts'
import { ParquetFileEncoder } from '../src/parquet/parquet-file-encoder.ts'
import { parquetSettings } from '../src/parquet/settings.ts'
import { referenceRecords } from './reference-data.ts'

const ROW_GROUP_ROWS = 122_880
const ROUNDS = 12

let lastId = 0
const field = (name: string, type: Type): NestedField => ({
  id: (lastId += 1),
  name,
  required: false,
  type,
})
const leaf = (name: string, kind: Exclude<PrimitiveType['kind'], 'decimal' | 'fixed'>) =>
  field(name, { kind })

const SCHEMA: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    leaf('event_id', 'long'),
    leaf('user_id', 'long'),
    leaf('ts', 'timestamptz'),
    leaf('event_type', 'string'),
    leaf('session_id', 'string'),
    leaf('url', 'string'),
    leaf('amount', 'double'),
    leaf('score', 'double'),
    leaf('mobile', 'boolean'),
    leaf('country', 'string'),
    leaf('day', 'date'),
    field('device', {
      kind: 'struct',
      fields: [leaf('os', 'string'), leaf('version', 'string'), leaf('width', 'int')],
    }),
    field('tags', {
      kind: 'list',
      elementId: (lastId += 1),
      element: { kind: 'string' },
      elementRequired: false,
    }),
  ],
}

function append(column: ColumnBuilder, value: unknown): void {
  if (value === null || value === undefined) return column.appendNull()
  switch (column.layout) {
    case 'struct':
      appendStruct(column)
      for (const child of column.children) {
        append(child, (value as Record<string, unknown>)[child.field.name])
      }
      return
    case 'list':
      for (const element of value as unknown[]) append(column.child(0), element)
      return endList(column)
    default:
      return appendValue(column, primitive(column, value))
  }
}

function primitive(column: ColumnBuilder, value: unknown) {
  const { kind } = column.field.type
  if (kind === 'long') return BigInt(value as number)
  if (kind === 'date') return Date.parse(value as string) / 86_400_000
  if (kind === 'timestamptz') return BigInt(Date.parse(value as string)) * 1000n
  return value as number | string | boolean
}

function* rowGroups(records: number): Generator<BatchBuilder> {
  let builder = new BatchBuilder(SCHEMA)
  for (const json of referenceRecords(records)) {
    const record = JSON.parse(json) as Record<string, unknown>
    for (const column of builder.columns) append(column, record[column.field.name])
    builder.endRow()
    if (builder.rowCount < ROW_GROUP_ROWS) continue
    yield builder
    builder = new BatchBuilder(SCHEMA)
  }
  if (builder.rowCount > 0) yield builder
}

const [countText = '245760', ...rest] = process.argv.slice(2)
const properties = Object.fromEntries(
  rest.filter((text) => text.includes('=')).map((text) => text.split('=', 2) as [string, string]),
)
const batches = [...rowGroups(Number(countText))].map((builder) => builder.seal())
const records = batches.reduce((rows, batch) => rows + batch.rowCount, 0)
const columnBytes = batches.reduce((bytes, batch) => bytes + batch.byteSize, 0)
console.log(`${records} records, ${(columnBytes / records).toFixed(1)} bytes of columns each`)

const memory = new EncodingMemory()
for (let round = 1; round <= ROUNDS; round += 1) {
  const encoder = new ParquetFileEncoder({
    schema: SCHEMA,
    settings: parquetSettings(SCHEMA, properties),
    memory,
    metricsMode: () => ({ kind: 'truncate', length: 16 }),
    createdBy: 'firn version 0.0.0 (build bench)',
  })
  const before = process.cpuUsage()
  const chunks = batches.flatMap((batch) => encoder.appendRowGroup(batch))
  const finished = encoder.finish()
  const { user, system } = process.cpuUsage(before)
  const perRecord = `${((user + system) / records).toFixed(3)} (system ${(system / records).toFixed(3)})`
  const size = (finished.fileSize / records).toFixed(1)
  console.log(`round ${round}: ${perRecord} CPU µs/record, ${size} bytes/record in the file`)
  if (process.env['OUT'] !== undefined) {
    writeFileSync(process.env['OUT'], Buffer.concat([...chunks, ...finished.chunks]))
  }
}
