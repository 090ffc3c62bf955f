import type { Clock } from '../core/clock.ts'

/** Whether some work ends within a budget; where it does not, it goes on alone. */
export async function inTime(
  clock: Clock,
  budgetMs: number,
  work: Promise<void>,
): Promise<boolean> {
  const waiting = new AbortController()
  const late = clock.sleep(budgetMs, waiting.signal).then(() => false)
  const ended = await Promise.race([work.then(() => true), late])
  waiting.abort()
  return ended
}
