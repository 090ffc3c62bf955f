import { describe, expect, test } from 'vitest'
import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import type { Schema } from '../../../src/iceberg/types.ts'
import { compileDecoder } from '../../../src/record/decoder.ts'
import { kafkaField } from '../../../src/record/kafka-column.ts'
import { FetchedRecords } from '../../../src/record/fetched-records.ts'
import { recordBatch, type RecordSpec } from '../../support/record-batch.ts'
import { fetched } from './batches.ts'
import { field, OPTIONS, rowsOf, schemaOf, struct } from './rows.ts'

const WHOLE = kafkaField({ name: '_kafka', key: true, headers: true })

function decode(schema: Schema, records: readonly RecordSpec[]) {
  const builder = new BatchBuilder(schema)
  const decoder = compileDecoder(builder, { ...OPTIONS, metadataColumn: '_kafka' })
  const batch = recordBatch({ baseOffset: 5n, lastOffset: 5n + BigInt(records.length), records })
  const reading = new FetchedRecords(fetched([batch], { position: 5n }), {
    isolation: 'read_committed',
  })
  const failures = []
  while (reading.next()) failures.push(decoder.decode(reading.cursor))
  return { rows: rowsOf(builder), failures: failures.filter((failure) => failure !== undefined) }
}

describe('the metadata column', () => {
  test("holds a record's place, key and headers", () => {
    const schema = schemaOf(field('id', 'int'), WHOLE)
    const headers = [
      ['trace', Buffer.from([1, 2])],
      ['trace', null],
      ['ü', Buffer.from('')],
    ] as const
    const { rows, failures } = decode(schema, [
      {
        offset: 5n,
        timestampMs: 1_700_000_000_123,
        key: Buffer.from('k'),
        value: Buffer.from('{"id":1,"_kafka":{"topic":"lie"}}'),
        headers,
      },
      { offset: 6n, timestampMs: -1, value: null },
    ])
    expect(failures).toEqual([])
    expect(rows).toEqual([
      {
        id: 1,
        _kafka: {
          topic: 'orders',
          partition: 3,
          offset: 5n,
          timestamp: 1_700_000_000_123_000n,
          key: '6b',
          headers: [
            { key: 'trace', value: '0102' },
            { key: 'trace', value: null },
            { key: 'ü', value: '' },
          ],
        },
      },
      {
        id: null,
        _kafka: {
          topic: 'orders',
          partition: 3,
          offset: 6n,
          timestamp: null,
          key: null,
          headers: [],
        },
      },
    ])
  })

  test.each([
    0, 1, -5, -86_400_000_000_000, 4_294_967_296, 8_640_000_000_000_000, 9_007_199_254_740_991,
  ])('timestamp %d ms is exact in microseconds', (timestampMs) => {
    const schema = schemaOf(kafkaField({ name: '_kafka', key: false, headers: false }))
    const { rows } = decode(schema, [{ offset: 5n, timestampMs, value: Buffer.from('{}') }])
    expect(rows).toMatchObject([{ _kafka: { timestamp: BigInt(timestampMs) * 1_000n } }])
  })

  test('a header key that is no UTF-8 is refused', () => {
    // U+00FF as latin1 bytes would be one byte of 0xff: the support writes text, so a value is put in by hand.
    const schema = schemaOf(WHOLE)
    const value = Buffer.from('{}')
    const batch = recordBatch({
      baseOffset: 0n,
      lastOffset: 0n,
      records: [{ offset: 0n, timestampMs: 0, value, headers: [['k', null]] }],
    })
    const builder = new BatchBuilder(schema)
    const decoder = compileDecoder(builder, { ...OPTIONS, metadataColumn: '_kafka' })
    const reading = new FetchedRecords(fetched([batch]), { isolation: 'read_committed' })
    reading.next()
    const { cursor } = reading
    cursor.bytes[cursor.headersStart + 1] = 0xff
    expect(decoder.decode(cursor)).toMatchObject({
      fieldPath: '_kafka.headers',
      found: 'other bytes',
    })
    expect(builder.rowCount).toBe(0)
  })

  test('may have optional fields of others, which stay null', () => {
    const schema = schemaOf(
      field('_kafka', struct(field('offset!', 'long'), field('cluster', 'string'))),
    )
    const { rows } = decode(schema, [{ offset: 5n, timestampMs: 0, value: Buffer.from('{}') }])
    expect(rows).toEqual([{ _kafka: { offset: 5n, cluster: null } }])
  })

  test.each([
    ['another type', struct(field('offset', 'int'))],
    ['a required field that we do not know', struct(field('cluster!', 'string'))],
    ['no struct', 'long'],
  ])('of %s is refused', (_, type) => {
    expect(() => decode(schemaOf(field('_kafka', type)), [])).toThrow(/the metadata column has/)
  })

  test('without the option, its name is a column like any other', () => {
    const builder = new BatchBuilder(schemaOf(field('_kafka', 'int')))
    const decoder = compileDecoder(builder, OPTIONS)
    const batch = recordBatch({
      baseOffset: 0n,
      lastOffset: 0n,
      records: [{ offset: 0n, timestampMs: 0, value: Buffer.from('{"_kafka":7}') }],
    })
    const reading = new FetchedRecords(fetched([batch]), { isolation: 'read_committed' })
    reading.next()
    expect(decoder.decode(reading.cursor)).toBeUndefined()
    expect(rowsOf(builder)).toEqual([{ _kafka: 7 }])
  })
})
