/** Thrown when Firn itself is wrong: never caught and carried on from, never caused by input. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError'
}

/** States what must hold here. A failure is a bug in Firn, not bad input (that is a `FirnError`). */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(`bug: ${message}`)
}

/** The value, where the program's own logic has made sure that there is one. */
export function required<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new AssertionError(`bug: no ${what}`)
  return value
}

/** Closes a `switch` over a union: the compiler refuses a case left out. */
export function unreachable(value: never): never {
  throw new AssertionError(`bug: unreachable value ${String(value)}`)
}
