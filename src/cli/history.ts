import { readRecord } from '../commit/ledger-text.ts'
import type { SnapshotRecord } from '../commit/ledger.ts'
import { headOf } from '../commit/read-ledger.ts'
import { systemClock } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import { partitionText } from '../core/offsets.ts'
import { systemRandom } from '../core/random.ts'
import { FirnError } from '../core/errors.ts'
import { walkAncestors } from '../iceberg/ancestry.ts'
import type { Snapshot, TableMetadata } from '../iceberg/metadata.ts'
import { openCatalog } from '../worker/open-ports.ts'
import { readConfigFile } from './config-file.ts'
import { countText, timeText } from './format.ts'
import type { Output } from './output.ts'
import type { VerbBody } from './run-cli.ts'
import { loadExisting, tableNamed } from './table-operand.ts'

const LIMIT_DEFAULT = 20

/** `firn history TABLE`: the snapshots of the branch, with the ranges of positions that each added. */
export function historyVerb(env: Readonly<Record<string, string | undefined>>): VerbBody {
  return {
    options: {
      limit: {
        type: 'string',
        value: 'N',
        description: `the newest N snapshots; default ${LIMIT_DEFAULT}`,
      },
    },
    example: {
      command: 'firn history lake.orders --limit 5',
      does: 'shows the last five snapshots',
    },
    run: async (invocation, output) => {
      const config = readConfigFile(invocation.configPath, env)
      const table = tableNamed(config, invocation.operands[0])
      const limit = limitOf(invocation.text('limit'))
      const catalog = await openCatalog(config, { clock: systemClock, random: systemRandom })
      try {
        const { metadata } = await loadExisting(catalog, table)
        print(output, { metadata, ref: table.branch, limit })
        return 0
      } finally {
        await catalog.close()
      }
    },
  }
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return LIMIT_DEFAULT
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new FirnError('USAGE', `--limit takes a whole number above 0, found ${text}`)
}

function print(
  output: Output,
  {
    metadata,
    ref,
    limit,
  }: { readonly metadata: TableMetadata; readonly ref: string; readonly limit: number },
): void {
  const { snapshots, end } = walkAncestors(metadata, headOf(metadata, ref))
  const shown = snapshots.slice(0, limit).map(entryOf)
  output.document({
    branch: ref,
    snapshots: shown.map(({ json }) => json),
    end: end.kind === 'root' ? 'root' : `snapshot ${end.missing} has expired`,
  })
  output.table(
    [
      { title: 'snapshot', align: 'right' },
      { title: 'committed' },
      { title: 'by' },
      { title: 'operation' },
      { title: 'rows', align: 'right' },
      { title: 'positions' },
    ],
    shown.map(({ row }) => row),
  )
  if (snapshots.length > limit) output.line(`… and ${snapshots.length - limit} older ones: --limit`)
  if (end.kind === 'cut') output.line(`older snapshots have expired (before ${end.missing})`)
}

function positionsText({ ranges, replayed }: SnapshotRecord): readonly string[] {
  return replayed.size === 0 ? rangeTexts(ranges) : ['replayed', ...rangeTexts(replayed)]
}

function rangeTexts(of: SnapshotRecord['ranges']): readonly string[] {
  return [...of].map(
    ([partition, { start, end }]) => `${partitionText(partition)}[${start},${end})`,
  )
}

function entryOf(snapshot: Snapshot): {
  readonly row: readonly string[]
  readonly json: JsonObject
} {
  const { snapshotId, timestampMs, summary } = snapshot
  const record = readRecord(snapshot)
  const own = record !== undefined && record.namedSnapshotId === snapshotId
  const operation = summary['operation'] ?? ''
  const rows = summary['added-records'] ?? '0'
  const positions = own ? positionsText(record) : []
  const by =
    record === undefined
      ? (summary['engine-name'] ?? 'another writer')
      : own
        ? record.writer
        : `${record.writer} (copied)`
  return {
    row: [
      String(snapshotId),
      timeText(Number(timestampMs)),
      by,
      own && positions.length === 0 ? 'ledger only' : operation,
      countText(BigInt(rows)),
      positions.join(' '),
    ],
    json: {
      'snapshot-id': snapshotId,
      'sequence-number': snapshot.sequenceNumber,
      'timestamp-ms': timestampMs,
      by,
      operation,
      'added-records': BigInt(rows),
      ranges: own
        ? Object.fromEntries(
            [...record.ranges].map(([partition, { start, end }]) => [
              partitionText(partition),
              [start, end],
            ]),
          )
        : {},
      replayed: own
        ? Object.fromEntries(
            [...record.replayed].map(([partition, { start, end }]) => [
              partitionText(partition),
              [start, end],
            ]),
          )
        : {},
      'complete-through-ms': record?.completeThroughMs ?? null,
    },
  }
}
