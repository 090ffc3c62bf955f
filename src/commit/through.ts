import type { TopicName } from '../core/ids.ts'
import type { RangeFacts } from '../writer/sealed-files.ts'
import type { Ledger } from './ledger.ts'

/** How far clocks are trusted. */
export interface ThroughLimits {
  /** How much earlier than the latest record of its partition a record with a producer's timestamp may be. */
  readonly allowedLatenessMs: number
  /** How far the clocks of producers, brokers and workers may differ. */
  readonly maxSkewMs: number
}

/**
 * Up to which timestamp a partition is complete once a range is in the table; ms since the epoch, undefined where
 * nothing can be said yet. Exact for LogAppendTime, which never goes back; for CreateTime less the allowed lateness.
 * A partition that was read to its end takes the worker's clock less the skew (and, for CreateTime, less the
 * lateness too: a late record may still come). Never goes back; and never beyond the worker's clock, so that one
 * record from the future does not claim that everything before it is there.
 */
export function throughAfter(
  previous: number | undefined,
  facts: RangeFacts,
  limits: ThroughLimits & { readonly nowMs: number },
): number | undefined {
  const latenessMs = facts.timestampType === 'create' ? limits.allowedLatenessMs : 0
  const byRecords =
    facts.timestampMsMax === undefined
      ? undefined
      : Math.min(facts.timestampMsMax, limits.nowMs) - latenessMs
  const byIdleness =
    facts.reachedEndAtMs === undefined
      ? undefined
      : facts.reachedEndAtMs - limits.maxSkewMs - latenessMs
  return latest(previous, latest(byRecords, byIdleness))
}

/**
 * The least `through` of all partitions of the topics that the writer still routes: what a downstream job can trigger
 * on. Undefined while some partition has none, or where the ledger holds none of the topics.
 */
export function completeThrough(
  ledger: Ledger,
  isRouted: (topic: TopicName) => boolean,
): number | undefined {
  const times = [...ledger.topics]
    .filter(([topic]) => isRouted(topic))
    .flatMap(([, { next, through }]) => [...next.keys()].map((partition) => through.get(partition)))
  const known = times.flatMap((time) => (time === undefined ? [] : [time]))
  return known.length < times.length || known.length === 0 ? undefined : Math.min(...known)
}

function latest(left: number | undefined, right: number | undefined): number | undefined {
  if (left === undefined || right === undefined) return left ?? right
  return Math.max(left, right)
}
