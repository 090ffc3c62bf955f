import type { Random } from './random.ts'

/** How long to wait between attempts, and how many there are. */
export interface BackoffPolicy {
  readonly attemptsMax: number
  readonly waitMsMin: number
  readonly waitMsMax: number
}

/**
 * The wait before attempt `attempt + 1`: full jitter over an exponentially growing bound, so that workers that
 * failed together do not come back together.
 */
export function backoffMs(policy: BackoffPolicy, attempt: number, random: Random): number {
  const bound = Math.min(policy.waitMsMax, policy.waitMsMin * 2 ** Math.min(attempt - 1, 30))
  return Math.ceil(random.next() * bound)
}
