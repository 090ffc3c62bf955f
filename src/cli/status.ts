import { tableText, type LoadedTable } from '../catalog/catalog.ts'
import { entryText, lagOf, type PartitionStanding, refusalsOf, standings } from './standing.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import type { JsonObject } from '../core/json.ts'
import { PartitionMap, partitionText } from '../core/offsets.ts'
import { systemClock } from '../core/clock.ts'
import type { TopicRetention } from '../consumer/record-source.ts'
import { walkAncestors } from '../iceberg/ancestry.ts'
import type { Snapshot } from '../iceberg/metadata.ts'
import { headOf } from '../commit/read-ledger.ts'
import { viewStart, type StartView } from '../worker/start-plan.ts'
import { readRecord, writerOf } from '../commit/ledger-text.ts'
import { readConfigFile } from './config-file.ts'
import { bytesText, countText, durationText, timeText } from './format.ts'
import { headroomOf, headroomText, type Headroom, isAtRisk, isShort } from './headroom.ts'
import { headersOnly, timesAt } from './log-times.ts'
import type { Output } from './output.ts'
import type { VerbBody } from './run-cli.ts'
import { withPorts, type Ports } from './with-ports.ts'

interface PartitionStatus {
  readonly standing: PartitionStanding
  readonly retention: TopicRetention | undefined
  readonly headroom: Headroom
  /** Little of it is left. */
  readonly short: boolean
}

interface TableStatus {
  readonly name: string
  readonly loaded: LoadedTable | undefined
  readonly view: StartView
  readonly partitions: readonly PartitionStatus[]
  readonly lastCommit: Snapshot | undefined
  readonly completeThroughMs: number | undefined
}

/** `firn status`: per table and partition, ledger against log, and how the table is. */
export function statusVerb(
  env: Readonly<Record<string, string | undefined>>,
  now: () => number,
): VerbBody {
  return {
    options: {},
    example: {
      command: 'firn status --json',
      does: 'prints ledger, log end and lag of every partition',
    },
    run: async (invocation, output) => {
      const config = readConfigFile(invocation.configPath, env)
      const kafka = { ...config.kafka, fetch: headersOnly(config.kafka.fetch) }
      return withPorts({ ...config, kafka }, async (ports) => {
        const tables: TableStatus[] = []
        for (const table of config.tables) {
          tables.push(await statusOf({ config, table, nowMs: now() }, ports))
        }
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

interface StatusCall {
  readonly config: Config
  readonly table: TableConfig
  readonly nowMs: number
}

async function statusOf(call: StatusCall, ports: Ports): Promise<TableStatus> {
  const { config, table } = call
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
    partitions: await partitionsOf(view, call, ports),
    lastCommit: own.find(({ summary }) => summary['added-records'] !== undefined) ?? newest,
    completeThroughMs: newest === undefined ? undefined : readRecord(newest)?.completeThroughMs,
  }
}

async function partitionsOf(
  view: StartView,
  { config, nowMs }: StatusCall,
  { source }: Ports,
): Promise<readonly PartitionStatus[]> {
  const all = standings(view)
  const retentions = await source.retention([...view.log.topics.keys()])
  const aging = all.flatMap((standing) => {
    const { next, partition } = standing
    const retention = retentions.get(partition.topic)
    const topicId = view.log.topics.get(partition.topic)?.id
    const ages = retention?.deletes === true && retention.ms !== undefined
    if (!ages || !isAtRisk(standing) || next === undefined || topicId === undefined) return []
    return [[partition, { position: next, topicId }] as const]
  })
  const times = await timesAt(new PartitionMap(aging), { source, clock: systemClock })
  return all.map((standing) => {
    const retention = retentions.get(standing.partition.topic)
    const timestampMs = times.get(standing.partition)
    const headroom = headroomOf({ standing, retention, timestampMs, nowMs })
    const { retentionHeadroomWarnMs } = config.kafka
    return {
      standing,
      retention,
      headroom,
      short: isShort(headroom, retention, retentionHeadroomWarnMs),
    }
  })
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
  for (const partition of status.partitions) printHeadroom(output, partition)
  output.table(
    [
      { title: 'partition' },
      { title: 'ledger', align: 'right' },
      { title: 'log start', align: 'right' },
      { title: 'log end', align: 'right' },
      { title: 'lag', align: 'right' },
      { title: 'retained', align: 'right' },
      { title: 'headroom', align: 'right' },
    ],
    status.partitions.map(({ standing, headroom }) => [
      partitionText(standing.partition),
      entryText(standing),
      String(standing.logStart),
      String(standing.logEnd),
      countText(lagOf(standing)),
      standing.next === undefined ? '-' : countText(standing.next - standing.logStart),
      headroomText(headroom),
    ]),
  )
  output.line()
}

function printHeadroom(output: Output, { standing, headroom, short }: PartitionStatus): void {
  const name = partitionText(standing.partition)
  if (headroom.kind === 'unknown') {
    output.mark('note', `${name}: how long retention leaves it is not known: ${headroom.why}`)
  }
  if (!short || headroom.kind !== 'time') return
  const when =
    headroom.leftMs <= 0
      ? `may pass the ledger at any moment: the record there is due since ${durationText(-headroom.leftMs)}`
      : `passes the ledger in ${durationText(headroom.leftMs)}, if it stays where it is`
  output.mark(
    'warning',
    `${name}: retention ${when}`,
    'let the worker catch up (more workers, a longer interval), or raise `retention.ms` of the topic meanwhile',
  )
}

/** Iceberg's own advice is to expire snapshots long before metadata has this many. */
const SNAPSHOTS_MANY = 5_000

/** Every load and every commit of a worker carries it. */
const METADATA_BYTES_MANY = 32 * 1024 * 1024

function printTable(output: Output, { metadata, metadataBytes }: LoadedTable): void {
  const head = metadata.snapshots.find(
    ({ snapshotId }) => snapshotId === metadata.currentSnapshotId,
  )
  const total = (key: string): bigint => BigInt(head?.summary[key] ?? '0')
  output.mark(
    'ok',
    `${countText(total('total-records'))} rows in ${countText(total('total-data-files'))} files, ${bytesText(total('total-files-size'))}; format version ${metadata.formatVersion}`,
  )
  const { length } = metadata.snapshots
  const size = metadataBytes === undefined ? '' : `; ${bytesText(metadataBytes)} of metadata`
  const many = length >= SNAPSHOTS_MANY || (metadataBytes ?? 0) >= METADATA_BYTES_MANY
  const text = `${countText(length)} snapshots listed${size}`
  if (many) output.mark('warning', text, 'expire old ones: every commit rewrites all of it')
  else output.mark('ok', text)
}

function statusJson(status: TableStatus, nowMs: number): JsonObject {
  const { name, loaded, view, partitions, lastCommit, completeThroughMs } = status
  return {
    table: name,
    exists: loaded !== undefined,
    refusals: refusalsOf(view).map(({ message }) => message),
    'last-commit-ms': lastCommit?.timestampMs ?? null,
    'complete-through-ms': completeThroughMs ?? null,
    'complete-through-age-ms': completeThroughMs === undefined ? null : nowMs - completeThroughMs,
    snapshots: loaded?.metadata.snapshots.length ?? 0,
    'metadata-bytes': loaded?.metadataBytes ?? null,
    partitions: partitions.map(({ standing, retention, headroom, short }) => ({
      topic: standing.partition.topic,
      partition: standing.partition.partition,
      ledger: standing.next ?? null,
      'log-start': standing.logStart,
      'log-end': standing.logEnd,
      lag: lagOf(standing),
      'retention-ms': retention?.ms ?? null,
      'retention-bytes': retention?.bytes ?? null,
      headroom: headroom.kind,
      'headroom-ms': headroom.kind === 'time' ? headroom.leftMs : null,
      'headroom-short': short,
    })),
  }
}
