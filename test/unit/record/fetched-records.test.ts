import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FirnError } from '../../../src/core/errors.ts'
import { FetchedRecords } from '../../../src/record/fetched-records.ts'
import { recordBatch } from '../../support/record-batch.ts'
import {
  bytes,
  CODECS,
  compressed,
  fetched,
  plain,
  readAll,
  resealed,
  valuesOf,
} from './batches.ts'

function faultOf(run: () => unknown): FirnError {
  try {
    run()
  } catch (error) {
    if (error instanceof FirnError) return error
    throw error
  }
  throw new Error('no fault')
}

describe('records of fetched bytes', () => {
  test('come with offset, timestamp, key, value and headers in their order', () => {
    const batch = recordBatch({
      baseOffset: 40n,
      lastOffset: 42n,
      leaderEpoch: 7,
      records: [
        {
          offset: 40n,
          timestampMs: 1_700_000_000_123,
          key: bytes('k'),
          value: bytes('v'),
          headers: [
            ['a', bytes('1')],
            ['b', null],
            ['a', bytes('')],
          ],
        },
        { offset: 41n, timestampMs: 1_600_000_000_000, key: bytes(''), value: bytes('') },
        { offset: 42n, timestampMs: 1_700_000_000_124, value: null },
      ],
    })
    const { records, after } = readAll(fetched([batch], { position: 40n }))
    expect(records).toEqual([
      {
        offset: 40n,
        timestampMs: 1_700_000_000_123,
        key: 'k',
        value: 'v',
        headers: [
          ['a', '1'],
          ['b', null],
          ['a', ''],
        ],
      },
      { offset: 41n, timestampMs: 1_600_000_000_000, key: '', value: '', headers: [] },
      { offset: 42n, timestampMs: 1_700_000_000_124, key: null, value: null, headers: [] },
    ])
    expect(after.position).toBe(43n)
    expect(after.leaderEpoch).toBe(7)
    expect(after.timestampMsMax).toBe(1_700_000_000_124)
    expect(after.timestampType).toBe('create')
  })

  test('take the broker time where the topic says so', () => {
    const batch = plain(0n, ['a', 'b', 'c'], { logAppendTime: true })
    const { records, after } = readAll(fetched([batch]))
    expect(records.map(({ timestampMs }) => timestampMs)).toEqual([1_002, 1_002, 1_002])
    expect(after.timestampType).toBe('log-append')
  })

  test('below the position are dropped', () => {
    expect(valuesOf([plain(10n, ['a', 'b', 'c'])], { position: 12n })).toEqual({
      values: ['c'],
      position: 13n,
    })
  })

  test('of batches that lie wholly below the position are dropped', () => {
    const batches = [plain(10n, ['a', 'b']), plain(12n, ['c'])]
    expect(valuesOf(batches, { position: 12n })).toEqual({ values: ['c'], position: 13n })
  })

  test('from the wanted end on are dropped, and the position is that end even before a hole', () => {
    const batches = [
      recordBatch({
        baseOffset: 10n,
        lastOffset: 19n,
        records: [
          { offset: 12n, timestampMs: 1, value: bytes('x') },
          { offset: 17n, timestampMs: 2, value: bytes('y') },
        ],
      }),
      plain(20n, ['z']),
    ]
    const upTo = (end: bigint) => valuesOf(batches, { position: 10n, end })
    expect(upTo(12n)).toEqual({ values: [], position: 12n })
    expect(upTo(15n)).toEqual({ values: ['x'], position: 15n })
    expect(upTo(19n)).toEqual({ values: ['x', 'y'], position: 19n })
    expect(upTo(20n)).toEqual({ values: ['x', 'y'], position: 20n })
    expect(upTo(30n)).toEqual({ values: ['x', 'y', 'z'], position: 21n })
  })

  test('end before a torn batch, wherever it is cut', () => {
    const whole = plain(0n, ['a'])
    const torn = plain(1n, ['b', 'c'])
    for (let length = 0; length < torn.length; length += 1) {
      expect(valuesOf([whole, torn.subarray(0, length)])).toEqual({ values: ['a'], position: 1n })
    }
  })

  test('nothing but a torn batch leaves the position where it is', () => {
    const torn = plain(5n, ['b', 'c']).subarray(0, 70)
    expect(valuesOf([torn], { position: 5n })).toEqual({ values: [], position: 5n })
  })

  test('are none in a batch that compaction emptied, and the position moves over it', () => {
    const empty = recordBatch({ baseOffset: 3n, lastOffset: 9n, records: [] })
    expect(valuesOf([empty], { position: 3n })).toEqual({ values: [], position: 10n })
  })

  test('leave holes where compaction took some', () => {
    const batch = recordBatch({
      baseOffset: 100n,
      lastOffset: 109n,
      records: [
        { offset: 102n, timestampMs: 1, value: bytes('x') },
        { offset: 107n, timestampMs: 2, value: bytes('y') },
      ],
    })
    const { records, after } = readAll(fetched([batch], { position: 100n }))
    expect(records.map(({ offset }) => offset)).toEqual([102n, 107n])
    expect(after.position).toBe(110n)
  })

  test('standing at a record, the position is its offset and the facts are those before it', () => {
    const records = new FetchedRecords(
      fetched([plain(0n, ['a'], { leaderEpoch: 1 }), plain(1n, ['b', 'c'], { leaderEpoch: 2 })]),
      { isolation: 'read_committed' },
    )
    const seen: unknown[] = []
    while (records.next()) {
      seen.push([records.position, records.leaderEpoch, records.timestampMsMax])
    }
    expect(seen).toEqual([
      [0n, undefined, undefined],
      [1n, 1, 1_000],
      [2n, 2, 1_000],
    ])
    expect([records.position, records.leaderEpoch, records.timestampMsMax]).toEqual([3n, 2, 1_001])
    expect(records.next()).toBe(false)
  })

  test('offsets beyond 2^53 stay exact', () => {
    const base = 2n ** 62n + 1n
    const { records, after } = readAll(
      fetched([plain(base, ['a', 'b'])], { position: base, logEnd: 2n ** 63n - 1n }),
    )
    expect(records.map(({ offset }) => offset)).toEqual([base, base + 1n])
    expect(after.position).toBe(base + 2n)
  })
})

describe('compression', () => {
  const values = Array.from(
    { length: 300 },
    (_, index) => `{"id":${index},"name":"né ${index % 7}"}`,
  )

  test.each(CODECS)('%s', (codec) => {
    const batch = plain(5n, values)
    expect(valuesOf([compressed(batch, codec), batch.subarray(0, 30)], { position: 5n })).toEqual({
      values,
      position: 305n,
    })
  })

  test.each(CODECS)('%s that inflates beyond the limit is refused', (codec) => {
    const bomb = compressed(plain(0n, ['x'.repeat(100_000)]), codec)
    const fault = faultOf(() => readAll(fetched([bomb]), { inflatedBytesMax: 50_000 }))
    expect(fault.code).toBe('RECORD_BATCH_CORRUPT')
    expect(fault.message).toMatch(/orders\/3 at offset 0 is corrupt/)
  })

  test.each(CODECS)('%s, damaged in any way, is refused or read right', (codec) => {
    const batch = plain(0n, values.slice(0, 40))
    const good = compressed(batch, codec)
    fc.assert(
      fc.property(
        fc.integer({ min: 61, max: good.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (at, flip, cut) => {
          const bad = Buffer.from(cut ? good.subarray(0, at) : good)
          if (!cut) bad[at] = (bad[at] ?? 0) ^ flip
          bad.writeInt32BE(bad.length - 12, 8)
          try {
            readAll(fetched([resealed(bad)]))
          } catch (error) {
            expect(error).toBeInstanceOf(FirnError)
          }
        },
      ),
      { numRuns: 200 },
    )
    // What went before leaves nothing behind.
    expect(valuesOf([good]).values).toEqual(values.slice(0, 40))
  })
})

const good = plain(7n, ['a', 'b'])

function change(edit: (batch: Buffer) => void) {
  const bad = Buffer.from(good)
  edit(bad)
  return () => readAll(fetched([resealed(bad)], { position: 7n }))
}

describe('a corrupt batch is refused with its place', () => {
  test('a flipped bit anywhere behind the CRC', () => {
    for (let at = 17; at < good.length; at += 1) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] ?? 0) ^ 0x10
      const fault = faultOf(() => readAll(fetched([bad], { position: 7n })))
      expect(fault.message).toBe(
        'the record batch of orders/3 at offset 7 is corrupt: its CRC-32C does not match',
      )
      expect(fault.context).toEqual({ topic: 'orders', partition: 3, offset: 7n })
    }
  })

  test('the records before it are read, and the position stands at it', () => {
    const bad = Buffer.from(plain(2n, ['c']))
    bad[62] = 0xff
    const records = new FetchedRecords(fetched([plain(0n, ['a', 'b']), bad]), {
      isolation: 'read_committed',
    })
    expect([records.next(), records.next()]).toEqual([true, true])
    expect(faultOf(() => records.next()).code).toBe('RECORD_BATCH_CORRUPT')
    expect(records.position).toBe(2n)
  })

  test('records that do not agree with their header', () => {
    const fewer = change((batch) => batch.writeInt32BE(1, 57))
    const more = change((batch) => batch.writeInt32BE(3, 57))
    const shorter = change((batch) => batch.writeInt32BE(0, 23))
    const negative = change((batch) => batch.writeInt32BE(-1, 57))
    const longRecord = change((batch) => batch.writeUInt8(0x7e, 61))
    const codec = change((batch) => batch.writeInt16BE(5, 21))
    for (const run of [fewer, more, shorter, negative, longRecord, codec]) {
      expect(faultOf(run).code).toBe('RECORD_BATCH_CORRUPT')
    }
  })

  test('a batch that goes back', () => {
    const fault = faultOf(() =>
      readAll(fetched([plain(5n, ['a', 'b']), plain(6n, ['b'])], { position: 5n })),
    )
    expect(fault.message).toMatch(/starts before position 7/)
  })

  test('an older message format has a code of its own', () => {
    const old = Buffer.from(good)
    old.writeInt8(1, 16)
    expect(faultOf(() => readAll(fetched([old]))).code).toBe('RECORD_FORMAT_UNSUPPORTED')
  })

  test('a length that lies', () => {
    const bad = Buffer.from(good)
    bad.writeInt32BE(20, 8)
    expect(faultOf(() => readAll(fetched([bad]))).code).toBe('RECORD_BATCH_CORRUPT')
  })
})

describe('any split of records over batches', () => {
  const batchArb = fc.record({
    values: fc.array(fc.option(fc.string({ maxLength: 20 }), { nil: null }), { maxLength: 6 }),
    gap: fc.integer({ min: 0, max: 5 }),
    codec: fc.constantFrom(undefined, ...CODECS),
  })

  test('reads every record from the position to the end, once', () => {
    fc.assert(
      fc.property(
        fc.array(batchArb, { minLength: 1, maxLength: 6 }),
        fc.nat({ max: 40 }),
        fc.option(fc.nat({ max: 40 }), { nil: undefined }),
        (specs, skip, length) => {
          const batches: Uint8Array[] = []
          const written: { offset: bigint; value: string | null }[] = []
          let next = 0n
          for (const { values, gap, codec } of specs) {
            const records = values.map((value, index) => ({
              offset: next + BigInt(index),
              timestampMs: index,
              value: value === null ? null : bytes(value),
            }))
            const lastOffset = next + BigInt(values.length + gap)
            const batch = recordBatch({ baseOffset: next, lastOffset, records })
            batches.push(codec === undefined ? batch : compressed(batch, codec))
            written.push(...values.map((value, index) => ({ offset: next + BigInt(index), value })))
            next = lastOffset + 1n
          }
          const position = BigInt(Math.min(skip, Number(next)))
          const end = length === undefined ? undefined : position + BigInt(length)
          const ended = end === undefined ? {} : { end }
          const { records, after } = readAll(fetched(batches, { position, ...ended }))
          expect(records.map(({ offset, value }) => ({ offset, value }))).toEqual(
            written.filter(
              ({ offset }) => offset >= position && (end === undefined || offset < end),
            ),
          )
          expect(after.position).toBe(end === undefined || end > next ? next : end)
        },
      ),
    )
  })
})
