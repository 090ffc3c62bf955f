import { Worker } from 'node:worker_threads'
import { required } from '../core/assert.ts'
import { FirnError, messageOf } from '../core/errors.ts'
import type { FetchedBatch } from '../consumer/record-source.ts'
import type { Encoder, EncoderOutput, EncodingPlan, PushOutcome } from './encoder.ts'
import {
  type EncoderReply,
  type EncoderRequest,
  receivedError,
  receivedOutcome,
} from './encoder-messages.ts'
import type { EncoderFactory } from './table-buffer.ts'

/** A call that has not been answered. */
interface OpenCall {
  readonly resolve: (reply: Extract<EncoderReply, { kind: 'pushed' | 'done' }>) => void
  readonly reject: (fault: FirnError) => void
}

// The sources run as they are, and a build has all its files in one folder.
const PROGRAM = new URL(
  import.meta.url.endsWith('.ts') ? './encoder-thread.ts' : './encoder-thread.js',
  import.meta.url,
)

/**
 * What an encoder makes is either gone with the next call or kept until a file ends. With V8's own limit, three times
 * this, short-lived buffers wait for their collection by the hundred megabytes.
 */
const LIMITS = { maxYoungGenerationSizeMb: 12 }

/**
 * One thread that inflates, decodes and encodes for all tables. Batches go in by transfer and finished bytes come out by
 * transfer; a call is answered once the thread has done it, in the order of the calls.
 */
export class EncoderThread {
  readonly #worker: Worker
  readonly #calls = new Map<number, OpenCall>()
  readonly #outputs = new Map<number, (output: EncoderOutput) => void>()
  #encoders = 0
  #made = 0
  readonly #loaded = Promise.withResolvers<void>()
  #died: FirnError | undefined
  #closing = false

  /** `died` hears why, once: its encoders answer nothing any more. */
  constructor(name: string, died: (reason: FirnError) => void) {
    this.#worker = new Worker(PROGRAM, { name, resourceLimits: LIMITS })
    this.#worker.on('message', (reply: EncoderReply) => {
      this.#take(reply)
    })
    const end = (reason: string): void => {
      if (this.#died !== undefined || this.#closing) return
      this.#died = new FirnError(
        'ENCODER_THREAD_DIED',
        `the encoder thread ${name} ended: ${reason}`,
        {
          help: 'what it held is in no table and is read again from the ledger; with `threads: 0` the same work is done without threads',
        },
      )
      for (const { reject } of this.#calls.values()) reject(this.#died)
      this.#calls.clear()
      died(this.#died)
    }
    this.#worker.on('error', (fault: unknown) => {
      end(messageOf(fault))
    })
    this.#worker.on('exit', (code) => {
      end(`exit code ${code}`)
    })
  }

  /** Resolves when the thread has loaded its code; never, where it dies first. */
  get loaded(): Promise<void> {
    return this.#loaded.promise
  }

  /** Makes encoders that run in this thread. */
  get factory(): EncoderFactory {
    return (plan, onOutput) => this.#open(plan, onOutput)
  }

  /** Ends it as a fault would: for tests of what follows. */
  async kill(): Promise<void> {
    await this.#worker.terminate()
  }

  async close(): Promise<void> {
    this.#closing = true
    await this.#worker.terminate()
  }

  #open(plan: EncodingPlan, onOutput: (output: EncoderOutput) => void): Encoder {
    const encoder = ++this.#encoders
    let bytesHeld = 0
    let bytesToCome = 0
    this.#outputs.set(encoder, onOutput)
    this.#post({ kind: 'open', encoder, plan })
    const done = async (kind: 'seal' | 'discard'): Promise<void> => {
      const reply = await this.#call((call) => ({ kind, encoder, call }), [])
      if (reply.kind === 'done') bytesHeld = reply.bytesHeld
      bytesToCome = 0
    }
    return {
      push: async (batch: FetchedBatch): Promise<PushOutcome> => {
        const reply = await this.#call(
          (call) => ({ kind: 'push', encoder, call, batch }),
          [batch.bytes.buffer],
        )
        if (reply.kind !== 'pushed')
          throw new FirnError('INTERNAL', 'a push was answered as a seal')
        bytesHeld = reply.outcome.bytesHeld
        bytesToCome = reply.outcome.bytesToCome
        return receivedOutcome(reply.outcome)
      },
      seal: async () => done('seal'),
      // Of a thread that died nothing is left to forget.
      discard: async () => (this.#died === undefined ? done('discard') : undefined),
      get bytesHeld() {
        return bytesHeld
      },
      get bytesToCome() {
        return bytesToCome
      },
      close: async () => {
        bytesHeld = 0
        bytesToCome = 0
        this.#outputs.delete(encoder)
        this.#post({ kind: 'close', encoder })
      },
    }
  }

  #post(request: EncoderRequest, transfer: readonly ArrayBuffer[] = []): void {
    if (this.#died === undefined && !this.#closing) this.#worker.postMessage(request, transfer)
  }

  async #call(
    requestOf: (call: number) => EncoderRequest,
    transfer: readonly ArrayBuffer[],
  ): Promise<Extract<EncoderReply, { kind: 'pushed' | 'done' }>> {
    if (this.#died !== undefined) throw this.#died
    const call = ++this.#made
    return new Promise((resolve, reject) => {
      this.#calls.set(call, { resolve, reject })
      this.#post(requestOf(call), transfer)
    })
  }

  #take(reply: EncoderReply): void {
    if (reply.kind === 'loaded') {
      this.#loaded.resolve()
      return
    }
    if (reply.kind === 'output') {
      // Of an encoder that was closed: its uploads are gone.
      this.#outputs.get(reply.encoder)?.(reply.output)
      return
    }
    const open = required(this.#calls.get(reply.call), `call ${reply.call} of an encoder thread`)
    this.#calls.delete(reply.call)
    if (reply.kind === 'failed') open.reject(receivedError(reply.error))
    else open.resolve(reply)
  }
}
