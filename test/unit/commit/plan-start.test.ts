import { describe, expect, test } from 'vitest'
import { planStart, type ResolvedStart } from '../../../src/commit/plan-start.ts'
import { planTable } from '../../../src/commit/plan-table.ts'
import { ledgerOf } from '../../../src/commit/standing.ts'
import { topicName } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import { at, CLUSTER, ORDERS, ORDERS_ID, WRITER } from './fixtures.ts'
import { decide, type Found, LOG, metadataOf, short } from './start-case.ts'
import { ROWS, TWO } from './start-rows.ts'

describe('the start table', () => {
  test.each(ROWS)('%s', async (_name, found, asked, expected) => {
    expect(await short(found, asked)).toBe(expected)
  })

  test('manifests are read only where nothing else decides', async () => {
    for (const [, found, asked, expected] of ROWS) {
      const { proofs } = await decide(found, asked)
      const undecided = expected === 'refuse LEDGER_UNPROVEN' || found.proven === true
      expect(proofs).toBeLessThanOrEqual(undecided ? 1 : 0)
    }
  })
})

describe('the first start of a topic', () => {
  const nothing: Found = { snapshots: [] }
  const log = { 0: { logStart: 10n, logEnd: 20n }, 1: { logStart: 5n, logEnd: 5n } }
  const one = new PartitionMap([[at(0), 15n] as const])
  const starts: readonly (readonly [ResolvedStart, readonly bigint[]])[] = [
    [{ kind: 'earliest' }, [10n, 5n]],
    [{ kind: 'latest' }, [20n, 5n]],
    [{ kind: 'timestamp', positions: one }, [15n, 5n]],
    [{ kind: 'offsets', positions: one }, [15n, 5n]],
    [{ kind: 'group', positions: one }, [15n, 5n]],
  ]
  test.each(starts)('%o pins every partition, asked for or not', async (start, positions) => {
    const { plan, begin } = await decide(nothing, { log, start, partitions: [0] })
    expect(begin).toEqual([ORDERS])
    expect(plan).toMatchObject({ kind: 'move', move: { kind: 'pin', cluster: CLUSTER } })
    const pin = plan.kind === 'move' && plan.move.kind === 'pin' ? plan.move : undefined
    expect([...pin!.topics.get(ORDERS)!.positions.values()]).toEqual(positions)
  })

  test.each([
    ['below', 9n, 'OFFSETS_EXPIRED'],
    ['above', 21n, 'LOG_TRUNCATED'],
  ] as const)('a start %s the log is refused', async (_where, position, code) => {
    const start = { kind: 'offsets', positions: new PartitionMap([[at(0), position]]) } as const
    const { plan } = await decide(nothing, { log, start })
    expect(plan).toMatchObject({ kind: 'start', refusals: [{ code }] })
    const help = plan.kind === 'start' ? plan.refusals[0]?.help : undefined
    expect(help).toContain('`start`')
  })

  test('a ledger of the topic is not begun again', async () => {
    expect((await decide({ snapshots: TWO, head: 2 })).begin).toEqual([])
  })
})

test('an expired ledger names the partitions, the positions lost, and the verb', async () => {
  const log = { 0: { logStart: 6n, logEnd: 9n }, 1: { logStart: 10n, logEnd: 10n } }
  const { plan } = await decide({ snapshots: TWO, head: 2 }, { log })
  const refusal = plan.kind === 'start' ? plan.refusals[0] : undefined
  expect(refusal?.message).toContain('8 positions')
  expect(refusal?.message).toContain('orders/0: 1 (5 to 6), orders/1: 7 (3 to 10)')
  expect(refusal?.help).toContain('firn ledger accept-gap t --topic orders')
})

test('the leader epoch goes with the position', async () => {
  const { plan } = await decide({ snapshots: TWO, head: 2 })
  const positions = plan.kind === 'start' ? plan.positions : undefined
  expect(positions?.get(at(0))).toEqual({ position: 5n, leaderEpoch: 7 })
  expect(positions?.get(at(1))).toEqual({ position: 3n })
})

test('one topic is refused, the other starts', async () => {
  const metadata = metadataOf({ snapshots: TWO, head: 2 })
  const judged = await ledgerOf(metadata, { writer: WRITER, ref: 'main' }, async () => false)
  const plan = planStart({
    table: 't',
    verdict: planTable(judged, { table: 't', onRollback: 'follow', hold: undefined }),
    log: {
      cluster: CLUSTER,
      topics: new Map([[ORDERS, { id: ORDERS_ID, partitions: new Map([[0, LOG]]) }]]),
    },
    partitions: [at(0), at(0, topicName('gone'))],
    start: { kind: 'earliest' },
    startConfirmed: false,
    otherWriterOf: () => undefined,
  })
  expect(plan).toMatchObject({ kind: 'start', refusals: [{ code: 'TOPIC_RECREATED' }] })
  expect(plan.kind === 'start' ? [...plan.positions.keys()] : []).toEqual([at(0)])
})
