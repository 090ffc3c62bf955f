import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplayWorld } from './replay-world.ts'

/** What happens to a table, step by step; partitions 0 and 1 of one topic. */
const partition = fc.constantFrom(0, 1)
const step = fc.oneof(
  fc.record({
    kind: fc.constant('ingest' as const),
    rows: fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 12 })),
  }),
  fc.record({ kind: fc.constant('foreign' as const), rows: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ kind: fc.constant('compact' as const), into: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constant('replay' as const),
    partitions: fc.uniqueArray(partition, { minLength: 1 }),
    from: fc.nat({ max: 100 }),
    to: fc.nat({ max: 100 }),
    fault: fc.constantFrom(undefined, 'lost', 'answer-lost', 'late', 'conflict', 'server-error'),
    /** What others do while the replay is on its way. */
    meanwhile: fc.constantFrom('nothing', 'ingest', 'compact', 'foreign', 'expire'),
  }),
)

test('a replay puts each position of its ranges there once, and nothing else changes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 2, maxLength: 9 }),
      fc.constantFrom(2 as const, 3 as const),
      async (steps, formatVersion) => {
        const world = await ReplayWorld.create({ formatVersion })
        const expected = new Map<string, bigint>()
        let [generation, foreignRows] = [1n, 0]
        const ingest = async ([p0, p1]: readonly [number, number]): Promise<void> => {
          const claim: Record<number, [number, number]> = {}
          for (const [index, count] of [p0, p1].entries()) {
            const next = Number(world.next[index] ?? 0n)
            if (count > 0) claim[index] = [next, next + count]
          }
          if (Object.keys(claim).length === 0) return
          expect((await world.ingest(claim)).kind).toBe('committed')
          for (const [index, [start, end]] of Object.entries(claim)) {
            for (let offset = start; offset < end; offset += 1) {
              expected.set(`${index}@${offset}`, 1n)
            }
          }
        }
        const foreign = async (rows: number): Promise<void> => {
          foreignRows += rows
          await world.foreignAppend(Array.from({ length: rows }, () => ['-', 0n] as const))
        }
        for (const one of steps) {
          if (one.kind === 'ingest') await ingest(one.rows)
          else if (one.kind === 'foreign') await foreign(one.rows)
          else if (one.kind === 'compact') await world.compact(one.into)
          else {
            const claim: Record<number, [number, number]> = {}
            for (const of of one.partitions) {
              const next = Number(world.next[of] ?? 0n)
              const [start, end] = [one.from, one.to].map((at) => Math.round((at / 100) * next))
              if (start! < end!) claim[of] = [start!, end!]
            }
            if (Object.keys(claim).length === 0) continue
            generation += 1n
            let asked = 0
            world.catalog.fault = () => (asked++ === 0 ? one.fault : undefined)
            world.catalog.before = async (call) => {
              if (call !== 'load' || asked !== 1) return
              asked += 1
              if (one.meanwhile === 'ingest') await ingest([2, 1])
              if (one.meanwhile === 'compact') await world.compact(2)
              if (one.meanwhile === 'foreign') await foreign(1)
              if (one.meanwhile === 'expire') world.catalog.expire(LAKE_ORDERS)
            }
            const before = world.next
            const { outcome } = await world.replay(claim, { generation })
            world.catalog.before = () => {}
            world.catalog.fault = () => undefined
            if (outcome.kind === 'refused') {
              // Compacted, then expired: nothing proves any more that the ledger is this table's.
              expect(outcome.refusal.code).toBe('LEDGER_UNPROVEN')
              expect(await world.audit(expected)).toEqual([])
              return
            }
            world.catalog.deliverLate()
            expect(outcome.kind).toBe('committed')
            expect(world.next).toEqual(one.meanwhile === 'ingest' ? world.next : before)
            for (const [index, [start, end]] of Object.entries(claim)) {
              for (let offset = start; offset < end; offset += 1) {
                expected.set(`${index}@${offset}`, generation)
              }
            }
          }
          expect(await world.audit(expected)).toEqual([])
        }
        const unplaced = (await world.rows()).filter(([position]) => position === '-')
        expect(unplaced).toHaveLength(foreignRows)
      },
    ),
    { numRuns: 100 },
  )
}, 60_000)

const LAKE_ORDERS = { namespace: ['lake'], name: 'orders' }
