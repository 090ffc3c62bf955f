import { getBit } from '../columns/bitmap.ts'
import type { ColumnBuilder } from '../columns/column-builder.ts'

/** Up to here comparing every pair is cheaper than a set. */
const PAIRS_MAX = 12

/** Whether two of a column's slots from `start` on hold the same value: the keys of a map must differ. */
export function hasEqualSlots(column: ColumnBuilder, start: number): boolean {
  const end = column.length
  if (end - start > PAIRS_MAX) {
    const seen = new Set<string>()
    for (let slot = start; slot < end; slot += 1) seen.add(slotText(column, slot))
    return seen.size < end - start
  }
  for (let slot = start + 1; slot < end; slot += 1) {
    for (let before = start; before < slot; before += 1) {
      if (equalSlots(column, slot, before)) return true
    }
  }
  return false
}

function equalSlots(column: ColumnBuilder, left: number, right: number): boolean {
  if (column.layout !== 'bytes') return slotText(column, left) === slotText(column, right)
  const { offsets, bytes } = column
  const [leftAt = 0, leftEnd = 0] = [offsets[left], offsets[left + 1]]
  const [rightAt = 0, rightEnd = 0] = [offsets[right], offsets[right + 1]]
  if (leftEnd - leftAt !== rightEnd - rightAt) return false
  for (let index = 0; index < leftEnd - leftAt; index += 1) {
    if (bytes[leftAt + index] !== bytes[rightAt + index]) return false
  }
  return true
}

/** A text that is the same for equal values of the column only. */
function slotText(column: ColumnBuilder, slot: number): string {
  if (column.optional && !getBit(column.validity, slot)) return 'null'
  switch (column.layout) {
    case 'boolean':
      return String(getBit(column.bytes, slot))
    case 'float':
      return numberText(column.floats[slot] ?? 0)
    case 'double':
      return numberText(column.doubles[slot] ?? 0)
    case 'bytes':
      return lengthAndText(
        column.bytes.toString('latin1', column.offsets[slot], column.offsets[slot + 1]),
      )
    case 'struct':
      return `{${column.children.map((child) => slotText(child, slot)).join()}}`
    case 'list':
    case 'map':
      return `[${column.children.map((child) => slotsText(column, child, slot)).join(';')}]`
    case 'fixed':
      return column.bytes.toString('latin1', slot * column.width, (slot + 1) * column.width)
    default: {
      const words = column.width / 4
      return column.words.subarray(slot * words, (slot + 1) * words).join()
    }
  }
}

function slotsText(column: ColumnBuilder, child: ColumnBuilder, slot: number): string {
  const parts: string[] = []
  for (let at = column.offsets[slot] ?? 0; at < (column.offsets[slot + 1] ?? 0); at += 1) {
    parts.push(slotText(child, at))
  }
  return parts.join()
}

/** Unlike `String`, with a sign before zero. */
function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** The length tells where a text ends among others. */
function lengthAndText(text: string): string {
  return `${text.length}:${text}`
}
