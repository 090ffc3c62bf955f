import { historyVerb } from './history.ts'
import { runVerb, type ProcessOutside } from './run.ts'
import type { Verb } from './run-cli.ts'

/** All verbs, in the order in which the help lists them. */
export function verbs(outside: ProcessOutside): readonly Verb[] {
  return [runVerb(outside), historyVerb(outside.env)]
}
