import { poll } from '../rig/environment.ts'
import { readWith } from '../rig/readers/readers.ts'
import type { Rig } from '../rig/start.ts'
import { locate, viewTable } from '../test/e2e/support/catalog-view.ts'
import type { Stage } from './stage-profile.ts'
import type { Shape } from './shapes.ts'

/** A topic that is to become a table, and where. */
export interface Contest {
  readonly rig: Rig
  readonly onS3: boolean
  readonly shape: Shape
  readonly topic: string
  readonly records: number
  /** Between two commits, of whoever takes part. */
  readonly intervalMs: number
}

/** What one run of one program took. */
export interface Run {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakBytes: number
  /** CPU seconds of its threads, by what they are. */
  readonly threads?: { readonly main: number; readonly encoders: number; readonly other: number }
  /** Shares of a profiled run. */
  readonly stages?: ReadonlyMap<Stage, number>
  readonly files: number
  readonly fileBytes: number
  readonly commits: number
  /** Of what it wrote; undefined for a program that writes nothing. */
  readonly digest?: string
}

const DEADLINE_MS = 1_800_000

/** Waits until the table has all rows; throws as soon as `ended` says why it never will. */
export async function untilComplete(
  { rig, records }: Contest,
  table: string,
  ended: () => Promise<string | undefined>,
): Promise<void> {
  const reached = await poll(
    async () => {
      const why = await ended()
      if (why !== undefined) throw new Error(`${table}: ${why}`)
      return (await tableSize({ rig }, table)).rows >= records ? true : undefined
    },
    { deadlineMs: DEADLINE_MS, everyMs: 200 },
  )
  if (reached === undefined)
    throw new Error(`${table} has not ${records} rows after ${DEADLINE_MS / 1_000} s`)
}

/** As the newest snapshot sums it up. */
export async function tableSize(
  { rig }: Pick<Contest, 'rig'>,
  table: string,
): Promise<{ rows: number; files: number; fileBytes: number; commits: number }> {
  const metadata = await viewTable(rig.catalog, table).catch(() => undefined)
  const snapshots = metadata?.snapshots ?? []
  const current = snapshots.find(
    (one) => one['snapshot-id'] === metadata?.['current-snapshot-id'],
  )?.summary
  const total = (name: string): number => Number(current?.[`total-${name}`] ?? 0)
  return {
    rows: total('records'),
    files: total('data-files'),
    fileBytes: total('files-size'),
    commits: snapshots.filter(({ summary }) => Number(summary['added-records'] ?? 0) > 0).length,
  }
}

/**
 * By an engine that shares no code with any of them: every record, once. The digest is of all columns of all rows, in
 * no order: whoever has written the same records has the same.
 */
export async function digestOf(contest: Contest, table: string): Promise<string> {
  const { rig, onS3, shape, records } = contest
  const metadataLocation = await locate(rig.catalog, table)
  const at = onS3 ? { metadataLocation, s3: rig.s3.s3 } : { metadataLocation }
  const columns = shape.fields.map(({ name }) => name)
  const quoted = columns.map((name) => `"${name}"`)
  const query = `SELECT count(*)::INTEGER AS "rows", count(DISTINCT "${shape.key}")::INTEGER AS keys, bit_xor(hash(${quoted.join(', ')}))::VARCHAR AS digest FROM t`
  const [row] = await readWith('duckdb', at).sql(query, columns)
  const { rows, keys, digest } = { ...row }
  if (rows === records && keys === records && typeof digest === 'string') return digest
  throw new Error(`${table} is not exact: ${JSON.stringify(row)}`)
}
