import {
  Binary,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Field,
  FixedSizeBinary,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  Map_,
  RecordBatch,
  Schema,
  Struct,
  TimeMicrosecond,
  TimestampMicrosecond,
  TimestampNanosecond,
  Utf8,
} from 'apache-arrow'
import type { Column, ColumnBatch } from '../../src/columns/column.ts'
import type { NestedField, Type } from '../../src/iceberg/types.ts'

/**
 * A batch of columns as an apache-arrow RecordBatch over the same memory. A test of the layout, and a bridge for what
 * works on Arrow.
 */
export function arrowBatch(batch: ColumnBatch): RecordBatch {
  const fields = batch.schema.fields.map(arrowField)
  const data = makeData({
    type: new Struct(fields),
    length: batch.rowCount,
    nullCount: 0,
    children: batch.columns.map(arrowData),
  })
  return new RecordBatch(new Schema(fields), data)
}

function arrowField(field: NestedField): Field {
  return withId(field.id, new Field(field.name, arrowType(field.type), !field.required))
}

/** The id, where parquet-rs takes it from. */
function withId<T extends DataType>(id: number, { name, type, nullable }: Field<T>): Field<T> {
  return new Field(name, type, nullable, new Map([['PARQUET:field_id', String(id)]]))
}

function arrowType(type: Type): DataType {
  switch (type.kind) {
    case 'decimal':
      return new Decimal(type.scale, type.precision)
    case 'fixed':
      return new FixedSizeBinary(type.length)
    case 'struct':
      return new Struct(type.fields.map(arrowField))
    case 'list':
      return new List(
        withId(
          type.elementId,
          new Field('element', arrowType(type.element), !type.elementRequired),
        ),
      )
    case 'map':
      return new Map_(new Field('entries', mapEntries(type)))
    case 'unsupported':
      throw new Error(`no Arrow type for ${type.text}`)
    default:
      return PLAIN[type.kind]
  }
}

const PLAIN = {
  boolean: new Bool(),
  int: new Int32(),
  long: new Int64(),
  float: new Float32(),
  double: new Float64(),
  date: new DateDay(),
  time: new TimeMicrosecond(),
  timestamp: new TimestampMicrosecond(),
  timestamptz: new TimestampMicrosecond('UTC'),
  timestamp_ns: new TimestampNanosecond(),
  timestamptz_ns: new TimestampNanosecond('UTC'),
  string: new Utf8(),
  binary: new Binary(),
  uuid: new FixedSizeBinary(16),
}

function mapEntries(type: Type & { kind: 'map' }): Struct<{ key: DataType; value: DataType }> {
  return new Struct([
    withId(type.keyId, new Field('key', arrowType(type.key))),
    withId(type.valueId, new Field('value', arrowType(type.value), !type.valueRequired)),
  ])
}

function arrowData(column: Column): Data {
  const type = arrowType(column.field.type)
  const { length, nullCount } = column
  // Arrow takes no bitmap at all to mean that everything is there.
  const nullBitmap = nullCount > 0 ? column.validity : undefined
  const base = { length, nullCount, nullBitmap }
  const { type: of } = column.field
  switch (column.layout) {
    case 'bytes':
      return makeData({ ...base, type, valueOffsets: column.offsets, data: column.bytes } as never)
    case 'struct':
      return makeData({ ...base, type, children: column.children.map(arrowData) } as never)
    case 'list':
      return makeData({
        ...base,
        type,
        valueOffsets: column.offsets,
        child: arrowData(column.child(0)),
      } as never)
    case 'map': {
      const entries = makeData({
        type: mapEntries(of as Type & { kind: 'map' }),
        length: column.child(0).length,
        nullCount: 0,
        children: column.children.map(arrowData),
      })
      return makeData({ ...base, type, valueOffsets: column.offsets, child: entries } as never)
    }
    default:
      return makeData({ ...base, type, data: valuesOf(column) } as never)
  }
}

/** The column's own array, seen as the kind of numbers that Arrow wants. */
function valuesOf(column: Column) {
  const { words } = column
  switch (column.layout) {
    case 'int32':
      return words
    case 'int64':
      return new BigInt64Array(words.buffer, words.byteOffset, column.length)
    case 'decimal':
      return new Uint32Array(words.buffer, words.byteOffset, words.length)
    case 'float':
      return column.floats
    case 'double':
      return column.doubles
    default:
      return column.bytes
  }
}
