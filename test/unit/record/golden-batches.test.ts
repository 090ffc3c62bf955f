import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fetched, readAll, type ReadRecord } from './batches.ts'

/** Batches that Kafka's own client wrote: RecordBatches.java, beside them, says how. */
const GOLDEN = resolve(import.meta.dirname, '../../golden/record-batches')
const BATCHES = new Map(
  readFileSync(join(GOLDEN, 'batches.txt'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [name = '', text = ''] = line.split(' ')
      return [name, Buffer.from(text, 'base64')] as const
    }),
)
const BASE = 5_000_000_000n
const PRODUCER = 77n

function expectedRecords(count: number): ReadRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    offset: BASE + BigInt(i),
    timestampMs: 1_700_000_000_000 + (i % 7) * 1000 - i,
    key: i % 4 === 0 ? null : `key-${i}`,
    value: i % 5 === 0 ? null : `{"id":${i},"text":"some text that comes again, é 😀 ${i % 17}"}`,
    headers:
      i % 3 === 0
        ? [
            ['h', String(i)],
            ['h', null],
            ['é', ''],
          ]
        : [],
  }))
}

function read(names: readonly string[], aborted: boolean) {
  const batches = names.map((name) => BATCHES.get(name)!)
  const abortedTransactions = aborted ? [{ producerId: PRODUCER, firstOffset: BASE }] : []
  return readAll(
    fetched(batches, { position: BASE, logEnd: BASE + 1_000_000n, aborted: abortedTransactions }),
  )
}

describe("batches of Kafka's own client", () => {
  test.each([
    ['none', 60],
    ['gzip', 1_200],
    ['snappy', 1_200],
    ['lz4', 1_200],
    ['zstd', 1_200],
  ])('%s', (name, count) => {
    const { records, after } = read([name], false)
    expect(records).toEqual(expectedRecords(count))
    expect(after.position).toBe(BASE + BigInt(count))
    expect(after.leaderEpoch).toBe(6)
    expect(after.timestampMsMax).toBe(1_700_000_006_000 - 6)
    expect(after.timestampType).toBe('create')
  })

  test('with log-append time', () => {
    const { records, after } = read(['log-append'], false)
    expect(new Set(records.map(({ timestampMs }) => timestampMs))).toEqual(
      new Set([1_700_000_009_999]),
    )
    expect(after.timestampType).toBe('log-append')
  })

  test.each(['abort', 'commit'])('a marker: %s', (marker) => {
    const { records, after } = read(['zstd', marker], marker === 'abort')
    expect(records.length).toBe(marker === 'abort' ? 0 : 1_200)
    expect(after.position).toBe(BASE + 2_001n)
  })
})
