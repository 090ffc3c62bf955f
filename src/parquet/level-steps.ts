import { getBit } from '../columns/bitmap.ts'
import type { Column } from '../columns/column.ts'
import { assert } from '../core/assert.ts'
import type { ScratchArrays } from './scratch-arrays.ts'

/** Where entries stand in the column that was reached on the way down, and their levels so far. */
export interface Place {
  readonly entryCount: number
  /** The definition level of entries that are present; those that ended above have less. */
  readonly level: number
  /** How many lists are on the way. */
  readonly list: number
  readonly presentCount: number
  /** Slots of the present entries. Undefined: all from 0 on. */
  readonly slots: Int32Array | undefined
  /** Undefined: all entries have `uniformLevel`. */
  readonly definition: Int32Array | undefined
  readonly uniformLevel: number
  /** Undefined: all 0. */
  readonly repetition: Int32Array | undefined
  /** The first entry of each row, and the end. Undefined: entries are rows. */
  readonly rowStarts: Int32Array | undefined
  /** `definition` with what is present a level higher: the same for many columns of a struct, hence kept. */
  raised: Int32Array | undefined
}

const NO_SLOTS = new Int32Array(0)

export function rootPlace(rowCount: number): Place {
  return {
    entryCount: rowCount,
    level: 0,
    list: 0,
    presentCount: rowCount,
    slots: undefined,
    definition: undefined,
    uniformLevel: 0,
    repetition: undefined,
    rowStarts: undefined,
    raised: undefined,
  }
}

/** Into a required column: a place of its own, with memory that goes with it. */
export function passRequired(at: Place): Place {
  return { ...at, raised: undefined }
}

/** Into an optional column. `struct` is what it is a field of, if anything; their slots are the same. */
export function passOptional(
  at: Place,
  column: Column,
  struct: Column | undefined,
  scratch: ScratchArrays,
): Place {
  if (at.presentCount === 0 || column.nullCount === column.length) return ended(at)
  if (column.nullCount === 0) return raised(at, scratch)
  if (struct !== undefined && isNullWith(column, struct)) return raised(at, scratch)
  return at.definition === undefined
    ? passFromAll(at, column, scratch)
    : passFromSome(at, at.definition, column, scratch)
}

/** None of what was present goes on. */
function ended(at: Place): Place {
  return { ...at, level: at.level + 1, presentCount: 0, slots: NO_SLOTS, raised: undefined }
}

/** All of what was present goes on. */
function raised(at: Place, scratch: ScratchArrays): Place {
  const level = at.level + 1
  if (at.definition === undefined) return { ...at, level, uniformLevel: level }
  at.raised ??= raisedLevels(at.definition, at, scratch)
  return { ...at, level, definition: at.raised, raised: undefined }
}

function raisedLevels(levels: Int32Array, { level }: Place, scratch: ScratchArrays): Int32Array {
  const result = scratch.int32(levels.length)
  for (let entry = 0; entry < levels.length; entry += 1) {
    const before = levels[entry] ?? 0
    result[entry] = before === level ? level + 1 : before
  }
  return result
}

/** Whether a field of a struct is null exactly where the struct is: then it is there wherever the way goes on. */
function isNullWith(column: Column, struct: Column): boolean {
  if (struct.layout !== 'struct' || struct.nullCount !== column.nullCount) return false
  const [left, right] = [column.validity, struct.validity]
  const whole = column.length >>> 3
  for (let byte = 0; byte < whole; byte += 1) if (left[byte] !== right[byte]) return false
  // Bits past the length mean nothing.
  for (let slot = whole * 8; slot < column.length; slot += 1) {
    if (getBit(left, slot) !== getBit(right, slot)) return false
  }
  return true
}

/** Where no entry ended so far: all have one level. */
function passFromAll(at: Place, { validity }: Column, scratch: ScratchArrays): Place {
  const { entryCount: count, level, slots: before } = at
  const definition = scratch.int32(count)
  const slots = scratch.int32(count)
  let present = 0
  for (let entry = 0; entry < count; entry += 1) {
    const slot = before === undefined ? entry : (before[entry] ?? 0)
    const valid = ((validity[slot >>> 3] ?? 0) >>> (slot & 7)) & 1
    definition[entry] = level + valid
    slots[present] = slot
    present += valid
  }
  return onward(at, definition, slots.subarray(0, present))
}

function passFromSome(
  at: Place,
  levels: Int32Array,
  { validity }: Column,
  scratch: ScratchArrays,
): Place {
  const { entryCount: count, level, slots: before } = at
  const definition = scratch.int32(count)
  const slots = scratch.int32(at.presentCount)
  let present = 0
  let next = 0
  for (let entry = 0; entry < count; entry += 1) {
    const above = levels[entry] ?? 0
    definition[entry] = above
    if (above !== level) continue
    const slot = before === undefined ? next : (before[next] ?? 0)
    next += 1
    const valid = ((validity[slot >>> 3] ?? 0) >>> (slot & 7)) & 1
    definition[entry] = above + valid
    slots[present] = slot
    present += valid
  }
  return onward(at, definition, slots.subarray(0, present))
}

function onward(at: Place, definition: Int32Array, slots: Int32Array): Place {
  const presentCount = slots.length
  return { ...at, level: at.level + 1, presentCount, slots, definition, raised: undefined }
}

/** Into the elements of a list or map: each entry becomes one for each element, or stays one. */
export function passList(at: Place, { offsets }: Column, scratch: ScratchArrays): Place {
  const list = at.list + 1
  const total = offsets.at(-1) ?? 0
  if (at.presentCount === 0 || total === 0) return { ...ended(at), list }
  const { level, entryCount: count } = at
  const before: Entries = {
    definition: at.definition ?? scratch.int32(count).fill(level),
    repetition: at.repetition ?? scratch.int32(count).fill(0),
    slots: at.slots ?? upTo(at.presentCount, scratch),
  }
  const after: Entries = {
    definition: scratch.int32(count + total),
    repetition: scratch.int32(count + total),
    slots: scratch.int32(total),
  }
  const [entryCount, presentCount] = expand(before, offsets, after, { level, list })
  const repetition = after.repetition.subarray(0, entryCount)
  return {
    entryCount,
    level: level + 1,
    list,
    presentCount,
    slots: after.slots.subarray(0, presentCount),
    definition: presentCount === entryCount ? undefined : after.definition.subarray(0, entryCount),
    uniformLevel: level + 1,
    repetition,
    rowStarts: rowStartsOf(repetition, at.rowStarts?.length ?? count + 1, scratch),
    raised: undefined,
  }
}

interface Entries {
  readonly definition: Int32Array
  readonly repetition: Int32Array
  /** Of the entries that are present. */
  readonly slots: Int32Array
}

/** How many entries there are then, and how many of them are elements. */
function expand(
  before: Entries,
  offsets: Int32Array,
  { definition, repetition, slots }: Entries,
  { level, list }: { readonly level: number; readonly list: number },
): readonly [number, number] {
  let [to, present, next] = [0, 0, 0]
  for (let entry = 0; entry < before.definition.length; entry += 1) {
    const above = before.definition[entry] ?? 0
    repetition[to] = before.repetition[entry] ?? 0
    definition[to++] = above
    if (above !== level) continue
    const slot = before.slots[next++] ?? 0
    const start = offsets[slot] ?? 0
    const end = offsets[slot + 1] ?? 0
    if (start === end) continue
    definition[to - 1] = level + 1
    slots[present++] = start
    for (let element = start + 1; element < end; element += 1) {
      repetition[to] = list
      definition[to++] = level + 1
      slots[present++] = element
    }
  }
  return [to, present]
}

function upTo(count: number, scratch: ScratchArrays): Int32Array {
  const numbers = scratch.int32(count)
  for (let index = 0; index < count; index += 1) numbers[index] = index
  return numbers
}

function rowStartsOf(repetition: Int32Array, length: number, scratch: ScratchArrays): Int32Array {
  const starts = scratch.int32(length)
  let row = 0
  for (let entry = 0; entry < repetition.length; entry += 1) {
    if (repetition[entry] === 0) starts[row++] = entry
  }
  starts[row] = repetition.length
  assert(row + 1 === length, 'every row has its entries')
  return starts
}
