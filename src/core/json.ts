import { FirnError } from './errors.ts'
import { restored, withLongIntegersMarked } from './long-integers.ts'

/** What JSON text parses to. An integer that a `number` cannot hold exactly comes as `bigint`. */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly JsonValue[]
  | JsonObject
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined
}

const INTEGER = /^-?\d+$/

/**
 * Parses JSON without losing digits of an integer: Iceberg's snapshot ids use all 63 bits, and plain `JSON.parse`
 * would change them silently.
 */
export function parseJson(text: string, what: string): JsonValue {
  try {
    const marked = withLongIntegersMarked(text)
    // `JSON.parse` makes nothing but JsonValues.
    /* oxlint-disable typescript/no-unsafe-type-assertion */
    if (marked === undefined) return JSON.parse(text, exactInteger) as JsonValue
    const value = JSON.parse(marked) as JsonValue
    /* oxlint-enable typescript/no-unsafe-type-assertion */
    return marked === text ? value : restored(value)
  } catch (cause) {
    throw new FirnError('JSON_INVALID', `${what} is not JSON: ${text.slice(0, 200)}`, { cause })
  }
}

function exactInteger(_key: string, value: unknown, context: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const { source } = context
  return source !== undefined && INTEGER.test(source) ? BigInt(source) : value
}

/** JSON text of a value; `bigint` is written as an integer of all its digits. `undefined` members are left out. */
export function stringifyJson(value: JsonValue, indent?: number): string {
  return JSON.stringify(
    value,
    (_key, member: unknown) => (typeof member === 'bigint' ? JSON.rawJSON(`${member}`) : member),
    indent,
  )
}

/** Whether a parsed value is an object. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
