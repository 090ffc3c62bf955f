import { required } from '../core/assert.ts'
import { ByteWriter } from './byte-writer.ts'

/** Type codes of Thrift's compact protocol. */
const TRUE = 1
const FALSE = 2
const INT16 = 4
const INT32 = 5
const INT64 = 6
const BINARY = 8
const LIST = 9
const STRUCT = 12

/** Element types of a list. A boolean in a list is a byte: 1 or 2. */
export const THRIFT_ELEMENT = {
  boolean: TRUE,
  int32: INT32,
  int64: INT64,
  binary: BINARY,
  struct: STRUCT,
}

/**
 * Writes Thrift's compact protocol: what Parquet's page headers, page index and footer are made of. A field whose value
 * is undefined is left out.
 */
export class ThriftWriter {
  private readonly out = new ByteWriter(1024)
  private readonly outerIds: number[] = []
  private lastId = 0

  /** The bytes of the whole struct, closed, over the writer's own memory: good until the next write. It is empty again. */
  finish(): Uint8Array {
    this.out.byte(0)
    const bytes = this.out.view()
    this.out.length = 0
    this.lastId = 0
    return bytes
  }

  /** The bytes of what was written so far, as elements of a list: for `elements` of other writers. */
  takeElements(): Uint8Array {
    const bytes = new Uint8Array(this.out.view())
    this.out.length = 0
    return bytes
  }

  /** Elements of a list that were written before. */
  elements(bytes: Uint8Array): void {
    this.out.append(bytes)
  }

  bool(id: number, value: boolean | undefined): void {
    if (value !== undefined) this.field(id, value ? TRUE : FALSE)
  }

  int16(id: number, value: number | undefined): void {
    this.integer(id, INT16, value)
  }

  int32(id: number, value: number | undefined): void {
    this.integer(id, INT32, value)
  }

  /** A number of at most 52 bits, which every size and offset here is. */
  int64(id: number, value: number | undefined): void {
    this.integer(id, INT64, value)
  }

  binary(id: number, value: Uint8Array | string | undefined): void {
    if (value === undefined) return
    this.field(id, BINARY)
    this.binaryElement(value)
  }

  struct(id: number, write: () => void): void {
    this.field(id, STRUCT)
    this.structElement(write)
  }

  /** A list: then its elements follow, one call each. */
  list(id: number, element: number, count: number): void {
    this.field(id, LIST)
    if (count < 15) {
      this.out.byte((count << 4) | element)
      return
    }
    this.out.byte(0xf0 | element)
    this.out.varint(count)
  }

  intElement(value: number): void {
    this.out.varint(zigzag(value))
  }

  boolElement(value: boolean): void {
    this.out.byte(value ? TRUE : FALSE)
  }

  binaryElement(value: Uint8Array | string): void {
    if (typeof value === 'string') return this.out.text(value)
    this.out.varint(value.length)
    this.out.append(value)
  }

  structElement(write: () => void): void {
    this.outerIds.push(this.lastId)
    this.lastId = 0
    write()
    this.out.byte(0)
    this.lastId = required(this.outerIds.pop(), 'outer struct')
  }

  private integer(id: number, type: number, value: number | undefined): void {
    if (value === undefined) return
    this.field(id, type)
    this.out.varint(zigzag(value))
  }

  private field(id: number, type: number): void {
    const step = id - this.lastId
    if (step > 0 && step < 16) {
      this.out.byte((step << 4) | type)
    } else {
      this.out.byte(type)
      this.out.varint(zigzag(id))
    }
    this.lastId = id
  }
}

function zigzag(value: number): number {
  return value >= 0 ? value * 2 : -value * 2 - 1
}
