import { AssertionError } from '../core/assert.ts'
import type { Value } from '../iceberg/types.ts'
import { getBit } from './bitmap.ts'
import type { Column } from './column.ts'

/** The value in a slot of a primitive column, in its form in memory; null where there is none. Not for the hot path. */
export function valueAt(column: Column, slot: number): Value | null {
  if (column.isNull(slot)) return null
  switch (column.layout) {
    case 'boolean':
      return getBit(column.bytes, slot)
    case 'int32':
      return column.words[slot] ?? 0
    case 'int64':
      return wideInteger(column, { slot, words: 2 })
    case 'decimal':
      return wideInteger(column, { slot, words: 4 })
    case 'float':
      return column.floats[slot] ?? 0
    case 'double':
      return column.doubles[slot] ?? 0
    case 'fixed':
      return new Uint8Array(column.bytes.subarray(slot * column.width, (slot + 1) * column.width))
    case 'bytes': {
      const bytes = column.bytes.subarray(column.offsets[slot], column.offsets[slot + 1])
      if (column.field.type.kind === 'string') return UTF8.decode(bytes)
      return new Uint8Array(bytes)
    }
    default:
      throw new AssertionError(
        `bug: column ${column.field.name} of layout ${column.layout} holds no single values`,
      )
  }
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })

function wideInteger(column: Column, at: { readonly slot: number; readonly words: 2 | 4 }): bigint {
  let value = 0n
  for (let word = at.words - 1; word >= 0; word -= 1) {
    value = (value << 32n) | BigInt((column.words[at.slot * at.words + word] ?? 0) >>> 0)
  }
  return BigInt.asIntN(at.words * 32, value)
}
