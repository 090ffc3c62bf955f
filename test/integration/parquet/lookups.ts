import { comparatorOf } from '../../../src/iceberg/compare.ts'
import type { NestedField, PrimitiveType, Schema, Value } from '../../../src/iceberg/types.ts'
import { asBigint } from '../../../src/iceberg/value.ts'
import type { Seeded } from '../../support/seeded.ts'
import type { Tree } from '../../unit/columns/tree.ts'
import { canonicalValue } from './canonical.ts'

/** A question by which an engine may pass over parts of a file, and the rows that it must find all the same. */
export interface Lookup {
  /** The name of a column, or of a field in structs, with dots. */
  readonly column: string
  readonly type: PrimitiveType
  readonly operator: '=' | '<='
  readonly value: Value
  readonly ids: readonly string[]
}

export type Dialect = 'duckdb' | 'spark' | 'iceberg'

interface Column {
  /** With dots. */
  readonly column: string
  readonly type: PrimitiveType
  /** From the row down: which child at each step. */
  readonly steps: readonly number[]
}

/** Values that some row has, so that a filter that is wrong about them loses rows. */
export function lookupsFor(
  random: Seeded,
  schema: Schema,
  { trees, count }: { readonly trees: readonly (readonly Tree[])[]; readonly count: number },
): Lookup[] {
  const columns = columnsOf(schema)
  return Array.from({ length: count }, () => random.pick(columns)).flatMap((column) => {
    const value = valueAt(random.pick(trees), column.steps)
    // Readers differ on whether NaN is above all numbers, and zero is two values: what their statistics say of them is
    // in the unit tests.
    if (value === null || value === 0 || Number.isNaN(value)) return []
    const operator = column.type.kind === 'boolean' ? '=' : random.pick(['=', '=', '<='] as const)
    return [{ ...column, operator, value, ids: idsOf(trees, column, { operator, value }) }]
  })
}

/** The single values of a row. Those in lists and maps are not: what a reader could pass over for them is not rows. */
export function columnsOf({ fields }: Schema): readonly Column[] {
  return leavesOf(fields, '', [])
}

function leavesOf(
  fields: readonly NestedField[],
  prefix: string,
  steps: readonly number[],
): readonly Column[] {
  return fields.flatMap(({ name, type }, index) => {
    const here = [...steps, index]
    switch (type.kind) {
      case 'struct':
        return leavesOf(type.fields, `${prefix}${name}.`, here)
      case 'list':
      case 'map':
      case 'unsupported':
        return []
      default:
        return [{ column: `${prefix}${name}`, type, steps: here }]
    }
  })
}

function valueAt(row: readonly Tree[], steps: readonly number[]): Value | null {
  let at: Tree = row
  for (const step of steps) {
    if (at === null) return null
    at = (at as readonly Tree[])[step] ?? null
  }
  return at as Value | null
}

function idsOf(
  trees: readonly (readonly Tree[])[],
  { type, steps }: Column,
  { operator, value }: Pick<Lookup, 'operator' | 'value'>,
): string[] {
  const compare = comparatorOf(type)
  return trees.flatMap((row) => {
    const found = valueAt(row, steps)
    if (found === null) return []
    const order = compare(found, value)
    return order === 0 || (operator === '<=' && order < 0) ? [String(valueAt(row, [0]))] : []
  })
}

/** The question in an engine's SQL; undefined where it has no words for the value. */
export function condition(dialect: Dialect, lookup: Lookup): string | undefined {
  const literal = literalOf(dialect, lookup)
  return literal === undefined ? undefined : `${lookup.column} ${lookup.operator} ${literal}`
}

function literalOf(dialect: Dialect, lookup: Lookup): string | undefined {
  const { type, value } = lookup
  const text = String(canonicalValue(type, value))
  switch (type.kind) {
    case 'boolean':
      return text
    case 'int':
    case 'float':
    case 'double':
      return cast(text, type.kind.toUpperCase())
    case 'long':
      return cast(text, 'BIGINT')
    case 'decimal':
      return cast(text, `DECIMAL(${type.precision}, ${type.scale})`)
    case 'fixed':
    case 'binary':
      return `unhex('${text}')`
    case 'date':
      return plainYear(text, 'DATE')
    default:
      return dialect === 'duckdb'
        ? duckDbLiteral(lookup, text)
        : sparkLiteral(dialect, lookup, text)
  }
}

function duckDbLiteral({ type, value }: Lookup, text: string): string | undefined {
  switch (type.kind) {
    case 'string':
      return `decode(${utf8(text)})`
    case 'uuid':
    case 'time':
      return cast(text, type.kind.toUpperCase())
    case 'timestamp':
    case 'timestamptz':
      return plainYear(text, type.kind.toUpperCase())
    default:
      return `make_timestamp_ns(${asBigint(value)})`
  }
}

function sparkLiteral(dialect: Dialect, { type, value }: Lookup, text: string): string | undefined {
  switch (type.kind) {
    case 'string':
      return `decode(${utf8(text)}, 'UTF-8')`
    case 'uuid':
      return dialect === 'iceberg' ? `'${text}'` : `unhex('${text.replaceAll('-', '')}')`
    case 'timestamp':
      return plainYear(text, 'TIMESTAMP_NTZ')
    case 'timestamptz':
      return plainYear(text, 'TIMESTAMP')
    default:
      // A time of day, or nanoseconds: Spark is told to take them for integers.
      return cast(String(asBigint(value)), 'BIGINT')
  }
}

function utf8(text: string): string {
  return `unhex('${Buffer.from(text).toString('hex')}')`
}

function cast(text: string, type: string): string {
  return `CAST('${text}' AS ${type})`
}

/** SQL has years of four digits, from 1. */
function plainYear(text: string, type: string): string | undefined {
  return /^\d{4}-/.test(text) && !text.startsWith('0000') ? cast(text, type) : undefined
}
