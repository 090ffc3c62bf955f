import { AsyncLocalStorage } from 'node:async_hooks'
import { describe, expect, test, vi } from 'vitest'
import type { CommitPlan } from '../../src/commit/plan-commit.ts'
import { PartitionMap } from '../../src/core/offsets.ts'
import type { LedgerStanding } from '../../src/commit/standing.ts'
import { simulate, type SimulationOptions } from './simulate.ts'
import { rebaseLandedUnheard } from './scene.ts'
import { broken } from './verdict.ts'

type Protection =
  | 'ref requirement'
  | 'ledger re-check on rebase'
  | 'ancestry walk'
  | 'commit-id check after an unknown outcome'
  | 'contiguity check'
  | 'rejected-drop'
  | 'tag and mirror comparison'
  | 'proof of ancestry at a cut'
  | 'rollback check at every load'
  | 'claim committed whole'

/** Which protection is off: looked at by the mocks below at each call. */
const off = vi.hoisted(() => ({ protection: undefined as string | undefined }))
const isOff = (protection: Protection): boolean => off.protection === protection

vi.mock('../../src/commit/build-update.ts', async (original) => {
  const real = await original<typeof import('../../src/commit/build-update.ts')>()
  const buildCommit: typeof real.buildCommit = (...args) => {
    const commit = real.buildCommit(...args)
    const requirements = commit.requirements.filter(
      (one) => !(isOff('ref requirement') && one.type === 'assert-ref-snapshot-id'),
    )
    return { ...commit, requirements }
  }
  return { ...real, buildCommit }
})

vi.mock('../../src/commit/plan-commit.ts', async (original) => {
  const real = await original<typeof import('../../src/commit/plan-commit.ts')>()
  const accepted = new WeakSet<object>()
  const planCommit: typeof real.planCommit = (ledger, claim): CommitPlan => {
    const plan = real.planCommit(ledger, claim)
    if (isOff('ledger re-check on rebase') && accepted.has(claim)) return { kind: 'append' }
    if (plan.kind === 'append') accepted.add(claim)
    if (plan.kind !== 'rejected' || ledger === undefined) return plan
    const standings = [...plan.standings.values()]
    const only = (...kinds: readonly string[]): boolean =>
      standings.every((one) => kinds.includes(one))
    if (isOff('contiguity check') && only('next', 'ahead')) return { kind: 'append' }
    if (isOff('claim committed whole') && only('next', 'behind')) return { kind: 'append' }
    return plan
  }
  const ledgerAfter: typeof real.ledgerAfter = (ledger, claim, read) => {
    if (!isOff('claim committed whole')) return real.ledgerAfter(ledger, claim, read)
    const next = [...claim.ranges].filter(
      ([{ topic, partition }, { start }]) =>
        (ledger.topics.get(topic)?.next.get(partition) ?? 0n) === start,
    )
    return real.ledgerAfter(ledger, { ...claim, ranges: new PartitionMap(next) }, read)
  }
  return { ...real, planCommit, ledgerAfter }
})

vi.mock('../../src/iceberg/ancestry.ts', async (original) => {
  const real = await original<typeof import('../../src/iceberg/ancestry.ts')>()
  const walkAncestors: typeof real.walkAncestors = (metadata, start) => {
    const walk = real.walkAncestors(metadata, start)
    return isOff('ancestry walk') ? headOnly(walk) : walk
  }
  return { ...real, walkAncestors }
})

type Walk = ReturnType<(typeof import('../../src/iceberg/ancestry.ts'))['walkAncestors']>

function headOnly({ snapshots, end }: Walk): Walk {
  const [head] = snapshots
  const parent = head?.parentSnapshotId ?? null
  if (head === undefined || parent === null) return { snapshots, end }
  return { snapshots: [head], end: { kind: 'cut', missing: parent } }
}

vi.mock('../../src/commit/plan-attempt.ts', async (original) => {
  const real = await original<typeof import('../../src/commit/plan-attempt.ts')>()
  const sightingOf: typeof real.sightingOf = (...args) =>
    isOff('commit-id check after an unknown outcome') ? undefined : real.sightingOf(...args)
  return { ...real, sightingOf }
})

vi.mock('../../src/commit/standing.ts', async (original) => {
  const real = await original<typeof import('../../src/commit/standing.ts')>()
  const believed = (standing: LedgerStanding): LedgerStanding => {
    if (isOff('tag and mirror comparison') && standing.kind === 'rolled-back') {
      return { kind: 'current', ledger: standing.ledger }
    }
    if (isOff('proof of ancestry at a cut') && standing.kind === 'unproven') {
      return { kind: 'buried', ledger: standing.newer.ledger }
    }
    return standing
  }
  const ledgerOf: typeof real.ledgerOf = async (...args) => {
    const { reading, standing } = await real.ledgerOf(...args)
    return { reading, standing: believed(standing) }
  }
  return { ...real, ledgerOf }
})

/** Inside a commit, or a look, as opposed to a start. */
const running = vi.hoisted(() => ({ within: undefined as AsyncLocalStorage<boolean> | undefined }))
running.within = new AsyncLocalStorage<boolean>()

vi.mock('../../src/commit/committer.ts', async (original) => {
  const real = await original<typeof import('../../src/commit/committer.ts')>()
  const commitStaged: typeof real.commitStaged = async (...args) => {
    const outcome = await running.within!.run(true, async () => real.commitStaged(...args))
    if (!isOff('rejected-drop') || outcome.kind !== 'rejected') return outcome
    const [, { claim }] = args
    const ledger = { cluster: claim.cluster, topics: new Map() }
    return { kind: 'already-committed', ledger, table: outcome.table }
  }
  return { ...real, commitStaged }
})

vi.mock('../../src/commit/look.ts', async (original) => {
  const real = await original<typeof import('../../src/commit/look.ts')>()
  const lookAtTable: typeof real.lookAtTable = async (...args) =>
    running.within!.run(true, async () => real.lookAtTable(...args))
  return { ...real, lookAtTable }
})

vi.mock('../../src/commit/load-table.ts', async (original) => {
  const real = await original<typeof import('../../src/commit/load-table.ts')>()
  const loadTable: typeof real.loadTable = async (context) => {
    const load = await real.loadTable(context)
    const unchecked = isOff('rollback check at every load') && running.within?.getStore() === true
    if (!unchecked || load.kind === 'refused') return load
    const { standing } = load.judgedTable.judged
    if (standing.kind !== 'rolled-back') return load
    const verdict = { kind: 'go-on', ledger: standing.ledger, warnings: [] } as const
    return { ...load, judgedTable: { ...load.judgedTable, verdict } }
  }
  return { ...real, loadTable }
})

const SEEDS_MAX = 100

interface Mutant {
  readonly off: Protection
  /** What has to go on for it to matter. */
  readonly given: SimulationOptions | (() => Promise<readonly string[]>)
  readonly breaks: RegExp
}

const MUTANTS: readonly Mutant[] = [
  {
    off: 'ref requirement',
    given: {
      gusts: ['rebalance', 'start'],
      // The other fence of the same thing: a stale sequence number.
      change: (world) => {
        world.catalog.manners.assertSequenceNumber = false
      },
    },
    breaks: /I[123]/,
  },
  {
    off: 'ledger re-check on rebase',
    given: { gusts: ['rebalance', 'stop', 'start'], onRollback: 'follow' },
    breaks: /I[123]/,
  },
  {
    off: 'ancestry walk',
    given: { gusts: ['append', 'compact', 'kill', 'start'], onRollback: 'follow' },
    breaks: /I6/,
  },
  {
    off: 'commit-id check after an unknown outcome',
    // A commit that does not move the ledger forward: by chance it takes too long to meet one.
    given: rebaseLandedUnheard,
    breaks: /R9/,
  },
  {
    off: 'contiguity check',
    given: { gusts: ['rollback', 'start'], onRollback: 'follow' },
    breaks: /I[123]/,
  },
  {
    off: 'rejected-drop',
    given: { gusts: ['stop', 'start', 'rebalance'], onRollback: 'follow', busy: true },
    breaks: /I6/,
  },
  {
    off: 'tag and mirror comparison',
    given: { gusts: ['rollback'], onRollback: 'hold' },
    breaks: /P3/,
  },
  {
    off: 'proof of ancestry at a cut',
    given: {
      gusts: ['rollback', 'append', 'compact', 'expire', 'kill', 'start'],
      onRollback: 'follow',
    },
    breaks: /I[123]/,
  },
  {
    off: 'rollback check at every load',
    given: { gusts: ['rollback'], onRollback: 'hold' },
    breaks: /P3/,
  },
  {
    off: 'claim committed whole',
    given: { gusts: ['stop', 'start', 'rebalance', 'rollback'], onRollback: 'follow' },
    breaks: /I[123]/,
  },
]

/** The first seed that shows what the mutant is said to break; undefined where none does. */
async function caught({ given, breaks }: Mutant): Promise<string | undefined> {
  if (typeof given === 'function') {
    return (await given()).find((problem) => breaks.test(problem))
  }
  for (let index = 0; index < SEEDS_MAX; index++) {
    const seed = `mutant-${index}`
    // Inline, which needs fewer seeds: what a thread changes is when, not whether.
    const found = broken(await simulate(seed, { threads: false, ...given })).find((problem) =>
      breaks.test(problem),
    )
    if (found !== undefined) return `${seed}: ${found}`
  }
  return undefined
}

describe('the simulation catches a protection that is switched off', () => {
  test.each(MUTANTS)('the $off', { timeout: 120_000 }, async (mutant) => {
    try {
      off.protection = mutant.off
      const report = await caught(mutant)
      expect(report).toBeDefined()
      console.log(`without the ${mutant.off}: ${report}`)
    } finally {
      off.protection = undefined
    }
  })

  test.each(MUTANTS)('and nothing breaks where the $off is on', async ({ given }) => {
    if (typeof given === 'function') expect(await given()).toEqual([])
    else expect(broken(await simulate('mutant-0', given))).toEqual([])
  })
})
