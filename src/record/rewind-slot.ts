import { getBit, setBit } from '../columns/bitmap.ts'
import type { ColumnBuilder } from '../columns/column-builder.ts'

/** Takes back the last slot of a column, with all that lies in it: a duplicate member takes its place. */
export function rewindSlot(column: ColumnBuilder, counters: Int32Array): void {
  const slot = column.length - 1
  counters[column.lengthAt] = slot
  if (column.optional && !getBit(column.validity, slot)) {
    setBit(column.validity, slot)
    counters[column.nullsAt] = column.nullCount - 1
  }
  if (column.layout === 'struct') {
    for (const child of column.children) rewindSlot(child, counters)
  } else if (column.layout === 'list' || column.layout === 'map') {
    const start = column.offsets[slot] ?? 0
    for (const child of column.children) {
      while (child.length > start) rewindSlot(child, counters)
    }
  }
}
