import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WaitingTime } from '../../../src/telemetry/freshness.ts'
import {
  BEAT_AGE_MS_MAX,
  HEALTHY_TABLE,
  isLive,
  readiness,
  type HealthState,
  type TableHealth,
} from '../../../src/telemetry/health.ts'

function state(table: Partial<TableHealth>, phase: HealthState['phase'] = 'running'): HealthState {
  return {
    phase,
    freshnessObjectiveMs: 60_000,
    tables: new Map([['lake.orders', { ...HEALTHY_TABLE, ...table }]]),
    beatAtMs: 0,
  }
}

describe('readiness', () => {
  test('green while records reach the table in time', () => {
    expect(readiness(state({}), 1e9)).toEqual({ ready: true, reasons: [] })
    expect(readiness(state({ waitingSinceMs: 40_000 }), 100_000).ready).toBe(true)
  })

  test('red once a record has waited longer than the objective', () => {
    expect(readiness(state({ waitingSinceMs: 39_999 }), 100_000)).toEqual({
      ready: false,
      reasons: [
        {
          code: 'FRESHNESS_MISSED',
          table: 'lake.orders',
          message:
            'the oldest record that the table lacks has waited for 60 s, and the objective is 60 s',
        },
      ],
    })
  })

  test('red with the reason, and what resolves it, where a table is refused', () => {
    const refusal = {
      code: 'OFFSETS_EXPIRED' as const,
      message: '12 records are gone',
      help: 'firn ledger accept-gap',
    }
    expect(readiness(state({ refusal }), 0).reasons).toEqual([{ table: 'lake.orders', ...refusal }])
    const { reasons } = readiness(state({ refusal: { ...refusal, help: undefined } }), 0)
    expect(reasons[0]).not.toHaveProperty('help')
  })

  test('red for every partition that stands still, and for commits that go on failing', () => {
    const halted = [
      { partition: 'orders/3', code: 'RECORD_BATCH_CORRUPT' as const, message: 'crc at 7' },
      { partition: 'orders/4', code: 'LOG_TRUNCATED' as const, message: 'at 9' },
    ]
    const { ready, reasons } = readiness(state({ halted, exhaustedSinceMs: 5000 }), 20_000)
    expect(ready).toBe(false)
    expect(reasons.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'RECORD_BATCH_CORRUPT orders/3 stands still: crc at 7',
      'LOG_TRUNCATED orders/4 stands still: at 9',
      'COMMITS_EXHAUSTED commits have been failing for 15 s',
    ])
  })

  test.each([
    ['starting', 'STARTING'],
    ['draining', 'DRAINING'],
  ] as const)('red while %s', (phase, code) => {
    expect(readiness(state({}, phase), 0).reasons.map((reason) => reason.code)).toEqual([code])
  })
})

describe('liveness', () => {
  test('is about the loop alone', () => {
    expect(isLive(state({ exhaustedSinceMs: 0 }), BEAT_AGE_MS_MAX)).toBe(true)
    expect(isLive(state({}), BEAT_AGE_MS_MAX + 1)).toBe(false)
  })
})

describe('how long a record has waited', () => {
  test('since the log was first seen beyond the ledger', () => {
    const waiting = new WaitingTime(10n)
    waiting.observe(10n, 100)
    expect(waiting.sinceMs).toBeUndefined()
    waiting.observe(12n, 200)
    waiting.observe(15n, 300)
    expect(waiting.sinceMs).toBe(200)
    waiting.committed(12n, 400)
    expect(waiting.sinceMs).toBe(300)
    waiting.committed(15n, 500)
    expect(waiting.sinceMs).toBeUndefined()
  })

  test('from the moment of a rollback on, for what it took away', () => {
    const waiting = new WaitingTime(15n)
    waiting.committed(5n, 700)
    expect(waiting.sinceMs).toBe(700)
    waiting.committed(14n, 800)
    expect(waiting.sinceMs).toBe(700)
    waiting.committed(15n, 900)
    expect(waiting.sinceMs).toBeUndefined()
  })

  test('is never understated, however many ends were seen', () => {
    const step = fc.record({ records: fc.bigInt(0n, 5n), commit: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 1000, size: 'max' }), (steps) => {
        const waiting = new WaitingTime(0n)
        const arrivals: number[] = []
        let ledger = 0
        for (const [now, { records, commit }] of steps.entries()) {
          for (let record = 0n; record < records; record++) arrivals.push(now)
          waiting.observe(BigInt(arrivals.length), now)
          if (commit) {
            ledger = Math.max(ledger, arrivals.length - 3)
            waiting.committed(BigInt(ledger), now)
          }
          const exact = arrivals[ledger]
          expect(waiting.sinceMs === undefined).toBe(exact === undefined)
          expect(waiting.sinceMs ?? 0).toBeLessThanOrEqual(exact ?? 0)
        }
      }),
      { numRuns: 50 },
    )
  })
})
