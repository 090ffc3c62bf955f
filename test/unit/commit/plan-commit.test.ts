import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clusterId, topicId, topicName } from '../../../src/core/ids.ts'
import { PartitionMap, type PositionRange } from '../../../src/core/offsets.ts'
import type { Ledger } from '../../../src/commit/ledger.ts'
import { positionsOf } from '../../../src/commit/ledger.ts'
import {
  type Claim,
  ledgerAfter,
  planCommit,
  type Standing,
  withIdle,
} from '../../../src/commit/plan-commit.ts'
import { at, CLUSTER, ORDERS, ORDERS_ID, ranges } from './fixtures.ts'
import { ledger } from './start-case.ts'

const claim = (of: PartitionMap<PositionRange>, change: Partial<Claim> = {}): Claim => ({
  cluster: CLUSTER,
  topics: new Map([[ORDERS, ORDERS_ID]]),
  ranges: of,
  ...change,
})

const LIMITS = { allowedLatenessMs: 0, maxSkewMs: 0, nowMs: 1_000_000 }
const NO_FACTS = { facts: new PartitionMap<never>(), limits: LIMITS }

describe('planCommit', () => {
  const held = ledger([5, 3])
  const single: readonly (readonly [
    string,
    [number, number],
    Partial<Claim>,
    Standing | 'append' | 'already-committed',
  ])[] = [
    ['starts where the ledger ends', [5, 6], {}, 'append'],
    ['lies below it', [1, 4], {}, 'already-committed'],
    ['ends where it ends', [2, 5], {}, 'already-committed'],
    ['overlaps', [4, 6], {}, 'overlapping'],
    ['leaves a hole', [6, 7], {}, 'ahead'],
    ['is of another cluster', [5, 6], { cluster: clusterId('c2') }, 'other-log'],
    ['is of another topic id', [5, 6], { topics: new Map([[ORDERS, topicId('t2')]]) }, 'other-log'],
    ['is of another log, below', [1, 4], { cluster: clusterId('c2') }, 'other-log'],
  ]
  test.each(single)('a range that %s', (_name, [start, end], change, expected) => {
    const plan = planCommit(held, claim(ranges({ 0: [start, end] }), change))
    const found = plan.kind === 'rejected' ? plan.standings.get(at(0)) : plan.kind
    expect(found).toBe(expected)
  })

  test.each<[Record<number, [number, number]>, readonly Standing[] | string]>([
    [{ 0: [5, 6], 1: [3, 4] }, 'append'],
    [{ 0: [4, 5], 1: [2, 3] }, 'already-committed'],
    [{ 0: [4, 5], 1: [3, 4] }, ['behind', 'next']],
    [{ 0: [5, 6], 1: [4, 5] }, ['next', 'ahead']],
    [{ 0: [5, 6], 2: [0, 1] }, 'append'],
    [{ 2: [1, 2] }, ['ahead']],
  ])('%o', (of, expected) => {
    const plan = planCommit(held, claim(ranges(of)))
    expect(plan.kind === 'rejected' ? [...plan.standings.values()] : plan.kind).toEqual(expected)
  })

  test('without a ledger, or without this topic in it, nothing can be appended', () => {
    const wanted = claim(ranges({ 0: [0, 1] }))
    expect(planCommit(undefined, wanted).kind).toBe('rejected')
    expect(planCommit({ cluster: CLUSTER, topics: new Map() }, wanted).kind).toBe('rejected')
  })

  test('an empty claim, and an empty range, are bugs', () => {
    expect(() => planCommit(held, claim(new PartitionMap()))).toThrow('bug')
    expect(() => planCommit(held, claim(ranges({ 0: [5, 5] })))).toThrow('bug')
  })
})

const position = fc.bigInt({ min: 0n, max: 2n ** 62n })
const anyLedger: fc.Arbitrary<Ledger> = fc
  .dictionary(fc.constantFrom('0', '1', '2'), position)
  .map((next) => ({
    cluster: CLUSTER,
    topics: new Map([
      [
        ORDERS,
        {
          id: ORDERS_ID,
          next: new Map(Object.entries(next).map(([p, value]) => [Number(p), value])),
          epoch: new Map(),
          through: new Map(),
        },
      ],
    ]),
  }))
const anyRanges = fc
  .dictionary(
    fc.constantFrom('0', '1', '2', '3'),
    fc.tuple(position, fc.bigInt({ min: 1n, max: 50n })),
    { minKeys: 1 },
  )
  .map(
    (of) =>
      new PartitionMap(
        Object.entries(of).map(([p, [start, size]]) => [
          at(Number(p)),
          { start, end: start + size },
        ]),
      ),
  )
/** Claims that start at the ledger more often than chance would have it. */
const ledgerAndClaim = fc.tuple(anyLedger, anyRanges, fc.boolean()).map(([held, of, fits]) => ({
  held,
  wanted: claim(
    fits
      ? of.map(({ start, end }, key) => {
          const next = positionsOf(held).get(key) ?? 0n
          return { start: next, end: next + (end - start) }
        })
      : of,
  ),
}))

describe('properties of planCommit', () => {
  test('what was appended is already committed, and cannot be appended again', () => {
    fc.assert(
      fc.property(ledgerAndClaim, ({ held, wanted }) => {
        if (planCommit(held, wanted).kind !== 'append') return
        const after = ledgerAfter(held, wanted, NO_FACTS)
        expect(planCommit(after, wanted).kind).toBe('already-committed')
      }),
    )
  })

  test('the ledger moves by exactly the claimed ranges, and never back', () => {
    fc.assert(
      fc.property(ledgerAndClaim, ({ held, wanted }) => {
        if (planCommit(held, wanted).kind !== 'append') return
        const [before, after] = [
          positionsOf(held),
          positionsOf(ledgerAfter(held, wanted, NO_FACTS)),
        ]
        for (const [key, next] of after) {
          const claimed = wanted.ranges.get(key)
          const moved = next - (before.get(key) ?? 0n)
          expect(moved).toBe(claimed === undefined ? 0n : claimed.end - claimed.start)
        }
      }),
    )
  })

  test('of two claims that share a partition at most one is appended', () => {
    fc.assert(
      fc.property(ledgerAndClaim, anyRanges, ({ held, wanted }, more) => {
        if (planCommit(held, wanted).kind !== 'append') return
        const other = claim(more)
        const shared = [...other.ranges.keys()].some((key) => wanted.ranges.has(key))
        const both = planCommit(held, other).kind === 'append'
        const after = ledgerAfter(held, wanted, NO_FACTS)
        if (shared && both) expect(planCommit(after, other).kind).not.toBe('append')
      }),
    )
  })

  test('only the claim’s own partitions matter', () => {
    fc.assert(
      fc.property(ledgerAndClaim, position, ({ held, wanted }, elsewhere) => {
        const topic = held.topics.get(ORDERS)!
        const next = new Map(topic.next).set(9, elsewhere)
        const changed = { ...held, topics: new Map([[ORDERS, { ...topic, next }]]) }
        expect(planCommit(changed, wanted)).toEqual(planCommit(held, wanted))
      }),
    )
  })
})

const idle = (at1: bigint) => ({
  position: at1,
  reachedEndAtMs: 900,
  timestampType: 'log-append' as const,
})

describe('the ledger after a claim', () => {
  test('takes epoch and through from what was read, and keeps what it does not know better', () => {
    const read = {
      facts: new PartitionMap([
        [
          at(0),
          {
            leaderEpoch: 9,
            timestampMsMax: 500,
            timestampType: 'log-append' as const,
            reachedEndAtMs: undefined,
          },
        ],
        [
          at(1),
          {
            leaderEpoch: undefined,
            timestampMsMax: undefined,
            timestampType: 'create' as const,
            reachedEndAtMs: undefined,
          },
        ],
      ]),
      limits: LIMITS,
    }
    const after = ledgerAfter(
      ledger([5, 3]),
      claim(ranges({ 0: [5, 6], 1: [3, 4], 2: [0, 1] })),
      read,
    )
    expect(after.topics.get(ORDERS)).toEqual({
      id: ORDERS_ID,
      next: new Map([
        [0, 6n],
        [1, 4n],
        [2, 1n],
      ]),
      epoch: new Map([[0, 9]]),
      through: new Map([[0, 500]]),
    })
  })

  test('idle partitions are brought up only where they stand', () => {
    const after = withIdle(
      ledger([5, 3]),
      new PartitionMap([
        [at(0), idle(5n)],
        [at(1), idle(2n)],
        [at(0, topicName('other')), idle(0n)],
      ]),
      LIMITS,
    )
    expect(after.topics.get(ORDERS)?.through).toEqual(new Map([[0, 900]]))
  })
})
