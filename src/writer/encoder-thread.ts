import { parentPort } from 'node:worker_threads'
import { required } from '../core/assert.ts'
import { release } from '../core/release.ts'
import type { EncoderOutput } from './encoder.ts'
import {
  type EncoderReply,
  type EncoderRequest,
  sentError,
  sentOutcome,
} from './encoder-messages.ts'
import { TableEncoder } from './table-encoder.ts'

// What runs in an encoder thread: the encoders of all tables, one call after the other.

const port = required(parentPort ?? undefined, 'port of an encoder thread')
const encoders = new Map<number, TableEncoder>()

port.on('message', (request: EncoderRequest) => {
  switch (request.kind) {
    case 'open':
      encoders.set(request.encoder, new TableEncoder(request.plan, outputOf(request.encoder)))
      break
    case 'push':
      answer(request.call, () => {
        const outcome = encoderOf(request.encoder).push(request.batch)
        release(request.batch.bytes)
        return { kind: 'pushed', call: request.call, outcome: sentOutcome(outcome) }
      })
      break
    case 'seal':
    case 'discard':
      answer(request.call, () => {
        const encoder = encoderOf(request.encoder)
        encoder[request.kind]()
        return { kind: 'done', call: request.call, bytesHeld: encoder.bytesHeld }
      })
      break
    case 'close':
      encoders.get(request.encoder)?.discard()
      encoders.delete(request.encoder)
      break
  }
})

port.postMessage({ kind: 'loaded' } satisfies EncoderReply)

function answer(call: number, act: () => EncoderReply): void {
  try {
    port.postMessage(act())
  } catch (fault) {
    port.postMessage({ kind: 'failed', call, error: sentError(fault) } satisfies EncoderReply)
  }
}

function encoderOf(encoder: number): TableEncoder {
  return required(encoders.get(encoder), `encoder ${encoder}`)
}

/** Chunks own their memory: they change hands, and are not copied. */
function outputOf(encoder: number): (output: EncoderOutput) => void {
  return (output) => {
    const reply: EncoderReply = { kind: 'output', encoder, output }
    const owned = output.kind === 'chunk' && output.bytes.buffer instanceof ArrayBuffer
    port.postMessage(reply, owned ? [output.bytes.buffer] : [])
  }
}
