import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  dateText,
  floorDiv,
  parseDate,
  parseTime,
  parseTimeNanos,
  parseTimestamp,
  parseTimestampNanos,
  timestampText,
  timeText,
} from '../../../src/iceberg/calendar.ts'
import { int32, int64 } from './arbitraries.ts'

describe('dates', () => {
  test.each([
    ['1970-01-01', 0],
    ['1969-12-31', -1],
    ['2017-11-16', 17486],
    ['2000-02-29', 11016],
    ['0001-01-01', -719162],
    ['0000-02-29', -719469],
    ['-0001-12-31', -719529],
    ['9999-12-31', 2932896],
    ['+10000-01-01', 2932897],
  ])('%s is day %i', (text, days) => {
    expect(parseDate(text)).toBe(days)
    expect(dateText(days)).toBe(text)
  })

  test.each([
    '2017-02-29',
    '1900-02-29',
    '2017-13-01',
    '2017-00-01',
    '2017-01-00',
    '2017-1-1',
    '17-01-01',
    '2017-01-01 ',
    '',
  ])('%j is no date', (text) => expect(parseDate(text)).toBeUndefined())

  test('every day of an int comes back from its text', () => {
    fc.assert(fc.property(int32, (days) => parseDate(dateText(days)) === days))
  })

  test('agrees with Date where Date is exact', () => {
    const days = fc.integer({ min: -719_528, max: 2_932_896 })
    fc.assert(
      fc.property(days, (day) => {
        expect(dateText(day)).toBe(new Date(day * 86_400_000).toISOString().slice(0, 10))
      }),
    )
  })
})

describe('times', () => {
  test.each([
    ['22:31:08', 81_068_000_000n],
    ['22:31:08.123456', 81_068_123_456n],
    ['00:00:00.1', 100_000n],
  ])('%s', (text, micros) => {
    expect(parseTime(text)).toBe(micros)
    expect(timeText(micros)).toBe(text)
  })

  test('seconds may be left out, digits beyond microseconds may not be lost', () => {
    expect(parseTime('22:31')).toBe(81_060_000_000n)
    expect(parseTime('22:31:08.1234567')).toBeUndefined()
    expect(parseTimeNanos('00:00:00.000000001')).toBe(1n)
  })

  test.each(['24:00:00', '12:60:00', '12:00:60', '12', '12:00:00.'])('%j is no time', (text) =>
    expect(parseTime(text)).toBeUndefined(),
  )
})

describe('timestamps', () => {
  test('with a zone any offset counts, and is written as UTC', () => {
    const micros = parseTimestamp('2017-11-16T14:31:08.000001-08:00', 'required')
    expect(micros).toBe(1_510_871_468_000_001n)
    expect(timestampText(micros!, { unit: 'micros', zone: true })).toBe(
      '2017-11-16T22:31:08.000001+00:00',
    )
  })

  test('before the epoch', () => {
    expect(timestampText(-1n, { unit: 'micros', zone: false })).toBe('1969-12-31T23:59:59.999999')
    expect(parseTimestampNanos('1969-12-31T23:59:59.999999999', 'forbidden')).toBe(-1n)
  })

  test('a zone is there exactly where the rule wants it', () => {
    expect(parseTimestamp('2017-11-16T22:31:08', 'required')).toBeUndefined()
    expect(parseTimestamp('2017-11-16T22:31:08Z', 'forbidden')).toBeUndefined()
    expect(parseTimestamp('2017-11-16T22:31:08+01:00', 'utc')).toBeUndefined()
    expect(parseTimestamp('2017-11-16T22:31:08Z', 'utc')).toBe(1_510_871_468_000_000n)
    expect(parseTimestamp('2017-11-16T22:31:08+0130', 'required')).toBe(1_510_866_068_000_000n)
    expect(parseTimestamp('2017-11-16T22:31:08+19:00', 'required')).toBeUndefined()
  })

  test('every int64 comes back from its text, years beyond 9999 and before 0 too', () => {
    fc.assert(
      fc.property(int64, fc.boolean(), (value, zone) => {
        const rule = zone ? 'utc' : 'forbidden'
        expect(parseTimestamp(timestampText(value, { unit: 'micros', zone }), rule)).toBe(value)
        expect(parseTimestampNanos(timestampText(value, { unit: 'nanos', zone }), rule)).toBe(value)
      }),
    )
  })
})

test('floorDiv rounds down', () => {
  expect([floorDiv(-1n, 10n), floorDiv(-10n, 10n), floorDiv(9n, 10n)]).toEqual([-1n, -1n, 0n])
})
