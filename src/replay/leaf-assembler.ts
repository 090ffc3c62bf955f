import { required } from '../core/assert.ts'
import { clearBit } from '../columns/bitmap.ts'
import type { BatchBuilder } from '../columns/batch-builder.ts'
import type { ColumnBuilder } from '../columns/column-builder.ts'
import type { FileLeaf, PathColumn } from './file-layout.ts'
import type { LeafPage } from './leaf-pages.ts'
import type { RawAppender } from './raw-values.ts'

interface Filled extends PathColumn {
  readonly column: ColumnBuilder
}

/**
 * Puts the entries of one leaf back into columns, by Dremel's levels: the leaf's own slots, and those of the structs,
 * lists and maps above that it is the first leaf of. Every leaf of a row group done, the rows are whole.
 */
export class LeafAssembler {
  readonly #leaf: FileLeaf
  readonly #append: RawAppender
  readonly #fills: readonly Filled[]

  constructor(leaf: FileLeaf, append: RawAppender, builder: BatchBuilder) {
    this.#leaf = leaf
    this.#append = append
    this.#fills = leaf.fills.map((path) => ({ ...path, column: columnAt(builder, path.steps) }))
  }

  /** Throws a RangeError or TypeError where levels and values do not go together. */
  append({ entryCount, definition, repetition, values, dictionary }: LeafPage): void {
    const { definitionMax } = this.#leaf
    let next = 0
    for (let entry = 0; entry < entryCount; entry += 1) {
      const defined = definition.length === 0 ? definitionMax : (definition[entry] ?? 0)
      const repeated = repetition.length === 0 ? 0 : (repetition[entry] ?? 0)
      let value: unknown
      if (defined === definitionMax) {
        if (next >= values.length) throw new RangeError('a page has fewer values than its levels')
        const stored: unknown = values[next++]
        value = dictionary === undefined ? stored : dictionary[Number(stored)]
      }
      this.#place(defined, repeated, value)
    }
    if (next !== values.length) throw new RangeError('a page has more values than its levels')
  }

  #place(defined: number, repeated: number, value: unknown): void {
    for (const filled of this.#fills) {
      const { kind, column } = filled
      if (repeated <= filled.repetition && defined >= filled.slotAt) {
        if (defined < filled.presentAt) appendNullSlot(filled, defined)
        else if (kind === 'leaf') this.#append(column, value)
        else appendSlot(filled)
      }
      const isElement = repeated <= filled.repetition + 1 && defined > filled.presentAt
      if (isElement && (kind === 'list' || kind === 'map')) {
        const end = column.length
        column.offsets[end] = (column.offsets[end] ?? 0) + 1
      }
    }
  }
}

/** A struct that is there, or a list or map that is empty so far. */
function appendSlot({ kind, column }: Filled): void {
  const slot = column.takeSlot()
  if (kind !== 'struct') column.offsets[slot + 1] = column.offsets[slot] ?? 0
}

/** Of this column alone: its children have entries of their own. */
function appendNullSlot({ column, parentAt }: Filled, defined: number): void {
  const slot = column.takeSlot()
  if (column.optional) {
    clearBit(column.validity, slot)
    column.countNulls(1)
  } else if (defined >= parentAt) {
    throw new RangeError(`${column.field.name} is required, and the file has a null in it`)
  }
  if (column.offsets.length > 0) column.offsets[slot + 1] = column.offsets[slot] ?? 0
}

function columnAt(builder: BatchBuilder, steps: readonly number[]): ColumnBuilder {
  const [top, ...below] = steps
  let column = builder.column(required(top, 'top of a column path'))
  for (const step of below) column = column.child(step)
  return column
}
