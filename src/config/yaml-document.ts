import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml'
import { interpolate, type Environment } from './interpolate.ts'
import type { ConfigProblem } from './problem.ts'

/** Where in the file, both from 1. */
interface Place {
  readonly line: number
  readonly column: number
}

/** A key's path: names, and numbers of list elements. */
export type KeyPath = readonly PropertyKey[]

/** A path as a person reads it: `tables.0.start`. */
export function pathText(path: KeyPath): string {
  return path.map(String).join('.')
}

/** A YAML file as plain values, and where each of them stands. */
export interface YamlDocument {
  readonly value: unknown
  readonly problems: readonly ConfigProblem[]
  /** Where the value at this path stands, or else the nearest section around it. */
  placeOf(path: KeyPath): Place
  /** Where the key itself stands. */
  placeOfKey(path: KeyPath): Place
  /** The variables that an interpolated scalar names; empty where the value stands in the file as it is. */
  variablesOf(path: KeyPath): readonly string[]
}

/** What nobody writes by hand is not a configuration. */
const TEXT_LENGTH_MAX = 1024 * 1024
const DEPTH_MAX = 64
const NODES_MAX = 100_000

export interface YamlOptions {
  readonly env: Environment
  /** What the text of an interpolated scalar stands for at this path: a variable has no type of its own. */
  readonly typed: (path: KeyPath, text: string) => unknown
}

/**
 * Parses YAML 1.2 and replaces `${…}` in its values. Integers beyond 2^53 come as `bigint`; keys come as text.
 * Aliases are followed, within bounds.
 */
export function readYaml(text: string, options: YamlOptions): YamlDocument {
  const lines = new LineCounter()
  const tooLong = text.length > TEXT_LENGTH_MAX
  const document = parseDocument(tooLong ? '' : text, { lineCounter: lines, intAsBigInt: true })
  const reading = new Reading(document, lines, options)
  if (tooLong) reading.problem([], undefined, ['a file of at most 1 MiB', 'a longer one'])
  reading.syntaxProblems()
  const value = document.errors.length === 0 ? reading.valueOf(document.contents, [], 0) : undefined
  return {
    value,
    problems: reading.problems,
    placeOf: (path) => reading.place(nodeStart(nodeAt(document, path))),
    placeOfKey: (path) => reading.place(keyStart(document, path)),
    variablesOf: (path) => reading.variables.get(pathText(path)) ?? [],
  }
}

class Reading {
  readonly problems: ConfigProblem[] = []
  readonly variables = new Map<string, readonly string[]>()
  readonly #document: Document.Parsed
  readonly #lines: LineCounter
  readonly #options: YamlOptions
  #nodes = 0

  constructor(document: Document.Parsed, lines: LineCounter, options: YamlOptions) {
    this.#document = document
    this.#lines = lines
    this.#options = options
  }

  place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset)
    return { line: Math.max(1, line), column: Math.max(1, col) }
  }

  problemAt(key: string, place: Place, [expected, found]: readonly [string, string]): void {
    this.problems.push({ key, ...place, expected, found })
  }

  problem(path: KeyPath, node: Node | undefined, texts: readonly [string, string]): void {
    this.problemAt(pathText(path), this.place(nodeStart(node)), texts)
  }

  /** Keys that are there twice, and the first other error: what follows it is only its echo. */
  syntaxProblems(): void {
    const { errors } = this.#document
    const first = errors.find((error) => error.code !== 'DUPLICATE_KEY')
    for (const error of errors) {
      if (error.code === 'DUPLICATE_KEY') {
        this.problemAt('', this.place(error.pos[0]), ['each key once', 'one that is there already'])
      } else if (error === first) {
        const detail = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, .*$/, '')
        this.problemAt('', this.place(error.pos[0]), ['YAML', `an error: ${detail}`])
      }
    }
  }

  valueOf(node: unknown, path: KeyPath, depth: number): unknown {
    this.#nodes++
    if (this.#nodes > NODES_MAX || depth > DEPTH_MAX) {
      if (this.#nodes === NODES_MAX + 1 || depth === DEPTH_MAX + 1) {
        this.problem(path, undefined, ['a smaller file', 'too many values, or too deeply nested'])
      }
      return undefined
    }
    if (isAlias(node)) return this.valueOf(node.resolve(this.#document), path, depth + 1)
    if (isMap(node)) return this.#objectOf(node, path, depth)
    if (isSeq(node)) {
      return node.items.map((item, index) => this.valueOf(item, [...path, index], depth + 1))
    }
    return isScalar(node) ? this.#scalarOf(node.value, node, path) : undefined
  }

  #objectOf(map: YAMLMap, path: KeyPath, depth: number): unknown {
    const entries = map.items.map((pair): [string, unknown] => {
      const key = keyText(pair)
      return [key, this.valueOf(pair.value, [...path, key], depth + 1)]
    })
    // A key `__proto__` is a key like any other: unknown.
    return Object.fromEntries(entries)
  }

  #scalarOf(value: unknown, node: Node, path: KeyPath): unknown {
    if (typeof value === 'bigint') {
      const number = Number(value)
      return Number.isSafeInteger(number) ? number : value
    }
    if (typeof value !== 'string') return value ?? undefined
    const { text, variables, unset, malformed } = interpolate(value, this.#options.env)
    if (variables.length > 0) this.variables.set(pathText(path), variables)
    if (malformed) {
      this.problem(path, node, [
        '${NAME} or ${NAME:-default}, or $$ for a plain $',
        '${ without it',
      ])
    }
    for (const name of new Set(unset)) {
      this.problem(path, node, [`the environment variable ${name}`, 'it unset'])
    }
    return variables.length > 0 ? this.#options.typed(path, text) : text
  }
}

function keyText(pair: Pair): string {
  const { key } = pair
  return isScalar(key) ? String(key.value) : String(key)
}

function pairAt(map: YAMLMap, key: PropertyKey): Pair | undefined {
  return map.items.find((pair) => keyText(pair) === String(key))
}

/** The node at a path, or the deepest one on the way to it. */
function nodeAt(document: Document.Parsed, path: KeyPath): Node | undefined {
  let node: unknown = document.contents
  for (const step of path) {
    const next = childOf(document, node, step)
    if (next === undefined) break
    node = next
  }
  return asNode(node)
}

function childOf(document: Document.Parsed, parent: unknown, step: PropertyKey): unknown {
  const node = isAlias(parent) ? parent.resolve(document) : parent
  if (isMap(node)) {
    const pair = pairAt(node, step)
    // A key without a value stands where its key does.
    return pair === undefined ? undefined : (asNode(pair.value) ?? pair.key)
  }
  return isSeq(node) ? node.items[Number(step)] : undefined
}

function asNode(value: unknown): Node | undefined {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value) ? value : undefined
}

function nodeStart(node: Node | undefined): number {
  return node?.range?.[0] ?? 0
}

function keyStart(document: Document.Parsed, path: KeyPath): number {
  const parent = nodeAt(document, path.slice(0, -1))
  const node = isAlias(parent) ? parent.resolve(document) : parent
  const last = path.at(-1)
  const pair = isMap(node) && last !== undefined ? pairAt(node, last) : undefined
  return nodeStart(asNode(pair?.key) ?? parent)
}
