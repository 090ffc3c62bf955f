import { BAIL, skipText, type JsonReader } from './json-reader.ts'
import type { MemberNames } from './member-names.ts'

/** A member that belongs to no field. */
export const UNKNOWN = -1
/** Stands for the member before the first one. */
export const START = -2
/** A key that is no JSON. */
export const BAD_KEY = -3

const QUOTE = 34
const BACKSLASH = 92
const SPACE = 32
const FNV_OFFSET = 0x81_1c_9d_c5
const FNV_PRIME = 0x01_00_01_93

/** Finds the field of a struct that a key means, from its bytes. */
export class JsonKeys {
  readonly #names: MemberNames
  readonly #anyCase: boolean
  /** All names, back to back. */
  readonly #bytes: Buffer
  readonly #starts: Int32Array
  readonly #fields: Int32Array
  /** Open addressing: a name's place in `starts` and `fields`, or -1. */
  readonly #table: Int32Array
  /** By field, the key as JSON writes it, in words; the last one again has bytes of the one before. All back to back. */
  readonly #words: Int32Array
  readonly #wordStarts: Int32Array
  readonly #lengths: Int32Array
  /** By member, from `START` on, the field that followed it last: at first as the fields are in the struct. */
  readonly #successors: Int32Array

  constructor(
    fieldNames: readonly string[],
    names: MemberNames,
    { anyCase }: { readonly anyCase: boolean },
  ) {
    const entries = [...names.entries()]
    const texts = entries.map(([name]) => Buffer.from(name))
    this.#names = names
    this.#anyCase = anyCase
    this.#bytes = Buffer.concat(texts)
    this.#starts = new Int32Array(texts.length + 1)
    this.#fields = Int32Array.from(entries, ([, { index }]) => index)
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(texts.length * 2 + 2))).fill(-1)
    for (const [place, text] of texts.entries()) {
      this.#starts[place + 1] = (this.#starts[place] ?? 0) + text.length
      this.#insert(hashOf(text), place)
    }
    const keys = fieldNames.map((name) => Buffer.from(JSON.stringify(name)))
    const words = keys.map(wordsOf)
    this.#words = Int32Array.from(words.flat())
    this.#wordStarts = new Int32Array(keys.length + 1)
    for (const [field, own] of words.entries()) {
      this.#wordStarts[field + 1] = (this.#wordStarts[field] ?? 0) + own.length
    }
    this.#lengths = Int32Array.from(keys, ({ length }) => length)
    this.#successors = Int32Array.from({ length: keys.length - START }, (_, at) => at + START + 1)
    this.#successors[0] = 0
  }

  /**
   * As `find`, for the member behind another one: it is tried whether it is the field that came there the last time, since a
   * producer writes all its objects alike.
   */
  after(reader: JsonReader, at: number, previous: number): number {
    const expected = this.#successors[previous - START] ?? UNKNOWN
    if (this.#isKeyOf(expected, reader, at)) {
      reader.written = at + (this.#lengths[expected] ?? 0)
      return expected
    }
    const found = this.find(reader, at)
    if (found >= 0) this.#successors[previous - START] = found
    return found
  }

  #isKeyOf(field: number, { view, end }: JsonReader, at: number): boolean {
    const first = this.#wordStarts[field] ?? 0
    const last = (this.#wordStarts[field + 1] ?? 0) - 1
    const length = this.#lengths[field] ?? 0
    if (last < first || at + length > end) return false
    for (let word = first, place = at; word < last; word += 1, place += 4) {
      if (view.getInt32(place, true) !== this.#words[word]) return false
    }
    return view.getInt32(at + length - 4, true) === this.#words[last]
  }

  /** The field of the key at a quote; `reader.written` is then behind the key. */
  find(reader: JsonReader, at: number): number {
    const { bytes, end } = reader
    if (bytes[at] !== QUOTE) return BAD_KEY
    let place = at + 1
    let hash = FNV_OFFSET
    let high = 0
    for (;;) {
      const byte = bytes[place] ?? 0
      if (byte === QUOTE) break
      if (byte === BACKSLASH) return this.#findEscaped(reader, at)
      if (byte < SPACE || place >= end) return BAD_KEY
      high |= byte
      hash = Math.imul(hash ^ byte, FNV_PRIME)
      place += 1
    }
    reader.highBits |= high
    reader.written = place + 1
    const field = this.#lookup(bytes, { start: at + 1, end: place, hash })
    return field === UNKNOWN && this.#anyCase ? this.#findText(reader, at) : field
  }

  #lookup(bytes: Buffer, key: { start: number; end: number; hash: number }): number {
    const mask = this.#table.length - 1
    for (let slot = key.hash & mask; ; slot = (slot + 1) & mask) {
      const name = this.#table[slot] ?? -1
      if (name < 0) return UNKNOWN
      if (this.#equals(name, bytes, key)) return this.#fields[name] ?? UNKNOWN
    }
  }

  #equals(name: number, bytes: Buffer, { start, end }: { start: number; end: number }): boolean {
    const own = this.#bytes
    const from = this.#starts[name] ?? 0
    const length = (this.#starts[name + 1] ?? 0) - from
    if (length !== end - start) return false
    for (let index = 0; index < length; index += 1) {
      if (own[from + index] !== bytes[start + index]) return false
    }
    return true
  }

  #findEscaped(reader: JsonReader, at: number): number {
    const end = skipText(reader, at)
    if (end === BAIL || end > reader.end) return BAD_KEY
    reader.written = end
    return this.#findText(reader, at)
  }

  /** By the key's text, where its bytes do not tell: escapes, another case. */
  #findText(reader: JsonReader, at: number): number {
    const key: unknown = JSON.parse(reader.bytes.toString('utf8', at, reader.written))
    return typeof key === 'string' ? (this.#names.lookup(key)?.index ?? UNKNOWN) : BAD_KEY
  }

  #insert(hash: number, name: number): void {
    const mask = this.#table.length - 1
    let slot = hash & mask
    while ((this.#table[slot] ?? 0) >= 0) slot = (slot + 1) & mask
    this.#table[slot] = name
  }
}

/** None for a key that JSON may write in other ways, or that is shorter than a word. */
function wordsOf(key: Buffer): number[] {
  if (key.includes('\\') || key.length < 4) return []
  const words = Math.ceil(key.length / 4)
  return Array.from({ length: words }, (_, index) =>
    key.readInt32LE(Math.min(4 * index, key.length - 4)),
  )
}

function hashOf(text: Buffer): number {
  let hash = FNV_OFFSET
  for (const byte of text) hash = Math.imul(hash ^ byte, FNV_PRIME)
  return hash
}
