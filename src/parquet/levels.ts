import type { Column, ColumnBatch } from '../columns/column.ts'
import { assert, required } from '../core/assert.ts'
import { passList, passOptional, passRequired, type Place, rootPlace } from './level-steps.ts'
import type { Leaf } from './parquet-schema.ts'
import { ScratchArrays } from './scratch-arrays.ts'

/**
 * A leaf's place in its rows, by Dremel's levels. There is one entry for each value, and one for each null or empty
 * list on the way that ends without a value.
 */
export interface Levels {
  readonly entryCount: number
  /** How much of the path is there, entry by entry. */
  readonly definition: LevelSequence
  /** Which list the entry goes on with, 0 for a new row. */
  readonly repetition: LevelSequence
  /** The leaf's slots that hold a value, in order. Undefined: all of them, from 0 to `valueCount`. */
  readonly slots: Int32Array | undefined
  readonly valueCount: number
  /** The first entry of each row, and the end. Undefined: entries are rows. */
  readonly rowStarts: Int32Array | undefined
}

/** Levels entry by entry; most columns have the same in all entries, and then there is nothing to fill and to walk. */
export interface LevelSequence {
  readonly each: Int32Array | undefined
  /** Where `each` is undefined. */
  readonly all: number
}

/** A column on the way to a leaf, and where entries stand behind it. */
interface Step {
  readonly column: Column
  readonly place: Place
  /** Scratch memory in use before it. */
  readonly used: number
}

/**
 * The levels of a batch's leaves, one leaf after another. What leaves have in common, the structs and lists around
 * them, is passed once: neighbours in the schema share it.
 */
export class LevelReader {
  private readonly scratch = new ScratchArrays()
  private readonly steps: Step[] = []
  private root = rootPlace(0)

  /** Begins with a batch. Levels of the last one must not be looked at any more. */
  start({ rowCount }: ColumnBatch): void {
    this.forget()
    this.root = rootPlace(rowCount)
  }

  /** Lets go of the batch's columns. */
  forget(): void {
    this.steps.length = 0
    this.scratch.reset()
  }

  /** Good until the next leaf's. */
  levelsOf(leaf: Leaf, batch: ColumnBatch): Levels {
    const { place, column } = this.stepTo(leaf, batch)
    assert(place.level === leaf.definitionMax, 'the optional columns on the way are the levels')
    assert(place.list === leaf.repetitionMax, 'the lists on the way are the repetition levels')
    const { definition, repetition, slots, presentCount } = place
    const isWhole = slots === undefined || presentCount === column.length
    return {
      entryCount: place.entryCount,
      definition: { each: definition, all: place.uniformLevel },
      repetition: { each: repetition, all: 0 },
      slots: isWhole ? undefined : slots,
      valueCount: presentCount,
      rowStarts: place.rowStarts,
    }
  }

  private stepTo(leaf: Leaf, batch: ColumnBatch): Step {
    const { steps } = this
    let before: Step | undefined
    for (let depth = 0; depth < leaf.steps.length; depth += 1) {
      const column = childOf(before?.column, batch, leaf.steps[depth] ?? -1)
      let step = steps[depth]
      if (step?.column !== column) {
        step = this.pass(before, column, step?.used)
        steps.length = depth
        steps.push(step)
      }
      before = step
    }
    return required(before, 'leaf column')
  }

  /** Memory of the steps that this one replaces is taken back. */
  private pass(before: Step | undefined, column: Column, used: number | undefined): Step {
    const { scratch } = this
    if (used !== undefined) scratch.reset(used)
    const above = before?.place ?? this.root
    let place = passRequired(above)
    let kept = scratch.used
    if (!column.field.required) {
      place = passOptional(above, column, before?.column, scratch)
      // What columns of a struct share stays until the struct goes.
      if (above.raised !== undefined && place.definition === above.raised) kept = scratch.used
    }
    if (column.layout === 'list' || column.layout === 'map') {
      place = passList(place, column, scratch)
    }
    return { column, place, used: kept }
  }
}

function childOf(parent: Column | undefined, batch: ColumnBatch, index: number): Column {
  return parent === undefined ? required(batch.columns[index], 'column') : parent.child(index)
}

/** The leaf's column in a batch. */
export function leafColumn({ steps }: Leaf, batch: ColumnBatch): Column {
  let column: Column | undefined
  for (const step of steps) column = childOf(column, batch, step)
  return required(column, 'leaf column')
}
