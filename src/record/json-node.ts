import { shortened } from './record-failure.ts'

/** A JSON value of which nothing is lost: a number keeps its text. */
export type JsonNode =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  /** In the order in which each key came last: of duplicate keys the last one counts. */
  | { readonly kind: 'object'; readonly members: ReadonlyMap<string, JsonNode> }

/** A value as a message shows it. */
export function nodeText(node: JsonNode): string {
  switch (node.kind) {
    case 'null':
      return 'null'
    case 'boolean':
      return String(node.value)
    case 'number':
      return shortened(node.text)
    case 'string':
      return shortened(JSON.stringify(node.text))
    case 'array':
      return 'an array'
    default:
      return 'an object'
  }
}

/** Why text is not JSON that a record may hold. */
export class JsonFault extends Error {
  override readonly name = 'JsonFault'
}

const SPACE = /[ \t\n\r]*/y
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
// The grammar itself names control characters.
// oxlint-disable-next-line no-control-regex
const PLAIN = /[^"\\\u0000-\u001f]*/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y
const ESCAPED: Readonly<Record<string, string>> = {
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/**
 * Parses JSON (RFC 8259) as `JSON.parse` does, but for three things: numbers keep their text, half a surrogate pair
 * is refused (it has no UTF-8), and so is nesting beyond `depthMax`. Throws JsonFault.
 */
export function parseJsonNode(text: string, depthMax: number): JsonNode {
  const parser = new NodeParser(text, depthMax)
  return parser.document()
}

class NodeParser {
  readonly #text: string
  readonly #depthMax: number
  #at = 0
  #depth = 0

  constructor(text: string, depthMax: number) {
    this.#text = text
    this.#depthMax = depthMax
  }

  document(): JsonNode {
    const node = this.#value()
    this.#take(SPACE)
    if (this.#at < this.#text.length) throw this.#unexpected()
    return node
  }

  #value(): JsonNode {
    this.#take(SPACE)
    switch (this.#text.charAt(this.#at)) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case '"':
        return { kind: 'string', text: this.#string() }
      case 't':
        return this.#word('true', { kind: 'boolean', value: true })
      case 'f':
        return this.#word('false', { kind: 'boolean', value: false })
      case 'n':
        return this.#word('null', { kind: 'null' })
      default:
        return this.#number()
    }
  }

  #object(): JsonNode {
    const members = new Map<string, JsonNode>()
    this.#open()
    if (!this.#closes('}')) {
      do {
        this.#take(SPACE)
        const key = this.#string()
        this.#expect(':')
        const value = this.#value()
        members.delete(key)
        members.set(key, value)
      } while (this.#goesOn('}'))
    }
    this.#depth -= 1
    return { kind: 'object', members }
  }

  #array(): JsonNode {
    const items: JsonNode[] = []
    this.#open()
    if (!this.#closes(']')) {
      do items.push(this.#value())
      while (this.#goesOn(']'))
    }
    this.#depth -= 1
    return { kind: 'array', items }
  }

  #open(): void {
    this.#at += 1
    this.#depth += 1
    if (this.#depth > this.#depthMax) {
      throw new JsonFault(`more than ${this.#depthMax} levels of nesting`)
    }
  }

  #closes(bracket: string): boolean {
    this.#take(SPACE)
    if (this.#text.charAt(this.#at) !== bracket) return false
    this.#at += 1
    return true
  }

  #goesOn(bracket: string): boolean {
    if (this.#closes(bracket)) return false
    this.#expect(',')
    return true
  }

  #expect(character: string): void {
    if (!this.#closes(character)) throw this.#unexpected()
  }

  #number(): JsonNode {
    const text = this.#take(NUMBER)
    if (text === '') throw this.#unexpected()
    return { kind: 'number', text }
  }

  #word(word: string, node: JsonNode): JsonNode {
    if (!this.#text.startsWith(word, this.#at)) throw this.#unexpected()
    this.#at += word.length
    return node
  }

  #string(): string {
    if (this.#text.charAt(this.#at) !== '"') throw this.#unexpected()
    this.#at += 1
    let text = this.#take(PLAIN)
    while (this.#text.charAt(this.#at) !== '"') {
      const escape = this.#take(ESCAPE)
      if (escape === '') throw this.#unexpected()
      text += unescaped(escape) + this.#take(PLAIN)
    }
    this.#at += 1
    if (!text.isWellFormed()) throw new JsonFault('a string with half a surrogate pair')
    return text
  }

  /** What the pattern matches here, and goes behind it. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += match.length
    return match
  }

  #unexpected(): JsonFault {
    const found = this.#text.codePointAt(this.#at)
    if (found === undefined) return new JsonFault('text that ends too early')
    return new JsonFault(
      `${JSON.stringify(String.fromCodePoint(found))} at character ${this.#at + 1}, which is not JSON`,
    )
  }
}

function unescaped(escape: string): string {
  const letter = escape.charAt(1)
  if (letter === 'u') return String.fromCharCode(Number.parseInt(escape.slice(2), 16))
  return ESCAPED[letter] ?? letter
}
