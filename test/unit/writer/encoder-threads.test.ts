import { describe, expect, onTestFinished, test } from 'vitest'
import type { FirnError } from '../../../src/core/errors.ts'
import type { EncoderOutput } from '../../../src/writer/encoder.ts'
import { EncoderThread } from '../../../src/writer/encoder-threads.ts'
import { inlineEncoder } from '../../../src/writer/inline-encoder.ts'
import type { EncoderFactory } from '../../../src/writer/table-buffer.ts'
import { BY_NAME, fetched, plan } from './support.ts'

const values = (count: number): string[] =>
  Array.from({ length: count }, (_, id) => JSON.stringify({ id, name: `n${id % 3}` }))

function threadOf(died: (reason: FirnError) => void = () => undefined): EncoderThread {
  const thread = new EncoderThread('test', died)
  onTestFinished(async () => thread.close())
  return thread
}

/** Everything that an encoder says and puts out, of a round that is sealed and one that is dropped. */
async function transcript(factory: EncoderFactory): Promise<unknown[]> {
  const said: unknown[] = []
  const outputs: EncoderOutput[] = []
  const encoder = factory(plan({ spec: BY_NAME }), (output) => outputs.push(output))
  said.push(await encoder.push(fetched(values(5_000))))
  said.push(await encoder.push(fetched(['{"id": 1}', '{"id": "x"}'], 5_000n)))
  await encoder.seal()
  said.push(await encoder.push(fetched(values(7), 5_002n)))
  await encoder.discard()
  const all = [...said, ...outputs]
  await encoder.close()
  return all
}

describe('an encoder in a thread', () => {
  test('says and writes exactly what one inline does: outcomes, halts, files, bytes', async () => {
    expect(await transcript(threadOf().factory)).toEqual(await transcript(inlineEncoder))
  })

  test('tells when its code is loaded, unasked', async () => {
    await expect(threadOf().loaded).resolves.toBeUndefined()
  })

  test('takes the batch over: nothing is copied on the way in', async () => {
    const encoder = threadOf().factory(plan(), () => undefined)
    const batch = fetched(values(10))
    await encoder.push(batch)
    expect(batch.bytes.byteLength).toBe(0)
  })

  test('a fault of the log comes out as the error that it is', async () => {
    const encoder = threadOf().factory(plan(), () => undefined)
    const batch = fetched(values(10))
    batch.bytes[70] = (batch.bytes[70] ?? 0) ^ 1
    const { halt } = await encoder.push(batch)
    expect(halt).toMatchObject({ kind: 'fault', error: { code: 'RECORD_BATCH_CORRUPT' } })
  })

  test('one that cannot be made for the plan says so at the first call, and the others go on', async () => {
    const thread = threadOf()
    const decoding = { ...plan().decoding, metadataColumn: 'id' }
    const broken = thread.factory(plan({ decoding }), () => undefined)
    await expect(broken.push(fetched(values(1)))).rejects.toMatchObject({
      code: expect.stringMatching(/^[A-Z_]+$/),
    })
    const other = thread.factory(plan(), () => undefined)
    expect((await other.push(fetched(values(3)))).rowCount).toBe(3)
  })

  test('that dies tells why, once; nobody waits for it, and nothing is asked of it any more', async () => {
    const reasons: FirnError[] = []
    const thread = threadOf((reason) => reasons.push(reason))
    const encoder = thread.factory(plan(), () => undefined)
    await encoder.push(fetched(values(3)))
    // So many that it is at them for a good while yet.
    const open = encoder.push(fetched(values(100_000), 3n))
    const gone = expect(open).rejects.toMatchObject({ code: 'ENCODER_THREAD_DIED' })
    await thread.kill()
    await gone
    await expect(encoder.push(fetched(values(3), 3n))).rejects.toMatchObject({
      code: 'ENCODER_THREAD_DIED',
    })
    await encoder.discard()
    await encoder.close()
    expect(reasons.map(({ code }) => code)).toEqual(['ENCODER_THREAD_DIED'])
  })
})
