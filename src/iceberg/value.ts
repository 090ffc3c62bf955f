import { AssertionError } from '../core/assert.ts'
import type { Value } from './types.ts'

/** Narrowing of a `Value` by the form that its type has in memory. Another form is a bug of the caller. */

export function asBoolean(value: Value): boolean {
  if (typeof value !== 'boolean') throw wrongForm('boolean', value)
  return value
}

export function asNumber(value: Value): number {
  if (typeof value !== 'number') throw wrongForm('number', value)
  return value
}

export function asBigint(value: Value): bigint {
  if (typeof value !== 'bigint') throw wrongForm('bigint', value)
  return value
}

export function asText(value: Value): string {
  if (typeof value !== 'string') throw wrongForm('string', value)
  return value
}

export function asBytes(value: Value): Uint8Array {
  if (!(value instanceof Uint8Array)) throw wrongForm('Uint8Array', value)
  return value
}

function wrongForm(expected: string, value: Value): AssertionError {
  return new AssertionError(
    `bug: a value in the form of ${expected} was expected, not ${typeof value}`,
  )
}
