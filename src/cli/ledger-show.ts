import type { Ledger } from '../commit/ledger.ts'
import { nextOf } from '../commit/ledger.ts'
import type { JsonObject } from '../core/json.ts'
import { readHold } from '../commit/hold.ts'
import { readConfigFile } from './config-file.ts'
import { timeText } from './format.ts'
import { type LedgerView, standingLedger, viewLedger } from './ledger-view.ts'
import type { Output } from './output.ts'
import { refusalsOf } from './standing.ts'
import type { VerbBody } from './run-cli.ts'
import { tableNamed } from './table-operand.ts'
import { withPorts } from './with-ports.ts'

/** `firn ledger show`: what the table says of this writer, where it says so, and whether it is believed. */
export function ledgerShowVerb(
  env: Readonly<Record<string, string | undefined>>,
  version: string,
): VerbBody {
  return {
    options: {},
    example: { command: 'firn ledger show lake.orders', does: 'shows the ledger of lake.orders' },
    run: async (invocation, output) => {
      const config = readConfigFile(invocation.configPath, env)
      const table = tableNamed(config, invocation.operands[0])
      return withPorts(config, async (ports) => {
        const view = await viewLedger({ config, table, version }, ports)
        output.document(documentOf(view))
        print(output, view)
        return refusalsOf(view.view).length > 0 ? 3 : 0
      })
    },
  }
}

const FOUND: Readonly<Record<string, string>> = {
  current: 'on the ancestry of the branch',
  buried: 'in the mirror or tag: its snapshot has expired',
  'rolled-back': 'on the ancestry of the branch; a newer one was rolled back',
  unproven: 'nowhere that can be believed: snapshots have expired',
  replaced: 'of the table that this one has replaced',
  copied: 'below a snapshot that copies one of this writer',
  'other-table': 'of another table',
  'other-ref': 'of another branch',
  lost: 'nowhere: the history is cut, and nothing else is left',
  none: 'nowhere: this writer has never been here',
}

function print(output: Output, view: LedgerView): void {
  const { name, context, standing } = view
  const { reading } = standing
  output.heading(`${name}, writer ${context.owner.writer}, branch ${context.owner.ref}`)
  output.mark('note', `ledger: ${FOUND[standing.standing.kind] ?? standing.standing.kind}`)
  const { newest, mirror, tag } = reading
  output.mark('note', `newest snapshot of this writer: ${newest?.snapshot.snapshotId ?? 'none'}`)
  output.mark(
    'note',
    `mirror names: ${mirror?.snapshotId ?? 'none'}; tag: ${tag?.snapshotId ?? 'none'}`,
  )
  for (const { code, message, help } of refusalsOf(view.view)) {
    output.mark('failed', `${code}: ${message}`, help)
  }
  const ledger = standingLedger(view)
  if (ledger === undefined) return
  output.mark('note', `cluster ${ledger.cluster}`)
  output.table(
    [
      { title: 'topic' },
      { title: 'partition', align: 'right' },
      { title: 'origin', align: 'right' },
      { title: 'next', align: 'right' },
      { title: 'epoch', align: 'right' },
      { title: 'complete through' },
    ],
    rowsOf(ledger, view),
  )
}

function rowsOf(ledger: Ledger, { standing }: LedgerView): string[][] {
  const origin = standing.reading.evidence?.origin
  return [...ledger.topics].flatMap(([topic, { next, epoch, through }]) =>
    [...next]
      .toSorted(([a], [b]) => a - b)
      .map(([partition, position]) => {
        const throughMs = through.get(partition)
        return [
          topic,
          String(partition),
          String(origin?.topics.get(topic)?.start.get(partition) ?? '-'),
          String(position),
          String(epoch.get(partition) ?? '-'),
          throughMs === undefined ? '-' : timeText(throughMs),
        ]
      }),
  )
}

function documentOf(view: LedgerView): JsonObject {
  const { name, context, standing, loaded } = view
  const ledger = standingLedger(view)
  const { newest, mirror, tag, evidence } = standing.reading
  const hold = readHold(loaded.metadata.properties, context.owner.writer)
  return {
    table: name,
    writer: context.owner.writer,
    branch: context.owner.ref,
    standing: standing.standing.kind,
    held: hold === undefined ? null : hold.reason,
    'snapshot-id': newest?.snapshot.snapshotId ?? null,
    'mirror-snapshot-id': mirror?.snapshotId ?? null,
    'tag-snapshot-id': tag?.snapshotId ?? null,
    refusals: refusalsOf(view.view).map(({ code, message }) => ({ code, message })),
    cluster: ledger?.cluster ?? null,
    topics: Object.fromEntries(
      [...(ledger?.topics ?? [])].map(([topic, { id, next, epoch, through }]) => [
        topic,
        {
          id,
          partitions: Object.fromEntries(
            [...next.keys()].map((partition) => [
              String(partition),
              {
                next: nextOf(ledger, { topic, partition }) ?? null,
                epoch: epoch.get(partition) ?? null,
                'through-ms': through.get(partition) ?? null,
                origin: evidence?.origin?.topics.get(topic)?.start.get(partition) ?? null,
              },
            ]),
          ),
        },
      ]),
    ),
  }
}
