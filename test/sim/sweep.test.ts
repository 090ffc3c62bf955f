import { describe, expect, test } from 'vitest'
import { audit } from './auditor.ts'
import { MISHAPS, type Mishap } from './sim-process.ts'
import { SimWorld } from './sim-world.ts'

/** More calls than any of the runs makes. */
const CALLS_MAX = 1_000
const LIMIT_MS = 120_000

/**
 * A short, quiet run of one worker: table made, partitions pinned, two rounds committed. Its n-th port call goes
 * wrong, and nothing else does.
 */
async function run(mishap: Mishap): Promise<{ world: SimWorld; touched: boolean; ended: boolean }> {
  const world = new SimWorld({ seed: 'sweep', partitions: 2, workers: 0 })
  world.mishap = mishap
  const process = world.startWorker()
  world.produce(0, 5)
  world.produce(1, 5)
  world.clock.after(4_000, () => {
    world.produce(0, 3)
  })
  world.clock.after(9_000, () => {
    world.produce(1, 3)
  })
  const done = (): boolean => world.cluster.everAt.size >= 16 && world.caughtUp()
  const ended = await world.clock.run(done, LIMIT_MS)
  return { world, touched: process.calls >= mishap.atCall, ended }
}

describe('the n-th port call goes wrong, for every n', () => {
  test.each(MISHAPS)('%s', async (kind) => {
    let atCall = 1
    for (; atCall < CALLS_MAX; atCall++) {
      const { world, touched, ended } = await run({ atCall, kind })
      const told = `${kind} at call ${atCall}\n${world.trace.join('\n')}`
      expect(await audit(world), told).toEqual([])
      expect(ended, told).toBe(true)
      if (!touched) break
    }
    expect(atCall).toBeGreaterThan(50)
    expect(atCall).toBeLessThan(CALLS_MAX)
  })
})
