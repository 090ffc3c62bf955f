import type { Rig } from '../../rig/start.ts'
import { PROCESS_SCENARIOS } from './process-scenarios.ts'
import { type Scenario, stageOptions } from './scenario.ts'
import { SERVICE_SCENARIOS } from './service-scenarios.ts'
import { STORAGE_SCENARIOS } from './storage-scenarios.ts'
import { Stage, type Verdict } from './stage.ts'
import { TABLE_SCENARIOS } from './table-scenarios.ts'

export const SCENARIOS: readonly Scenario[] = [
  ...PROCESS_SCENARIOS,
  ...SERVICE_SCENARIOS,
  ...STORAGE_SCENARIOS,
  ...TABLE_SCENARIOS,
]

/** Plays one scenario on running services. Throws where it does not come to its end. */
export async function playScenario(scenario: Scenario, rig: Rig): Promise<Verdict> {
  await using stage = await Stage.open(rig, stageOptions(scenario))
  return await scenario.play(stage)
}
