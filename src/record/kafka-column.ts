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
import { RepeatedText } from './repeated-text.ts'

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

/** The columns of a record's place, where the table has them, and how the others are filled. */
interface PlaceColumns {
  readonly topic: ColumnBuilder | undefined
  readonly partition: ColumnBuilder | undefined
  readonly offset: ColumnBuilder | undefined
  readonly timestamp: ColumnBuilder | undefined
  readonly others: readonly OtherColumn[]
}

interface OtherColumn {
  readonly name: string
  readonly append: KafkaAppender
}

/**
 * The appender of the metadata column. A table's column may lack some of the fields; one that we cannot fill must be
 * optional. Throws SCHEMA_INCOMPATIBLE.
 *
 * The four that every record has are appended by one function without a call through a table: this runs for each record.
 */
export function kafkaAppender(column: ColumnBuilder): KafkaAppender {
  if (column.layout !== 'struct') throw incompatible(column.field, 'a struct')
  const { topic, partition, offset, timestamp, others } = placeColumns(column)
  const topics = topic && new RepeatedText(topic)
  return (record) => {
    appendStruct(column)
    if (topics !== undefined) topics.append(record.topic)
    if (partition !== undefined) appendInt32(partition, record.partition)
    if (offset !== undefined) appendOffset(offset, record)
    if (timestamp !== undefined) {
      const misfit = appendTimestamp(timestamp, record.timestampMs)
      if (misfit !== undefined) return inField(column.field.name, inField('timestamp', misfit))
    }
    for (const { name, append } of others) {
      const misfit = append(record)
      if (misfit !== undefined) return inField(column.field.name, inField(name, misfit))
    }
    return undefined
  }
}

/** By name; each is checked to be of the type that the field has. */
function placeColumns(column: ColumnBuilder): PlaceColumns {
  const others: OtherColumn[] = []
  const found = new Map<string, ColumnBuilder>()
  for (const child of column.children) {
    const { name, required, type } = child.field
    const path = `${column.field.name}.${name}`
    const wanted = TYPES.get(name)
    if (wanted === undefined && required) {
      throw incompatible({ ...child.field, name: path }, 'no such required field')
    }
    if (wanted !== undefined && typeText(type) !== wanted) {
      throw incompatible({ ...child.field, name: path }, wanted)
    }
    const append = otherAppender(child)
    if (append === undefined) found.set(name, child)
    else others.push({ name, append })
  }
  return {
    topic: found.get('topic'),
    partition: found.get('partition'),
    offset: found.get('offset'),
    timestamp: found.get('timestamp'),
    others,
  }
}

const TYPES: ReadonlyMap<string, string> = new Map([
  ['topic', 'string'],
  ['partition', 'int'],
  ['offset', 'long'],
  ['timestamp', 'timestamptz'],
  ['key', 'binary'],
  ['headers', 'list<struct<key: string, value: binary>>'],
])

/** Undefined for the four that every record has. */
function otherAppender(column: ColumnBuilder): KafkaAppender | undefined {
  const { name } = column.field
  if (name === 'headers') return headersAppender(column)
  if (name === 'key') return always((record) => appendKey(column, record))
  return TYPES.has(name) ? undefined : always(() => column.appendNull())
}

function always(append: (record: RecordCursor) => void): KafkaAppender {
  return (record) => {
    append(record)
    return undefined
  }
}

function appendOffset(column: ColumnBuilder, record: RecordCursor): void {
  const sum = record.baseLow + record.offsetDelta
  const carry = sum >= WORD ? 1 : 0
  appendInt64Halves(column, sum - carry * WORD, record.baseHigh + carry)
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
