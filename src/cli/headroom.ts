import type { TopicRetention } from '../consumer/record-source.ts'
import { durationText } from './format.ts'
import type { PartitionStanding } from './standing.ts'

/** How long until retention passes the ledger of a partition, if it stays where it is. */
export type Headroom =
  /** The table has all of the log, or has not begun it. */
  | { readonly kind: 'nothing-at-risk' }
  /** Negative where the record is due already: it goes with its segment. */
  | { readonly kind: 'time'; readonly leftMs: number }
  /** Age takes nothing. `bySize`: `retention.bytes` does, sooner or later. */
  | { readonly kind: 'no-time-limit'; readonly bySize: boolean }
  /** The start table refuses: OFFSETS_EXPIRED. */
  | { readonly kind: 'passed' }
  | { readonly kind: 'unknown'; readonly why: string }

export interface HeadroomFacts {
  readonly standing: PartitionStanding
  /** Undefined where we may not see the topic's configuration. */
  readonly retention: TopicRetention | undefined
  /** Of the first batch that the table lacks; undefined where it could not be read, or has none. */
  readonly timestampMs: number | undefined
  readonly nowMs: number
}

/** Whether there is something in the log that the table does not have and retention could take. */
export function isAtRisk({ next, logStart, logEnd }: PartitionStanding): boolean {
  return next !== undefined && next >= logStart && next < logEnd
}

/** Kafka takes a segment once its newest record is too old: what stands first in it stays at least so long. Pure. */
export function headroomOf({ standing, retention, timestampMs, nowMs }: HeadroomFacts): Headroom {
  const { next, logStart } = standing
  if (next !== undefined && next < logStart) return { kind: 'passed' }
  if (!isAtRisk(standing)) return { kind: 'nothing-at-risk' }
  if (retention === undefined) {
    return { kind: 'unknown', why: 'no permission to describe the configuration of the topic' }
  }
  const { deletes, ms, bytes } = retention
  if (!deletes) return { kind: 'no-time-limit', bySize: false }
  if (ms === undefined) return { kind: 'no-time-limit', bySize: bytes !== undefined }
  if (timestampMs === undefined) {
    return { kind: 'unknown', why: 'the record at the ledger could not be read' }
  }
  return { kind: 'time', leftMs: timestampMs + ms - nowMs }
}

/** Whether a person should hear of it. A threshold above a topic's own retention would never be quiet. Pure. */
export function isShort(
  headroom: Headroom,
  retention: TopicRetention | undefined,
  warnMs: number,
): boolean {
  if (headroom.kind !== 'time') return false
  return headroom.leftMs < Math.min(warnMs, (retention?.ms ?? Number.POSITIVE_INFINITY) / 2)
}

export function headroomText(headroom: Headroom): string {
  switch (headroom.kind) {
    case 'nothing-at-risk':
      return '-'
    case 'passed':
      return 'passed'
    case 'no-time-limit':
      return headroom.bySize ? 'by size' : 'no limit'
    case 'unknown':
      return 'unknown'
    case 'time':
      return headroom.leftMs <= 0 ? 'any moment' : durationText(headroom.leftMs)
  }
}
