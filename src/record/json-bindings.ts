import type { ColumnBuilder } from '../columns/column-builder.ts'
import { required } from '../core/assert.ts'
import { typeText } from '../iceberg/type-text.ts'
import { commentText } from './source-text.ts'

/**
 * The part of the generated code that holds the columns: each column's arrays as variables, fetched again by `bind`
 * whenever one of them was replaced; `prepare`, which makes room for rows; and for each column `grow`: one more slot of
 * a list's elements.
 */
export function bindingSource(
  top: readonly ColumnBuilder[],
  indexes: ReadonlyMap<ColumnBuilder, number>,
): string[] {
  const all = top.flatMap(withDescendants)
  const indexOf = (column: ColumnBuilder): number => required(indexes.get(column), 'index')
  const room = top.map((column) => `, m${indexOf(column)}`).join('')
  return [
    "'use strict'",
    'let bound = -1, rows = 0',
    ...all.flatMap((column) => declarationLines(column, indexOf(column))),
    'function bind() {',
    'bound = builder.generation',
    ...all.flatMap((column) => fetchLines(column, indexOf(column))),
    '}',
    'function rebind() {',
    'if (builder.generation !== bound) bind()',
    '}',
    'function prepare() {',
    'builder.reserveRows(rowsAhead)',
    'bind()',
    `rows = Math.min(S[0] + rowsAhead${room})`,
    '}',
    ...all.flatMap((column) => growLines(indexOf(column))),
  ]
}

function withDescendants(column: ColumnBuilder): ColumnBuilder[] {
  return [column, ...column.children.flatMap(withDescendants)]
}

/** `m` is how many slots there is room for. */
function declarationLines(column: ColumnBuilder, index: number): string[] {
  const { field } = column
  const type = `${commentText(typeText(field.type))}${field.required ? ', required' : ''}`
  const variables = arraysOf(column).map(([letter]) => `${letter}${index}`)
  return [
    `/* ${commentText(field.name)}: ${type} */`,
    `const C${index} = columns[${index}]`,
    `let ${[...variables, `m${index} = 0`].join(', ')}`,
  ]
}

function fetchLines(column: ColumnBuilder, index: number): string[] {
  return [
    ...arraysOf(column).map(([letter, array]) => `${letter}${index} = C${index}.${array}`),
    `m${index} = roomOf(C${index})`,
  ]
}

function growLines(index: number): string[] {
  return [`function grow${index}() {`, `C${index}.reserve(1)`, 'bind()', '}']
}

/** The arrays that a column's code uses, each by the letter of its variable. Text and binary are appended by others. */
function arraysOf({ layout }: ColumnBuilder): readonly (readonly [string, string])[] {
  switch (layout) {
    case 'int32':
    case 'int64':
    case 'decimal':
      return [['w', 'words']]
    case 'float':
      return [['x', 'floats']]
    case 'double':
      return [['x', 'doubles']]
    case 'boolean':
    case 'fixed':
      return [['b', 'bytes']]
    case 'list':
    case 'map':
      return [['o', 'offsets']]
    default:
      return []
  }
}
