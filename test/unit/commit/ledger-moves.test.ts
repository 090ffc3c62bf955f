import { describe, expect, test } from 'vitest'
import { applyMove, type LedgerMove, originAfter } from '../../../src/commit/ledger-moves.ts'
import type { Ledger, TopicLedger } from '../../../src/commit/ledger.ts'
import { positionsOf } from '../../../src/commit/ledger.ts'
import type { TableVerdict } from '../../../src/commit/plan-table.ts'
import { clusterId, topicId, topicName } from '../../../src/core/ids.ts'
import { at, CLUSTER, ORDERS, ORDERS_ID } from './fixtures.ts'
import { ledger } from './start-case.ts'

const VIEWS = topicName('views')
const NEW_ID = topicId('topic-2')
const goOn = (held: Ledger): TableVerdict & { kind: 'go-on' } => ({
  kind: 'go-on',
  ledger: held,
  warnings: [],
})
const skipTo = (held: Ledger, newer: Ledger): TableVerdict & { kind: 'skip' } => ({
  kind: 'skip',
  ledger: held,
  newer,
})
const NOTHING: TableVerdict & { kind: 'nothing' } = { kind: 'nothing', lost: false, warnings: [] }
const STILL = { liftable: false }
const pinViews: Extract<LedgerMove, { kind: 'pin' }> = {
  kind: 'pin',
  cluster: CLUSTER,
  topics: new Map([
    [
      VIEWS,
      {
        id: topicId('v'),
        positions: new Map([
          [0, 0n],
          [1, 9n],
        ]),
      },
    ],
  ]),
}
const rebase: Extract<LedgerMove, { kind: 'rebase' }> = {
  kind: 'rebase',
  cluster: CLUSTER,
  topic: ORDERS,
  from: topicLedger(ORDERS_ID, [5, 3]),
  to: { id: NEW_ID, positions: new Map([[0, 2n]]) },
}

function topicLedger(id: TopicLedger['id'], next: number[], epoch: number[] = []): TopicLedger {
  return {
    id,
    next: new Map(next.map((position, partition) => [partition, BigInt(position)])),
    epoch: new Map(epoch.entries()),
    through: new Map(),
  }
}

describe('a pin', () => {
  test('begins a topic beside those that are there, and records what it passes', () => {
    const outcome = applyMove(pinViews, goOn(ledger([5])), STILL)
    expect(outcome.kind).toBe('apply')
    if (outcome.kind !== 'apply') return
    expect(positionsOf(outcome.ledger).get(at(0))).toBe(5n)
    expect(positionsOf(outcome.ledger).get(at(1, VIEWS))).toBe(9n)
    const gap = outcome.gaps.get('start')
    expect([...gap!]).toEqual([[at(1, VIEWS), { start: 0n, end: 9n }]])
  })

  test('of a topic that is pinned does nothing', () => {
    const first = applyMove(pinViews, NOTHING, STILL)
    expect(first.kind).toBe('apply')
    if (first.kind !== 'apply') return
    expect(applyMove(pinViews, goOn(first.ledger), STILL).kind).toBe('nothing-to-do')
  })

  test('from another cluster than the ledger’s is rejected', () => {
    const move = { ...pinViews, cluster: clusterId('c2') }
    expect(applyMove(move, goOn(ledger([5])), STILL).kind).toBe('rejected')
  })
})

describe('on a ledger that is not there', () => {
  test.each<LedgerMove>([{ kind: 'lift' }, { kind: 'skip' }, rebase])('%o is rejected', (move) => {
    expect(applyMove(move, NOTHING, STILL)).toEqual({ kind: 'rejected', ledger: undefined })
  })
})

describe('a lift', () => {
  test('is for what is buried, or has something to bring up', () => {
    const held = ledger([5])
    expect(applyMove({ kind: 'lift' }, goOn(held), STILL).kind).toBe('nothing-to-do')
    expect(applyMove({ kind: 'lift' }, goOn(held), { liftable: true }).kind).toBe('apply')
    const buried = { ...goOn(held), kind: 'lift' as const }
    expect(applyMove({ kind: 'lift' }, buried, STILL)).toMatchObject({
      kind: 'apply',
      ledger: held,
    })
  })
})

describe('a skip', () => {
  test('passes what was rolled back', () => {
    const outcome = applyMove({ kind: 'skip' }, skipTo(ledger([2, 3]), ledger([5, 3])), STILL)
    expect(outcome).toMatchObject({ kind: 'apply', ledger: ledger([5, 3]) })
    const gap = outcome.kind === 'apply' ? outcome.gaps.get('skip') : undefined
    expect([...gap!]).toEqual([[at(0), { start: 2n, end: 5n }]])
  })

  test('passes all of a log that the older ledger did not know', () => {
    const newer = {
      ...ledger([5]),
      topics: new Map([[ORDERS, { ...ledger([5]).topics.get(ORDERS)!, id: NEW_ID }]]),
    }
    const outcome = applyMove({ kind: 'skip' }, skipTo(ledger([2]), newer), STILL)
    const gap = outcome.kind === 'apply' ? outcome.gaps.get('skip') : undefined
    expect([...gap!]).toEqual([[at(0), { start: 0n, end: 5n }]])
  })

  test('has nothing to do where nothing was rolled back, and lets nothing else pass where it was', () => {
    expect(applyMove({ kind: 'skip' }, goOn(ledger([2])), STILL).kind).toBe('nothing-to-do')
    const rolled = skipTo(ledger([2]), ledger([5]))
    expect(applyMove({ kind: 'lift' }, rolled, { liftable: true }).kind).toBe('rejected')
  })
})

describe('a rebase', () => {
  test('begins the new log where it was told, once', () => {
    const outcome = applyMove(rebase, goOn(ledger([5, 3])), STILL)
    expect(outcome.kind).toBe('apply')
    if (outcome.kind !== 'apply') return
    expect(outcome.ledger.topics.get(ORDERS)).toMatchObject({
      id: NEW_ID,
      next: new Map([[0, 2n]]),
    })
    expect([...outcome.gaps.get('rebase')!]).toEqual([[at(0), { start: 0n, end: 2n }]])
    expect(applyMove(rebase, goOn(outcome.ledger), STILL).kind).toBe('nothing-to-do')
  })

  test('of another log than the ledger’s is rejected', () => {
    const move = { ...rebase, from: topicLedger(topicId('t9'), [5]) }
    expect(applyMove(move, goOn(ledger([5])), STILL).kind).toBe('rejected')
    expect(applyMove({ ...rebase, topic: VIEWS }, goOn(ledger([5])), STILL).kind).toBe('rejected')
  })
})

describe('a rebase within a log that was truncated', () => {
  const standing = topicLedger(ORDERS_ID, [5, 3, 8], [1, 1, 1])
  const truncated: LedgerMove = {
    ...rebase,
    from: standing,
    to: {
      id: ORDERS_ID,
      positions: new Map([
        [0, 2n],
        [2, 9n],
      ]),
    },
  }
  const on = (topic: TopicLedger): ReturnType<typeof applyMove> =>
    applyMove(truncated, goOn({ cluster: CLUSTER, topics: new Map([[ORDERS, topic]]) }), STILL)

  test('sets the partitions that it names, and leaves the others to who reads them', () => {
    const outcome = on(topicLedger(ORDERS_ID, [5, 7, 8], [1, 4, 1]))
    expect(outcome.kind).toBe('apply')
    if (outcome.kind !== 'apply') return
    expect(outcome.ledger.topics.get(ORDERS)).toEqual({
      id: ORDERS_ID,
      next: new Map([
        [0, 2n],
        [1, 7n],
        [2, 9n],
      ]),
      epoch: new Map([[1, 4]]),
      through: new Map(),
    })
    expect([...outcome.gaps.get('rebase')!]).toEqual([[at(2), { start: 8n, end: 9n }]])
  })

  test.each([
    ['moved on', topicLedger(ORDERS_ID, [6, 3, 8], [1, 1, 1])],
    [
      'came back to the same position in a later epoch',
      topicLedger(ORDERS_ID, [5, 3, 8], [2, 1, 1]),
    ],
  ])('is rejected where one of them %s: by itself, perhaps', (_what, topic) => {
    expect(on(topic).kind).toBe('rejected')
  })
})

test('accept-gap takes a partition that appeared later from 0', () => {
  const gaps = new Map([[4, { start: 0n, end: 9n }]])
  const move: LedgerMove = { kind: 'accept-gap', topic: ORDERS, id: ORDERS_ID, gaps }
  expect(applyMove(move, goOn(ledger([5])), STILL).kind).toBe('apply')
})

describe('the origin', () => {
  const before = { ledger: undefined, origin: undefined, lastSequenceNumber: 7n }
  const first = originAfter(ledger([5, 3]), before)

  test('is where the first ledger began, and the table before it', () => {
    expect(first?.sequenceNumber).toBe(7n)
    expect(first?.topics.get(ORDERS)?.start).toEqual(
      new Map([
        [0, 5n],
        [1, 3n],
      ]),
    )
  })

  test('stays, whatever the ledger does', () => {
    const later = { ledger: ledger([5, 3]), origin: first, lastSequenceNumber: 9n }
    expect(originAfter(ledger([8, 9]), later)).toEqual(first)
  })

  test('knows a new log from its own beginning', () => {
    const rebased = applyMove(rebase, goOn(ledger([5, 3])), STILL)
    if (rebased.kind !== 'apply') throw new Error(rebased.kind)
    const after = originAfter(rebased.ledger, {
      ledger: ledger([5, 3]),
      origin: first,
      lastSequenceNumber: 9n,
    })
    expect(after).toMatchObject({ sequenceNumber: 7n })
    expect(after?.topics.get(ORDERS)).toEqual({ id: NEW_ID, start: new Map([[0, 2n]]) })
  })

  test('that was lost is not made up', () => {
    expect(originAfter(ledger([8]), { ...before, ledger: ledger([5]) })).toBeUndefined()
  })
})
