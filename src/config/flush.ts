import type { z } from 'zod'
import { GIB, milliseconds, MIB, section, whole } from './section.ts'

// As in section.ts: the types are the schema's own.
/* oxlint-disable typescript/explicit-module-boundary-types */

const intervalMs = milliseconds(10)
const bytesMax = whole(64 * 1024, 16 * GIB)
const rowsMax = whole(1, 1_000_000_000)
const idleMs = milliseconds(10)

/** `flush:` */
export const flushSection = section({
  interval_ms: intervalMs.default(60_000).meta({
    description: 'The oldest record that is not committed waits at most so long.',
  }),
  bytes_max: bytesMax.default(128 * MIB).meta({
    description:
      'A buffer is sealed at so many bytes of files: what has been encoded since the last seal, and what the rows in columns will come to, by what columns came to so far. Memory is bounded by `memory.budget_bytes`, not by this.',
  }),
  rows_max: rowsMax.default(10_000_000).meta({
    description: 'A buffer is sealed at so many rows.',
  }),
  idle_ms: idleMs.optional().meta({
    description:
      'A buffer is sealed when nothing has come for so long. Default: the interval decides.',
  }),
})

/** `flush:` of one table. */
export const ownFlushSection = section({
  interval_ms: intervalMs.optional().meta({ description: 'As `flush.interval_ms`.' }),
  bytes_max: bytesMax.optional().meta({ description: 'As `flush.bytes_max`.' }),
  rows_max: rowsMax.optional().meta({ description: 'As `flush.rows_max`.' }),
  idle_ms: idleMs.optional().meta({ description: 'As `flush.idle_ms`.' }),
})

/** When a buffer is sealed: the limits of `writer/flush-policy.ts`. */
export interface FlushConfig {
  readonly intervalMs: number
  readonly bytesMax: number
  readonly rowsMax: number
  readonly idleMs: number | undefined
}

/** What is set for one table, or else for all. */
export function flushOf(
  own: z.output<typeof ownFlushSection>,
  all: z.output<typeof flushSection>,
): FlushConfig {
  return {
    intervalMs: own.intervalMs ?? all.intervalMs,
    bytesMax: own.bytesMax ?? all.bytesMax,
    rowsMax: own.rowsMax ?? all.rowsMax,
    idleMs: own.idleMs ?? all.idleMs,
  }
}
