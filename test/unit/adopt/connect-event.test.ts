import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { decodeConnectEvent } from '../../../src/adopt/connect-event.ts'

const recordsSchema = z.array(z.object({ offset: z.number(), value: z.string() }))
const golden = new URL('../../golden/connect/control-topic.json', import.meta.url)
const records = recordsSchema
  .parse(JSON.parse(readFileSync(golden, 'utf8')))
  .map(({ offset, value }) => ({ offset, value: new Uint8Array(Buffer.from(value, 'base64')) }))
const GROUP = 'connect-orders'

describe('events that the sink 1.11.0 wrote', () => {
  test('say which files were written, and how far each partition was read', () => {
    const events = records.map(({ value }) => decodeConnectEvent(value, GROUP))
    expect(events.map((event) => event?.kind)).toEqual([
      'other',
      'written',
      'complete',
      'other',
      'other',
      'other',
      'complete',
    ])
    const [, written, complete, , , , quiet] = events
    expect(written).toMatchObject({
      table: 'golden.orders',
      files: [
        { path: expect.stringMatching(/id_bucket=.*\.parquet$/), rows: expect.any(BigInt) },
        { path: expect.stringMatching(/id_bucket=.*\.parquet$/), rows: expect.any(BigInt) },
      ],
    })
    const rows = written?.kind === 'written' ? written.files.map((file) => file.rows) : []
    expect(rows.reduce((sum, count) => sum + count, 0n)).toBe(40n)
    expect(complete?.kind === 'complete' ? complete.positions.map(({ next }) => next) : []).toEqual(
      [20n, 20n],
    )
    // Nothing came since: the task says so, and not where it stands.
    expect(quiet?.kind === 'complete' ? quiet.positions : []).toEqual([
      { topic: 'orders', partition: 0, next: undefined },
      { topic: 'orders', partition: 1, next: undefined },
    ])
  })

  test('of another connector on the same topic are none of ours', () => {
    for (const { value } of records) {
      expect(decodeConnectEvent(value, 'connect-payments')).toBeUndefined()
    }
  })

  test.each([
    ['nothing', new Uint8Array(0)],
    ['two bytes', new Uint8Array([0xc2, 0x01])],
    ['JSON', new TextEncoder().encode('{"id": 1}')],
    ['another version', new Uint8Array([0xc2, 0x02, 0, 2, 0x7b, 0x7d])],
  ])('%s is no event', (_what, value) => {
    expect(() => decodeConnectEvent(value, GROUP)).toThrow(
      expect.objectContaining({ code: 'CONNECT_EVENT_INVALID' }),
    )
  })

  test('cut anywhere, is told and not guessed', () => {
    const [, written] = records
    if (written === undefined) throw new Error('no golden record')
    for (let cut = 0; cut < written.value.length; cut += 97) {
      expect(() => decodeConnectEvent(written.value.subarray(0, cut), GROUP)).toThrow(
        expect.objectContaining({ code: expect.stringMatching(/INVALID/) }),
      )
    }
  })
})
