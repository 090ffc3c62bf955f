import { describe, expect, test } from 'vitest'
import { simulate } from './simulate.ts'

/** One seed to reproduce, or how many of them. */
const asked = process.env['SIM_SEED']
const count = Number(process.env['SIM_SEEDS'] ?? 40)
const seeds =
  asked === undefined ? Array.from({ length: count }, (_, index) => `seed-${index}`) : [asked]

describe('the real worker on simulated ports', () => {
  test.each(seeds)(
    '%s: exactly once, through kills, zombies, lost answers and rollbacks',
    async (seed) => {
      const outcome = await simulate(seed)
      const told = `SIM_SEED=${seed} npm run test:sim\n${outcome.tail.join('\n')}`
      expect(outcome.problems, told).toEqual([])
      expect(outcome.caughtUp, told).toBe(true)
      expect(outcome.rows).toBeGreaterThan(100)
    },
  )

  test('a seed tells the same story twice', async () => {
    const [first, second] = [await simulate('twice'), await simulate('twice')]
    expect(second.traceHash).toBe(first.traceHash)
  })
})
