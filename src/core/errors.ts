import { ERROR_CODES, type ErrorCode, type ErrorCodeFacts } from './error-codes.ts'

/** Facts about an error, for logs and `--json`: never secrets. */
export type ErrorContext = Readonly<Record<string, string | number | bigint | boolean | null>>

export interface FirnErrorOptions {
  readonly cause?: unknown
  readonly context?: ErrorContext
  /** The command, or the change, that resolves it: printed on a line of its own. */
  readonly help?: string
}

/**
 * A fault that a person reads: `message` names the thing, the place, what was expected and what was found.
 * `code` is stable and documented; everything else may change.
 */
export class FirnError extends Error {
  override readonly name = 'FirnError'
  readonly code: ErrorCode
  readonly context: ErrorContext
  readonly help: string | undefined

  constructor(code: ErrorCode, message: string, options: FirnErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.context = options.context ?? {}
    this.help = options.help
  }

  get facts(): ErrorCodeFacts {
    return ERROR_CODES[this.code]
  }

  get retry(): 'never' | 'backoff' {
    return this.facts.retry
  }
}

/** The message of anything that was thrown, with the messages of its causes. */
export function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  const own = thrown.message === '' ? thrown.name : thrown.message
  return thrown.cause === undefined ? own : `${own}: ${messageOf(thrown.cause)}`
}

/** Anything that was thrown as one of ours: what has no code of its own is INTERNAL. */
export function asFirnError(fault: unknown): FirnError {
  return fault instanceof FirnError
    ? fault
    : new FirnError('INTERNAL', messageOf(fault), { cause: fault })
}
