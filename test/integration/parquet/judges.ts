import type { JsonValue } from '../../../src/core/json.ts'
import { schemaToJson } from '../../../src/iceberg/schema-json.ts'
import { childFields } from '../../../src/iceberg/schema.ts'
import type { NestedField, Type } from '../../../src/iceberg/types.ts'
import type { ParquetReading } from '../../../rig/readers/parquet.ts'
import type { FuzzedFile } from './fuzzed-files.ts'
import { condition, type Dialect, type Lookup } from './lookups.ts'

export type Judge = 'duckdb' | 'records' | 'vectors' | 'iceberg'
export const JUDGES: readonly Judge[] = ['duckdb', 'records', 'vectors', 'iceberg']

const DIALECTS: Record<Judge, Dialect> = {
  duckdb: 'duckdb',
  records: 'spark',
  vectors: 'spark',
  iceberg: 'iceberg',
}

export interface Task {
  readonly reading: ParquetReading
  readonly names: readonly string[]
  readonly lookups: readonly Lookup[]
}

/** What a judge is asked about a file: all columns that it can read. */
export function taskFor(judge: Judge, file: FuzzedFile): Task | undefined {
  const fields = file.schema.fields.filter(({ type }) => canRead(judge, file, type))
  // Iceberg's readers for Spark refuse a file that has such a column, also where it is not wanted.
  if (judge === 'iceberg' && fields.length < file.schema.fields.length) return undefined
  const names = fields.map(({ name }) => name)
  const asked = lookupsFor(judge, file).flatMap((lookup) => {
    const [column = ''] = lookup.column.split('.')
    const text = names.includes(column) ? questionTo(judge, file, lookup) : undefined
    return text === undefined ? [] : [{ lookup, text }]
  })
  const schema = schemaToJson({ ...file.schema, fields })
  const lookups = asked.map(({ text }) => text)
  return {
    names,
    lookups: asked.map(({ lookup }) => lookup),
    reading: { fields: fieldsOf(schema), lookups, schema, rowCount: file.rows.length },
  }
}

/** Spark passes over the same parts whether it reads records or vectors, but for pages: records see only some of the files. */
function lookupsFor(judge: Judge, { kind, lookups }: FuzzedFile): readonly Lookup[] {
  return judge === 'records' && kind.spark ? [] : lookups
}

function fieldsOf(schema: ReturnType<typeof schemaToJson>): JsonValue {
  return schema['fields'] ?? []
}

function questionTo(judge: Judge, { properties }: FuzzedFile, lookup: Lookup): string | undefined {
  const { type, column, operator } = lookup
  const filtered = properties[`write.parquet.bloom-filter-enabled.column.${column}`] === 'true'
  // DuckDB 1.5.5 hashes bytes as it prints them, and so misses them in everybody's Bloom filters (duckdb/duckdb#23829).
  const isBytes = type.kind === 'binary' || type.kind === 'fixed'
  if (judge === 'duckdb' && operator === '=' && filtered && isBytes) return undefined
  return condition(DIALECTS[judge], lookup)
}

/** What the judges themselves cannot do, as far as they said so or were seen to. */
function canRead(judge: Judge, { properties }: FuzzedFile, type: Type): boolean {
  switch (judge) {
    case 'duckdb':
      // It has no such type: it cuts to microseconds.
      return !holds(type, (one) => one.kind === 'timestamptz_ns')
    case 'records':
      // Spark 3.5 has no type for either, and within a list asks the file, not us, what to take instead.
      return !holds(type, (one) => one.kind === 'list' && holds(one, isUnknownToSpark))
    case 'vectors':
      // Spark 3.5's vectors have no BYTE_STREAM_SPLIT.
      return properties['firn.parquet.encodings'] === 'v1' || !holds(type, isFloating)
    case 'iceberg':
      return !holds(type, isUnknownToIcebergInSpark)
  }
}

function isUnknownToSpark({ kind }: Type): boolean {
  return kind === 'time' || kind === 'uuid'
}

function isFloating({ kind }: Type): boolean {
  return kind === 'float' || kind === 'double'
}

function isUnknownToIcebergInSpark({ kind }: Type): boolean {
  return kind === 'time' || kind === 'timestamp_ns' || kind === 'timestamptz_ns'
}

function holds(type: Type, wanted: (one: Type) => boolean): boolean {
  return wanted(type) || childFields(type).some((field: NestedField) => holds(field.type, wanted))
}
