import { FirnError, messageOf } from '../core/errors.ts'

/** What a log line says beside its message. Errors, `bigint`s and nested values are all right. */
export type LogFacts = Readonly<Record<string, unknown>>

const DEPTH_MAX = 6
const ITEMS_MAX = 100
const TEXT_LENGTH_MAX = 10_000
const SECRET_KEY = /password|secret|token|authorization|credential|private_?key/i
const HIDDEN = '[secret]'

/**
 * Facts as they may be logged: bounded, without what a key's name says is a secret, and with every `bigint` as text,
 * because most readers of logs would round an int64.
 */
export function loggable(facts: LogFacts): Record<string, unknown> {
  return objectOf(facts, 0)
}

function objectOf(value: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(value).slice(0, ITEMS_MAX)
  return Object.fromEntries(
    entries.map(([key, member]: [string, unknown]) => [
      key,
      SECRET_KEY.test(key) && member !== undefined ? HIDDEN : plain(member, depth + 1),
    ]),
  )
}

function plain(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'bigint':
      return value.toString()
    case 'string':
      return value.length > TEXT_LENGTH_MAX ? `${value.slice(0, TEXT_LENGTH_MAX)}…` : value
    case 'function':
    case 'symbol':
      return undefined
    case 'object':
      return value === null ? null : plainObject(value, depth)
    default:
      return value
  }
}

function plainObject(value: object, depth: number): unknown {
  if (value instanceof Error) return errorOf(value, depth)
  if (depth > DEPTH_MAX) return '…'
  if (statesItself(value)) return plain(value.toJSON(), depth + 1)
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
  if (value instanceof Map) return objectOf(Object.fromEntries(stringKeys(value)), depth)
  return isIterable(value) ? listOf(value, depth) : objectOf(value, depth)
}

function statesItself(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

function isIterable(value: object): value is Iterable<unknown> {
  return Symbol.iterator in value && typeof value[Symbol.iterator] === 'function'
}

function stringKeys(map: ReadonlyMap<unknown, unknown>): [string, unknown][] {
  return [...map].map(([key, member]) => [String(key), member])
}

function listOf(values: Iterable<unknown>, depth: number): unknown[] {
  const items: unknown[] = []
  for (const item of values) {
    if (items.length === ITEMS_MAX) return [...items, '…']
    items.push(plain(item, depth + 1))
  }
  return items
}

function errorOf(error: Error, depth: number): Record<string, unknown> {
  const message = messageOf(error)
  if (!(error instanceof FirnError)) return { name: error.name, message, stack: error.stack }
  const { code, context, help } = error
  return {
    code,
    message,
    ...(Object.keys(context).length > 0 ? { context: objectOf(context, depth) } : {}),
    ...(help === undefined ? {} : { help }),
  }
}
