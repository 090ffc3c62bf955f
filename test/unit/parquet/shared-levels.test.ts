import { tableFromIPC } from 'apache-arrow'
import { readParquet } from 'parquet-wasm/node'
import { expect, test } from 'vitest'
import type { NestedField, Schema, Type } from '../../../src/iceberg/types.ts'
import { arrowRows } from '../columns/arrow-trees.ts'
import { batchOf, type Tree } from '../columns/tree.ts'
import { encodeFile } from './parquet-files.ts'

let ids = 0
const field = (type: Type, required = false): NestedField => ({
  id: (ids += 1),
  name: `f${ids}`,
  required,
  type,
})
const INT = { kind: 'int' } as const
const struct = (...fields: NestedField[]): Type => ({ kind: 'struct', fields })
const list = (element: Type): Type => ({
  kind: 'list',
  elementId: (ids += 1),
  element,
  elementRequired: false,
})

/** A column of a type, with rows of which `null` is every third. */
function expectRead(type: Type, value: (row: number) => Tree): void {
  const schema: Schema = { schemaId: 0, identifierFieldIds: [], fields: [field(type), field(INT)] }
  const rows = Array.from({ length: 50 }, (_, row) => [row % 3 === 1 ? null : value(row), row])
  const { bytes } = encodeFile(schema, [batchOf(schema, rows)])
  const table = tableFromIPC(readParquet(bytes).intoIPCStream())
  const types = schema.fields.map((of) => of.type)
  expect(arrowRows(table, types)).toEqual(rows)
}

test('structs that are null together, in a struct that goes on behind them', () => {
  const inner = () => struct(field(INT), field(struct(field(INT), field(INT))), field(INT))
  expectRead(struct(field(INT), field(inner()), field(INT), field(inner()), field(INT)), (row) => {
    const within = [row, row % 2 === 0 ? null : [null, row], row]
    return [row, within, null, within, row]
  })
})

test('required structs between optional ones', () => {
  const required = (...fields: NestedField[]) => field(struct(...fields), true)
  const element = struct(
    required(field(INT)),
    required(field(INT), field(INT)),
    required(field(list(INT)), field(INT)),
    field(INT),
  )
  expectRead(list(element), (row) => {
    const some = row % 2 === 0 ? null : row
    return Array.from({ length: row % 4 }, () => [[row], [some, row], [[null, some], row], row])
  })
})

test('lists of structs of lists', () => {
  const element = struct(field(INT), field(list(struct(field(INT), field(INT)))), field(INT))
  expectRead(list(element), (row) =>
    Array.from({ length: row % 4 }, (_, at) =>
      at === 1 ? null : [row, at === 2 ? null : [[row, at], null, [null, at]], at],
    ),
  )
})

test('lists that are all empty, and lists of nulls alone', () => {
  expectRead(struct(field(list(INT)), field(INT), field(list(list(INT)))), (row) => [
    [],
    row,
    [[], null, []],
  ])
  expectRead(list(struct(field(INT), field(list(INT)))), () => [null, [null, null]])
})
