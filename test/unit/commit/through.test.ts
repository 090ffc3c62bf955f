import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { topicName } from '../../../src/core/ids.ts'
import { completeThrough, throughAfter } from '../../../src/commit/through.ts'
import type { RangeFacts } from '../../../src/writer/sealed-files.ts'
import { CLUSTER, ORDERS, ORDERS_ID } from './fixtures.ts'

const LIMITS = { allowedLatenessMs: 10, maxSkewMs: 5, nowMs: 1_000 }
const facts = (change: Partial<RangeFacts>): RangeFacts => ({
  leaderEpoch: undefined,
  timestampMsMax: undefined,
  timestampType: 'log-append',
  reachedEndAtMs: undefined,
  ...change,
})

describe('through', () => {
  test.each<[string, number | undefined, Partial<RangeFacts>, number | undefined]>([
    ['nothing known', undefined, {}, undefined],
    ['a range without a record keeps what was', 7, {}, 7],
    ['log-append time is exact', undefined, { timestampMsMax: 500 }, 500],
    [
      'create time less the lateness',
      undefined,
      { timestampMsMax: 500, timestampType: 'create' },
      490,
    ],
    ['never back', 600, { timestampMsMax: 500 }, 600],
    ['never beyond the clock', undefined, { timestampMsMax: 5_000 }, 1_000],
    ['read to the end: the clock less the skew', undefined, { reachedEndAtMs: 900 }, 895],
    [
      'and less the lateness, for create time',
      undefined,
      { reachedEndAtMs: 900, timestampType: 'create' },
      885,
    ],
    ['the later of both', undefined, { timestampMsMax: 899, reachedEndAtMs: 900 }, 899],
  ])('%s', (_name, previous, change, expected) => {
    expect(throughAfter(previous, facts(change), LIMITS)).toBe(expected)
  })

  test('never goes back, whatever is read and whatever the clocks say', () => {
    const ms = fc.option(fc.nat(), { nil: undefined })
    const anyFacts = fc.record({
      leaderEpoch: fc.constant(undefined),
      timestampMsMax: ms,
      timestampType: fc.constantFrom('create' as const, 'log-append' as const),
      reachedEndAtMs: ms,
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(anyFacts, fc.nat())), (reads) => {
        let through: number | undefined
        for (const [read, nowMs] of reads) {
          const next = throughAfter(through, read, { ...LIMITS, nowMs })
          expect(next ?? -Infinity).toBeGreaterThanOrEqual(through ?? -Infinity)
          through = next
        }
      }),
    )
  })
})

const of = (through: readonly (readonly [number, number])[], partitions = [0, 1]) => ({
  cluster: CLUSTER,
  topics: new Map([
    [
      ORDERS,
      {
        id: ORDERS_ID,
        next: new Map(partitions.map((partition) => [partition, 1n])),
        epoch: new Map(),
        through: new Map(through),
      },
    ],
  ]),
})
const all = (): boolean => true

describe('complete-through', () => {
  test('is the least of all partitions', () => {
    expect(
      completeThrough(
        of([
          [0, 5],
          [1, 3],
        ]),
        all,
      ),
    ).toBe(3)
  })

  test('is unknown while one partition is', () => {
    expect(completeThrough(of([[0, 5]]), all)).toBeUndefined()
  })

  test('does not wait for a topic that is no longer routed', () => {
    const ledger = of([
      [0, 5],
      [1, 3],
    ])
    const removed = { ...ledger.topics.get(ORDERS)!, through: new Map() }
    const both = { ...ledger, topics: new Map([...ledger.topics, [topicName('old'), removed]]) }
    expect(completeThrough(both, (topic) => topic === ORDERS)).toBe(3)
    expect(completeThrough(both, all)).toBeUndefined()
    expect(completeThrough(both, () => false)).toBeUndefined()
  })
})
