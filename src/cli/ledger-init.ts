import { changeTable } from '../commit/change-table.ts'
import { mirrorProperty, tagName } from '../commit/ledger-text.ts'
import { boundsAt } from '../commit/plan-start.ts'
import { startTable } from '../commit/start.ts'
import { partitionText } from '../core/offsets.ts'
import { logReader } from '../worker/log-reader.ts'
import { readConfigFile } from './config-file.ts'
import { type Asking, Confirmation, CONFIRM_OPTIONS } from './confirm.ts'
import { type LedgerView, moveRefused, viewLedger } from './ledger-view.ts'
import type { ExitCode } from './output.ts'
import type { VerbBody } from './run-cli.ts'
import { tableNamed } from './table-operand.ts'
import { withPorts } from './with-ports.ts'

/** What a person may set aside by saying that the table holds none of these records. */
const OLD_EVIDENCE: ReadonlySet<string> = new Set(['replaced', 'other-table', 'unproven'])

/** `firn ledger init`: a first start where the history cannot show that it is one. */
export function ledgerInitVerb(
  env: Readonly<Record<string, string | undefined>>,
  asking: Asking & { readonly version: string },
): VerbBody {
  return {
    options: { ...CONFIRM_OPTIONS },
    example: {
      command: 'firn ledger init lake.orders --dry-run',
      does: 'shows where each partition would begin',
    },
    run: async (invocation, output) => {
      const confirmation = new Confirmation(invocation, asking)
      const config = readConfigFile(invocation.configPath, env)
      const table = tableNamed(config, invocation.operands[0])
      return withPorts(config, async (ports): Promise<ExitCode> => {
        const view = await viewLedger({ config, table, version: asking.version }, ports)
        refuseWhereThereIsOne(view)
        const { name, context } = view
        output.heading(`${name}: a ledger of ${context.owner.writer} begins`)
        for (const { topic, partition } of view.view.partitions) {
          const bounds = boundsAt(view.view.log, { topic, partition })
          output.mark(
            'note',
            `${partitionText({ topic, partition })}: ${table.start.kind}, of a log from ${bounds?.logStart ?? '?'} to ${bounds?.logEnd ?? '?'}`,
          )
        }
        output.mark(
          'warning',
          'whatever of these topics the table holds already will be in it twice',
        )
        if ((await confirmation.confirm(output, 'Begin?')) !== 'go') {
          output.document({ table: name, done: false })
          return 0
        }
        await forget(view)
        const outcome = await startTable(context, {
          partitions: view.view.partitions,
          log: logReader(ports.source, table.start),
          startConfirmed: true,
        })
        if (outcome.kind === 'refused') throw outcome.refusal
        if (outcome.kind === 'exhausted') throw outcome.reason
        const [refusal] = outcome.refusals
        if (refusal !== undefined) throw refusal
        output.table(
          [{ title: 'partition' }, { title: 'begins at', align: 'right' }],
          [...outcome.positions].map(([key, { position }]) => [
            partitionText(key),
            String(position),
          ]),
        )
        output.document({
          table: name,
          done: true,
          positions: Object.fromEntries(
            [...outcome.positions].map(([key, { position }]) => [partitionText(key), position]),
          ),
        })
        return 0
      })
    },
  }
}

/** What an old ledger left beside the ancestry: a start would believe it. */
async function forget({ context, standing }: LedgerView): Promise<void> {
  if (!OLD_EVIDENCE.has(standing.standing.kind)) return
  const { writer } = context.owner
  await changeTable(context, { remove: [mirrorProperty(writer)], removeRefs: [tagName(writer)] })
}

function refuseWhereThereIsOne({ name, standing: { standing } }: LedgerView): void {
  if (standing.kind === 'lost' || standing.kind === 'none') return
  if (OLD_EVIDENCE.has(standing.kind)) return
  throw moveRefused(
    name,
    'this writer has a ledger here',
    `firn ledger show ${name} shows it; firn ledger rebase begins another log`,
  )
}
