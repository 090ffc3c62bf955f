import { isUtf8 } from 'node:buffer'
import type { BatchBuilder } from '../columns/batch-builder.ts'
import type { ColumnBuilder } from '../columns/column-builder.ts'
import type { ValueDecoder } from './decoder.ts'
import type { DecodingOptions } from './decoding.ts'
import { JsonCompiler } from './json-compiler.ts'
import { JsonReader, NOT_ASCII, skipNull, skipSpace } from './json-reader.ts'
import { appendBase64 } from './json-bytes.ts'
import { appendJsonText } from './json-text.ts'
import { kafkaAppender, type KafkaAppender } from './kafka-column.ts'
import { hasEqualSlots } from './map-keys.ts'
import type { RecordCursor } from './record-cursor.ts'
import type { RecordFailure } from './record-failure.ts'
import { SlowJsonDecoder, splitColumns } from './slow-json-decoder.ts'

/** How many rows there is room for ahead. */
const ROWS_AHEAD = 256

/** Appends the value at a place, up to the reader's `end`; false leaves half a row. */
type ReadJson = (reader: JsonReader, at: number) => boolean

/**
 * Reads JSON by code that is generated for the schema, from bytes to the columns' arrays. It either takes a record
 * exactly as the slow path would, or leaves it to the slow path, which then says what is wrong if anything is.
 */
export class CompiledJsonDecoder implements ValueDecoder {
  /** The generated code, for people. */
  readonly source: string
  readonly #builder: BatchBuilder
  readonly #bytesMax: number
  readonly #slow: SlowJsonDecoder
  readonly #reader = new JsonReader()
  readonly #read: ReadJson
  readonly #appendKafka: KafkaAppender | undefined

  constructor(builder: BatchBuilder, options: DecodingOptions) {
    const { values, metadata } = splitColumns(builder, options)
    const compiled = new JsonCompiler(builder, options).compile(values)
    const runtime = {
      columns: builder.allColumns,
      S: builder.counters,
      builder,
      rowsAhead: ROWS_AHEAD,
      objects: compiled.objects,
      ...RUNTIME,
      ...Object.fromEntries(compiled.readers.entries()),
    }
    this.source = compiled.source
    this.#builder = builder
    this.#bytesMax = options.bytesMax
    this.#slow = new SlowJsonDecoder(builder, options)
    this.#read = evaluated(compiled.source, runtime)
    this.#appendKafka = metadata && kafkaAppender(metadata)
  }

  decode(record: RecordCursor): RecordFailure | undefined {
    const { valueStart, valueEnd } = record
    if (valueStart < 0 || valueEnd - valueStart > this.#bytesMax) return this.#slow.decode(record)
    if (this.#append(record)) {
      this.#builder.endRow()
      return undefined
    }
    this.#builder.rollback()
    return this.#slow.decode(record)
  }

  #append(record: RecordCursor): boolean {
    const reader = this.#reader
    const { bytes, valueStart, valueEnd } = record
    if (reader.bytes !== bytes) reader.open(bytes)
    reader.end = valueEnd
    reader.highBits = 0
    if (!this.#read(reader, valueStart)) return false
    // Text was copied as it came: what is UTF-8 as a whole is so in each of its strings.
    if ((reader.highBits & NOT_ASCII) !== 0 && !isUtf8(bytes.subarray(valueStart, valueEnd))) {
      return false
    }
    return this.#appendKafka === undefined || this.#appendKafka(record) === undefined
  }
}

/** What generated code calls. */
const RUNTIME = {
  appendBase64,
  appendJsonText,
  hasEqualSlots,
  roomOf,
  skipNull,
  skipSpace,
}

/** Slots that there is room for, in a struct's columns too. */
function roomOf(column: ColumnBuilder): number {
  if (column.layout !== 'struct') return column.capacity
  return Math.min(column.capacity, ...column.children.map(roomOf))
}

/** The source holds no text from outside but in comments, and there only what cannot end them. */
function evaluated(source: string, runtime: Readonly<Record<string, unknown>>): ReadJson {
  // Code made from the schema is the point: see JsonCompiler for why it is safe.
  /* oxlint-disable typescript/no-implied-eval, typescript/no-unsafe-call, typescript/no-unsafe-type-assertion */
  const make = new Function(...Object.keys(runtime), source) as (...values: unknown[]) => ReadJson
  /* oxlint-enable typescript/no-implied-eval, typescript/no-unsafe-call, typescript/no-unsafe-type-assertion */
  return make(...Object.values(runtime))
}
