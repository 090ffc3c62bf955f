import { FirnError } from '../core/errors.ts'
import { decimalFromBytes } from './decimal.ts'
import type { AvroRecordType, AvroType } from './avro-type.ts'

/**
 * A decoded Avro value: int, float and double as number, long as bigint, a decimal as its unscaled bigint, bytes and
 * fixed as bytes, a map as a list of key-value pairs, as Iceberg's logical maps are.
 */
export type AvroValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly AvroValue[]
  | AvroRecord

/** A decoded record, whose fields are found as Iceberg finds columns: by id, and by name where a file has no ids. */
export class AvroRecord {
  readonly #type: AvroRecordType
  readonly #values: readonly AvroValue[]

  constructor(type: AvroRecordType, values: readonly AvroValue[]) {
    this.#type = type
    this.#values = values
  }

  /** The value of a field; null where the record has none, as for fields that an older version did not know. */
  get(id: number, name: string): AvroValue {
    const { fields } = this.#type
    const byId = fields.findIndex((field) => field.id === id)
    const index =
      byId >= 0 ? byId : fields.findIndex((field) => field.id === null && field.name === name)
    return this.#values[index] ?? null
  }

  /** The value of the n-th field. */
  at(index: number): AvroValue {
    return this.#values[index] ?? null
  }
}

const VARINT_FAST_BITS = 28
const UTF_8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Reads Avro's binary encoding. Whatever does not fit the bytes throws MANIFEST_INVALID; nothing reads beyond. */
export class AvroDecoder {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #position = 0

  constructor(bytes: Uint8Array) {
    // A plain view: parts of a Buffer would be Buffers, which compare and print differently.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get atEnd(): boolean {
    return this.#position >= this.#bytes.length
  }

  read(type: AvroType): AvroValue {
    switch (type.kind) {
      case 'null':
        return null
      case 'boolean':
        return this.take(1)[0] === 1
      case 'int':
        return Number(this.readLong())
      case 'long':
        return this.readLong()
      case 'string':
        return this.readText()
      case 'bytes':
        return this.readBytes()
      case 'record':
        return new AvroRecord(
          type,
          type.fields.map((field) => this.read(field.type)),
        )
      case 'union':
        return this.#readUnion(type.branches)
      case 'array':
        return this.#readBlocks(() => this.read(type.items))
      case 'map':
        return this.#readBlocks(() => [this.readText(), this.read(type.values)])
      default:
        return this.#readScalar(type)
    }
  }

  /** A zigzag varint of up to 64 bits. */
  readLong(): bigint {
    let low = 0
    for (let shift = 0; shift < VARINT_FAST_BITS; shift += 7) {
      const byte = this.#next()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt((low >>> 1) ^ -(low & 1))
    }
    let value = BigInt(low)
    for (let shift = VARINT_FAST_BITS; shift < 70; shift += 7) {
      const byte = this.#next()
      value |= BigInt(byte & 0x7f) << BigInt(shift)
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n))
    }
    throw corrupt('a number takes more than ten bytes')
  }

  readBytes(): Uint8Array {
    return this.take(this.#readCount())
  }

  readText(): string {
    return UTF_8.decode(this.readBytes())
  }

  /** The next bytes as they are, not copied. */
  take(count: number): Uint8Array {
    const end = this.#position + count
    if (end > this.#bytes.length) throw corrupt('it ends in the middle of a value')
    const taken = this.#bytes.subarray(this.#position, end)
    this.#position = end
    return taken
  }

  #next(): number {
    const byte = this.#bytes[this.#position]
    if (byte === undefined) throw corrupt('it ends in the middle of a number')
    this.#position += 1
    return byte
  }

  #readCount(): number {
    const count = Number(this.readLong())
    if (count < 0 || count > this.#bytes.length) throw corrupt(`it has a length of ${count}`)
    return count
  }

  #readUnion(branches: readonly AvroType[]): AvroValue {
    const branch = branches[Number(this.readLong())]
    if (branch === undefined) throw corrupt('it names a union branch that is not there')
    return this.read(branch)
  }

  #readScalar(type: Extract<AvroType, { kind: 'float' | 'double' | 'fixed' | 'enum' }>): AvroValue {
    switch (type.kind) {
      case 'float':
        this.take(4)
        return this.#view.getFloat32(this.#position - 4, true)
      case 'double':
        this.take(8)
        return this.#view.getFloat64(this.#position - 8, true)
      case 'fixed': {
        const bytes = this.take(type.size)
        return type.decimal ? decimalFromBytes(bytes) : bytes
      }
      default:
        return type.symbols[Number(this.readLong())] ?? null
    }
  }

  /** The items of an array or map: blocks of a count, or of a negated count and a byte length, up to an empty one. */
  #readBlocks(readItem: () => AvroValue): AvroValue[] {
    const items: AvroValue[] = []
    for (;;) {
      const count = Number(this.readLong())
      if (count === 0) return items
      if (count < 0) this.readLong()
      // Every item of Iceberg's arrays takes at least a byte: a greater count is a lie that would fill the memory.
      if (Math.abs(count) > this.#bytes.length) throw corrupt(`it counts ${count} items`)
      for (let index = 0; index < Math.abs(count); index += 1) items.push(readItem())
    }
  }
}

/** Whether a decoded value is a list. */
export function isAvroList(value: AvroValue | undefined): value is readonly AvroValue[] {
  return Array.isArray(value)
}

/** The error of bytes that are not what they should be. */
export function corrupt(what: string): FirnError {
  return new FirnError('MANIFEST_INVALID', `the Avro file is damaged: ${what}`)
}
