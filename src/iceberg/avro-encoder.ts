import { AssertionError, assert } from '../core/assert.ts'
import { fixedDecimalBytes } from './decimal.ts'
import type { AvroType } from './avro-type.ts'

/** What goes into an Avro file: as `AvroValue`, with a record as the list of its fields' values. */
export type AvroInput =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AvroInput[]

const INITIAL_CAPACITY = 4096
const LONG_BYTES_MAX = 10
/** Numbers whose zigzag form fits a signed 32-bit integer. */
const SMALL_MAX = 2 ** 29
const UTF_8 = new TextEncoder()

/** Writes Avro's binary encoding into a buffer that grows. A value that is not of the type is a bug of the caller. */
export class AvroEncoder {
  #bytes = new Uint8Array(INITIAL_CAPACITY)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** What was written so far; the encoder starts anew. */
  drain(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#length)
    this.#length = 0
    return bytes
  }

  write(type: AvroType, value: AvroInput): void {
    switch (type.kind) {
      case 'null':
        return assert(value === null, 'a null is written as null')
      case 'boolean':
        return this.raw(new Uint8Array([value === true ? 1 : 0]))
      case 'int':
      case 'long':
        return this.long(integer(value))
      case 'bytes':
        return this.bytes(bytesOf(value))
      case 'string':
        return this.text(textOf(value))
      case 'fixed':
        return this.raw(
          typeof value === 'bigint'
            ? fixedDecimalBytes(value, type.size)
            : bytesOf(value, type.size),
        )
      case 'float':
      case 'double':
        return this.#float(type.kind, value)
      case 'record': {
        const values = listOf(value)
        assert(values.length === type.fields.length, 'a record has a value for each field')
        return type.fields.forEach((field, index) => this.write(field.type, values[index] ?? null))
      }
      case 'array':
        return this.#array(type.items, listOf(value))
      case 'union':
        return this.#union(type.branches, value)
      default:
        throw new AssertionError(`bug: Firn writes no Avro ${type.kind}`)
    }
  }

  /** A zigzag varint. */
  long(value: bigint | number): void {
    this.#reserve(LONG_BYTES_MAX)
    if (value >= -SMALL_MAX && value < SMALL_MAX) return this.#small(Number(value))
    const wide = BigInt(value)
    let rest = BigInt.asUintN(64, (wide << 1n) ^ (wide >> 63n))
    while (rest >= 0x80n) {
      this.#put(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.#put(Number(rest))
  }

  /** Most numbers in a manifest are small: no bigint arithmetic for them. */
  #small(value: number): void {
    let rest = (value << 1) ^ (value >> 31)
    while (rest >= 0x80) {
      this.#put((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.#put(rest)
  }

  #put(byte: number): void {
    this.#bytes[this.#length] = byte
    this.#length += 1
  }

  bytes(value: Uint8Array): void {
    this.long(value.length)
    this.raw(value)
  }

  text(value: string): void {
    this.bytes(UTF_8.encode(value))
  }

  /** Bytes as they are, without a length before them. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
  }

  #float(kind: 'float' | 'double', value: AvroInput): void {
    assert(typeof value === 'number', 'a floating-point value is a number')
    const bytes = new Uint8Array(kind === 'float' ? 4 : 8)
    const view = new DataView(bytes.buffer)
    if (kind === 'float') view.setFloat32(0, value, true)
    else view.setFloat64(0, value, true)
    this.raw(bytes)
  }

  #array(items: AvroType, values: readonly AvroInput[]): void {
    if (values.length > 0) this.long(values.length)
    for (const value of values) this.write(items, value)
    this.long(0)
  }

  /** Iceberg's only unions are options: null and one other type. */
  #union(branches: readonly AvroType[], value: AvroInput): void {
    const index = branches.findIndex(({ kind }) => (kind === 'null') === (value === null))
    const branch = branches[index]
    assert(branch !== undefined, 'the value has a branch in the union')
    this.long(index)
    this.write(branch, value)
  }

  #reserve(count: number): void {
    const needed = this.#length + count
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}

function integer(value: AvroInput): bigint | number {
  if (typeof value === 'bigint') return value
  assert(
    typeof value === 'number' && Number.isSafeInteger(value),
    'an integer is written as a bigint or an integral number',
  )
  return value
}

function bytesOf(value: AvroInput, length?: number): Uint8Array {
  assert(value instanceof Uint8Array, 'bytes are written as a Uint8Array')
  assert(
    length === undefined || value.length === length,
    'a fixed value has the length of its type',
  )
  return value
}

function textOf(value: AvroInput): string {
  assert(typeof value === 'string', 'a string is written as a string')
  return value
}

function isList(value: AvroInput): value is readonly AvroInput[] {
  return Array.isArray(value)
}

function listOf(value: AvroInput): readonly AvroInput[] {
  assert(isList(value), 'a record or list is written as a list')
  return value
}
