import { tableText, type LoadedTable } from '../catalog/catalog.ts'
import { entryText, lagOf, type PartitionStanding, refusalsOf, standings } from './standing.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import type { JsonObject } from '../core/json.ts'
import { partitionText } from '../core/offsets.ts'
import { walkAncestors } from '../iceberg/ancestry.ts'
import type { Snapshot } from '../iceberg/metadata.ts'
import { headOf } from '../commit/read-ledger.ts'
import { viewStart, type StartView } from '../worker/start-plan.ts'
import { readRecord, writerOf } from '../commit/ledger-text.ts'

import { readConfigFile } from './config-file.ts'
import { bytesText, countText, durationText, timeText } from './format.ts'
import type { Output } from './output.ts'
import type { Verb } from './run-cli.ts'
import { withPorts, type Ports } from './with-ports.ts'

interface TableStatus {
  readonly name: string
  readonly loaded: LoadedTable | undefined
  readonly view: StartView
  readonly standings: readonly PartitionStanding[]
  readonly lastCommit: Snapshot | undefined
  readonly completeThroughMs: number | undefined
}

/** `firn status`: per table and partition, ledger against log, and how the table is. */
export function statusVerb(
  env: Readonly<Record<string, string | undefined>>,
  now: () => number,
): Verb {
  return {
    name: 'status',
    summary: 'show where each table stands against its topics',
    operands: [],
    options: {},
    example: {
      command: 'firn status --json',
      does: 'prints ledger, log end and lag of every partition',
    },
    run: async (invocation, output) => {
      const config = readConfigFile(invocation.configPath, env)
      return withPorts(config, async (ports) => {
        const tables: TableStatus[] = []
        for (const table of config.tables) tables.push(await statusOf(config, table, ports))
        output.document({
          writer: config.writer,
          tables: tables.map((table) => statusJson(table, now())),
        })
        for (const table of tables) print(output, table, now())
        return tables.some(({ view }) => refusalsOf(view).length > 0) ? 3 : 0
      })
    },
  }
}

async function statusOf(config: Config, table: TableConfig, ports: Ports): Promise<TableStatus> {
  const outcome = await ports.catalog.loadTable(table.table)
  const loaded = outcome.kind === 'loaded' ? outcome.table : undefined
  const view = await viewStart({ ...ports, config, table, loaded })
  const own =
    loaded === undefined
      ? []
      : walkAncestors(loaded.metadata, headOf(loaded.metadata, table.branch)).snapshots.filter(
          (snapshot) => writerOf(snapshot) === config.writer,
        )
  const [newest] = own
  return {
    name: tableText(table.table),
    loaded,
    view,
    standings: standings(view),
    lastCommit: own.find(({ summary }) => summary['added-records'] !== undefined) ?? newest,
    completeThroughMs: newest === undefined ? undefined : readRecord(newest)?.completeThroughMs,
  }
}

function print(output: Output, status: TableStatus, nowMs: number): void {
  const { name, loaded, view, lastCommit, completeThroughMs } = status
  output.heading(name)
  if (loaded === undefined) output.mark('note', 'does not exist yet: `firn run` creates it')
  else printTable(output, loaded)
  if (lastCommit !== undefined) {
    const age = durationText(nowMs - Number(lastCommit.timestampMs))
    output.mark('ok', `last commit ${age} ago, ${timeText(Number(lastCommit.timestampMs))}`)
  }
  if (completeThroughMs !== undefined) {
    output.mark(
      'ok',
      `complete through ${timeText(completeThroughMs)} (${durationText(nowMs - completeThroughMs)} ago)`,
    )
  }
  for (const { code, message, help } of refusalsOf(view))
    output.mark('failed', `${code}: ${message}`, help)
  const warnings =
    view.verdict !== undefined && 'warnings' in view.verdict ? view.verdict.warnings : []
  for (const { message } of warnings) output.mark('warning', message)
  output.table(
    [
      { title: 'partition' },
      { title: 'ledger', align: 'right' },
      { title: 'log start', align: 'right' },
      { title: 'log end', align: 'right' },
      { title: 'lag', align: 'right' },
      { title: 'retained', align: 'right' },
    ],
    status.standings.map((standing) => [
      partitionText(standing.partition),
      entryText(standing),
      String(standing.logStart),
      String(standing.logEnd),
      countText(lagOf(standing)),
      standing.next === undefined ? '-' : countText(standing.next - standing.logStart),
    ]),
  )
  output.line()
}

/** Iceberg's own advice is to expire snapshots long before metadata has this many. */
const SNAPSHOTS_MANY = 5_000

function printTable(output: Output, { metadata }: LoadedTable): void {
  const head = metadata.snapshots.find(
    ({ snapshotId }) => snapshotId === metadata.currentSnapshotId,
  )
  const total = (key: string): bigint => BigInt(head?.summary[key] ?? '0')
  output.mark(
    'ok',
    `${countText(total('total-records'))} rows in ${countText(total('total-data-files'))} files, ${bytesText(total('total-files-size'))}; format version ${metadata.formatVersion}`,
  )
  const { length } = metadata.snapshots
  if (length < SNAPSHOTS_MANY) output.mark('ok', `${countText(length)} snapshots listed`)
  else
    output.mark(
      'warning',
      `${countText(length)} snapshots listed`,
      'expire old ones: every commit rewrites the list',
    )
}

function statusJson(status: TableStatus, nowMs: number): JsonObject {
  const { name, loaded, view, standings: partitions, lastCommit, completeThroughMs } = status
  return {
    table: name,
    exists: loaded !== undefined,
    refusals: refusalsOf(view).map(({ message }) => message),
    'last-commit-ms': lastCommit?.timestampMs ?? null,
    'complete-through-ms': completeThroughMs ?? null,
    'complete-through-age-ms': completeThroughMs === undefined ? null : nowMs - completeThroughMs,
    snapshots: loaded?.metadata.snapshots.length ?? 0,
    partitions: partitions.map((standing) => ({
      topic: standing.partition.topic,
      partition: standing.partition.partition,
      ledger: standing.next ?? null,
      'log-start': standing.logStart,
      'log-end': standing.logEnd,
      lag: lagOf(standing),
    })),
  }
}
