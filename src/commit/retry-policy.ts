import type { BackoffPolicy } from '../core/backoff.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import { wholeProperty } from './table-properties.ts'

/** How often and how long a commit is tried. */
export interface RetryPolicy extends BackoffPolicy {
  readonly totalMs: number
}

/** A table may ask for more; it does not get more than this. */
const ATTEMPTS_MAX = 100

/** The table's own `commit.retry.*` properties, with Iceberg's defaults. */
export function retryPolicy(properties: TableMetadata['properties']): RetryPolicy {
  const retries = wholeProperty(properties, 'commit.retry.num-retries', 4)
  const waitMsMin = wholeProperty(properties, 'commit.retry.min-wait-ms', 100)
  return {
    attemptsMax: Math.min(retries + 1, ATTEMPTS_MAX),
    waitMsMin,
    waitMsMax: Math.max(waitMsMin, wholeProperty(properties, 'commit.retry.max-wait-ms', 60_000)),
    totalMs: wholeProperty(properties, 'commit.retry.total-timeout-ms', 1_800_000),
  }
}
