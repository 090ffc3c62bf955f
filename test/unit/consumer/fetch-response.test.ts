import { Reader, Writer } from '@platformatic/kafka'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseFetchResponse } from '../../../src/consumer/fetch-response.ts'

const TOPIC = '0b0e1a52-6a0c-4d2f-8b0e-6f1d9c1f2a33'

interface PartitionSpec {
  readonly partition: number
  readonly errorCode?: number
  readonly aborted?: readonly (readonly [bigint, bigint])[] | null
  readonly replica?: number
  readonly records: Buffer | null
  readonly tags?: readonly (readonly [number, Buffer])[]
}

/** FetchResponse version 13, written by hand from the protocol's schema. */
function response(partitions: readonly PartitionSpec[], errorCode = 0): Buffer {
  return Writer.create()
    .appendInt32(0)
    .appendInt16(errorCode)
    .appendInt32(77)
    .appendArray([partitions], (w, own) => {
      w.appendUUID(TOPIC).appendArray([...own], writePartition, true, false)
    })
    .appendTaggedFields().buffer
}

function writePartition(w: Writer, spec: PartitionSpec): void {
  w.appendInt32(spec.partition)
    .appendInt16(spec.errorCode ?? 0)
    .appendInt64(90n)
    .appendInt64(80n)
    .appendInt64(10n)
  const { aborted = null, tags = [] } = spec
  if (aborted === null) w.appendUnsignedVarInt(0)
  else {
    w.appendArray([...aborted], (one, [producer, first]) => {
      one.appendInt64(producer).appendInt64(first)
    })
  }
  w.appendInt32(spec.replica ?? -1)
  w.appendUnsignedVarInt(spec.records === null ? 0 : spec.records.length + 1)
  if (spec.records !== null && spec.records.length > 0) w.append(spec.records)
  w.appendUnsignedVarInt(tags.length)
  for (const [tag, bytes] of tags) {
    w.appendUnsignedVarInt(tag).appendUnsignedVarInt(bytes.length).append(bytes)
  }
}

const parse = (bytes: Buffer | Writer) => parseFetchResponse(0, 1, 13, Reader.from(bytes))

describe('a Fetch response', () => {
  test('every field of it, and the records as they came', () => {
    const records = Buffer.from('not looked into')
    const parsed = parse(
      response([
        { partition: 3, records, aborted: [[2n ** 60n, 44n]], replica: 2 },
        { partition: 4, errorCode: 6, records: null },
      ]),
    )
    expect(parsed).toEqual({
      errorCode: 0,
      spent: [],
      partitions: [
        {
          topicId: TOPIC,
          partition: 3,
          errorCode: 0,
          highWatermark: 90n,
          lastStableOffset: 80n,
          logStartOffset: 10n,
          divergingEpoch: undefined,
          abortedTransactions: [{ producerId: 2n ** 60n, firstOffset: 44n }],
          preferredReadReplica: 2,
          records: new Uint8Array(records),
        },
        expect.objectContaining({
          partition: 4,
          errorCode: 6,
          abortedTransactions: [],
          records: new Uint8Array(0),
        }),
      ],
    })
  })

  test('no records and empty records are the same', () => {
    const parsed = parse(
      response([
        { partition: 0, records: null },
        { partition: 1, records: Buffer.alloc(0) },
      ]),
    )
    expect(parsed.partitions.map(({ records }) => records.length)).toEqual([0, 0])
  })

  test('the records have memory of their own: it can be given to a thread', () => {
    const records = Buffer.alloc(5_000, 7)
    const { partitions } = parse(response([{ partition: 0, records }]))
    const [first] = partitions
    expect(first?.records.byteOffset).toBe(0)
    expect(first?.records.buffer.byteLength).toBe(5_000)
  })

  test('an error of the whole response', () => {
    expect(parse(response([], 71)).errorCode).toBe(71)
  })

  test('a diverging epoch among tags that it does not know', () => {
    const diverging = Buffer.alloc(12)
    diverging.writeInt32BE(6, 0)
    diverging.writeBigInt64BE(41n, 4)
    const tags = [
      [0, diverging],
      [1, Buffer.alloc(8)],
      [9, Buffer.from('of a later version')],
    ] as const
    const { partitions } = parse(
      response([
        { partition: 0, records: null, tags },
        { partition: 1, records: Buffer.from('x') },
      ]),
    )
    expect(partitions[0]?.divergingEpoch).toEqual({ epoch: 6, endOffset: 41n })
    expect(partitions[1]?.records).toEqual(new Uint8Array([120]))
  })

  test('the same from whatever chunks the socket read', () => {
    const bytes = response([
      { partition: 0, records: Buffer.from('abcdefghij'.repeat(20)), aborted: [[1n, 2n]] },
      { partition: 1, records: Buffer.from('klmnopqrst'.repeat(20)) },
    ])
    const whole = parse(bytes)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 30 }), (sizes) => {
        const chunks = Writer.create()
        let at = 0
        for (const size of sizes) {
          if (at + size >= bytes.length) break
          chunks.append(bytes.subarray(at, at + size))
          at += size
        }
        chunks.append(bytes.subarray(at))
        expect(parse(chunks)).toEqual(whole)
      }),
    )
  })

  test('chunks that held nothing but records are spent, those with anything else are not', () => {
    const records = Buffer.from('abcdefghij'.repeat(20))
    const bytes = response([{ partition: 0, records }])
    const from = bytes.indexOf(records)
    const cuts = [0, from - 1, from + 9, from + 100, from + 150, bytes.length]
    const chunks = cuts
      .slice(1)
      .map((end, at) => Buffer.from(new Uint8Array(bytes.subarray(cuts[at], end)).buffer))
    const writer = Writer.create()
    for (const chunk of chunks) writer.append(chunk)
    const { spent, partitions } = parse(writer)
    expect(partitions[0]?.records).toEqual(new Uint8Array(records))
    expect(spent.map(({ buffer }) => chunks.findIndex((one) => one.buffer === buffer))).toEqual([
      2, 3,
    ])
  })

  test('a response that was cut is an error, not a shorter one', () => {
    const bytes = response([{ partition: 0, records: Buffer.from('abc') }])
    for (let cut = 0; cut < bytes.length - 1; cut++) {
      expect(() => parse(Buffer.from(bytes.subarray(0, cut)))).toThrow(/bounds|range/i)
    }
  })
})
