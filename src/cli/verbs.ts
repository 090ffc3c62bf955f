import { systemClock } from '../core/clock.ts'
import { auditVerb } from './audit.ts'
import { checkVerb } from './check.ts'
import { historyVerb } from './history.ts'
import { planVerb } from './plan.ts'
import { promoteVerb } from './promote.ts'
import { replayVerb } from './replay.ts'
import { runVerb, type ProcessOutside } from './run.ts'
import type { Verb } from './run-cli.ts'
import { statusVerb } from './status.ts'
import { traceVerb } from './trace.ts'

/** All verbs, in the order in which the help lists them. */
export function verbs(outside: ProcessOutside): readonly Verb[] {
  const { env, stderr } = outside
  return [
    runVerb(outside),
    checkVerb(env),
    planVerb(env),
    statusVerb(env, () => systemClock.now()),
    historyVerb(env),
    auditVerb(env, stderr),
    traceVerb(env, stderr),
    replayVerb(outside),
    promoteVerb(outside),
  ]
}
