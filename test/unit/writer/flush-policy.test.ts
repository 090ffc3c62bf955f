import { describe, expect, test } from 'vitest'
import {
  decideFlush,
  type BufferLevel,
  type FlushLimits,
} from '../../../src/writer/flush-policy.ts'

const LIMITS: FlushLimits = { intervalMs: 60_000, bytesMax: 1_000, rowsMax: 10, idleMs: 5_000 }
const LEVEL: BufferLevel = { openedAtMs: 1_000, lastPushAtMs: 1_000, rowCount: 1, bytes: 1 }

const decided = (
  level: Partial<BufferLevel>,
  nowMs: number,
  limits: Partial<FlushLimits> = {},
): string => {
  const decision = decideFlush({ ...LEVEL, ...level }, { ...LIMITS, ...limits }, nowMs)
  return decision.kind === 'seal' ? decision.reason : decision.kind
}

describe('decideFlush', () => {
  test.each<[string, Partial<BufferLevel>, number]>([
    ['keep', {}, 5_999],
    ['idle', {}, 6_000],
    ['keep', { lastPushAtMs: 60_999 }, 60_999],
    ['interval', { lastPushAtMs: 60_999 }, 61_000],
    ['keep', { bytes: 999 }, 1_000],
    ['bytes', { bytes: 1_000 }, 1_000],
    ['keep', { rowCount: 9 }, 1_000],
    ['rows', { rowCount: 10 }, 1_000],
  ])('%s, exactly at its limit: %j at %i', (expected, level, nowMs) => {
    expect(decided(level, nowMs)).toBe(expected)
  })

  test('positions without rows are claimed at the interval, and do not make it idle', () => {
    expect(decided({ rowCount: 0 }, 60_999)).toBe('keep')
    expect(decided({ rowCount: 0 }, 61_000)).toBe('interval')
  })

  test('an empty buffer is kept for ever, whatever its encoders hold', () => {
    expect(decided({ openedAtMs: undefined, bytes: 10_000, rowCount: 0 }, 1e12)).toBe('keep')
  })

  test('without a limit for idleness the interval decides', () => {
    expect(decided({}, 60_999, { idleMs: undefined })).toBe('keep')
    expect(decided({}, 61_000, { idleMs: undefined })).toBe('interval')
  })
})
