import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'

/** The repository's root: everything that the rig keeps is below it. */
const ROOT = resolve(import.meta.dirname, '..')

const OWN_DIRECTORY = join(ROOT, '.rig')

/** Where `npm run rig` keeps its state: `$FIRN_RIG_HOME`, or `.rig` in the repository, ignored by git. */
export function stateDirectory(): string {
  return chosen('FIRN_RIG_HOME') ?? OWN_DIRECTORY
}

/** Where fetched artefacts are kept: `$FIRN_RIG_CACHE`, or `.rig/cache` in the repository. */
export function cacheDirectory(): string {
  return chosen('FIRN_RIG_CACHE') ?? join(OWN_DIRECTORY, 'cache')
}

function chosen(name: string): string | undefined {
  const path = process.env[name] ?? ''
  return path === '' ? undefined : resolve(path)
}

/** Milliseconds of a clock that never goes back. */
export function monotonicMs(): number {
  return performance.now()
}

/** The first value that is not undefined, asked for again until `deadlineMs` have passed. */
export async function poll<T>(
  ask: () => Promise<T | undefined>,
  options: { deadlineMs: number; everyMs?: number },
): Promise<T | undefined> {
  const end = monotonicMs() + options.deadlineMs
  for (;;) {
    const value = await ask()
    if (value !== undefined || monotonicMs() > end) return value
    await setTimeout(options.everyMs ?? 100)
  }
}
