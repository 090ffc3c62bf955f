import { assert } from '../core/assert.ts'
import type { BatchBuilder } from './batch-builder.ts'
import { bitmapBytes, clearBit, getBit, setBit } from './bitmap.ts'
import type { ColumnBuilder } from './column-builder.ts'
import type { Column, ColumnBatch } from './column.ts'

/** Neighbouring slots of a column, or rows of a batch: half-open. */
export interface SlotRange {
  readonly start: number
  readonly end: number
}

/** Appends neighbouring rows of a batch to a builder of the same schema: whole stretches of memory at a time. */
export function appendRange(target: BatchBuilder, batch: ColumnBatch, range: SlotRange): void {
  assert(target.columns.length === batch.columns.length, 'rows are copied within one schema')
  batch.columns.forEach((column, index) => copy(target.column(index), column, range))
  target.counters[0] = target.rowCount + range.end - range.start
}

/** Bytes that neighbouring rows of a batch take, as `ColumnBuilder.byteSize` counts them. */
export function rangeBytes(batch: ColumnBatch, range: SlotRange): number {
  let size = 0
  for (const column of batch.columns) size += slotBytes(column, range)
  return size
}

function slotBytes(column: Column, range: SlotRange): number {
  const { layout, offsets, width } = column
  const count = range.end - range.start
  const cut = layout === 'bytes' || layout === 'list' || layout === 'map'
  let size = (column.field.required ? 0 : bitmapBytes(count)) + (cut ? count * 4 : 0)
  if (layout === 'boolean') size += bitmapBytes(count)
  else if (layout === 'bytes') size += (offsets[range.end] ?? 0) - (offsets[range.start] ?? 0)
  else size += count * width
  const below = layout === 'struct' ? range : valuesOf(column, range)
  for (const child of column.children) size += slotBytes(child, below)
  return size
}

/** Where the values lie that `offsets` cuts. */
function valuesOf({ offsets }: Column, { start, end }: SlotRange): SlotRange {
  return { start: offsets[start] ?? 0, end: offsets[end] ?? 0 }
}

function copy(target: ColumnBuilder, source: Column, range: SlotRange): void {
  target.reserve(range.end - range.start)
  if (target.optional && source.hasNulls) copyValidity(target, source, range)
  copyValues(target, source, range)
  target.countSlots(range.end - range.start)
}

function copyValidity(target: ColumnBuilder, source: Column, { start, end }: SlotRange): void {
  const shift = target.length - start
  let nulls = 0
  for (let slot = start; slot < end; slot += 1) {
    if (getBit(source.validity, slot)) continue
    clearBit(target.validity, slot + shift)
    nulls += 1
  }
  target.countNulls(nulls)
}

function copyValues(target: ColumnBuilder, source: Column, range: SlotRange): void {
  const { start, end } = range
  const at = target.length
  switch (source.layout) {
    case 'boolean':
      return copyBits(target, source, range)
    case 'int32':
    case 'int64':
    case 'decimal': {
      const words = source.width / 4
      target.words.set(source.words.subarray(start * words, end * words), at * words)
      return
    }
    case 'float':
      target.floats.set(source.floats.subarray(start, end), at)
      return
    case 'double':
      target.doubles.set(source.doubles.subarray(start, end), at)
      return
    case 'fixed': {
      const { width } = source
      target.bytes.set(source.bytes.subarray(start * width, end * width), at * width)
      return
    }
    case 'bytes':
      return copyBytes(target, source, range)
    case 'struct':
      source.children.forEach((child, index) => copy(target.child(index), child, range))
      return
    default: {
      copyOffsets(target, source, range)
      const values = valuesOf(source, range)
      source.children.forEach((child, index) => copy(target.child(index), child, values))
    }
  }
}

function copyBits(target: ColumnBuilder, source: Column, { start, end }: SlotRange): void {
  const shift = target.length - start
  for (let slot = start; slot < end; slot += 1) {
    if (getBit(source.bytes, slot)) setBit(target.bytes, slot + shift)
    else clearBit(target.bytes, slot + shift)
  }
}

function copyBytes(target: ColumnBuilder, source: Column, range: SlotRange): void {
  const { start, end } = valuesOf(source, range)
  target.reserveBytes(end - start)
  target.bytes.set(source.bytes.subarray(start, end), target.offsets[target.length] ?? 0)
  copyOffsets(target, source, range)
}

function copyOffsets(target: ColumnBuilder, source: Column, { start, end }: SlotRange): void {
  const { offsets } = target
  const at = target.length
  const shift = (offsets[at] ?? 0) - (source.offsets[start] ?? 0)
  const slots = at - start
  for (let slot = start + 1; slot <= end; slot += 1) {
    offsets[slot + slots] = (source.offsets[slot] ?? 0) + shift
  }
}
