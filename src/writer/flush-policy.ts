import type { SealReason } from './sealed-files.ts'

/** When a buffer is closed. Each limit is a key of the configuration. */
export interface FlushLimits {
  readonly intervalMs: number
  readonly bytesMax: number
  readonly rowsMax: number
  /** Seal early when nothing has come for so long; undefined: wait for the interval. */
  readonly idleMs: number | undefined
}

/** What the policy looks at. Times are of the monotonic clock. */
export interface BufferLevel {
  /** Positions, rows or not: a range without rows is still a claim to make. */
  readonly openedAtMs: number | undefined
  readonly lastPushAtMs: number
  readonly rowCount: number
  /** Of files: what has been encoded since the round began, and an estimate of what its columns will come to. */
  readonly bytes: number
}

export type FlushDecision =
  | { readonly kind: 'keep' }
  | { readonly kind: 'seal'; readonly reason: SealReason }

const KEEP: FlushDecision = { kind: 'keep' }

/** Whether nothing more may come in before it is sealed. */
export function isFull({ bytes, rowCount }: BufferLevel, limits: FlushLimits): boolean {
  return bytes >= limits.bytesMax || rowCount >= limits.rowsMax
}

/** Keep filling the buffer, or seal it and why. Pure; the first limit that is reached names the reason. */
export function decideFlush(level: BufferLevel, limits: FlushLimits, nowMs: number): FlushDecision {
  const { openedAtMs, rowCount, bytes, lastPushAtMs } = level
  if (openedAtMs === undefined) return KEEP
  if (bytes >= limits.bytesMax) return { kind: 'seal', reason: 'bytes' }
  if (rowCount >= limits.rowsMax) return { kind: 'seal', reason: 'rows' }
  if (nowMs - openedAtMs >= limits.intervalMs) return { kind: 'seal', reason: 'interval' }
  const idle = limits.idleMs !== undefined && nowMs - lastPushAtMs >= limits.idleMs
  return idle && rowCount > 0 ? { kind: 'seal', reason: 'idle' } : KEEP
}
