import { describe, expect, test } from 'vitest'
import { simulate } from './simulate.ts'
import { broken, KEPT_SEEDS } from './verdict.ts'

const COUNT = 24
const seeds = [...KEPT_SEEDS, ...Array.from({ length: COUNT }, (_, index) => `test-${index}`)]

describe('the real worker on simulated ports', () => {
  test.each(seeds)('%s: exact, whatever happens, and the same story twice', async (seed) => {
    const outcome = await simulate(seed)
    const told = `SIM_SEED=${seed} npm run sim\n${outcome.tail.join('\n')}`
    expect(broken(outcome), told).toEqual([])
    expect(outcome.rows).toBeGreaterThan(20)
    expect((await simulate(seed)).traceHash).toBe(outcome.traceHash)
  })

  // Without other engines' files, which know nothing of partitions here.
  const gusts = ['kill', 'crash', 'start', 'stop', 'rebalance', 'rollback', 'expire'] as const
  test.each(Array.from({ length: 8 }, (_, index) => `fan-out-${index}`))(
    '%s: a partitioned table with hardly any memory is exact as well',
    async (seed) => {
      const outcome = await simulate(seed, { fanOut: true, gusts })
      expect(broken(outcome), outcome.tail.join('\n')).toEqual([])
      expect(outcome.rows).toBeGreaterThan(20)
    },
  )
})
