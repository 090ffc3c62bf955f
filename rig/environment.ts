import { join, resolve } from 'node:path'

/** The repository's root: everything that the rig keeps is below it. */
export const ROOT = resolve(import.meta.dirname, '..')

/** Where `npm run rig` keeps its state, and by default the cache of artefacts. Ignored by git. */
export const STATE_DIRECTORY = join(ROOT, '.rig')

/** Where fetched artefacts are kept: `$FIRN_RIG_CACHE`, or `.rig/cache` in the repository. */
export function cacheDirectory(): string {
  const chosen = process.env['FIRN_RIG_CACHE'] ?? ''
  return chosen === '' ? join(STATE_DIRECTORY, 'cache') : resolve(chosen)
}

/** Milliseconds of a clock that never goes back. */
export function monotonicMs(): number {
  return performance.now()
}

/** Waits between two looks at something that has no event to wait for. */
export async function pause(ms: number): Promise<void> {
  const { promise, resolve: done } = Promise.withResolvers<void>()
  setTimeout(done, ms)
  await promise
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
    await pause(options.everyMs ?? 100)
  }
}
