import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JsonFault, parseJsonNode, type JsonNode } from '../../../src/record/json-node.ts'
import { brokenJson } from './arbitraries.ts'

const DEPTH = 64

/** As `JSON.parse` answers; half surrogate pairs and depth are the differences that are meant. */
function plainOf(node: JsonNode): unknown {
  switch (node.kind) {
    case 'null':
      return null
    case 'boolean':
      return node.value
    case 'number':
      return Number(node.text)
    case 'string':
      return node.text
    case 'array':
      return node.items.map(plainOf)
    default: {
      // JSON.parse keeps the place of a key's first occurrence; as an object's members, order is nothing.
      const entries = [...node.members].map(([key, value]) => [key, plainOf(value)] as const)
      return Object.fromEntries(entries)
    }
  }
}

function ours(text: string): unknown {
  try {
    return { value: plainOf(parseJsonNode(text, DEPTH)) }
  } catch (error) {
    expect(error).toBeInstanceOf(JsonFault)
    return 'refused'
  }
}

function theirs(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return { value }
  } catch {
    return 'refused'
  }
}

describe('JSON', () => {
  test('is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.json({ stringUnit: 'grapheme' }), (text) => {
        expect(ours(text)).toEqual(theirs(text))
      }),
    )
  })

  test('that is broken is refused where JSON.parse refuses it', () => {
    fc.assert(
      fc.property(brokenJson(), (text) => {
        fc.pre(text.isWellFormed() && !/\\u[dD][89a-fA-F]/.test(text))
        expect(ours(text)).toEqual(theirs(text))
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    '',
    ' ',
    '{',
    '}',
    '[',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    "{'a':1}",
    '01',
    '-',
    '1.',
    '.5',
    '1e',
    '+1',
    '0x1',
    'NaN',
    'Infinity',
    'nul',
    'truefalse',
    '"a',
    '"\t"',
    '"\\x41"',
    '"\\u12"',
    '1 2',
    '{"a":1}}',
    '\u{feff}{}',
    '{"a" 1}',
    '[1 2]',
    '{"a":1 "b":2}',
    '{,}',
    '[,]',
    '\u00a01',
  ])('%j is refused', (text) => {
    expect(ours(text)).toBe('refused')
    expect(theirs(text)).toBe('refused')
  })

  test('numbers keep their text', () => {
    const node = parseJsonNode('[9223372036854775807, 1.10, -0, 1E400]', DEPTH)
    expect(node.kind === 'array' && node.items).toEqual(
      ['9223372036854775807', '1.10', '-0', '1E400'].map((text) => ({ kind: 'number', text })),
    )
  })

  test('of duplicate keys the last counts, and stands where it came last', () => {
    const node = parseJsonNode('{"a":1,"b":2,"a":3}', DEPTH)
    expect(node.kind === 'object' && [...node.members]).toEqual([
      ['b', { kind: 'number', text: '2' }],
      ['a', { kind: 'number', text: '3' }],
    ])
  })

  test('half a surrogate pair is refused, a whole one is not', () => {
    expect(() => parseJsonNode('"\\ud83d"', DEPTH)).toThrow(/half a surrogate/)
    expect(() => parseJsonNode('{"\\ude00":1}', DEPTH)).toThrow(/half a surrogate/)
    expect(parseJsonNode('"\\ud83d\\ude00"', DEPTH)).toEqual({ kind: 'string', text: '😀' })
  })

  test('a key of Object.prototype is a key', () => {
    const node = parseJsonNode('{"__proto__":1,"constructor":2}', DEPTH)
    expect(node.kind === 'object' && [...node.members.keys()]).toEqual(['__proto__', 'constructor'])
  })

  test('depth is bounded, whatever is nested', () => {
    expect(parseJsonNode('[[{"a":[]}]]', 4).kind).toBe('array')
    expect(() => parseJsonNode('[[{"a":[]}]]', 3)).toThrow(/more than 3 levels/)
    expect(() => parseJsonNode('['.repeat(1e6), DEPTH)).toThrow(/more than 64 levels/)
  })
})
