import { describe, expect, test } from 'vitest'
import type { Ledger, TopicLedger } from '../../../src/commit/ledger.ts'
import {
  gapsToAccept,
  planRebase,
  type RebaseFrom,
  whyNotReadAgain,
} from '../../../src/commit/plan-ledger-verbs.ts'
import type { PartitionFacts, TopicFacts } from '../../../src/commit/plan-start.ts'
import { topicId } from '../../../src/core/ids.ts'
import { CLUSTER, ORDERS, ORDERS_ID } from './fixtures.ts'

const held = (next: readonly number[], epochs: readonly number[] = []): TopicLedger => ({
  id: ORDERS_ID,
  next: new Map(next.map((position, partition) => [partition, BigInt(position)])),
  epoch: new Map(epochs.entries()),
  through: new Map(),
})
const bounds = (start: number, end: number, epochEnd?: number): PartitionFacts => ({
  logStart: BigInt(start),
  logEnd: BigInt(end),
  ...(epochEnd === undefined ? {} : { epochEnd: BigInt(epochEnd) }),
})
const facts = (id: TopicLedger['id'], ...partitions: readonly PartitionFacts[]): TopicFacts => ({
  id,
  partitions: new Map(partitions.entries()),
})

describe('the gap that is accepted', () => {
  test.each([
    ['is from the ledger to the log start', [5], [bounds(9, 20)], undefined, { 0: [5n, 9n] }],
    ['is none where the log still has it', [9], [bounds(9, 20)], undefined, {}],
    [
      'of a partition that appeared later begins at 0',
      [],
      [bounds(3, 9)],
      undefined,
      { 0: [0n, 3n] },
    ],
    [
      'is of one partition where one is named',
      [1, 1],
      [bounds(4, 9), bounds(5, 9)],
      1,
      { 1: [1n, 5n] },
    ],
  ])('%s', (...row) => {
    const [, next, partitions, only, expected] = row
    const gaps = gapsToAccept(held(next), facts(ORDERS_ID, ...partitions), only)
    expect(Object.fromEntries([...gaps].map(([p, { start, end }]) => [p, [start, end]]))).toEqual(
      expected,
    )
  })
})

describe('a rebase', () => {
  const NEW = topicId('topic-2')
  const plan = (
    topic: TopicLedger,
    now: TopicFacts,
    from: RebaseFrom = { kind: 'common' },
    sameCluster = true,
  ) => {
    const planned = planRebase(topic, now, { from, sameCluster })
    if (planned.kind === 'refused') return planned.why
    return {
      at: Object.fromEntries(planned.positions),
      twice: Object.fromEntries([...planned.twice].map(([p, { start, end }]) => [p, [start, end]])),
    }
  }

  test('of a truncated log takes what both have, of the partitions that lost something', () => {
    expect(plan(held([9, 4]), facts(ORDERS_ID, bounds(0, 6), bounds(0, 8)))).toEqual({
      at: { 0: 6n },
      twice: { 0: [6n, 9n] },
    })
  })

  test('finds by its epoch a log that grew again', () => {
    expect(plan(held([9], [1]), facts(ORDERS_ID, bounds(0, 30, 5)))).toEqual({
      at: { 0: 5n },
      twice: { 0: [5n, 9n] },
    })
  })

  test('begins at the log start where that lies above what both had', () => {
    expect(plan(held([9], [1]), facts(ORDERS_ID, bounds(7, 30, 5)))).toEqual({
      at: { 0: 7n },
      twice: { 0: [7n, 9n] },
    })
  })

  test.each([
    ['earliest', { 0: 2n, 1: 0n }],
    ['latest', { 0: 6n, 1: 8n }],
  ] as const)('of another log takes all partitions: %s', (kind, at) => {
    const now = facts(NEW, bounds(2, 6), bounds(0, 8))
    expect(plan(held([9, 4]), now, { kind })).toEqual({ at, twice: {} })
    expect(
      plan(held([9, 4]), facts(ORDERS_ID, bounds(2, 6), bounds(0, 8)), { kind }, false),
    ).toEqual({ at, twice: {} })
  })

  test.each([
    [
      'another log without a place to begin',
      held([9]),
      facts(NEW, bounds(0, 6)),
      { kind: 'common' },
      'say where',
    ],
    [
      'a log that is whole',
      held([4]),
      facts(ORDERS_ID, bounds(0, 6)),
      { kind: 'common' },
      'is the one',
    ],
    [
      'a position outside the log',
      held([9]),
      facts(NEW, bounds(2, 6)),
      { kind: 'positions', positions: new Map([[0, 1n]]) },
      'from 2 to 6',
    ],
    [
      'a partition that is not there',
      held([9]),
      facts(NEW, bounds(2, 6)),
      { kind: 'positions', positions: new Map([[7, 3n]]) },
      'no partition 7',
    ],
    [
      'another log with a partition left out',
      held([9, 9]),
      facts(NEW, bounds(0, 6), bounds(0, 6)),
      { kind: 'positions', positions: new Map([[0, 3n]]) },
      'state partition 1',
    ],
  ] as const)('refuses %s', (...row) => {
    const [, topic, now, from, why] = row
    expect(plan(topic, now, from)).toContain(why)
  })

  test('takes stated positions of the same log, and says what may be there twice', () => {
    const from = { kind: 'positions', positions: new Map([[0, 3n]]) } as const
    expect(plan(held([5, 5]), facts(ORDERS_ID, bounds(0, 9), bounds(0, 9)), from)).toEqual({
      at: { 0: 3n },
      twice: { 0: [3n, 5n] },
    })
  })
})

describe('records are not read again', () => {
  const ledger = (topic: TopicLedger): Ledger => ({
    cluster: CLUSTER,
    topics: new Map([[ORDERS, topic]]),
  })
  const why = (after: TopicLedger, before: TopicLedger, now: TopicFacts | undefined) =>
    whyNotReadAgain(ledger(after), ledger(before), {
      cluster: CLUSTER,
      topics: new Map(now === undefined ? [] : [[ORDERS, now]]),
    })

  test.each([
    [
      'nothing, where the log has them',
      held([2]),
      held([9]),
      facts(ORDERS_ID, bounds(2, 9)),
      undefined,
    ],
    [
      'retention',
      held([2]),
      held([9]),
      facts(ORDERS_ID, bounds(5, 9)),
      'taken 3 positions of orders/0, from 2',
    ],
    [
      'only what was read counts as taken',
      held([2]),
      held([4]),
      facts(ORDERS_ID, bounds(50, 90)),
      'taken 2 positions',
    ],
    [
      'nothing, where nothing is to be read',
      held([4]),
      held([4]),
      facts(ORDERS_ID, bounds(50, 90)),
      undefined,
    ],
    [
      'another topic of that name',
      held([2]),
      held([9]),
      facts(topicId('t2'), bounds(0, 9)),
      'created again',
    ],
    ['no topic', held([2]), held([9]), undefined, 'is not there'],
  ])('%s', (...row) => {
    const [, after, before, now, expected] = row
    const found = why(after, before, now)
    if (expected === undefined) expect(found).toEqual([])
    else expect(found.join()).toContain(expected)
  })
})
