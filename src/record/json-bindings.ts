import type { ColumnBuilder } from '../columns/column-builder.ts'
import { required } from '../core/assert.ts'
import { typeText } from '../iceberg/type-text.ts'
import { commentText } from './source-text.ts'

/**
 * The part of the generated code that holds the columns: each column's arrays as variables, fetched again by `bind`
 * whenever one of them was replaced; `prepare`, which makes room for rows; and for each column `grow` (one more slot of
 * a list's elements) and `hole` (a null slot).
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
    'function prepare() {',
    'builder.reserveRows(rowsAhead)',
    'bind()',
    `rows = Math.min(S[0] + rowsAhead${room})`,
    '}',
    ...all.flatMap((column) => growLines(indexOf(column))),
    ...all.flatMap((column) => holeLines(column, indexOf)),
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
    ...arraysOf(column).map(([letter, array]) =>
      letter === 't'
        ? `t${index} = viewOf(C${index}.bytes)`
        : `${letter}${index} = C${index}.${array}`,
    ),
    `m${index} = roomOf(C${index})`,
  ]
}

function growLines(index: number): string[] {
  return [`function grow${index}() {`, `C${index}.reserve(1)`, 'bind()', '}']
}

/** A null slot; of a required column, one under a null parent, which is never looked at. */
function holeLines(column: ColumnBuilder, indexOf: (column: ColumnBuilder) => number): string[] {
  const index = indexOf(column)
  const { lengthAt, nullsAt, optional, layout } = column
  const lines = [`function hole${index}() {`, `const n = S[${lengthAt}]`, `S[${lengthAt}] = n + 1`]
  if (optional) lines.push(`S[${nullsAt}]++`, `v${index}[n >>> 3] &= ~(1 << (n & 7))`)
  if (layout === 'bytes' || layout === 'list' || layout === 'map') {
    lines.push(`o${index}[n + 1] = o${index}[n]`)
  }
  if (layout === 'struct') lines.push(...column.children.map((child) => `hole${indexOf(child)}()`))
  lines.push('}')
  return lines
}

/** The arrays that a column's code uses, each by the letter of its variable; `t` is a view of `bytes`. */
function arraysOf({ layout, optional }: ColumnBuilder): readonly (readonly [string, string])[] {
  const validity = optional ? ([['v', 'validity']] as const) : []
  switch (layout) {
    case 'int32':
    case 'int64':
    case 'decimal':
      return [...validity, ['w', 'words']]
    case 'float':
      return [...validity, ['x', 'floats']]
    case 'double':
      return [...validity, ['x', 'doubles']]
    case 'bytes':
      return [...validity, ['o', 'offsets'], ['b', 'bytes'], ['t', 'bytes']]
    case 'boolean':
    case 'fixed':
      return [...validity, ['b', 'bytes']]
    case 'list':
    case 'map':
      return [...validity, ['o', 'offsets']]
    default:
      return validity
  }
}
