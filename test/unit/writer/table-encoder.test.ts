import { describe, expect, test, vi } from 'vitest'
import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import { TableEncoder } from '../../../src/writer/table-encoder.ts'
import { Outputs } from './outputs.ts'
import { BY_NAME, fetched, plan } from './support.ts'

const value = (id: number, name: string): string => JSON.stringify({ id, name })

describe('TableEncoder', () => {
  test('writes each record once, with its place in Kafka', async () => {
    const outputs = new Outputs()
    const encoder = new TableEncoder(plan(), outputs.take)
    const first = encoder.push(fetched([value(1, 'a'), value(2, 'b')]))
    const second = encoder.push(fetched([value(3, 'c')], 2n))
    encoder.seal()
    expect(first).toMatchObject({ range: { start: 0n, end: 2n }, rowCount: 2, halt: undefined })
    expect(second.facts).toMatchObject({
      leaderEpoch: 3,
      timestampMsMax: 1_000,
      timestampType: 'create',
    })
    const [file] = await outputs.files()
    expect(file?.rows.map((row) => [row['id'], row['name']])).toEqual([
      [1n, 'a'],
      [2n, 'b'],
      [3n, 'c'],
    ])
    expect(file?.rows.map((row) => row['_kafka'])).toMatchObject([
      { topic: 'orders', partition: 0, offset: 0n },
      { offset: 1n },
      { offset: 2n },
    ])
    expect(file?.encoded.recordCount).toBe(3n)
    expect(outputs.all.at(-1)).toEqual({ kind: 'end' })
  })

  test('stops at a record that does not fit, and keeps those before it', async () => {
    const outputs = new Outputs()
    const encoder = new TableEncoder(plan(), outputs.take)
    const outcome = encoder.push(fetched([value(1, 'a'), '{"id": "x"}', value(3, 'c')]))
    encoder.seal()
    expect(outcome).toMatchObject({ range: { start: 0n, end: 1n }, rowCount: 1 })
    expect(outcome.halt).toMatchObject({ kind: 'record', failure: { offset: 1n, fieldPath: 'id' } })
    expect((await outputs.files()).flatMap(({ rows }) => rows)).toHaveLength(1)
  })

  test('stops at a fault of its own, with nothing left of that record', async () => {
    const outputs = new Outputs()
    const encoder = new TableEncoder(plan(), outputs.take)
    encoder.push(fetched([value(1, 'a')]))
    const spy = vi.spyOn(BatchBuilder.prototype, 'endRow')
    spy.mockImplementationOnce(() => {
      throw new TypeError('of our own')
    })
    const outcome = encoder.push(fetched([value(2, 'b'), value(3, 'c')], 1n))
    spy.mockRestore()
    encoder.seal()
    expect(outcome).toMatchObject({ range: { start: 1n, end: 1n }, rowCount: 0 })
    expect(outcome.halt).toMatchObject({ kind: 'fault', error: { code: 'INTERNAL' } })
    expect((await outputs.files()).flatMap(({ rows }) => rows)).toHaveLength(1)
  })

  test('stops at bytes that are corrupt, and keeps what came before them', async () => {
    const outputs = new Outputs()
    const encoder = new TableEncoder(plan(), outputs.take)
    const [good, bad] = [fetched([value(1, 'a')]), fetched([value(2, 'b')], 1n)]
    const broken = Uint8Array.from(bad.bytes)
    broken[broken.length - 2]! ^= 0xff
    const outcome = encoder.push({
      ...good,
      bytes: new Uint8Array(Buffer.concat([good.bytes, broken])),
      logEnd: 2n,
    })
    encoder.seal()
    expect(outcome.range).toEqual({ start: 0n, end: 1n })
    expect(outcome.halt).toMatchObject({ kind: 'fault', error: { code: 'RECORD_BATCH_CORRUPT' } })
    expect((await outputs.files()).flatMap(({ rows }) => rows)).toHaveLength(1)
  })

  test('splits rows by partition tuple, a file for each', async () => {
    const outputs = new Outputs()
    const encoder = new TableEncoder(plan({ spec: BY_NAME }), outputs.take)
    encoder.push(fetched([value(1, 'a'), value(2, 'b'), value(3, 'a'), '{"id": 4}']))
    encoder.seal()
    const files = await outputs.files()
    const byTuple = files.map(({ encoded, rows }) => [
      encoded.partition[0],
      rows.map((row) => row['id']),
    ])
    expect(byTuple).toEqual([
      ['a', [1n, 3n]],
      ['b', [2n]],
      [null, [4n]],
    ])
  })

  test('sorts a file by the sort order, nulls where it says', async () => {
    const outputs = new Outputs()
    const sortOrder = {
      orderId: 1,
      fields: [
        {
          sourceId: 2,
          transform: { kind: 'identity' as const },
          direction: 'desc' as const,
          nullOrder: 'nulls-first' as const,
        },
      ],
    }
    const encoder = new TableEncoder(plan({ sortOrder }), outputs.take)
    encoder.push(fetched([value(1, 'a'), value(2, 'c'), '{"id": 3}', value(4, 'b'), value(5, 'c')]))
    encoder.seal()
    const [file] = await outputs.files()
    expect(file?.rows.map((row) => row['id'])).toEqual([3n, 2n, 5n, 4n, 1n])
    expect(file?.encoded.sortOrderId).toBe(1)
  })

  test('cuts files at the target size', async () => {
    const outputs = new Outputs()
    const encoder = new TableEncoder(
      plan({
        properties: {
          'write.target-file-size-bytes': '1',
          'write.parquet.row-group-size-bytes': '1',
        },
      }),
      outputs.take,
    )
    encoder.push(fetched([value(1, 'a')]))
    encoder.push(fetched([value(2, 'b')], 1n))
    expect(await outputs.files()).toHaveLength(2)
  })

  test('forgets everything when it is discarded, and goes on with the next round', async () => {
    const outputs = new Outputs()
    const encoder = new TableEncoder(plan(), outputs.take)
    encoder.push(fetched([value(1, 'a')]))
    encoder.discard()
    encoder.push(fetched([value(2, 'b')], 1n))
    encoder.seal()
    const rows = (await outputs.files()).flatMap((file) => file.rows.map((row) => row['id']))
    expect(rows).toEqual([2n])
    expect(outputs.all.filter(({ kind }) => kind === 'end')).toHaveLength(2)
  })
})
