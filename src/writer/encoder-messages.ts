import { type ErrorCode, ERROR_CODES } from '../core/error-codes.ts'
import { type ErrorContext, FirnError, messageOf } from '../core/errors.ts'
import type { FetchedBatch } from '../consumer/record-source.ts'
import type { EncoderOutput, EncodingPlan, PushOutcome } from './encoder.ts'

/** What an encoder thread is asked. `encoder` numbers the encoders of the thread, `call` the calls that are answered. */
export type EncoderRequest =
  | { readonly kind: 'open'; readonly encoder: number; readonly plan: EncodingPlan }
  | {
      readonly kind: 'push'
      readonly encoder: number
      readonly call: number
      readonly batch: FetchedBatch
    }
  | { readonly kind: 'seal' | 'discard'; readonly encoder: number; readonly call: number }
  | { readonly kind: 'close'; readonly encoder: number }

/** A push outcome as it crosses: an error of ours is a class, and classes do not cross. */
export type SentOutcome = Omit<PushOutcome, 'halt'> & {
  readonly halt:
    | Exclude<PushOutcome['halt'], { kind: 'fault' }>
    | { readonly kind: 'fault'; readonly error: SentError }
}

export interface SentError {
  readonly code: ErrorCode
  readonly message: string
  readonly context: ErrorContext
  readonly help: string | undefined
}

/** What an encoder thread says, first that it is loaded. Outputs come before the answer to the call that made them. */
export type EncoderReply =
  | { readonly kind: 'loaded' }
  | { readonly kind: 'output'; readonly encoder: number; readonly output: EncoderOutput }
  | { readonly kind: 'pushed'; readonly call: number; readonly outcome: SentOutcome }
  | { readonly kind: 'done'; readonly call: number; readonly bytesHeld: number }
  | { readonly kind: 'failed'; readonly call: number; readonly error: SentError }

export function sentOutcome({ halt, ...outcome }: PushOutcome): SentOutcome {
  if (halt?.kind !== 'fault') return { ...outcome, halt }
  return { ...outcome, halt: { kind: 'fault', error: sentError(halt.error) } }
}

export function receivedOutcome({ halt, ...outcome }: SentOutcome): PushOutcome {
  if (halt?.kind !== 'fault') return { ...outcome, halt }
  return { ...outcome, halt: { kind: 'fault', error: receivedError(halt.error) } }
}

/** Causes are in the text: they do not cross. */
export function sentError(fault: unknown): SentError {
  if (!(fault instanceof FirnError)) {
    return { code: 'INTERNAL', message: messageOf(fault), context: {}, help: undefined }
  }
  const { code, context, help } = fault
  return { code, message: messageOf(fault), context, help }
}

export function receivedError({ code, message, context, help }: SentError): FirnError {
  const known = code in ERROR_CODES ? code : 'INTERNAL'
  return new FirnError(known, message, help === undefined ? { context } : { context, help })
}
