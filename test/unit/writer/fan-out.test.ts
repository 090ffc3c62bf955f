import { describe, expect, test } from 'vitest'
import type { EncodingPlan } from '../../../src/writer/encoder.ts'
import { TableEncoder } from '../../../src/writer/table-encoder.ts'
import { Outputs } from './outputs.ts'
import { BY_NAME, fetched, plan } from './support.ts'

const value = (id: number, name: string): string => JSON.stringify({ id, name })

/** An encoder that is told of one row after the other, of the tuple that it is said to be. */
function started(overrides: Partial<EncodingPlan> = {}) {
  const outputs = new Outputs()
  const encoder = new TableEncoder(plan({ spec: BY_NAME, ...overrides }), outputs.take)
  let next = 0
  const push = (...names: readonly string[]): void => {
    const from = next
    next += names.length
    encoder.push(
      fetched(
        names.map((name, index) => value(from + index, name)),
        BigInt(from),
      ),
    )
  }
  return { outputs, encoder, push }
}

/** The ids of each tuple's rows, over its files in their order. */
async function idsByTuple(outputs: Outputs): Promise<ReadonlyMap<unknown, readonly number[]>> {
  const found = new Map<unknown, number[]>()
  for (const { rows, encoded } of await outputs.files()) {
    const ids = found.get(encoded.partition[0]) ?? []
    found.set(encoded.partition[0], ids)
    ids.push(...rows.map((row) => Number(row['id'])))
  }
  return found
}

/** Row 0 to `count` - 1 are of these tuples, in turn. */
function inTurn(count: number, names: readonly string[]): string[] {
  return Array.from({ length: count }, (_, index) => names[index % names.length] ?? '')
}

describe('the fan-out', () => {
  test('rows of many batches are one file for each tuple, in their order', async () => {
    const { outputs, encoder, push } = started()
    for (let batch = 0; batch < 30; batch += 1) push(...inTurn(9, ['a', 'b', 'c']))
    expect(outputs.all).toEqual([])
    encoder.seal()
    expect(outputs.encoded.map(({ partition, splitOffsets }) => [partition, splitOffsets])).toEqual(
      ['a', 'b', 'c'].map((name) => [[name], [4n]]),
    )
    const all = Array.from({ length: 270 }, (_, id) => id)
    expect(await idsByTuple(outputs)).toEqual(
      new Map(['a', 'b', 'c'].map((name, at) => [name, all.filter((id) => id % 3 === at)])),
    )
  })

  test('short of memory, it encodes the tuples with the most rows, and keeps the files open', async () => {
    const { outputs, encoder, push } = started({ columnBytesMax: 40_000 })
    const names = ['hot', ...inTurn(40, ['x']), 'hot', 'cold']
    const hot = names.map((name) => (name === 'x' ? 'hot' : name))
    for (let batch = 0; batch < 60; batch += 1) {
      push(...hot)
      expect(encoder.bytesHeld).toBeLessThan(120_000)
    }
    const opened = outputs.all.flatMap((one) => (one.kind === 'open' ? [one.partition] : []))
    expect(opened).toEqual([['hot']])
    expect(outputs.openFiles).toBe(1)
    encoder.seal()
    const [first, ...others] = outputs.encoded
    expect(first).toMatchObject({ partition: ['hot'], recordCount: 60n * 42n })
    expect(first?.splitOffsets.length).toBeGreaterThan(1)
    expect(others).toMatchObject([{ partition: ['cold'], recordCount: 60n }])
    expect(others[0]?.splitOffsets).toHaveLength(1)
    const ids = [...(await idsByTuple(outputs)).values()]
    for (const one of ids) expect(one).toEqual(one.toSorted((left, right) => left - right))
    expect(new Set(ids.flat()).size).toBe(60 * hot.length)
    expect(encoder.bytesHeld).toBe(0)
  })

  test('only so many files are open: who had no row group for the longest is closed', async () => {
    const { outputs, encoder, push } = started({ openTuplesMax: 2, columnBytesMax: 2_000 })
    const most: number[] = []
    for (const name of ['a', 'b', 'c', 'a', 'd']) {
      for (let batch = 0; batch < 20; batch += 1) push(...inTurn(20, [name]))
      most.push(outputs.openFiles)
    }
    expect(most).toEqual([1, 2, 2, 2, 2])
    expect(outputs.encoded.map(({ partition }) => partition[0])).toEqual(['a', 'b', 'c'])
    encoder.seal()
    expect(new Set(outputs.encoded.slice(3).map(({ partition }) => partition[0]))).toEqual(
      new Set(['a', 'd']),
    )
    const ids = [...(await idsByTuple(outputs)).values()].flat()
    expect(ids).toHaveLength(2_000)
    expect(new Set(ids).size).toBe(2_000)
  })

  test('a tuple that is closed takes its rows in columns along', async () => {
    const { outputs, encoder, push } = started({ openTuplesMax: 1, columnBytesMax: 6_000 })
    for (let batch = 0; batch < 400; batch += 1) {
      push(...inTurn(5, batch % 2 === 0 ? ['a', 'b', 'b', 'b'] : ['c', 'c', 'c', 'a']))
    }
    expect(outputs.openFiles).toBeLessThanOrEqual(1)
    encoder.seal()
    const ids = [...(await idsByTuple(outputs)).values()].flat()
    expect(ids.toSorted((left, right) => left - right)).toEqual(Array.from(Array(2_000).keys()))
  })

  test('few tuples have row groups of the full size, however they came', async () => {
    const ROWS = 122_880
    const { outputs, encoder, push } = started({ columnBytesMax: 2 ** 30 })
    for (let batch = 0; batch < 15; batch += 1) push(...inTurn(10_000, ['a']))
    expect(outputs.openFiles).toBe(1)
    encoder.seal()
    const chunkRows = outputs.encoded.map(({ recordCount, splitOffsets }) => [
      recordCount,
      splitOffsets.length,
    ])
    expect(chunkRows).toEqual([[150_000n, 2]])
    const [file] = await outputs.files()
    expect(file?.rows[ROWS]?.['id']).toBe(BigInt(ROWS))
  })

  test('a row group is cut at the bytes that the table says', () => {
    const { outputs, encoder, push } = started({
      properties: { 'write.parquet.row-group-size-bytes': '20000' },
    })
    const long = 'n'.repeat(1_000)
    for (let batch = 0; batch < 200; batch += 1) push(...inTurn(2, [long, 'short']))
    encoder.seal()
    const groups = new Map(
      outputs.encoded.map(({ partition, splitOffsets }) => [partition[0], splitOffsets.length]),
    )
    expect(groups.get(long)).toBeGreaterThan(1)
    expect(groups.get('short')).toBe(1)
  })

  test('forgets all rows when it is discarded: decoded, in runs, in open files', async () => {
    const { outputs, encoder, push } = started({ columnBytesMax: 20_000 })
    for (let batch = 0; batch < 50; batch += 1) push(...inTurn(10, ['a', 'b']))
    expect(outputs.openFiles).toBeGreaterThan(0)
    encoder.discard()
    expect(encoder.bytesHeld).toBe(0)
    const begun = outputs.openFiles
    push('c')
    encoder.seal()
    expect(outputs.openFiles).toBe(begun)
    expect(await idsByTuple(outputs)).toEqual(new Map([['c', [500]]]))
  })

  test('a record that does not fit undoes itself alone, of rows that are not split yet', async () => {
    const { outputs, encoder, push } = started()
    push('a', 'b')
    const outcome = encoder.push(fetched([value(2, 'a'), '{"id": "x"}', value(4, 'b')], 2n))
    expect(outcome).toMatchObject({ range: { start: 2n, end: 3n }, rowCount: 1 })
    encoder.seal()
    expect(await idsByTuple(outputs)).toEqual(
      new Map([
        ['a', [0, 2]],
        ['b', [1]],
      ]),
    )
  })

  test('holds memory for a thousand tuples as for one', () => {
    const held = (tuples: number): number => {
      const { encoder, push } = started({ columnBytesMax: 2 ** 30 })
      const names = Array.from({ length: tuples }, (_, index) => `n${1_000 + index}`)
      for (let batch = 0; batch < 100; batch += 1) push(...inTurn(1_000, names))
      return encoder.bytesHeld
    }
    expect(held(1_000) / held(1)).toBeLessThan(1.3)
  })

  test('foresees what its rows will come to, from what rows came to', () => {
    const { outputs, encoder, push } = started({ columnBytesMax: 2 ** 30 })
    for (let batch = 0; batch < 20; batch += 1) push(...inTurn(1_000, ['a']))
    // Nothing has been encoded yet: as much as the columns are.
    expect(encoder.bytesToCome).toBeGreaterThan(20_000 * 20)
    encoder.seal()
    expect(encoder.bytesToCome).toBe(0)
    const sizeBytes = outputs.encoded[0]?.sizeBytes ?? 0
    for (let batch = 0; batch < 20; batch += 1) push(...inTurn(1_000, ['a']))
    expect(encoder.bytesToCome / sizeBytes).toBeGreaterThan(0.8)
    expect(encoder.bytesToCome / sizeBytes).toBeLessThan(1.2)
  })
})
