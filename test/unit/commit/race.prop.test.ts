import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { commitStaged } from '../../../src/commit/committer.ts'
import type { CommitContext } from '../../../src/commit/context.ts'
import { lookAtTable } from '../../../src/commit/look.ts'
import type { OnRollback } from '../../../src/commit/plan-table.ts'
import { PartitionMap, type Position } from '../../../src/core/offsets.ts'
import type { CatalogManners, CommitFault } from '../../support/fake-catalog.ts'
import { at, TABLE } from './fixtures.ts'
import { World } from './world.ts'

// Workers that are never told of losing a partition, on one table, under faults and what others do to it. After
// every step the table is audited: each position below the ledger exactly once, none above it, sound metadata.

const FAULTS: readonly (CommitFault | undefined)[] = [
  undefined,
  undefined,
  'lost',
  'answer-lost',
  'late',
  'conflict',
  'server-error',
]

type Step =
  | {
      readonly kind: 'work'
      readonly worker: number
      readonly sizes: readonly [number, number]
      readonly faults: readonly (CommitFault | undefined)[]
      /** Who commits between this worker's load and its request. */
      readonly rival: number | undefined
    }
  | { readonly kind: 'append' | 'compact' | 'expire' | 'rollback' | 'deliver' | 'look' }

const work = fc.record({
  kind: fc.constant('work' as const),
  worker: fc.nat({ max: 2 }),
  sizes: fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 })),
  faults: fc.array(fc.constantFrom(...FAULTS), { maxLength: 3 }),
  rival: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
})

const others = (kinds: readonly Exclude<Step['kind'], 'work'>[]): fc.Arbitrary<Step> =>
  fc.constantFrom(...kinds).map((kind) => ({ kind }))

class Race {
  readonly world: World
  readonly workers: readonly CommitContext[]
  /** Where each worker believes that it stands. */
  readonly held: (Map<number, Position> | undefined)[] = [undefined, undefined, undefined]
  /** Refused: a person would have to come. */
  stopped = false
  rolledBack = false

  constructor(world: World, onRollback: OnRollback) {
    this.world = world
    this.workers = [0, 1, 2].map(() => world.context({ onRollback }))
  }

  async run(step: Step): Promise<void> {
    const { world } = this
    switch (step.kind) {
      case 'work':
        await this.work(step)
        break
      case 'append':
        await world.foreignAppend()
        break
      case 'compact':
        if ((await world.liveFiles()).length > 0) await world.compact()
        break
      case 'expire':
        if (world.metadata.currentSnapshotId !== null) world.catalog.expire(TABLE)
        break
      case 'rollback':
        this.rollback()
        break
      case 'deliver':
        world.catalog.deliverLate()
        break
      case 'look':
        await this.look()
        break
    }
  }

  rollback(): void {
    const { currentSnapshotId, snapshots } = this.world.metadata
    const current = snapshots.find((one) => one.snapshotId === currentSnapshotId)
    const parent = current?.parentSnapshotId ?? null
    if (!snapshots.some((one) => one.snapshotId === parent)) return
    this.world.catalog.rollback(TABLE, parent)
    this.rolledBack = true
  }

  async look(): Promise<void> {
    for (const [index, worker] of this.workers.entries()) {
      const held = this.held[index]
      if (held === undefined) continue
      const positions = new PartitionMap([...held].map(([p, next]) => [at(p), next] as const))
      const outcome = await lookAtTable(worker, { held: positions })
      if (outcome.kind !== 'unchanged') this.held[index] = undefined
    }
  }

  async start(index: number): Promise<Map<number, Position> | undefined> {
    const outcome = await this.world.startAt([0, 1], this.workers[index])
    if (outcome.kind !== 'started' || outcome.refusals.length > 0) {
      this.stopped ||= outcome.kind !== 'exhausted'
      return undefined
    }
    return new Map([...outcome.positions].map(([{ partition }, to]) => [partition, to.position]))
  }

  async work({ worker, sizes, faults, rival }: Extract<Step, { kind: 'work' }>): Promise<void> {
    const { world } = this
    const positions = this.held[worker] ?? (await this.start(worker))
    this.held[worker] = positions
    if (positions === undefined) return
    const claim: Record<number, [number, number]> = {}
    for (const [partition, size] of sizes.entries()) {
      const from = Number(positions.get(partition))
      if (size > 0 && from + size <= 100) claim[partition] = [from, from + size]
    }
    if (Object.keys(claim).length === 0) return
    const context = this.workers[worker]!
    const staged = await world.stage(claim, context)
    const queue = [...faults]
    world.catalog.fault = () => queue.shift()
    this.disturb(worker, rival)
    const outcome = await commitStaged(context, staged)
    world.catalog.fault = () => undefined
    world.catalog.before = () => {}
    switch (outcome.kind) {
      case 'committed':
      case 'already-committed':
        for (const [partition, [, end]] of Object.entries(claim)) {
          positions.set(Number(partition), BigInt(end))
        }
        break
      case 'refused':
        this.stopped = true
        this.held[worker] = undefined
        break
      default:
        this.held[worker] = undefined
    }
  }

  disturb(worker: number, rival: number | undefined): void {
    const { catalog } = this.world
    let disturbed = false
    catalog.before = async (call) => {
      if (call !== 'commit' || disturbed || rival === undefined || rival === worker) return
      disturbed = true
      const { fault } = catalog
      await this.work({ kind: 'work', worker: rival, sizes: [1, 1], faults: [], rival: undefined })
      catalog.fault = fault
    }
  }
}

/** A snapshot that was applied on another head than its parent: somebody's snapshot has fallen out of main. */
function fallenOut({ catalog }: World): boolean {
  return catalog.commits.some(
    ({ commit, applied, head }) =>
      applied &&
      commit.updates.some(
        (update) => update.action === 'add-snapshot' && update.snapshot.parentSnapshotId !== head,
      ),
  )
}

/** Runs the steps; the first problem, and when. */
async function violation(
  steps: readonly Step[],
  onRollback: OnRollback,
  manners: Partial<CatalogManners> = {},
): Promise<string | undefined> {
  const carriers = { tags: manners.tags !== false, properties: true }
  const world = await World.create({ manners, context: { carriers } })
  const race = new Race(world, onRollback)
  // Two snapshots may then have one number: the catalog's doing.
  const lax = manners.assertSequenceNumber === false
  for (const [index, step] of steps.entries()) {
    if (race.stopped) return undefined
    await race.run(step)
    if (fallenOut(world)) return `after step ${index} (${step.kind}): committed past another`
    const problems = (await world.audit()).filter((one) => !lax || !one.includes('sequence number'))
    if (problems.length > 0) return `after step ${index} (${step.kind}): ${problems.join('; ')}`
  }
  return undefined
}

const RUNS = 30

describe('racing committers', () => {
  test('without rollbacks: exactly once, and every claim finds its way', async () => {
    const steps = fc.array(
      fc.oneof({ weight: 3, arbitrary: work }, others(['append', 'deliver'])),
      {
        maxLength: 25,
      },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        expect(await violation(list, 'follow')).toBeUndefined()
      }),
      { numRuns: RUNS },
    )
  })

  test('where the catalog compares nothing but the head: exactly once', async () => {
    const manners = { tags: false, assertSequenceNumber: false }
    const steps = fc.array(fc.oneof({ weight: 3, arbitrary: work }, others(['append'])), {
      maxLength: 25,
    })
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        expect(await violation(list, 'follow', manners)).toBeUndefined()
      }),
      { numRuns: RUNS },
    )
  })

  test.each(['follow', 'hold', 'skip'] as const)(
    'with everything that others do, on_rollback %s: exactly once, or a refusal',
    async (onRollback) => {
      const kinds = ['append', 'compact', 'expire', 'rollback', 'deliver', 'look'] as const
      const steps = fc.array(fc.oneof({ weight: 3, arbitrary: work }, others(kinds)), {
        maxLength: 25,
      })
      await fc.assert(
        fc.asyncProperty(steps, async (list) => {
          expect(await violation(list, onRollback)).toBeUndefined()
        }),
        { numRuns: RUNS },
      )
    },
  )
})
