import { isUtf8 } from 'node:buffer'
import type { BatchBuilder } from '../columns/batch-builder.ts'
import type { ColumnBuilder } from '../columns/column-builder.ts'
import type { ValueDecoder } from './decoder.ts'
import type { DecodingOptions } from './decoding.ts'
import { JsonFault, nodeText, parseJsonNode, type JsonNode } from './json-node.ts'
import { membersAppender } from './json-row.ts'
import { kafkaAppender, type KafkaAppender } from './kafka-column.ts'
import type { RecordCursor } from './record-cursor.ts'
import type { Misfit, RecordFailure } from './record-failure.ts'

/**
 * Reads JSON exactly, by way of objects: the rules of docs/types.md in their plainest form. It takes what the compiled
 * decoder does not, and is what that one is tested against.
 */
export class SlowJsonDecoder implements ValueDecoder {
  readonly #builder: BatchBuilder
  readonly #options: DecodingOptions
  readonly #valueColumns: readonly ColumnBuilder[]
  readonly #appendMembers: (members: ReadonlyMap<string, JsonNode>) => Misfit | undefined
  readonly #appendKafka: KafkaAppender | undefined

  constructor(builder: BatchBuilder, options: DecodingOptions) {
    const { values, metadata } = splitColumns(builder, options)
    this.#builder = builder
    this.#options = options
    this.#valueColumns = values
    this.#appendMembers = membersAppender(values, options)
    this.#appendKafka = metadata && kafkaAppender(metadata)
  }

  decode(record: RecordCursor): RecordFailure | undefined {
    const misfit = this.#appendValue(record) ?? this.#appendKafka?.(record)
    if (misfit === undefined) {
      this.#builder.endRow()
      return undefined
    }
    this.#builder.rollback()
    return failureOf(record, misfit)
  }

  #appendValue(record: RecordCursor): Misfit | undefined {
    const { bytes, valueStart, valueEnd } = record
    if (valueStart < 0) return this.#appendTombstone()
    const found = unreadable(bytes.subarray(valueStart, valueEnd), this.#options)
    if (found !== undefined) return found
    const node = parsed(bytes.toString('utf8', valueStart, valueEnd), this.#options)
    if (!('kind' in node)) return node
    if (node.kind === 'object') return this.#appendMembers(node.members)
    return { path: '', expected: 'an object', found: nodeText(node) }
  }

  /** A record without a value is a row of nulls, where the table allows one. */
  #appendTombstone(): Misfit | undefined {
    const required = this.#valueColumns.find(({ optional }) => !optional)
    if (required !== undefined) {
      const expected = `a value, since column ${required.field.name} is required`
      return { path: '', expected, found: 'a null value (a tombstone)' }
    }
    for (const column of this.#valueColumns) column.appendNull()
    return undefined
  }
}

/** The columns that a record's value fills, and the one for its place in Kafka. */
export function splitColumns(
  { columns }: BatchBuilder,
  { metadataColumn }: DecodingOptions,
): { values: readonly ColumnBuilder[]; metadata: ColumnBuilder | undefined } {
  return {
    values: columns.filter(({ field }) => field.name !== metadataColumn),
    metadata: columns.find(({ field }) => field.name === metadataColumn),
  }
}

function unreadable(value: Uint8Array, { bytesMax }: DecodingOptions): Misfit | undefined {
  if (value.length > bytesMax) {
    return { path: '', expected: `at most ${bytesMax} bytes`, found: `${value.length} bytes` }
  }
  return isUtf8(value) ? undefined : { path: '', expected: 'UTF-8', found: 'other bytes' }
}

function parsed(text: string, { depthMax }: DecodingOptions): JsonNode | Misfit {
  try {
    return parseJsonNode(text, depthMax)
  } catch (fault) {
    if (fault instanceof JsonFault) return { path: '', expected: 'JSON', found: fault.message }
    throw fault
  }
}

function failureOf(record: RecordCursor, { path, expected, found }: Misfit): RecordFailure {
  const { topic, partition, offset } = record
  return { topic, partition, offset, fieldPath: path, expected, found }
}
