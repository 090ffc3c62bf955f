import { describe, expect, test } from 'vitest'
import { memoryOption, snapshotOption } from '../../../src/cli/audited-state.ts'
import { timeOption, traceTarget } from '../../../src/cli/trace-operand.ts'

const NO = { key: undefined, time: undefined }

describe('what a trace is asked about', () => {
  test('a position', () => {
    expect(traceTarget('shop.orders-v2/12@9007199254740993', NO)).toEqual({
      kind: 'position',
      topic: 'shop.orders-v2',
      partition: 12,
      offset: 9007199254740993n,
    })
  })

  test('a key or a time, of a topic or one partition', () => {
    expect(traceTarget('orders', { ...NO, key: 'a/b@c' })).toEqual({
      kind: 'key',
      topic: 'orders',
      partition: undefined,
      value: 'a/b@c',
    })
    expect(traceTarget('orders/3', { ...NO, time: '2026-11-23' })).toEqual({
      kind: 'time',
      topic: 'orders',
      partition: 3,
      value: '2026-11-23',
    })
    // The empty key is a key.
    expect(traceTarget('orders', { ...NO, key: '' })).toMatchObject({ kind: 'key', value: '' })
  })

  test.each([
    ['orders', NO],
    ['orders/3', NO],
    ['orders@5', NO],
    ['orders/03@5', NO],
    ['orders/3@-1', NO],
    ['or ders/3@1', NO],
    ['', NO],
    ['orders/3@5', { key: 'k', time: undefined }],
    ['orders', { key: 'k', time: '2026' }],
  ])('refuses %j with %j', (operand, options) => {
    expect(() => traceTarget(operand, options)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        help: expect.stringContaining('firn trace orders/3@1200'),
      }),
    )
  })

  test('a time is ISO 8601 or milliseconds', () => {
    expect(timeOption('2026-11-23T08:00:00Z')).toBe(Date.UTC(2026, 10, 23, 8))
    expect(timeOption('1700000000000')).toBe(1_700_000_000_000)
    expect(() => timeOption('yesterday')).toThrow(/ISO 8601/)
  })
})

describe('options', () => {
  test('a snapshot by its id', () => {
    expect(snapshotOption(undefined)).toBeUndefined()
    expect(snapshotOption('9223372036854775807')).toBe(9223372036854775807n)
    expect(() => snapshotOption('latest')).toThrow(/--snapshot/)
  })

  test('memory in megabytes, within reason', () => {
    expect(memoryOption(undefined)).toBe(512 * 2 ** 20)
    expect(memoryOption('32')).toBe(32 * 2 ** 20)
    for (const wrong of ['31', '0', '1.5', '1GB', '']) {
      expect(() => memoryOption(wrong)).toThrow(/--memory-max-mb/)
    }
  })
})
