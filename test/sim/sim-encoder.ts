import type { FetchedBatch } from '../../src/consumer/record-source.ts'
import type { Clock } from '../../src/core/clock.ts'
import type { PushOutcome } from '../../src/writer/encoder.ts'
import { inlineEncoder } from '../../src/writer/inline-encoder.ts'
import type { EncoderFactory } from '../../src/writer/table-buffer.ts'
import type { SimRandom } from './sim-random.ts'

/** How long a thread takes for a call at most, ms: longer than many a rebalance. */
const CALL_MS_MAX = 400

/**
 * An encoder as one in a thread looks from outside: the work is the inline one's, done in the order of the calls, and
 * each answer comes a while later.
 */
export function lateEncoder(clock: Pick<Clock, 'sleep'>, random: SimRandom): EncoderFactory {
  return (plan, onOutput) => {
    const inner = inlineEncoder(plan, onOutput)
    let last: Promise<unknown> = Promise.resolve()
    const later = async <T>(act: () => Promise<T>): Promise<T> => {
      const delayMs = Math.floor(random.next() ** 4 * CALL_MS_MAX)
      const before = last
      const done = (async () => {
        await before
        if (delayMs > 0) await clock.sleep(delayMs)
        return act()
      })()
      last = done.catch(() => undefined)
      return done
    }
    return {
      push: async (batch: FetchedBatch): Promise<PushOutcome> =>
        later(async () => inner.push(batch)),
      seal: async () => later(async () => inner.seal()),
      discard: async () => later(async () => inner.discard()),
      get bytesHeld() {
        return inner.bytesHeld
      },
      get bytesToCome() {
        return inner.bytesToCome
      },
      close: async () => later(async () => inner.close()),
    }
  }
}
