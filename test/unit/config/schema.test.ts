import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { describe, expect, test } from 'vitest'
import {
  alternatives,
  configJsonSchema,
  keysAt,
  schemasAt,
  type JsonSchema,
} from '../../../src/config/json-schema.ts'
import { defaultBudgetBytes, defaultThreads } from '../../../src/config/service.ts'

const root = configJsonSchema()

/** Every key of every section, with its schema and where it is. */
function everyKey(schema: JsonSchema, path: string, seen: Set<JsonSchema>): [string, JsonSchema][] {
  return alternatives(root, schema).flatMap((one) => {
    if (seen.has(one)) return []
    seen.add(one)
    const own = Object.entries(one.properties ?? {})
    const within = own.flatMap(([key, member]) => everyKey(member, `${path}${key}.`, seen))
    const inItems = one.items === undefined ? [] : everyKey(one.items, `${path}[].`, seen)
    return own
      .map(([key, member]): [string, JsonSchema] => [`${path}${key}`, member])
      .concat(within, inItems)
  })
}

const keys = everyKey(root, '', new Set())

describe('the schema', () => {
  test('describes every key in a sentence', () => {
    expect(keys.length).toBeGreaterThan(120)
    const without = keys.filter(([, schema]) => !/[.…]$/.test(schema.description ?? ''))
    expect(without.map(([key]) => key)).toEqual([])
  })

  test('documents what an optional value is when it is left out', () => {
    const required = new Set(
      ['', 'kafka.', 'catalog.', 'tables.[].'].flatMap((path) => {
        const at = path === '' ? [] : path === 'tables.[].' ? ['tables', 0] : [path.slice(0, -1)]
        return schemasAt(root, at).flatMap((schema) =>
          (schema.required ?? []).map((key) => `${path}${key}`),
        )
      }),
    )
    const numbers = keys.filter(([key, schema]) => {
      const types = alternatives(root, schema).map((one) => one.type)
      return !required.has(key) && types.includes('integer') && !key.includes('offsets')
    })
    const silent = numbers.filter(
      ([, schema]) =>
        schema.default === undefined && !/Default: |^As `/.test(schema.description ?? ''),
    )
    expect(silent.map(([key]) => key)).toEqual([])
  })

  test('names units last: a number of milliseconds or bytes says so', () => {
    const wide = keys.filter(
      ([, { type, maximum }]) => type === 'integer' && (maximum ?? 0) >= 600_000,
    )
    const unnamed = wide.filter(([key]) => !/(_ms|_bytes|_max|_min|bytes_limit)$/.test(key))
    expect(unnamed.map(([key]) => key)).toEqual([])
  })

  test('full.yaml has every key', () => {
    const text = readFileSync(new URL('../../../config/full.yaml', import.meta.url), 'utf8')
    const given = new Set(pathsOf(parse(text), ''))
    const alternative =
      /password_file|token_file|\.token$|client_secret_file|secret_access_key_file|session_token$|timestamp|topics\.pattern|catalog\.tls\.(cert|key)_file/
    const inColumns = /columns|catalog\.auth\.type|sasl\.mechanism/
    const missing = keys
      .map(([key]) => key)
      .filter((key) => !given.has(key) && !alternative.test(key) && !inColumns.test(key))
    expect(missing).toEqual([])
  })

  test('knows what may stand where', () => {
    expect(keysAt(root, ['catalog', 'auth'])).toEqual(
      expect.arrayContaining(['type', 'token', 'client_secret']),
    )
    expect(schemasAt(root, ['catalog', 'headers', 'x'])[0]?.type).toBe('string')
    expect(schemasAt(root, ['catalog', 'nothing', 'here'])).toEqual([])
    expect(keysAt(root, ['tables', 3, 'columns', 0, 'type', 'struct', 1])).toContain('aliases')
  })
})

function pathsOf(value: unknown, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => pathsOf(item, `${path}[].`))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]: [string, unknown]) =>
    [`${path}${key}`].concat(pathsOf(member, `${path}${key}.`)),
  )
}

describe('defaults that depend on the machine', () => {
  const MIB = 1024 * 1024

  test('the budget is a quarter of the memory, within bounds', () => {
    expect(defaultBudgetBytes(512 * MIB)).toBe(128 * MIB)
    expect(defaultBudgetBytes(100 * MIB)).toBe(64 * MIB)
    expect(defaultBudgetBytes(64 * 1024 * MIB)).toBe(1024 * MIB)
  })

  test('one core stays for the main thread', () => {
    expect([1, 2, 8].map(defaultThreads)).toEqual([1, 1, 7])
  })
})
