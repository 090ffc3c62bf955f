import { assert } from '../core/assert.ts'
import type { Value } from '../iceberg/types.ts'
import { asBigint, asBoolean, asBytes, asNumber, asText } from '../iceberg/value.ts'
import { clearBit, setBit } from './bitmap.ts'
import type { ColumnBuilder } from './column-builder.ts'

/**
 * Appending one value to a column, room included: the slow path. Each takes one slot. A null is `column.appendNull()`.
 */

/** Any value of a primitive type, in its form in memory (see `Value`). */
export function appendValue(column: ColumnBuilder, value: Value): void {
  switch (column.layout) {
    case 'boolean':
      return appendBoolean(column, asBoolean(value))
    case 'int32':
      return appendInt32(column, asNumber(value))
    case 'int64':
      return appendInt64(column, asBigint(value))
    case 'decimal':
      return appendDecimal(column, asBigint(value))
    case 'float':
      return appendFloat(column, asNumber(value))
    case 'double':
      return appendDouble(column, asNumber(value))
    case 'fixed':
      return appendFixed(column, asBytes(value), 0)
    case 'bytes': {
      if (column.field.type.kind === 'string') return appendText(column, asText(value))
      const bytes = asBytes(value)
      return appendBytes(column, bytes, { start: 0, end: bytes.length })
    }
    default:
      assert(false, `column ${column.field.name} of layout ${column.layout} takes no single value`)
  }
}

export function appendBoolean(column: ColumnBuilder, value: boolean): void {
  const slot = column.takeSlot()
  if (value) setBit(column.bytes, slot)
  else clearBit(column.bytes, slot)
}

export function appendInt32(column: ColumnBuilder, value: number): void {
  // The slot first: taking it may replace the array.
  const slot = column.takeSlot()
  column.words[slot] = value
}

/** int64 as two halves: the low 32 bits (signed or not) and the high 32 bits. */
export function appendInt64Halves(column: ColumnBuilder, low: number, high: number): void {
  const at = column.takeSlot() * 2
  column.words[at] = low
  column.words[at + 1] = high
}

export function appendInt64(column: ColumnBuilder, value: bigint): void {
  appendInt64Halves(column, lowWord(value), lowWord(value >> 32n))
}

/** The unscaled value of a decimal, of any precision. */
export function appendDecimal(column: ColumnBuilder, unscaled: bigint): void {
  const at = column.takeSlot() * 4
  for (let word = 0; word < 4; word += 1) {
    column.words[at + word] = lowWord(unscaled >> BigInt(word * 32))
  }
}

export function appendFloat(column: ColumnBuilder, value: number): void {
  // The slot first: taking it may replace the array.
  const slot = column.takeSlot()
  column.floats[slot] = value
}

export function appendDouble(column: ColumnBuilder, value: number): void {
  // The slot first: taking it may replace the array.
  const slot = column.takeSlot()
  column.doubles[slot] = value
}

/** A uuid or fixed value: as many bytes of the source, from `start`, as the column's width. */
export function appendFixed(column: ColumnBuilder, source: Uint8Array, start: number): void {
  assert(start + column.width <= source.length, `${column.field.name} takes ${column.width} bytes`)
  const at = column.takeSlot() * column.width
  for (let index = 0; index < column.width; index += 1) {
    column.bytes[at + index] = source[start + index] ?? 0
  }
}

/** UTF-16 text as UTF-8. */
export function appendText(column: ColumnBuilder, text: string): void {
  // UTF-8 takes at most three bytes for a UTF-16 unit.
  column.reserveBytes(text.length * 3)
  const slot = column.takeSlot()
  const start = column.offsets[slot] ?? 0
  column.offsets[slot + 1] = start + column.bytes.write(text, start, 'utf8')
}

/** The bytes [start, end) of a source: of text they must be valid UTF-8, which the caller checks. */
export function appendBytes(
  column: ColumnBuilder,
  source: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
): void {
  column.reserveBytes(end - start)
  const slot = column.takeSlot()
  const at = column.offsets[slot] ?? 0
  column.bytes.set(source.subarray(start, end), at)
  column.offsets[slot + 1] = at + end - start
}

/** The elements (keys and values) appended to the children since the last list (map) become one value. */
export function endList(column: ColumnBuilder): void {
  const slot = column.takeSlot()
  column.offsets[slot + 1] = column.child(0).length
}

/** A struct that is there: its children take their slots before or after. */
export function appendStruct(column: ColumnBuilder): void {
  column.takeSlot()
}

function lowWord(value: bigint): number {
  return Number(BigInt.asIntN(32, value))
}
