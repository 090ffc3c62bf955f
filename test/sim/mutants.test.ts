import { describe, expect, test, vi } from 'vitest'
import { simulate, type Outcome } from './simulate.ts'

/** Which protection is off: looked at by the mocks below at each call. */
const off = vi.hoisted(() => ({ contiguity: false }))

vi.mock('../../src/commit/plan-commit.ts', async (original) => {
  const real = await original<typeof import('../../src/commit/plan-commit.ts')>()
  return {
    ...real,
    planCommit: (...args: Parameters<typeof real.planCommit>) =>
      off.contiguity ? { kind: 'append' } : real.planCommit(...args),
  }
})

const SEEDS_MAX = 30

/** The first seed that finds something wrong; undefined where none does. */
async function caughtBy(
  change: Parameters<typeof simulate>[1],
): Promise<[string, Outcome] | undefined> {
  for (let index = 0; index < SEEDS_MAX; index++) {
    const seed = `mutant-${index}`
    const outcome = await simulate(seed, change)
    if (outcome.problems.length > 0 || !outcome.caughtUp) return [seed, outcome]
  }
  return undefined
}

describe('the simulation catches a protection that is switched off', () => {
  test('the contiguity of claims with the ledger', async () => {
    off.contiguity = true
    try {
      const caught = await caughtBy(() => undefined)
      expect(caught?.[1].problems.join(' ')).toMatch(/I[123]/)
    } finally {
      off.contiguity = false
    }
  })

  test("the catalog's assertion on the head", async () => {
    const caught = await caughtBy((world) => {
      world.catalog.manners.assertHead = false
      world.catalog.manners.assertSequenceNumber = false
    })
    expect(caught?.[1].problems.join(' ')).toMatch(/I[1238]/)
  })

  test('and nothing where all of them are on', async () => {
    expect((await simulate('mutant-0')).problems).toEqual([])
  })
})
