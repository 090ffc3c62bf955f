import { FirnError } from '../core/errors.ts'
import { AvroRecord, type AvroValue, isAvroList } from './avro-decoder.ts'

/** A decoded record of a manifest or manifest list, read field by field with its types checked. */
export class AvroRow {
  readonly #record: AvroRecord
  readonly #what: string

  /** `what` names the record in errors. Throws MANIFEST_INVALID where the value is no record. */
  constructor(value: AvroValue, what: string) {
    if (!(value instanceof AvroRecord)) throw invalid(what, 'a record')
    this.#record = value
    this.#what = what
  }

  get(id: number, name: string): AvroValue {
    return this.#record.get(id, name)
  }

  record(id: number, name: string): AvroRow {
    return new AvroRow(this.get(id, name), `${this.#what}.${name}`)
  }

  text(id: number, name: string): string {
    const value = this.get(id, name)
    if (typeof value !== 'string') throw invalid(`${this.#what}.${name}`, 'a string')
    return value
  }

  boolean(id: number, name: string): boolean {
    const value = this.get(id, name)
    if (typeof value !== 'boolean') throw invalid(`${this.#what}.${name}`, 'true or false')
    return value
  }

  int(id: number, name: string): number {
    return Number(this.long(id, name))
  }

  long(id: number, name: string): bigint {
    const value = this.longOrNull(id, name)
    if (value === null) throw invalid(`${this.#what}.${name}`, 'an integer')
    return value
  }

  intOrNull(id: number, name: string): number | null {
    const value = this.longOrNull(id, name)
    return value === null ? null : Number(value)
  }

  longOrNull(id: number, name: string): bigint | null {
    return integerOrNull(this.get(id, name), `${this.#what}.${name}`)
  }

  textOrNull(id: number, name: string): string | null {
    const value = this.get(id, name)
    return typeof value === 'string' ? value : null
  }

  bytesOrNull(id: number, name: string): Uint8Array | null {
    const value = this.get(id, name)
    return value instanceof Uint8Array ? value : null
  }

  /** A list; empty where it is null. */
  list(id: number, name: string): readonly AvroValue[] {
    const value = this.get(id, name)
    return isAvroList(value) ? value : []
  }

  longs(id: number, name: string): bigint[] {
    return this.list(id, name).map((value) => required(value, `${this.#what}.${name}`))
  }

  /** A map from column ids to integers. */
  longMap(id: number, name: string): Map<number, bigint> {
    const what = `${this.#what}.${name}`
    return new Map(this.#pairs(id, name).map(([key, value]) => [key, required(value, what)]))
  }

  /** A map from column ids to bytes. */
  bytesMap(id: number, name: string): Map<number, Uint8Array> {
    return new Map(
      this.#pairs(id, name).flatMap(([key, value]): [number, Uint8Array][] =>
        value instanceof Uint8Array ? [[key, value]] : [],
      ),
    )
  }

  /** Java writes maps as lists of records, in which the key comes first; ids of key and value differ per map. */
  #pairs(id: number, name: string): [number, AvroValue][] {
    const what = `${this.#what}.${name}`
    return this.list(id, name).map((pair) => {
      if (!(pair instanceof AvroRecord)) throw invalid(what, 'a list of key-value records')
      return [Number(required(pair.at(0), what)), pair.at(1)]
    })
  }
}

function required(value: AvroValue, what: string): bigint {
  const integer = integerOrNull(value, what)
  if (integer === null) throw invalid(what, 'an integer')
  return integer
}

function integerOrNull(value: AvroValue, what: string): bigint | null {
  if (value === null || typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  throw invalid(what, 'an integer')
}

function invalid(what: string, expected: string): FirnError {
  return new FirnError('MANIFEST_INVALID', `${what}: expected ${expected}`)
}
