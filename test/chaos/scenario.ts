import type { RigOptions } from '../../rig/start.ts'
import type { Stage, StageOptions, Verdict } from './stage.ts'

/** Which services a scenario runs on. */
export const RIGS = {
  plain: { kafka: true, catalog: 'fixture', readers: ['duckdb'] },
  s3: { kafka: true, catalog: 'fixture', s3: 'moto', readers: ['duckdb'] },
  spark: { kafka: true, catalog: 'fixture', readers: ['duckdb', 'spark'] },
  'three brokers': { kafka: { brokers: 3 }, catalog: 'fixture', readers: ['duckdb'] },
} as const satisfies Record<string, RigOptions>

export interface Scenario {
  readonly name: string
  /** For people: what goes wrong. */
  readonly what: string
  readonly rig: keyof typeof RIGS
  /** Part of `npm test` too. */
  readonly quick?: boolean
  readonly onRollback?: StageOptions['onRollback']
  /** Plays it, and counts. */
  readonly play: (stage: Stage) => Promise<Verdict>
}

export function stageOptions({ name, rig, onRollback }: Scenario): StageOptions {
  return {
    name,
    s3: rig === 's3',
    replication: rig === 'three brokers' ? 3 : 1,
    ...(onRollback === undefined ? {} : { onRollback }),
  }
}
