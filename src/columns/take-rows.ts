import { assert } from '../core/assert.ts'
import { clearBit, getBit, setBit } from './bitmap.ts'
import { BatchBuilder } from './batch-builder.ts'
import type { ColumnBuilder } from './column-builder.ts'
import type { Column, ColumnBatch } from './column.ts'

/** The rows of a batch at some indices, in their order, as a batch of its own: for a sort order. */
export function takeRows(batch: ColumnBatch, indices: Int32Array): ColumnBatch {
  const builder = new BatchBuilder(batch.schema)
  appendRows(builder, batch, indices)
  return builder.seal()
}

/**
 * Appends the rows of a batch at some indices to a builder of the same schema. So are rows split by partition tuple:
 * the decoder fills one builder, and each tuple's rows are gathered from it into the tuple's own, column by column.
 */
export function appendRows(target: BatchBuilder, batch: ColumnBatch, indices: Int32Array): void {
  assert(target.columns.length === batch.columns.length, 'rows are gathered within one schema')
  const selection: Selection = { slots: indices, count: indices.length }
  batch.columns.forEach((column, index) => gather(target.column(index), column, selection))
  target.counters[0] = target.rowCount + indices.length
}

/** Slots of a column, in the order in which they are taken. */
interface Selection {
  readonly slots: Int32Array
  readonly count: number
}

function gather(target: ColumnBuilder, source: Column, selection: Selection): void {
  const start = target.length
  target.reserve(selection.count)
  if (target.optional && source.hasNulls) gatherValidity(target, source, selection)
  gatherValues(target, source, { ...selection, start })
  target.countSlots(selection.count)
}

function gatherValidity(target: ColumnBuilder, source: Column, selection: Selection): void {
  const { validity } = source
  const start = target.length
  let nulls = 0
  for (let index = 0; index < selection.count; index += 1) {
    if (getBit(validity, selection.slots[index] ?? 0)) continue
    clearBit(target.validity, start + index)
    nulls += 1
  }
  target.countNulls(nulls)
}

interface PlacedSelection extends Selection {
  /** The target's slot for the first. */
  readonly start: number
}

function gatherValues(target: ColumnBuilder, source: Column, selection: PlacedSelection): void {
  switch (source.layout) {
    case 'boolean':
      return gatherBits(target, source, selection)
    case 'int32':
      return gatherInt32(target.words, source.words, selection)
    case 'int64':
      return gatherInt64(target.words, source.words, selection)
    case 'decimal':
      return gatherDecimals(target.words, source.words, selection)
    case 'float':
      return gatherFloats(target.floats, source.floats, selection)
    case 'double':
      return gatherDoubles(target.doubles, source.doubles, selection)
    case 'fixed':
      return gatherFixed(target, source, selection)
    case 'bytes':
      return gatherBytes(target, source, selection)
    case 'struct':
      source.children.forEach((child, index) => gather(target.child(index), child, selection))
      return
    default:
      return gatherLists(target, source, selection)
  }
}

function gatherBits(target: ColumnBuilder, source: Column, selection: PlacedSelection): void {
  for (let index = 0; index < selection.count; index += 1) {
    const slot = selection.start + index
    if (getBit(source.bytes, selection.slots[index] ?? 0)) setBit(target.bytes, slot)
    else clearBit(target.bytes, slot)
  }
}

function gatherInt32(target: Int32Array, source: Int32Array, selection: PlacedSelection): void {
  const { slots, count, start } = selection
  for (let index = 0; index < count; index += 1) {
    target[start + index] = source[slots[index] ?? 0] ?? 0
  }
}

function gatherInt64(target: Int32Array, source: Int32Array, selection: PlacedSelection): void {
  const { slots, count } = selection
  let to = selection.start * 2
  for (let index = 0; index < count; index += 1) {
    const from = (slots[index] ?? 0) * 2
    target[to++] = source[from] ?? 0
    target[to++] = source[from + 1] ?? 0
  }
}

function gatherDecimals(target: Int32Array, source: Int32Array, selection: PlacedSelection): void {
  const { slots, count } = selection
  let to = selection.start * 4
  for (let index = 0; index < count; index += 1) {
    const from = (slots[index] ?? 0) * 4
    for (let word = 0; word < 4; word += 1) target[to++] = source[from + word] ?? 0
  }
}

function gatherFloats(
  target: Float32Array,
  source: Float32Array,
  { slots, count, start }: PlacedSelection,
): void {
  for (let index = 0; index < count; index += 1) {
    target[start + index] = source[slots[index] ?? 0] ?? 0
  }
}

function gatherDoubles(
  target: Float64Array,
  source: Float64Array,
  { slots, count, start }: PlacedSelection,
): void {
  for (let index = 0; index < count; index += 1) {
    target[start + index] = source[slots[index] ?? 0] ?? 0
  }
}

function gatherFixed(target: ColumnBuilder, source: Column, selection: PlacedSelection): void {
  const { width, bytes } = target
  const from = source.bytes
  let to = selection.start * width
  for (let index = 0; index < selection.count; index += 1) {
    const start = (selection.slots[index] ?? 0) * width
    for (let byte = 0; byte < width; byte += 1) bytes[to++] = from[start + byte] ?? 0
  }
}

function gatherBytes(target: ColumnBuilder, source: Column, selection: PlacedSelection): void {
  const { slots, count, start } = selection
  target.reserveBytes(lengthOf(source, selection))
  const { offsets, bytes } = target
  const from = source.bytes
  let to = offsets[start] ?? 0
  for (let index = 0; index < count; index += 1) {
    const slot = slots[index] ?? 0
    const end = source.offsets[slot + 1] ?? 0
    for (let at = source.offsets[slot] ?? 0; at < end; at += 1) bytes[to++] = from[at] ?? 0
    offsets[start + index + 1] = to
  }
}

function lengthOf({ offsets }: Column, { slots, count }: Selection): number {
  let length = 0
  for (let index = 0; index < count; index += 1) {
    const slot = slots[index] ?? 0
    length += (offsets[slot + 1] ?? 0) - (offsets[slot] ?? 0)
  }
  return length
}

function gatherLists(target: ColumnBuilder, source: Column, selection: PlacedSelection): void {
  const { slots, count, start } = selection
  const elements = new Int32Array(lengthOf(source, selection))
  let taken = 0
  let length = target.offsets[start] ?? 0
  for (let index = 0; index < count; index += 1) {
    const slot = slots[index] ?? 0
    const end = source.offsets[slot + 1] ?? 0
    for (let at = source.offsets[slot] ?? 0; at < end; at += 1) elements[taken++] = at
    length += end - (source.offsets[slot] ?? 0)
    target.offsets[start + index + 1] = length
  }
  source.children.forEach((child, index) =>
    gather(target.child(index), child, { slots: elements, count: taken }),
  )
}
