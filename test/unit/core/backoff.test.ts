import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { backoffMs } from '../../../src/core/backoff.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom, type Random } from '../../../src/core/random.ts'

const fixed = (value: number): Random => ({ ...systemRandom, next: () => value })
const ALMOST_ONE = 1 - 2 ** -48

describe('backoffMs', () => {
  const policy = { attemptsMax: 10, waitMsMin: 100, waitMsMax: 5000 }

  test('doubles its bound up to the greatest wait', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 7, 8].map((attempt) =>
      backoffMs(policy, attempt, fixed(ALMOST_ONE)),
    )
    expect(bounds).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000])
  })

  test('takes any wait below the bound: full jitter', () => {
    expect(backoffMs(policy, 4, fixed(0))).toBe(0)
    expect(backoffMs(policy, 4, fixed(0.5))).toBe(400)
  })

  test('is a whole number within its bound for any attempt', () => {
    const random = fc.double({ min: 0, max: ALMOST_ONE, noNaN: true })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), random, (attempt, value) => {
        const wait = backoffMs(policy, attempt, fixed(value))
        expect(Number.isInteger(wait)).toBe(true)
        expect(wait).toBeGreaterThanOrEqual(0)
        expect(wait).toBeLessThanOrEqual(policy.waitMsMax)
      }),
    )
  })
})

describe("the machine's randomness", () => {
  test('stays in its ranges', () => {
    for (let draw = 0; draw < 1000; draw++) {
      const next = systemRandom.next()
      expect(next >= 0 && next < 1).toBe(true)
      const id = systemRandom.int63()
      expect(id >= 0n && id < 2n ** 63n).toBe(true)
    }
    expect(systemRandom.uuid()).toMatch(
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
  })
})

describe("the machine's clock", () => {
  test('sleeps at least as long as was asked for', async () => {
    const start = systemClock.monotonic()
    await systemClock.sleep(20)
    // Timers may fire within the millisecond before.
    expect(systemClock.monotonic() - start).toBeGreaterThan(18)
  })

  test('wakes at once when the signal aborts, or has', async () => {
    const abort = new AbortController()
    const start = systemClock.monotonic()
    const sleeping = systemClock.sleep(60_000, abort.signal)
    abort.abort()
    await sleeping
    await systemClock.sleep(60_000, abort.signal)
    expect(systemClock.monotonic() - start).toBeLessThan(10_000)
  })

  test('tells the time of day', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000)
  })
})
