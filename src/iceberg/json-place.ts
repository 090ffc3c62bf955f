import { FirnError } from '../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue, stringifyJson } from '../core/json.ts'

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
    return this.#elements().map((item, index) => this.#item(item, index))
  }

  /**
   * What `read` makes of each element. Of an object that is known, because it was in a list before, it is what it was
   * then: for values that nobody changes.
   */
  itemsOnce<T>(read: (item: JsonPlace) => T, known: WeakMap<JsonObject, T>): T[] {
    return this.#elements().map((item, index) => {
      const before = isJsonObject(item) ? known.get(item) : undefined
      if (before !== undefined) return before
      const made = read(this.#item(item, index))
      if (isJsonObject(item)) known.set(item, made)
      return made
    })
  }

  #elements(): readonly JsonValue[] {
    const { value } = this
    if (!Array.isArray(value)) throw this.invalid('a list')
    const elements: readonly JsonValue[] = value
    return elements
  }

  #item(item: JsonValue, index: number): JsonPlace {
    return new JsonPlace(item, `${this.path}[${index}]`)
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
  texts(): Readonly<Record<string, string>> {
    const { value } = this
    if (isTexts(value)) return value
    // Says which of them is none.
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

function isTexts(value: JsonValue | undefined): value is Readonly<Record<string, string>> {
  return isJsonObject(value) && Object.values(value).every((text) => typeof text === 'string')
}

function describe(value: JsonValue): string {
  const text = stringifyJson(value)
  return text.length > FOUND_LENGTH_MAX ? `${text.slice(0, FOUND_LENGTH_MAX)}…` : text
}
