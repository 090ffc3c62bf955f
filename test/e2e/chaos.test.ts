import { describe, expect, test } from 'vitest'
import { playScenario, SCENARIOS } from '../chaos/run-scenario.ts'
import { RIGS } from '../chaos/scenario.ts'
import { useRig } from '../support/rig.ts'

const quick = SCENARIOS.filter((scenario) => scenario.quick === true)

/** A part of `npm run chaos`, which has all of them. */
describe('exact, after', () => {
  const rig = useRig(RIGS.plain)

  test.each(quick)('$what', async (scenario) => {
    expect(await playScenario(scenario, rig())).toMatchObject({
      missing: 0,
      duplicates: 0,
      exact: true,
    })
  })
})
