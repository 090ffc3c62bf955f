import { systemClock } from '../core/clock.ts'
import { auditVerb } from './audit.ts'
import { checkVerb } from './check.ts'
import { historyVerb } from './history.ts'
import { holdVerb, resumeVerb } from './hold.ts'
import { ledgerAcceptGapVerb } from './ledger-accept-gap.ts'
import { ledgerAdoptVerb } from './ledger-adopt.ts'
import { ledgerInitVerb } from './ledger-init.ts'
import { ledgerRebaseVerb } from './ledger-rebase.ts'
import { ledgerShowVerb } from './ledger-show.ts'
import { planVerb } from './plan.ts'
import { promoteVerb } from './promote.ts'
import { replayVerb } from './replay.ts'
import { rollbackVerb } from './rollback.ts'
import { runVerb, type ProcessOutside } from './run.ts'
import type { Verb } from './run-cli.ts'
import { statusVerb } from './status.ts'
import { traceVerb } from './trace.ts'

/** All verbs, in the order in which the help lists them. */
export function verbs(outside: ProcessOutside): readonly Verb[] {
  const { env, stderr, version } = outside
  const asking = { stdin: outside.stdin, stderr, version }
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
    rollbackVerb(env, asking),
    holdVerb(env, asking),
    resumeVerb(env, asking),
    ledgerShowVerb(env, version),
    ledgerInitVerb(env, asking),
    ledgerAcceptGapVerb(env, asking),
    ledgerRebaseVerb(env, asking),
    ledgerAdoptVerb(env, asking),
  ]
}
