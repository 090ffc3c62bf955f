import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  bytesText,
  countText,
  durationText,
  pluralText,
  tableText,
  timeText,
} from '../../../src/cli/format.ts'

describe('figures for people', () => {
  test.each([
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1000, '1 s'],
    [12_345, '12.3 s'],
    [59_999, '59.9 s'],
    [60_000, '1 min'],
    [185_000, '3 min 5 s'],
    [3_600_000, '1 h'],
    [5_400_000, '1 h 30 min'],
    [187_200_000, '2 d 4 h'],
    [-5000, '-5 s'],
  ])('%d ms is %s', (ms, text) => {
    expect(durationText(ms)).toBe(text)
  })

  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [1048575, '1 MiB'],
    [134217728n, '128 MiB'],
    [5 * 2 ** 40, '5 TiB'],
    [2 ** 62, '4096 PiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(bytesText(bytes)).toBe(text)
  })

  test('counts keep every digit', () => {
    expect(countText(1234567)).toBe('1,234,567')
    expect(countText(9223372036854775807n)).toBe('9,223,372,036,854,775,807')
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n), (count) => {
        expect(BigInt(countText(count).replaceAll(',', ''))).toBe(count)
      }),
    )
  })

  test('times and plurals', () => {
    expect(timeText(1_795_420_800_999)).toBe('2026-11-23 08:00:00Z')
    expect(pluralText(1n, 'file')).toBe('one file')
    expect(pluralText(1200, 'entry', 'entries')).toBe('1,200 entries')
  })
})

describe('a table', () => {
  test('has columns as wide as their widest cell, whatever the colours', () => {
    const text = tableText(
      [{ title: 'name' }, { title: 'rows', align: 'right' }, { title: 'note' }],
      [
        ['a', '1', ''],
        ['\u001B[31mlonger\u001B[39m', '1,000', 'x'],
      ],
    )
    expect(text.split('\n')).toEqual([
      'name     rows  note',
      'a           1',
      '\u001B[31mlonger\u001B[39m  1,000  x',
    ])
  })

  test('may have no rows', () => {
    expect(tableText([{ title: 'a' }, { title: 'b' }], [])).toBe('a  b')
  })
})
