import { z } from 'zod'
import { milliseconds, MIB, section, text, whole } from './section.ts'

// As in section.ts: the types are the schema's own.
/* oxlint-disable typescript/explicit-module-boundary-types */

/** `memory:` */
export const memorySection = section({
  budget_bytes: whole(16 * MIB)
    .optional()
    .meta({
      description:
        'Most bytes that are held of records: fetched, in columns, encoded and in upload. At the limit partitions pause and the largest buffer is sealed. Half of it is for columns, in equal shares for each table and thread: beyond its share a partitioned table encodes the tuples with the most rows ahead of time, as row groups of files that stay open. Default: a quarter of the memory that the container or machine gives, from 64 MiB to 1 GiB.',
    }),
  open_tuples_max: whole(1, 100_000).default(2_000).meta({
    description:
      'Partition tuples with an open file, of a table and thread; beyond it the coldest is closed, and its next rows begin another file. A file is open from its first row group to the end of the round; rows that wait in columns need none. Until its end each takes, in memory, what its footer will say (about 16 KiB for 20 columns and each row group) and, on S3, the encoded bytes that do not fill a part yet; all of it counts towards the budget.',
  }),
})

const BUDGET_BYTES_MIN = 64 * MIB
const BUDGET_BYTES_MAX = 1024 * MIB

/** The byte budget where the file states none, from the memory that the process may use. */
export function defaultBudgetBytes(availableBytes: number): number {
  const quarter = Math.floor(availableBytes / 4)
  return Math.min(BUDGET_BYTES_MAX, Math.max(BUDGET_BYTES_MIN, quarter))
}

/** `threads:` */
export const threads = whole(0, 256)

/** The encoder threads where the file states none: one core stays for the main thread. */
export function defaultThreads(cores: number): number {
  return Math.max(1, cores - 1)
}

/** `commit:` */
export const commitSection = section({
  allowed_lateness_ms: milliseconds(0).default(300_000).meta({
    description:
      'How much earlier than the latest record of its partition a record may be. `firn.complete-through` stays behind by so much where producers set the timestamps.',
  }),
  max_skew_ms: milliseconds(0).default(60_000).meta({
    description:
      "How far the clocks of producers, brokers and workers may differ. An idle partition counts as complete up to the worker's clock less this.",
  }),
  staged_max_age_ms: milliseconds(1000, 86_400_000).default(21_600_000).meta({
    description:
      'Files staged for longer are not committed any more but dropped and read again. Must stay below the least age at which anybody sweeps orphan files.',
  }),
  drain_budget_ms: milliseconds(100, 3_600_000).default(20_000).meta({
    description:
      'How long a stopping worker, or one that loses partitions, may take to seal and commit what it has read.',
  }),
  idle_load_interval_ms: milliseconds(100, 86_400_000).default(30_000).meta({
    description:
      'How often a worker without anything to commit loads the table, to notice a rollback.',
  }),
  exhausted_retry_ms: milliseconds(100, 3_600_000).default(30_000).meta({
    description:
      "The pace of further attempts once the table's `commit.retry.*` are used up. Reading stops meanwhile.",
  }),
  lift_after_snapshots: whole(1, 10_000).default(20).meta({
    description:
      'When so many snapshots of others lie above the newest one of this writer, a snapshot without files brings the ledger up again.',
  }),
})

/** `http:` */
export const httpSection = section({
  enabled: z.boolean().default(true).meta({
    description: 'Whether `/livez`, `/readyz` and `/metrics` are served.',
  }),
  host: text().default('127.0.0.1').meta({
    description:
      'The address to listen at; `0.0.0.0` where probes come from outside, as in Kubernetes.',
  }),
  port: whole(0, 65_535).default(8080).meta({
    description: 'The port; 0: any that is free, which the log names.',
  }),
  freshness_objective_ms: milliseconds(100).default(300_000).meta({
    description:
      'How old the oldest record that is not committed may get before `/readyz` turns red.',
  }),
})

/** `log:` */
export const logSection = section({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info').meta({
    description: 'The least level that is logged.',
  }),
  format: z.enum(['auto', 'pretty', 'json']).default('auto').meta({
    description: '`auto`: `pretty` on a terminal, `json` otherwise.',
  }),
})
