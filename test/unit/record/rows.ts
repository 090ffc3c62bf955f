import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import type { Column } from '../../../src/columns/column.ts'
import { valueAt } from '../../../src/columns/value-at.ts'
import { assignFreshIds } from '../../../src/iceberg/field-ids.ts'
import { parseType } from '../../../src/iceberg/type-text.ts'
import type { NestedField, Schema, Type } from '../../../src/iceberg/types.ts'
import type { DecodingOptions } from '../../../src/record/decoding.ts'
import type { ValueDecoder } from '../../../src/record/decoder.ts'
import { RecordCursor } from '../../../src/record/record-cursor.ts'
import type { RecordFailure } from '../../../src/record/record-failure.ts'
import { SlowJsonDecoder } from '../../../src/record/slow-json-decoder.ts'

let ids = 0

function typeOf(type: string | Type): Type {
  return typeof type === 'string' ? parseType(type) : type
}

/** A field of a type given as text (`long`) or as a type; optional unless its name ends with `!`. */
export function field(
  name: string,
  type: string | Type,
  more: Partial<NestedField> = {},
): NestedField {
  const parsed = typeof type === 'string' ? parseType(type) : type
  const required = name.endsWith('!')
  ids += 1
  return { id: ids, name: required ? name.slice(0, -1) : name, type: parsed, required, ...more }
}

export function struct(...fields: NestedField[]): Type {
  return { kind: 'struct', fields }
}

export function list(element: string | Type, elementRequired = false): Type {
  ids += 1
  return { kind: 'list', elementId: ids, element: typeOf(element), elementRequired }
}

export function map(key: string | Type, value: string | Type, valueRequired = false): Type {
  ids += 2
  return {
    kind: 'map',
    keyId: ids - 1,
    key: typeOf(key),
    valueId: ids,
    value: typeOf(value),
    valueRequired,
  }
}

export function schemaOf(...fields: NestedField[]): Schema {
  return assignFreshIds({ schemaId: 0, fields, identifierFieldIds: [] }).schema
}

export const OPTIONS: DecodingOptions = {
  format: 'json',
  caseInsensitive: false,
  aliases: new Map(),
  depthMax: 64,
  bytesMax: 1 << 20,
  metadataColumn: undefined,
}

export function recordOf(
  value: string | Uint8Array | null,
  more: Partial<RecordCursor> = {},
): RecordCursor {
  const record = new RecordCursor('orders', 3)
  const bytes = value === null ? Buffer.alloc(0) : Buffer.from(value)
  // What stands around a value must never be read as part of it.
  record.bytes = Buffer.concat([Buffer.from('1"'), bytes, Buffer.from('"}1')])
  record.valueStart = value === null ? -1 : 2
  record.valueEnd = value === null ? -1 : 2 + bytes.length
  record.baseOffset = 100n
  record.offsetDelta = 7
  record.timestampMs = 1_700_000_000_123
  return Object.assign(record, more)
}

export type Row = Record<string, unknown>

export interface Decoded {
  readonly rows: Row[]
  readonly failures: (RecordFailure | undefined)[]
}

export type MakeDecoder = (builder: BatchBuilder, options: DecodingOptions) => ValueDecoder

export const slow: MakeDecoder = (builder, options) => new SlowJsonDecoder(builder, options)

/** Decodes values one after the other into one builder. */
export function decodeAll(
  schema: Schema,
  values: readonly (string | Uint8Array | null)[],
  { make = slow, ...options }: Partial<DecodingOptions> & { make?: MakeDecoder } = {},
): Decoded {
  const builder = new BatchBuilder(schema)
  const decoder = make(builder, { ...OPTIONS, ...options })
  const failures = values.map((value) => decoder.decode(recordOf(value)))
  return { rows: rowsOf(builder), failures }
}

export function rowsOf(builder: BatchBuilder): Row[] {
  const batch = builder.seal()
  return Array.from({ length: batch.rowCount }, (_, slot) =>
    Object.fromEntries(batch.columns.map((column) => [column.field.name, readSlot(column, slot)])),
  )
}

/** What a slot holds: structs as objects, lists as arrays, maps as arrays of pairs. */
export function readSlot(column: Column, slot: number): unknown {
  if (column.isNull(slot)) return null
  switch (column.layout) {
    case 'struct':
      return Object.fromEntries(
        column.children.map((child) => [child.field.name, readSlot(child, slot)]),
      )
    case 'list':
      return slotsOf(column, slot).map((at) => readSlot(column.child(0), at))
    case 'map':
      return slotsOf(column, slot).map((at) => [
        readSlot(column.child(0), at),
        readSlot(column.child(1), at),
      ])
    default: {
      const value = valueAt(column, slot)
      return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
    }
  }
}

function slotsOf(column: Column, slot: number): number[] {
  const [start = 0, end = 0] = column.offsets.subarray(slot, slot + 2)
  return Array.from({ length: end - start }, (_, index) => start + index)
}
