import { FirnError } from '../core/errors.ts'
import { isJsonObject, type JsonValue, stringifyJson } from '../core/json.ts'

/** How much of a wrong value an error shows. */
const FOUND_LENGTH_MAX = 100

/** A JSON value and where it lies, so that whatever is wrong with it is reported with its place. */
export class JsonPlace {
  readonly value: JsonValue | undefined
  /** As `schemas[0].fields[3].type`. */
  readonly path: string

  constructor(value: JsonValue | undefined, path: string) {
    this.value = value
    this.path = path
  }

  /** Neither absent nor null. */
  get present(): boolean {
    return this.value !== undefined && this.value !== null
  }

  /** A member of an object; absent members too, so that reading them says which is missing. */
  field(key: string): JsonPlace {
    const { value } = this
    if (!isJsonObject(value)) throw this.invalid('an object')
    return new JsonPlace(value[key], this.path === '' ? key : `${this.path}.${key}`)
  }

  /** The members of an object. */
  entries(): [string, JsonPlace][] {
    const { value } = this
    if (!isJsonObject(value)) throw this.invalid('an object')
    return Object.keys(value).map((key) => [key, this.field(key)])
  }

  items(): JsonPlace[] {
    const { value } = this
    if (!Array.isArray(value)) throw this.invalid('a list')
    return value.map((item: JsonValue, index) => new JsonPlace(item, `${this.path}[${index}]`))
  }

  /** What `read` makes of the value, or `fallback` where it is absent or null. */
  optional<T, F>(read: (place: JsonPlace) => T, fallback: F): T | F {
    return this.present ? read(this) : fallback
  }

  text(): string {
    if (typeof this.value !== 'string') throw this.invalid('a string')
    return this.value
  }

  boolean(): boolean {
    if (typeof this.value !== 'boolean') throw this.invalid('true or false')
    return this.value
  }

  number(): number {
    if (typeof this.value === 'bigint') return Number(this.value)
    if (typeof this.value !== 'number') throw this.invalid('a number')
    return this.value
  }

  /** An integer of 32 bits. */
  int(): number {
    const { value } = this
    if (typeof value !== 'number' || (value | 0) !== value) throw this.invalid('a 32-bit integer')
    return value
  }

  /** An integer of 64 bits. */
  long(): bigint {
    const { value } = this
    const integer = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
    if (typeof integer !== 'bigint' || BigInt.asIntN(64, integer) !== integer) {
      throw this.invalid('a 64-bit integer')
    }
    return integer
  }

  /** An object whose values are all strings. */
  texts(): Record<string, string> {
    return Object.fromEntries(this.entries().map(([key, place]) => [key, place.text()]))
  }

  invalid(expected: string): FirnError {
    const found = this.value === undefined ? 'nothing' : describe(this.value)
    const where = this.path === '' ? 'the table metadata' : this.path
    return new FirnError('METADATA_INVALID', `${where}: expected ${expected}, found ${found}`, {
      context: { path: this.path },
    })
  }
}

function describe(value: JsonValue): string {
  const text = stringifyJson(value)
  return text.length > FOUND_LENGTH_MAX ? `${text.slice(0, FOUND_LENGTH_MAX)}…` : text
}
