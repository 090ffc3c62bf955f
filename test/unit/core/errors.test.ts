import { describe, expect, test } from 'vitest'
import { assert, AssertionError, required, unreachable } from '../../../src/core/assert.ts'
import { ERROR_CODES } from '../../../src/core/error-codes.ts'
import { FirnError, messageOf } from '../../../src/core/errors.ts'

describe('the table of codes', () => {
  const codes = Object.entries(ERROR_CODES)

  test.each(codes)(
    '%s has a sentence, and facts that go together',
    (code, { meaning, retry, exit }) => {
      expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/)
      expect(meaning).toMatch(/^[A-Z].*\.$/)
      expect(retry === 'never' || exit === 1).toBe(true)
    },
  )
})

describe('FirnError', () => {
  test('has the facts of its code', () => {
    const error = new FirnError('KAFKA_UNAVAILABLE', 'no broker')
    expect([error.name, error.retry, error.facts.exit, error.help]).toEqual([
      'FirnError',
      'backoff',
      1,
      undefined,
    ])
    expect(error.context).toEqual({})
    expect('cause' in error).toBe(false)
  })

  test('keeps context, help and cause', () => {
    const cause = new Error('ECONNREFUSED')
    const error = new FirnError('USAGE', 'x', { cause, context: { at: 1n }, help: 'h' })
    expect([error.cause, error.context, error.help]).toEqual([cause, { at: 1n }, 'h'])
  })
})

describe('messageOf', () => {
  test.each([
    [new Error('outer', { cause: new Error('inner', { cause: 'root' }) }), 'outer: inner: root'],
    [new TypeError(''), 'TypeError'],
    ['text', 'text'],
    [undefined, 'undefined'],
  ])('%s', (thrown, text) => {
    expect(messageOf(thrown)).toBe(text)
  })
})

describe('assertions', () => {
  test('are bugs by name', () => {
    expect(() => assert(false, 'one is two')).toThrow(new AssertionError('bug: one is two'))
    expect(() => assert(true, '')).not.toThrow()
    expect(() => required(undefined, 'ledger')).toThrow('bug: no ledger')
    expect(() => required(null, 'ledger')).toThrow('bug: no ledger')
    expect(required(0, 'ledger')).toBe(0)
    expect(() => unreachable('x' as never)).toThrow('bug: unreachable value x')
  })
})
