import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { interpolate } from '../../../src/config/interpolate.ts'
import { Secret } from '../../../src/config/secret.ts'

describe('interpolate', () => {
  const env = { A: 'x', EMPTY: '', NESTED: '${A}' }

  test.each([
    ['plain', 'plain', []],
    ['${A}', 'x', []],
    ['-${A}-${A}-', '-x-x-', []],
    ['${EMPTY}', '', []],
    ['${EMPTY:-d}', 'd', []],
    ['${UNSET:-d}', 'd', []],
    ['${UNSET:-}', '', []],
    ['${A:-d}', 'x', []],
    ['${NESTED}', '${A}', []],
    ['$${A}', '${A}', []],
    ['$$$$', '$$', []],
    ['orders$', 'orders$', []],
    ['$A', '$A', []],
    ['${UNSET}', '', ['UNSET']],
  ])('%s', (source, text, unset) => {
    expect(interpolate(source, env)).toMatchObject({ text, unset, malformed: false })
  })

  test.each(['${}', '${1}', '${A-b}', '${A', 'x${'])('%s is malformed', (source) => {
    expect(interpolate(source, env).malformed).toBe(true)
  })

  test('escaping every $ gives the text back', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('$', '{', '}', 'A', ':', '-', ' ') }),
        (text) => {
          expect(interpolate(text.replaceAll('$', '$$$$'), env)).toEqual({
            text,
            variables: [],
            unset: [],
            malformed: false,
          })
        },
      ),
    )
  })
})

describe('a secret in a file', () => {
  test('is read again each time, and keeps the last while the file is away', () => {
    const reads = ['one\n', 'two\r\n', new Error('gone'), 'three']
    const secret = Secret.inFile(() => {
      const next = reads.shift()
      if (next === undefined || next instanceof Error) throw next ?? new Error('no more')
      return next
    })
    expect([secret.reveal(), secret.reveal(), secret.reveal()]).toEqual(['two', 'two', 'three'])
  })

  test('must be there at the start', () => {
    expect(() =>
      Secret.inFile(() => {
        throw new Error('gone')
      }),
    ).toThrow('gone')
  })
})
