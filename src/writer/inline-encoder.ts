import type { FetchedBatch } from '../consumer/record-source.ts'
import type { Encoder, EncoderOutput, EncodingPlan, PushOutcome } from './encoder.ts'
import { TableEncoder } from './table-encoder.ts'

/** An encoder on the calling thread (`threads: 0`): each call has done its work when it returns. */
export function inlineEncoder(
  plan: EncodingPlan,
  onOutput: (output: EncoderOutput) => void,
): Encoder {
  const encoder = new TableEncoder(plan, onOutput)
  return {
    push: async (batch: FetchedBatch): Promise<PushOutcome> => encoder.push(batch),
    seal: async () => {
      encoder.seal()
    },
    discard: async () => {
      encoder.discard()
    },
    get bytesHeld() {
      return encoder.bytesHeld
    },
    get bytesToCome() {
      return encoder.bytesToCome
    },
    close: async () => {
      encoder.discard()
    },
  }
}
