import { readFileSync } from 'node:fs'
import type { Outcome } from './simulate.ts'

/** What an outcome breaks, the missing end of it too (I6); none where all is well. */
export function broken({ problems, caughtUp, needsAPerson }: Outcome): readonly string[] {
  const ended = caughtUp || needsAPerson.length > 0
  return ended ? problems : [...problems, 'I6: the ledger has not come to the end of the log']
}

/** Seeds that failed once: they are run for ever. */
export const KEPT_SEEDS: readonly string[] = keptSeeds()

function keptSeeds(): string[] {
  const kept: unknown = JSON.parse(readFileSync(new URL('seeds.json', import.meta.url), 'utf8'))
  if (!Array.isArray(kept)) throw new Error('seeds.json: expected a list')
  return kept.map(String)
}
