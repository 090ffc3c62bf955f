import { appendValue } from '../columns/append.ts'
import type { ColumnBuilder } from '../columns/column-builder.ts'
import { required } from '../core/assert.ts'
import { BAD_KEY, type JsonKeys, START, UNKNOWN } from './json-keys.ts'
import { BAIL, type JsonReader, skipNull, skipSpace, skipValue } from './json-reader.ts'
import { appendJsonText } from './json-text.ts'

const SPACE = 32
const COMMA = 44
const COLON = 58
const LETTER_N = 110
const CLOSE_BRACE = 125
const CALLS_MAX = 2 ** 31 - 1

/** Appends the value at a place, which is not null. */
type ReadValue = (reader: JsonReader, at: number) => number

export interface MembersOf {
  readonly columns: readonly ColumnBuilder[]
  readonly keys: JsonKeys
  /** By field, whether several names mean it: which one counts depends on more than their order. */
  readonly several: readonly boolean[]
  /** How many levels a member that nobody wants may have. */
  readonly depthLeft: number
}

/**
 * Reads the objects of a struct by tables, one function for all structs: what generated code leaves, since the members are
 * in another order, or some are absent, or there is white space. Code of each struct's own for that took longer to compile
 * than to run, and was no faster.
 */
export class JsonMembers {
  readonly #of: MembersOf
  readonly #counters: Int32Array
  readonly #isText: readonly boolean[]
  /** By field, the call in which it was seen last. */
  readonly #seen: Int32Array
  /** Of the object that is read now; none lies within another one of the same struct. */
  #call = 0
  #absent = 0
  /** The field of the member that was read last. */
  #previous = START
  #readers: readonly ReadValue[] = []
  #rebind: () => void = () => undefined

  constructor(of: MembersOf, counters: Int32Array) {
    this.#of = of
    this.#counters = counters
    this.#isText = of.columns.map(({ field }) => field.type.kind === 'string')
    this.#seen = new Int32Array(of.columns.length)
  }

  /** What generated code has for each column, and what it does once a column has grown. */
  open(readers: readonly ReadValue[], rebind: () => void): void {
    this.#readers = readers
    this.#rebind = rebind
  }

  /**
   * Behind the object of which the fields up to `previous` have been read, as the schema has them, and which goes on at a
   * place; with `START` its brace is there. Each column that was not read has a slot more then.
   */
  read(reader: JsonReader, at: number, previous: number): number {
    const { bytes } = reader
    this.#begin(previous)
    let place = previous === START ? skipSpace(reader, at + 1) : at
    for (;;) {
      if (this.#previous !== START) {
        if ((bytes[place] ?? 0) <= SPACE) place = skipSpace(reader, place)
        const byte = bytes[place]
        if (byte === CLOSE_BRACE) break
        if (byte !== COMMA) return BAIL
        place += 1
        if ((bytes[place] ?? 0) <= SPACE) place = skipSpace(reader, place)
      } else if (bytes[place] === CLOSE_BRACE) break
      place = this.#member(reader, place)
      if (place < 0) return BAIL
    }
    return this.#absent === 0 || this.#fillAbsent() ? place + 1 : BAIL
  }

  #begin(previous: number): void {
    if (this.#call === CALLS_MAX) {
      this.#seen.fill(0)
      this.#call = 0
    }
    this.#call += 1
    this.#previous = previous
    const read = Math.max(0, previous + 1)
    this.#absent = this.#of.columns.length - read
    for (let field = 0; field < read; field += 1) this.#seen[field] = this.#call
  }

  /** Behind the member whose key is at a place. */
  #member(reader: JsonReader, at: number): number {
    const { keys, depthLeft } = this.#of
    const { bytes } = reader
    const field = keys.after(reader, at, this.#previous)
    if (field === BAD_KEY) return BAIL
    this.#previous = field
    let place = reader.written
    if (bytes[place] !== COLON) place = skipSpace(reader, place)
    if (bytes[place] !== COLON) return BAIL
    place += 1
    if ((bytes[place] ?? 0) <= SPACE) place = skipSpace(reader, place)
    if (field === UNKNOWN) return skipValue(reader, place, depthLeft)
    if (this.#seen[field] !== this.#call) this.#absent -= 1
    else if (!this.#rewind(field)) return BAIL
    this.#seen[field] = this.#call
    return this.#value(reader, place, field)
  }

  #value(reader: JsonReader, at: number, field: number): number {
    const column = required(this.#of.columns[field], 'column')
    if (reader.bytes[at] === LETTER_N && column.optional) {
      column.fillNull()
      return skipNull(reader, at)
    }
    if (this.#isText[field] === true) return appendJsonText(reader, at, column, this.#counters)
    return required(this.#readers[field], 'reader')(reader, at)
  }

  /** A duplicate member takes the place of the one before. */
  #rewind(field: number): boolean {
    if (this.#of.several[field] === true) return false
    const column = required(this.#of.columns[field], 'column')
    column.truncate(column.length - 1)
    return true
  }

  #fillAbsent(): boolean {
    const { columns } = this.#of
    for (let field = 0; field < columns.length; field += 1) {
      if (this.#seen[field] === this.#call) continue
      const column = required(columns[field], 'column')
      if (column.field.writeDefault !== undefined) {
        appendValue(column, column.field.writeDefault)
        this.#rebind()
      } else if (column.optional) column.fillNull()
      else return false
    }
    return true
  }
}
