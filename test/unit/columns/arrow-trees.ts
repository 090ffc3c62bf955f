import { type Data, DataType, type Table } from 'apache-arrow'
import type { Type } from '../../../src/iceberg/types.ts'
import type { Tree } from './tree.ts'

/** What an Arrow table holds, in the form of trees. Reads the buffers: Arrow's own getters round times and decimals. */
export function arrowRows(table: Table, types: readonly Type[]): Tree[][] {
  return table.batches.flatMap((batch) =>
    Array.from({ length: batch.numRows }, (_, row) =>
      types.map((type, index) => arrowTree(batch.data.children[index]!, type, row)),
    ),
  )
}

function arrowTree(data: Data, type: Type, slot: number): Tree {
  if (!data.getValid(slot)) return null
  switch (type.kind) {
    case 'struct':
      return type.fields.map((field, index) => arrowTree(data.children[index]!, field.type, slot))
    case 'list':
      return slotsOf(data, slot).map((at) => arrowTree(data.children[0]!, type.element, at))
    case 'map': {
      const [keys, values] = data.children[0]!.children as [Data, Data]
      return {
        entries: slotsOf(data, slot).map((at) => [
          arrowTree(keys, type.key, at),
          arrowTree(values, type.value, at),
        ]),
      }
    }
    default:
      return arrowLeaf(data, type, slot)
  }
}

function slotsOf(data: Data, slot: number): number[] {
  const { start, end } = cutOf(data, slot)
  return Array.from({ length: end - start }, (_, index) => start + index)
}

function cutOf(data: Data, slot: number) {
  const offsets = data.valueOffsets as ArrayLike<number | bigint>
  return { start: Number(offsets[slot]), end: Number(offsets[slot + 1]) }
}

function arrowLeaf(data: Data, type: Type, slot: number): Tree {
  const bytes = data.values as Uint8Array
  switch (type.kind) {
    case 'boolean': {
      const bit = data.offset + slot
      return ((bytes[bit >> 3]! >> (bit & 7)) & 1) === 1
    }
    case 'decimal': {
      const view = new DataView(bytes.buffer, bytes.byteOffset + slot * 16, 16)
      return (view.getBigInt64(8, true) << 64n) | view.getBigUint64(0, true)
    }
    case 'string':
    case 'binary': {
      const { start, end } = cutOf(data, slot)
      const value = bytes.slice(start, end)
      return type.kind === 'binary' ? value : UTF8.decode(value)
    }
    case 'uuid':
    case 'fixed': {
      const width = type.kind === 'uuid' ? 16 : type.length
      return bytes.slice(slot * width, (slot + 1) * width)
    }
    default:
      return numberAt(data, slot)
  }
}

/** 64-bit numbers may lie in pairs of words. */
function numberAt(data: Data, slot: number): Tree {
  const values = data.values as Int32Array | Float64Array | BigInt64Array
  const narrow = DataType.isInt(data.type) || DataType.isDate(data.type)
  if (!(values instanceof Int32Array) || values.length < data.length * 2 || narrow) {
    return values[slot]!
  }
  return new BigInt64Array(values.buffer, values.byteOffset)[slot]!
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })
