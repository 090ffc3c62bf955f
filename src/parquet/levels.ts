import { assert, required } from '../core/assert.ts'
import type { Column, ColumnBatch } from '../columns/column.ts'
import type { Leaf } from './parquet-schema.ts'

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

export function levelsOf(leaf: Leaf, batch: ColumnBatch): Levels {
  const path = columnsOnPath(leaf, batch)
  if (leaf.repetitionMax > 0) return repeatedLevels(path, batch.rowCount)
  if (leaf.definitionMax === 0) {
    const count = batch.rowCount
    return { ...FLAT, entryCount: count, valueCount: count, definition: NO_LEVELS }
  }
  return flatLevels(leaf, path, batch.rowCount)
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
function flatLevels(leaf: Leaf, path: readonly Column[], rowCount: number): Levels {
  const definition = new Int32Array(rowCount)
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
  const slots = placesOf(definition, level)
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

function placesOf(levels: Int32Array, level: number): Int32Array {
  const places = new Int32Array(levels.length)
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
  count: number
  definition: Int32Array
  repetition: Int32Array
  slots: Int32Array
}

function repeatedLevels(path: readonly Column[], rowCount: number): Levels {
  let entries: Entries = {
    count: rowCount,
    definition: new Int32Array(rowCount),
    repetition: new Int32Array(rowCount),
    slots: upTo(rowCount),
  }
  let repetition = 0
  for (const column of path) {
    if (!column.field.required) passOptional(entries, column)
    if (column.layout === 'list' || column.layout === 'map') {
      repetition += 1
      entries = passList(entries, column, repetition)
    }
  }
  const { count } = entries
  const slots = present(entries)
  return {
    entryCount: count,
    definition: entries.definition.subarray(0, count),
    repetition: entries.repetition.subarray(0, count),
    slots: isWhole(slots) ? undefined : slots,
    valueCount: slots.length,
    rowStarts: rowStartsOf(entries, rowCount),
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

function passList(entries: Entries, { offsets }: Column, level: number): Entries {
  const passed = roomFor(entries, offsets)
  let to = 0
  for (let entry = 0; entry < entries.count; entry += 1) {
    const slot = entries.slots[entry] ?? ENDED
    const start = slot === ENDED ? 0 : (offsets[slot] ?? 0)
    const end = slot === ENDED ? 0 : (offsets[slot + 1] ?? 0)
    const definition = entries.definition[entry] ?? 0
    passed.repetition[to] = entries.repetition[entry] ?? 0
    if (start === end) {
      passed.definition[to] = definition
      passed.slots[to++] = ENDED
      continue
    }
    for (let element = start; element < end; element += 1) {
      if (element > start) passed.repetition[to] = level
      passed.definition[to] = definition + 1
      passed.slots[to++] = element
    }
  }
  passed.count = to
  return passed
}

/** Each entry becomes one entry for each element, or stays one. */
function roomFor(entries: Entries, offsets: Int32Array): Entries {
  const room = entries.count + (offsets.at(-1) ?? 0)
  return {
    count: 0,
    definition: new Int32Array(room),
    repetition: new Int32Array(room),
    slots: new Int32Array(room),
  }
}

function upTo(count: number): Int32Array {
  const numbers = new Int32Array(count)
  for (let index = 0; index < count; index += 1) numbers[index] = index
  return numbers
}

function present(entries: Entries): Int32Array {
  const slots = new Int32Array(entries.count)
  let count = 0
  for (let entry = 0; entry < entries.count; entry += 1) {
    const slot = entries.slots[entry] ?? ENDED
    if (slot !== ENDED) slots[count++] = slot
  }
  return slots.subarray(0, count)
}

function isWhole(slots: Int32Array): boolean {
  return slots.length === 0 || slots.at(-1) === slots.length - 1
}

function rowStartsOf({ count, repetition }: Entries, rowCount: number): Int32Array {
  const starts = new Int32Array(rowCount + 1)
  let row = 0
  for (let entry = 0; entry < count; entry += 1) {
    if (repetition[entry] === 0) starts[row++] = entry
  }
  starts[row] = count
  assert(row === rowCount, 'every row has its entries')
  return starts
}
