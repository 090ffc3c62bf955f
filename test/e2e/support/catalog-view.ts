import { z } from 'zod'
import { parseJson } from '../../../src/core/json.ts'
import { poll } from '../../../rig/environment.ts'
import type { FirnWorker } from '../../../rig/firn.ts'
import { locateTable } from '../../../rig/readers/table.ts'
import type { RestCatalog } from '../../../rig/services/fixture-catalog.ts'

const tableSchema = z.object({
  metadata: z.object({
    'format-version': z.number(),
    properties: z.record(z.string(), z.string()),
    'current-snapshot-id': z.coerce.bigint().nullish(),
    refs: z.record(z.string(), z.unknown()).optional(),
    snapshots: z
      .array(
        z.object({
          'snapshot-id': z.coerce.bigint(),
          summary: z.record(z.string(), z.string()),
        }),
      )
      .optional(),
  }),
})

/** The path prefix that a catalog's `/v1/config` asks for. */
export async function prefixOf(catalog: RestCatalog): Promise<{ prefix: string } | object> {
  const query =
    catalog.kind === 'nessie' ? `?warehouse=${encodeURIComponent(catalog.warehouse)}` : ''
  const response = await fetch(`${catalog.uri}/v1/config${query}`)
  const parsed = z
    .object({
      defaults: z.record(z.string(), z.string()).optional(),
      overrides: z.record(z.string(), z.string()).optional(),
    })
    .parse(await response.json())
  const prefix = parsed.overrides?.['prefix'] ?? parsed.defaults?.['prefix']
  return prefix === undefined ? {} : { prefix: encodeURIComponent(decodeURIComponent(prefix)) }
}

/** A table as a catalog has it, seen by a client of a dozen lines. */
export async function viewTable(
  catalog: RestCatalog,
  table: string,
): Promise<z.infer<typeof tableSchema>['metadata'] | undefined> {
  const [namespace = '', name = ''] = table.split('.')
  const { prefix } = { prefix: undefined, ...(await prefixOf(catalog)) }
  const middle = prefix === undefined ? '' : `/${prefix}`
  const response = await fetch(`${catalog.uri}/v1${middle}/namespaces/${namespace}/tables/${name}`)
  if (!response.ok) return undefined
  // Snapshot ids have more digits than a JavaScript number.
  return tableSchema.parse(parseJson(await response.text(), table)).metadata
}

/** The rows of the current snapshot, as its summary states them. */
export async function rowsOf(catalog: RestCatalog, table: string): Promise<number> {
  const metadata = await viewTable(catalog, table).catch(() => undefined)
  const current = (metadata?.snapshots ?? []).find(
    (one) => one['snapshot-id'] === metadata?.['current-snapshot-id'],
  )
  return Number(current?.summary['total-records'] ?? 0)
}

/** Waits until the table has at least so many rows; fails with the workers' logs. */
export async function untilRows(
  catalog: RestCatalog,
  table: string,
  options: { rows: number; workers: readonly FirnWorker[]; deadlineMs?: number },
): Promise<void> {
  const reached = await poll(
    async () => {
      if ((await rowsOf(catalog, table)) >= options.rows) return 'there'
      const ended = options.workers.some(({ process }) => process.status() !== undefined)
      return ended ? 'ended' : undefined
    },
    { deadlineMs: options.deadlineMs ?? 60_000, everyMs: 200 },
  )
  if (reached === 'there') return
  const logs = options.workers.map(
    async (worker) =>
      `${worker.name} (status ${worker.process.status()}):
${await worker.tail(8)}`,
  )
  const rows = await rowsOf(catalog, table)
  throw new Error(
    `${table} has ${rows} rows, not ${options.rows}.\n${(await Promise.all(logs)).join('\n')}`,
  )
}

/** Where the table's metadata lies, for readers. */
export async function locate(catalog: RestCatalog, table: string): Promise<string> {
  const [namespace = '', name = ''] = table.split('.')
  return locateTable({
    uri: catalog.uri,
    namespace,
    table: name,
    ...(await prefixOf(catalog)),
  })
}
