import { assert, required } from '../core/assert.ts'
import type { Column, ColumnBatch } from '../columns/column.ts'
import type { Leaf } from './parquet-schema.ts'
import type { Scratch } from './scratch.ts'

/**
 * A leaf's place in its rows, by Dremel's levels. There is one entry for each value, and one for each null or empty
 * list on the way that ends without a value.
 */
export interface Levels {
  readonly entryCount: number
  /** How much of the path is there, entry by entry; empty where the whole path is required. */
  readonly definition: Int32Array
  /** Which list the entry goes on with, 0 for a new row; empty where there is no list on the way. */
  readonly repetition: Int32Array
  /** The leaf's slots that hold a value, in order. Undefined: all of them, from 0 to `valueCount`. */
  readonly slots: Int32Array | undefined
  readonly valueCount: number
  /** The first entry of each row, and the end. Undefined: entries are rows. */
  readonly rowStarts: Int32Array | undefined
}

const NO_LEVELS = new Int32Array(0)

/** The leaf's column in a batch. */
export function leafColumn(leaf: Leaf, batch: ColumnBatch): Column {
  return required(columnsOnPath(leaf, batch).at(-1), 'leaf column')
}

export function levelsOf(leaf: Leaf, batch: ColumnBatch, scratch: Scratch): Levels {
  const path = columnsOnPath(leaf, batch)
  if (leaf.repetitionMax > 0) return repeatedLevels(path, batch.rowCount, scratch)
  if (leaf.definitionMax === 0) {
    const count = batch.rowCount
    return { ...FLAT, entryCount: count, valueCount: count, definition: NO_LEVELS }
  }
  return flatLevels(leaf, path, batch.rowCount, scratch)
}

const FLAT = { repetition: NO_LEVELS, slots: undefined, rowStarts: undefined }

function columnsOnPath(leaf: Leaf, batch: ColumnBatch): readonly Column[] {
  const [first = -1, ...rest] = leaf.steps
  let column = required(batch.columns[first], 'column')
  const path = [column]
  for (const step of rest) {
    column = column.child(step)
    path.push(column)
  }
  return path
}

/** No list on the way: slots are rows, in structs too. */
function flatLevels(
  leaf: Leaf,
  path: readonly Column[],
  rowCount: number,
  scratch: Scratch,
): Levels {
  const definition = scratch.int32(rowCount).fill(0)
  let level = 0
  let anyNull = false
  for (const column of path) {
    if (column.field.required) continue
    if (column.hasNulls) raiseWhereValid(definition, column.validity, level)
    else if (anyNull) raiseAll(definition, level)
    else definition.fill(level + 1)
    anyNull ||= column.hasNulls
    level += 1
  }
  assert(level === leaf.definitionMax, 'the optional columns on the way are the levels')
  if (!anyNull) return { ...FLAT, entryCount: rowCount, valueCount: rowCount, definition }
  const slots = placesOf(definition, level, scratch)
  return { ...FLAT, entryCount: rowCount, valueCount: slots.length, definition, slots }
}

function raiseWhereValid(levels: Int32Array, validity: Uint8Array, level: number): void {
  for (let row = 0; row < levels.length; row += 1) {
    const valid = ((validity[row >>> 3] ?? 0) >>> (row & 7)) & 1
    if (levels[row] === level) levels[row] = level + valid
  }
}

function raiseAll(levels: Int32Array, level: number): void {
  for (let row = 0; row < levels.length; row += 1) {
    if (levels[row] === level) levels[row] = level + 1
  }
}

function placesOf(levels: Int32Array, level: number, scratch: Scratch): Int32Array {
  const places = scratch.int32(levels.length)
  let count = 0
  for (let entry = 0; entry < levels.length; entry += 1) {
    if (levels[entry] === level) places[count++] = entry
  }
  return places.subarray(0, count)
}

/** A slot of an entry that ended above: at a null or an empty list. */
const ENDED = -1

/** Entries on their way down: where each stands in the column that was reached, and its levels so far. */
interface Entries {
  readonly count: number
  readonly definition: Int32Array
  readonly repetition: Int32Array
  readonly slots: Int32Array
}

function repeatedLevels(path: readonly Column[], rowCount: number, scratch: Scratch): Levels {
  let entries: Entries = {
    count: rowCount,
    definition: scratch.int32(rowCount).fill(0),
    repetition: scratch.int32(rowCount).fill(0),
    slots: upTo(rowCount, scratch),
  }
  let repetition = 0
  for (const column of path) {
    if (!column.field.required) passOptional(entries, column)
    if (column.layout === 'list' || column.layout === 'map') {
      repetition += 1
      entries = passList(entries, column, { level: repetition, scratch })
    }
  }
  const { count } = entries
  const slots = present(entries, scratch)
  return {
    entryCount: count,
    definition: entries.definition.subarray(0, count),
    repetition: entries.repetition.subarray(0, count),
    slots: isWhole(slots) ? undefined : slots,
    valueCount: slots.length,
    rowStarts: rowStartsOf(entries, rowCount, scratch),
  }
}

function passOptional({ count, definition, slots }: Entries, column: Column): void {
  for (let entry = 0; entry < count; entry += 1) {
    const slot = slots[entry] ?? ENDED
    if (slot === ENDED) continue
    if (column.isNull(slot)) slots[entry] = ENDED
    else definition[entry] = (definition[entry] ?? 0) + 1
  }
}

function passList(
  entries: Entries,
  { offsets }: Column,
  { level, scratch }: { readonly level: number; readonly scratch: Scratch },
): Entries {
  const { count, definition: definitionBefore, repetition: repetitionBefore } = entries
  const slotsBefore = entries.slots
  // Each entry becomes one for each element, or stays one.
  const room = count + (offsets.at(-1) ?? 0)
  const [definition, repetition] = [scratch.int32(room), scratch.int32(room)]
  const slots = scratch.int32(room)
  let to = 0
  for (let entry = 0; entry < count; entry += 1) {
    const slot = slotsBefore[entry] ?? ENDED
    const start = slot === ENDED ? 0 : (offsets[slot] ?? 0)
    const end = slot === ENDED ? 0 : (offsets[slot + 1] ?? 0)
    const above = definitionBefore[entry] ?? 0
    repetition[to] = repetitionBefore[entry] ?? 0
    definition[to] = start === end ? above : above + 1
    slots[to++] = start === end ? ENDED : start
    for (let element = start + 1; element < end; element += 1) {
      repetition[to] = level
      definition[to] = above + 1
      slots[to++] = element
    }
  }
  return { count: to, definition, repetition, slots }
}

function upTo(count: number, scratch: Scratch): Int32Array {
  const numbers = scratch.int32(count)
  for (let index = 0; index < count; index += 1) numbers[index] = index
  return numbers
}

function present({ count: entryCount, slots: all }: Entries, scratch: Scratch): Int32Array {
  const slots = scratch.int32(entryCount)
  let count = 0
  for (let entry = 0; entry < entryCount; entry += 1) {
    const slot = all[entry] ?? ENDED
    if (slot !== ENDED) slots[count++] = slot
  }
  return slots.subarray(0, count)
}

function isWhole(slots: Int32Array): boolean {
  return slots.length === 0 || slots.at(-1) === slots.length - 1
}

function rowStartsOf(
  { count, repetition }: Entries,
  rowCount: number,
  scratch: Scratch,
): Int32Array {
  const starts = scratch.int32(rowCount + 1)
  let row = 0
  for (let entry = 0; entry < count; entry += 1) {
    if (repetition[entry] === 0) starts[row++] = entry
  }
  starts[row] = count
  assert(row === rowCount, 'every row has its entries')
  return starts
}
