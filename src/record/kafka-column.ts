import { isUtf8 } from 'node:buffer'
import {
  appendBytes,
  appendInt32,
  appendInt64Halves,
  appendStruct,
  endList,
} from '../columns/append.ts'
import type { ColumnBuilder } from '../columns/column-builder.ts'
import { FirnError } from '../core/errors.ts'
import { typeText } from '../iceberg/type-text.ts'
import type { NestedField, Type } from '../iceberg/types.ts'
import { HeaderCursor, type RecordCursor } from './record-cursor.ts'
import { inField, type Misfit } from './record-failure.ts'

export interface KafkaColumnOptions {
  readonly name: string
  readonly key: boolean
  readonly headers: boolean
}

/**
 * The metadata column: a record's place in Kafka. The struct is optional, so that other writers may append rows; what
 * was not always recorded is optional inside it. Field ids are distinct from 1 on, for the caller to assign anew.
 */
export function kafkaField({ name, key, headers }: KafkaColumnOptions): NestedField {
  const fields: NestedField[] = [
    { id: 2, name: 'topic', type: { kind: 'string' }, required: true },
    { id: 3, name: 'partition', type: { kind: 'int' }, required: true },
    { id: 4, name: 'offset', type: { kind: 'long' }, required: true },
    { id: 5, name: 'timestamp', type: { kind: 'timestamptz' }, required: false },
  ]
  if (key) fields.push({ id: 6, name: 'key', type: { kind: 'binary' }, required: false })
  if (headers) fields.push({ id: 7, name: 'headers', type: HEADERS, required: false })
  const doc = "The record's place in Kafka."
  return { id: 1, name, type: { kind: 'struct', fields }, required: false, doc }
}

/** A list, not a map: a header's key may come more than once. */
const HEADERS: Type = {
  kind: 'list',
  elementId: 8,
  elementRequired: true,
  element: {
    kind: 'struct',
    fields: [
      { id: 9, name: 'key', type: { kind: 'string' }, required: true },
      { id: 10, name: 'value', type: { kind: 'binary' }, required: false },
    ],
  },
}

export type KafkaAppender = (record: RecordCursor) => Misfit | undefined

/**
 * The appender of the metadata column. A table's column may lack some of the fields; one that we cannot fill must be
 * optional. Throws SCHEMA_INCOMPATIBLE.
 */
export function kafkaAppender(column: ColumnBuilder): KafkaAppender {
  if (column.layout !== 'struct') throw incompatible(column.field, 'a struct')
  const appenders = column.children.map((child) => ({
    name: child.field.name,
    append: partAppender(child, column.field),
  }))
  return (record) => {
    appendStruct(column)
    for (const { name, append } of appenders) {
      const misfit = append(record)
      if (misfit !== undefined) return inField(column.field.name, inField(name, misfit))
    }
    return undefined
  }
}

function partAppender(column: ColumnBuilder, parent: NestedField): KafkaAppender {
  const { field } = column
  const path = `${parent.name}.${field.name}`
  const type = typeText(field.type)
  const check = (wanted: string): void => {
    if (type !== wanted) throw incompatible({ ...field, name: path }, wanted)
  }
  switch (field.name) {
    case 'topic':
      check('string')
      return topicAppender(column)
    case 'partition':
      check('int')
      return always(({ partition }) => appendInt32(column, partition))
    case 'offset':
      check('long')
      return offsetAppender(column)
    case 'timestamp':
      check('timestamptz')
      return (record) => appendTimestamp(column, record.timestampMs)
    case 'key':
      check('binary')
      return always((record) => appendKey(column, record))
    case 'headers':
      check('list<struct<key: string, value: binary>>')
      return headersAppender(column)
    default:
      if (field.required) throw incompatible({ ...field, name: path }, 'no such required field')
      return always(() => column.appendNull())
  }
}

function always(append: (record: RecordCursor) => void): KafkaAppender {
  return (record) => {
    append(record)
    return undefined
  }
}

/** One topic comes again and again: its bytes are kept. */
function topicAppender(column: ColumnBuilder): KafkaAppender {
  let topic = ''
  let bytes = Buffer.alloc(0)
  return (record) => {
    if (record.topic !== topic) {
      topic = record.topic
      bytes = Buffer.from(topic)
    }
    appendShort(column, bytes, { start: 0, end: bytes.length })
    return undefined
  }
}

/** The base offset's halves are worked out once for each batch, so that a record costs no bigint. */
function offsetAppender(column: ColumnBuilder): KafkaAppender {
  let base = -1n
  let low = 0
  let high = 0
  return (record) => {
    if (record.baseOffset !== base) {
      base = record.baseOffset
      low = Number(base & 0xff_ff_ff_ffn)
      high = Number(base >> 32n)
    }
    const sum = low + record.offsetDelta
    const carry = sum >= WORD ? 1 : 0
    appendInt64Halves(column, sum - carry * WORD, high + carry)
    return undefined
  }
}

/** Copies few bytes, for which a call costs more than a loop. */
function appendShort(
  column: ColumnBuilder,
  source: Buffer,
  { start, end }: { readonly start: number; readonly end: number },
): void {
  column.reserveBytes(end - start)
  const slot = column.takeSlot()
  const { bytes, offsets } = column
  let to = offsets[slot] ?? 0
  for (let at = start; at < end; at += 1) {
    bytes[to] = source[at] ?? 0
    to += 1
  }
  offsets[slot + 1] = to
}

const NO_TIMESTAMP = -1
const MICROS_PER_MS = 1_000
const WORD = 2 ** 32
/** Greater ones are no int64 of microseconds, or were not exact to begin with. */
const TIMESTAMP_MS_MAX = Number.MAX_SAFE_INTEGER

function appendTimestamp(column: ColumnBuilder, timestampMs: number): Misfit | undefined {
  if (timestampMs === NO_TIMESTAMP && column.optional) {
    column.appendNull()
    return undefined
  }
  if (!(Math.abs(timestampMs) <= TIMESTAMP_MS_MAX)) {
    return { path: '', expected: 'a timestamp within 280,000 years', found: 'one beyond them' }
  }
  // Milliseconds in two parts, so that no product passes 2^53.
  const high = Math.floor(timestampMs / WORD)
  const low = (timestampMs - high * WORD) * MICROS_PER_MS
  appendInt64Halves(column, low % WORD, high * MICROS_PER_MS + Math.floor(low / WORD))
  return undefined
}

function appendKey(column: ColumnBuilder, { bytes, keyStart, keyEnd }: RecordCursor): void {
  if (keyStart < 0) column.appendNull()
  else appendBytes(column, bytes, { start: keyStart, end: keyEnd })
}

function headersAppender(column: ColumnBuilder): KafkaAppender {
  const header = new HeaderCursor()
  const element = column.child(0)
  const [keys, values] = [element.child(0), element.child(1)]
  return (record) => {
    header.open(record)
    while (header.next()) {
      const { bytes, keyStart, keyEnd, valueStart, valueEnd } = header
      if (!isUtf8(bytes.subarray(keyStart, keyEnd))) {
        return { path: '', expected: 'header keys in UTF-8', found: 'other bytes' }
      }
      appendStruct(element)
      appendBytes(keys, bytes, { start: keyStart, end: keyEnd })
      if (valueStart < 0) values.appendNull()
      else appendBytes(values, bytes, { start: valueStart, end: valueEnd })
    }
    endList(column)
    return undefined
  }
}

function incompatible(field: NestedField, wanted: string): FirnError {
  return new FirnError(
    'SCHEMA_INCOMPATIBLE',
    `the metadata column has ${field.name} as ${typeText(field.type)}; expected: ${wanted}`,
    { help: 'Name another column, or turn it off: `metadata_column`.' },
  )
}
