import type { ColumnBuilder } from '../columns/column-builder.ts'
import { assert } from '../core/assert.ts'
import { fixedReader, readBoolean, readUuid } from './json-bytes.ts'
import { decimalReader, readDouble, readFloat, readInt, readLong } from './json-numbers.ts'
import type { JsonReader } from './json-reader.ts'
import { readDate, readTime, timestampReader } from './json-times.ts'

/** Reads one value to a place in a column's array. */
export type PrimitiveReader =
  | ((reader: JsonReader, at: number, words: Int32Array, to: number) => number)
  | ((reader: JsonReader, at: number, floats: Float32Array, to: number) => number)
  | ((reader: JsonReader, at: number, doubles: Float64Array, to: number) => number)
  | ((reader: JsonReader, at: number, bytes: Buffer, to: number) => number)

/** The readers that generated code calls, by the names that it knows them by. */
export class PrimitiveReaders {
  readonly #readers = new Map<string, PrimitiveReader>()

  /** The name of the reader, which is made once. */
  name(name: string, make: () => PrimitiveReader): string {
    if (!this.#readers.has(name)) this.#readers.set(name, make())
    return name
  }

  entries(): readonly (readonly [string, PrimitiveReader])[] {
    return [...this.#readers]
  }
}

/** The function that reads a column's value, which is not null. */
export function primitiveSource(
  column: ColumnBuilder,
  index: number,
  readers: PrimitiveReaders,
): string[] {
  const { layout, lengthAt, field } = column
  if (layout === 'bytes') {
    const append = field.type.kind === 'string' ? 'appendJsonText' : 'appendBase64'
    return [`function value${index}(r, p) {`, `return ${append}(r, p, C${index}, S)`, '}']
  }
  const reader = readerOf(column, readers)
  const array = layout === 'boolean' || layout === 'fixed' ? 'b' : isReal(layout) ? 'x' : 'w'
  const stride = strideOf(column)
  return [
    `function value${index}(r, p) {`,
    `const n = S[${lengthAt}]`,
    `S[${lengthAt}] = n + 1`,
    `return ${reader}(r, p, ${array}${index}, ${stride === 1 ? 'n' : `n * ${stride}`})`,
    '}',
  ]
}

function isReal(layout: string): boolean {
  return layout === 'float' || layout === 'double'
}

/** How many elements of its array a value takes. */
function strideOf({ layout, width }: ColumnBuilder): number {
  switch (layout) {
    case 'int64':
      return 2
    case 'decimal':
      return 4
    case 'fixed':
      return width
    default:
      return 1
  }
}

function readerOf({ field }: ColumnBuilder, readers: PrimitiveReaders): string {
  const { type } = field
  switch (type.kind) {
    case 'boolean':
      return readers.name('readBoolean', () => readBoolean)
    case 'int':
      return readers.name('readInt', () => readInt)
    case 'long':
      return readers.name('readLong', () => readLong)
    case 'float':
      return readers.name('readFloat', () => readFloat)
    case 'double':
      return readers.name('readDouble', () => readDouble)
    case 'decimal':
      return readers.name(`readDecimal${type.precision}_${type.scale}`, () =>
        decimalReader(type.precision, type.scale),
      )
    case 'date':
      return readers.name('readDate', () => readDate)
    case 'time':
      return readers.name('readTime', () => readTime)
    case 'uuid':
      return readers.name('readUuid', () => readUuid)
    case 'fixed':
      return readers.name(`readFixed${type.length}`, () => fixedReader(type.length))
    case 'timestamp':
      return readers.name('readTimestamp', () => timestampReader({ unit: 'micros', zone: false }))
    case 'timestamptz':
      return readers.name('readTimestamptz', () => timestampReader({ unit: 'micros', zone: true }))
    case 'timestamp_ns':
      return readers.name('readTimestampNs', () => timestampReader({ unit: 'nanos', zone: false }))
    case 'timestamptz_ns':
      return readers.name('readTimestamptzNs', () => timestampReader({ unit: 'nanos', zone: true }))
    default:
      assert(false, `type ${type.kind} has no reader of single values`)
  }
}
