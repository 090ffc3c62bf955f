import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PlacedEvent } from '../../../src/adopt/control-topic.ts'
import { type ConnectFacts, planConnect } from '../../../src/adopt/plan-connect.ts'
import { topicName } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'

const TABLE = 'lake.orders'
const at = (partition: number) => ({ topic: topicName('orders'), partition })

interface Cycle {
  /** Which run of a task. */
  readonly producer?: string
  readonly files?: readonly string[]
  readonly table?: string
  readonly next: Readonly<Record<number, bigint | undefined>>
}

/** A control topic of one partition; each file is an event of its own. */
function controlTopic(cycles: readonly Cycle[]): readonly PlacedEvent[] {
  const events: PlacedEvent[] = []
  const add = (producer: string, event: PlacedEvent['event']): void => {
    events.push({ partition: 0, offset: BigInt(events.length), producer, event })
  }
  for (const { producer = 'a', files = [], table = TABLE, next } of cycles) {
    for (const path of files) add(producer, { kind: 'written', table, files: [{ path, rows: 5n }] })
    const positions = Object.entries(next).map(([partition, position]) => ({
      topic: 'orders',
      partition: Number(partition),
      next: position,
    }))
    add(producer, { kind: 'complete', positions })
  }
  return events
}

function facts(change: Partial<ConnectFacts> & Pick<ConnectFacts, 'events'>): ConnectFacts {
  return {
    table: TABLE,
    recorded: new Map([[0, BigInt(change.events.length)]]),
    group: new PartitionMap(),
    logStarts: new PartitionMap([
      [at(0), 0n],
      [at(1), 0n],
    ]),
    live: undefined,
    ...change,
  }
}

const positionsOf = (of: ConnectFacts): Record<number, bigint> =>
  Object.fromEntries(
    [...planConnect(of).positions].map(([{ partition }, next]) => [partition, next]),
  )

const TWO = controlTopic([
  { files: ['a'], next: { 0: 10n, 1: 20n } },
  { files: ['b'], next: { 0: 15n, 1: undefined } },
])

describe('where the sink stands', () => {
  test('is behind its last announcement, where all are in the table', () => {
    expect(positionsOf(facts({ events: TWO }))).toEqual({ 0: 15n, 1: 20n })
  })

  test('is before an announcement that was never committed, whatever the group says', () => {
    const group = new PartitionMap([
      [at(0), 15n],
      [at(1), 20n],
    ])
    const plan = planConnect(facts({ events: TWO, recorded: new Map([[0, 2n]]), group }))
    expect([...plan.positions].map(([, next]) => next)).toEqual([10n, 20n])
    expect(plan.pending).toEqual([{ path: 'b', rows: 5n }])
    expect(plan.notes).toEqual(['orders/0: the group stands at 15, the table at 10'])
  })

  test('passes what was announced for other tables', () => {
    const events = controlTopic([
      { files: ['a'], next: { 0: 10n } },
      { files: ['b'], table: 'lake.payments', next: { 0: 15n } },
    ])
    const plan = planConnect(facts({ events, recorded: new Map([[0, 2n]]) }))
    expect(plan.positions.get(at(0))).toBe(15n)
    expect(plan.pending).toEqual([])
  })

  test('is told for each partition by whichever task read it last', () => {
    const events = controlTopic([
      { producer: 'a', files: ['a'], next: { 0: 10n, 1: 10n } },
      { producer: 'b', files: ['b'], next: { 1: 30n } },
      { producer: 'a', files: ['c'], next: { 0: 12n } },
    ])
    expect(positionsOf(facts({ events }))).toEqual({ 0: 12n, 1: 30n })
    expect(positionsOf(facts({ events, recorded: new Map([[0, 4n]]) }))).toEqual({ 0: 10n, 1: 30n })
  })

  test('is the group’s offset where retention took the announcements', () => {
    const group = new PartitionMap([[at(0), 15n]])
    const plan = planConnect(facts({ events: [], group }))
    expect([...plan.positions].map(([, next]) => next)).toEqual([15n, 0n])
  })
})

describe('what cannot be told', () => {
  test('a partition that nothing is known of, whose log does not begin at 0', () => {
    const logStarts = new PartitionMap([[at(0), 7n]])
    const plan = planConnect(facts({ events: [], logStarts }))
    expect([...plan.ambiguous.keys()]).toEqual([at(0)])
    expect(plan.positions.size).toBe(0)
  })

  test('an announcement of which some files are in the table', () => {
    const events = controlTopic([{ files: ['a', 'b'], next: { 0: 10n } }])
    const plan = planConnect(facts({ events, recorded: new Map([[0, 1n]]) }))
    expect(plan.ambiguous.get(at(0))).toContain('some are not')
  })

  test('a first announcement that is pending, where nothing says where it begins', () => {
    const events = controlTopic([{ files: ['a'], next: { 0: 10n } }])
    const plan = planConnect(facts({ events, recorded: new Map() }))
    expect(plan.ambiguous.get(at(0))).toContain('where they begin')
  })
})

test('a file that was announced and is not in the table is lost, among these positions', () => {
  const plan = planConnect(facts({ events: TWO, live: new Set(['a']) }))
  expect(plan.lost).toEqual([
    {
      file: { path: 'b', rows: 5n },
      ranges: [{ partition: at(0), start: 10n, end: 15n }],
    },
  ])
  expect(planConnect(facts({ events: TWO, live: new Set(['a', 'b']) })).lost).toEqual([])
})

test('whatever the tasks did and wherever the table stopped, nothing is lost and nothing read twice', () => {
  const cycle = fc.record({
    producer: fc.constantFrom('a', 'b'),
    reads: fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 3 })),
    table: fc.constantFrom(TABLE, 'lake.other'),
  })
  fc.assert(
    fc.property(fc.array(cycle, { minLength: 1, maxLength: 12 }), fc.nat(12), (steps, stop) => {
      const next = [0n, 0n]
      const cycles = steps.map(({ producer, reads, table }, index): Cycle => {
        const moved = reads.map((count, partition) => {
          next[partition] = (next[partition] ?? 0n) + BigInt(count)
          return count === 0 ? undefined : next[partition]
        })
        const files = reads.some((count) => count > 0) ? [`${index}`] : []
        return { producer, files, table, next: { 0: moved[0], 1: moved[1] } }
      })
      // The coordinator stops between two announcements.
      const done = cycles.slice(0, stop)
      const recorded = new Map([[0, BigInt(controlTopic(done).length)]])
      const group = new PartitionMap(next.map((position, partition) => [at(partition), position]))
      const plan = planConnect(facts({ events: controlTopic(cycles), recorded, group }))
      for (const partition of [0, 1]) {
        const reached = cycles.map((one) => one.next[partition])
        const pending = cycles.findIndex(
          (one, index) => index >= stop && one.table === TABLE && one.next[partition] !== undefined,
        )
        const before = reached.slice(0, pending < 0 ? undefined : pending)
        const expected = before.findLast((position) => position !== undefined)
        const known = pending < 0 || expected !== undefined
        expect(plan.positions.get(at(partition))).toBe(known ? (expected ?? 0n) : undefined)
        expect(plan.ambiguous.has(at(partition))).toBe(!known)
      }
    }),
  )
})
