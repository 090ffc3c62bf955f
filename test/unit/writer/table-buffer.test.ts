import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterAll, describe, expect, test } from 'vitest'
import type { FetchedBatch } from '../../../src/consumer/record-source.ts'
import { FirnError } from '../../../src/core/errors.ts'
import { topicName } from '../../../src/core/ids.ts'
import type { EncodingPlan } from '../../../src/writer/encoder.ts'
import { inlineEncoder } from '../../../src/writer/inline-encoder.ts'
import type { SealedFiles } from '../../../src/writer/sealed-files.ts'
import { EncoderThread } from '../../../src/writer/encoder-threads.ts'
import { type EncoderFactory, TableBuffer } from '../../../src/writer/table-buffer.ts'
import { FakeObjectStore } from '../../support/fake-object-store.ts'
import { virtualClock } from '../commit/fixtures.ts'
import { BY_NAME, fetched, plan } from './support.ts'

const AT = { topic: topicName('orders'), partition: 0 }

const value = (id: number, name = 'n'): string => JSON.stringify({ id, name })

const on = (partition: number, batch: FetchedBatch): FetchedBatch => ({ ...batch, partition })

const thread = new EncoderThread('test', (reason) => {
  throw reason
})
afterAll(async () => thread.close())

interface BufferOptions {
  readonly threads?: number
  readonly nowMs?: number
  readonly plan?: EncodingPlan
}

type BufferTo = (store: FakeObjectStore, options?: BufferOptions) => TableBuffer

const bufferWith =
  (encoder: EncoderFactory): BufferTo =>
  (store, options = {}) => {
    let files = 0
    return new TableBuffer({
      plan: options.plan ?? plan(),
      tableLocation: 's3://b/t',
      store,
      clock: virtualClock({ nowMs: options.nowMs ?? 500 }),
      fileName: () => `f${++files}.parquet`,
      encoders: Array.from({ length: options.threads ?? 1 }, () => encoder),
    })
  }

async function ids(store: FakeObjectStore, { files }: SealedFiles): Promise<bigint[]> {
  const rows = await Promise.all(
    files.map(async ({ filePath }) => {
      const body = new Uint8Array(await store.get(filePath))
      return parquetReadObjects({ file: body.buffer, compressors })
    }),
  )
  return rows
    .flat()
    .map((row) => BigInt(String(row['id'])))
    .sort((a, b) => Number(a - b))
}

describe.each([
  ['in a thread of its own', thread.factory],
  ['inline', inlineEncoder],
])('TableBuffer, encoding %s', (_where, encoder) => {
  const bufferTo = bufferWith(encoder)

  test('a sealed round has the rows and ranges pushed before it, the next those behind it', async () => {
    const store = new FakeObjectStore()
    const buffer = bufferTo(store)
    await buffer.push(fetched([value(1), value(2)]))
    expect(buffer.level).toMatchObject({ openedAtMs: 500, lastPushAtMs: 500, rowCount: 2 })
    expect(buffer.bytesHeld).toBeGreaterThan(0)
    const sealing = buffer.seal('rows')
    expect(buffer.round.empty).toBe(true)
    await buffer.push(fetched([value(3)], 2n))
    const first = await sealing
    const second = await buffer.seal('shutdown')
    expect(first).toMatchObject({ rowCount: 2n, reason: 'rows', openedAtMs: 500, specId: 0 })
    expect([...first.ranges]).toEqual([[AT, { start: 0n, end: 2n }]])
    expect([...second.ranges]).toEqual([[AT, { start: 2n, end: 3n }]])
    expect(await ids(store, first)).toEqual([1n, 2n])
    expect(await ids(store, second)).toEqual([3n])
    expect(first.files[0]?.filePath).toMatch(/^s3:\/\/b\/t\/data\/f\d+\.parquet$/)
    await buffer.close()
  })

  test('each encoder has its own partitions; a seal has the files of all', async () => {
    const store = new FakeObjectStore()
    const buffer = bufferTo(store, { threads: 2 })
    for (const partition of [0, 1, 2]) {
      await buffer.push(on(partition, fetched([value(partition)])))
    }
    const sealed = await buffer.seal('interval')
    expect(
      sealed.files.map(({ recordCount }) => recordCount).toSorted((a, b) => Number(a - b)),
    ).toEqual([1n, 2n])
    expect([...sealed.ranges].map(([{ partition }]) => partition)).toEqual([0, 1, 2])
    expect(await ids(store, sealed)).toEqual([0n, 1n, 2n])
    await buffer.close()
  })

  test('partition tuples have files of their own, in their folders', async () => {
    const store = new FakeObjectStore()
    const buffer = bufferTo(store, { plan: plan({ spec: BY_NAME }) })
    await buffer.push(fetched([value(1, 'a'), value(2, 'b'), value(3, 'a')]))
    const { files, specId } = await buffer.seal('bytes')
    expect(specId).toBe(1)
    expect(
      files.map(({ partition, recordCount, filePath }) => [
        partition,
        recordCount,
        filePath.replace(/f\d+/, 'f'),
      ]),
    ).toEqual([
      [['a'], 2n, 's3://b/t/data/name=a/f.parquet'],
      [['b'], 1n, 's3://b/t/data/name=b/f.parquet'],
    ])
    await buffer.close()
  })

  test('an empty round seals to nothing', async () => {
    const store = new FakeObjectStore()
    const buffer = bufferTo(store, { nowMs: 9 })
    const sealed = await buffer.seal('shutdown')
    expect([sealed.files, [...sealed.ranges], sealed.rowCount]).toEqual([[], [], 0n])
    expect(store.objects.size).toBe(0)
    await buffer.close()
  })

  test('what is discarded is in no file, and may be pushed again', async () => {
    const store = new FakeObjectStore()
    const buffer = bufferTo(store)
    await buffer.push(fetched([value(1), value(2)]))
    await buffer.discard()
    expect(buffer.level).toMatchObject({ openedAtMs: undefined, rowCount: 0 })
    await buffer.push(fetched([value(1)]))
    const sealed = await buffer.seal('rows')
    expect(await ids(store, sealed)).toEqual([1n])
    expect([...sealed.ranges]).toEqual([[AT, { start: 0n, end: 1n }]])
    expect(store.objects.size).toBe(1)
    await buffer.close()
  })

  test('a round whose upload fails is lost alone', async () => {
    const store = new FakeObjectStore()
    const fault = new FirnError('STORAGE_UNAVAILABLE', 'no store')
    const buffer = bufferTo(store)
    store.before = (call) => {
      if (call === 'put') throw fault
    }
    await buffer.push(fetched([value(1)]))
    await expect(buffer.seal('rows')).rejects.toBe(fault)
    store.before = () => undefined
    await buffer.push(fetched([value(1)]))
    expect(await ids(store, await buffer.seal('rows'))).toEqual([1n])
    await buffer.close()
    expect(buffer.bytesHeld).toBe(0)
  })

  test('its level counts what went out already, and its bytes held do not', async () => {
    const store = new FakeObjectStore()
    // A row group for each batch: all of it is encoded at once.
    const properties = { 'write.parquet.row-group-size-bytes': '1' }
    const buffer = bufferTo(store, { plan: plan({ properties }) })
    const levels: number[] = []
    for (let batch = 0; batch < 3; batch += 1) {
      await buffer.push(fetched([value(batch)], BigInt(batch)))
      levels.push(buffer.level.bytes)
    }
    const [first = 0, second = 0, third = 0] = levels
    expect(first).toBeGreaterThan(0)
    expect(second).toBeGreaterThan(1.5 * first)
    expect(third).toBeGreaterThan(2.5 * first)
    await expect.poll(() => buffer.uploadBytes).toBe(0)
    const sealing = buffer.seal('bytes')
    expect(buffer.level.bytes).toBe(0)
    const { files } = await sealing
    const [file] = files
    // The footer is what no level tells of before it is written.
    expect(Number(file?.fileSizeInBytes)).toBeGreaterThan(third)
    await buffer.close()
  })

  test('a batch that does not follow is refused before its rows are taken', async () => {
    const store = new FakeObjectStore()
    const buffer = bufferTo(store)
    await buffer.push(fetched([value(1), value(2)]))
    for (const from of [0n, 1n, 3n]) {
      await expect(buffer.push(fetched([value(9)], from))).rejects.toThrow(/does not follow/)
    }
    const sealed = await buffer.seal('rows')
    expect(await ids(store, sealed)).toEqual([1n, 2n])
    await buffer.close()
  })
})
