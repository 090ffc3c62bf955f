/** A column's type as declared: a tree of texts, which `iceberg/` gives its meaning and its field ids. */
export type ColumnType =
  /** `text` is a primitive type's name as Iceberg writes it: `decimal(10, 2)`. */
  | { readonly kind: 'primitive'; readonly text: string }
  | { readonly kind: 'struct'; readonly fields: readonly DeclaredColumn[] }
  | { readonly kind: 'list'; readonly element: ColumnType; readonly elementRequired: boolean }
  | {
      readonly kind: 'map'
      readonly key: ColumnType
      readonly value: ColumnType
      readonly valueRequired: boolean
    }

/** A column, or a field of a struct. */
export interface DeclaredColumn {
  readonly name: string
  readonly type: ColumnType
  readonly required: boolean
  readonly doc: string | undefined
  /** Other names of the value's member, tried in order when `name` is not there. */
  readonly aliases: readonly string[]
}

export type ColumnTypeReading =
  | { readonly kind: 'type'; readonly type: ColumnType }
  /** What was expected, and at which character (from 1). */
  | { readonly kind: 'wrong'; readonly expected: string; readonly at: number }

const PRIMITIVE =
  /^(?:boolean|int|long|float|double|date|time|timestamptz_ns|timestamp_ns|timestamptz|timestamp|string|uuid|binary|decimal\s*\(\s*\d{1,2}\s*,\s*\d{1,2}\s*\)|fixed\s*\[\s*\d{1,9}\s*\])(?![a-z0-9_])/i
const DECIMAL = /^decimal\s*\(\s*(\d+)\s*,\s*(\d+)\s*\)$/i
const DECIMAL_PRECISION_MAX = 38
const DEPTH_MAX = 32

/**
 * Reads a type as text: a primitive's name, or nested `struct<id: long not null, tags: list<string>>`,
 * `list<T [not null]>`, `map<K, V [not null]>`. A struct's names may stand in backquotes.
 */
export function readColumnType(text: string): ColumnTypeReading {
  const parser = new TypeParser(text)
  try {
    const type = parser.type(0)
    parser.end()
    return { kind: 'type', type }
  } catch (error) {
    if (error instanceof WrongType) {
      return { kind: 'wrong', expected: error.message, at: error.at + 1 }
    }
    throw error
  }
}

/** Leaves the parser; never seen outside. */
class WrongType extends Error {
  readonly at: number

  constructor(expected: string, at: number) {
    super(expected)
    this.at = at
  }
}

class TypeParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  type(depth: number): ColumnType {
    if (depth > DEPTH_MAX) throw this.#wrong(`at most ${DEPTH_MAX} levels`)
    const nested = this.#take(/^(struct|list|map)\s*</i)?.[1]?.toLowerCase()
    switch (nested) {
      case 'struct':
        return this.#struct(depth)
      case 'list':
        return this.#list(depth)
      case 'map':
        return this.#map(depth)
      default:
        return this.#primitive()
    }
  }

  end(): void {
    this.#space()
    if (this.#at < this.#text.length) throw this.#wrong('the end of the type')
  }

  #primitive(): ColumnType {
    this.#space()
    const start = this.#at
    const text = this.#take(PRIMITIVE)?.[0]
    if (text === undefined) throw this.#wrong('an Iceberg type, as `long` or `decimal(10, 2)`')
    const decimal = DECIMAL.exec(text)
    const [precision, scale] = [Number(decimal?.[1] ?? 1), Number(decimal?.[2] ?? 0)]
    if (precision < 1 || precision > DECIMAL_PRECISION_MAX || scale > precision) {
      this.#at = start
      throw this.#wrong('a decimal of 1 to 38 digits, and no more of them behind the point')
    }
    return { kind: 'primitive', text: text.toLowerCase() }
  }

  #struct(depth: number): ColumnType {
    const fields: DeclaredColumn[] = []
    do {
      const start = this.#at
      const name = this.#name()
      if (fields.some((field) => field.name === name)) {
        this.#at = start
        throw this.#wrong(`another name than \`${name}\`, which is there already`)
      }
      this.#expect(/^:/, ':')
      const type = this.type(depth + 1)
      fields.push({ name, type, required: this.#notNull(), doc: undefined, aliases: [] })
    } while (this.#take(/^,/) !== undefined)
    this.#close()
    return { kind: 'struct', fields }
  }

  #list(depth: number): ColumnType {
    const element = this.type(depth + 1)
    const elementRequired = this.#notNull()
    this.#close()
    return { kind: 'list', element, elementRequired }
  }

  #map(depth: number): ColumnType {
    const key = this.type(depth + 1)
    this.#expect(/^,/, ',')
    const value = this.type(depth + 1)
    const valueRequired = this.#notNull()
    this.#close()
    return { kind: 'map', key, value, valueRequired }
  }

  #name(): string {
    const match = this.#take(/^(?:`([^`]+)`|([^\s:<>,`]+))/)
    const name = match?.[1] ?? match?.[2]
    if (name === undefined) throw this.#wrong("a field's name")
    return name
  }

  #notNull(): boolean {
    return this.#take(/^not\s+null(?![a-z0-9_])/i) !== undefined
  }

  #close(): void {
    this.#expect(/^>/, '>')
  }

  #expect(pattern: RegExp, name: string): void {
    if (this.#take(pattern) === undefined) throw this.#wrong(`\`${name}\``)
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    this.#space()
    const match = pattern.exec(this.#text.slice(this.#at))
    if (match === null) return undefined
    this.#at += match[0].length
    return match
  }

  #space(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at++
  }

  #wrong(expected: string): WrongType {
    return new WrongType(expected, this.#at)
  }
}
