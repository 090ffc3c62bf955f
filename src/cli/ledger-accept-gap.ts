import { commitMove } from '../commit/committer.ts'
import { gapsToAccept } from '../commit/plan-ledger-verbs.ts'
import { FirnError } from '../core/errors.ts'
import { readConfigFile } from './config-file.ts'
import { type Asking, Confirmation, CONFIRM_OPTIONS } from './confirm.ts'
import {
  moveRefused,
  rangesJson,
  rangesText,
  reportCommit,
  standingLedger,
  topicOf,
  viewLedger,
} from './ledger-view.ts'
import type { ExitCode } from './output.ts'
import type { VerbBody } from './run-cli.ts'
import { tableNamed } from './table-operand.ts'
import { withPorts } from './with-ports.ts'

/** `firn ledger accept-gap`: goes on behind the records that retention took before they were read. */
export function ledgerAcceptGapVerb(
  env: Readonly<Record<string, string | undefined>>,
  asking: Asking & { readonly version: string },
): VerbBody {
  return {
    options: {
      topic: { type: 'string', value: 'NAME', description: 'this topic of the ledger' },
      partition: { type: 'string', value: 'P', description: 'this partition; default: all' },
      ...CONFIRM_OPTIONS,
    },
    example: {
      command: 'firn ledger accept-gap lake.orders --topic orders --dry-run',
      does: 'shows which positions of orders are gone for good',
    },
    run: async (invocation, output) => {
      const confirmation = new Confirmation(invocation, asking)
      const config = readConfigFile(invocation.configPath, env)
      const table = tableNamed(config, invocation.operands[0])
      const only = partitionOption(invocation.text('partition'))
      return withPorts(config, async (ports): Promise<ExitCode> => {
        const view = await viewLedger({ config, table, version: asking.version }, ports)
        const ledger = standingLedger(view)
        if (ledger === undefined) throw noLedger(view.name)
        const topic = topicOf(ledger, invocation.text('topic'))
        const [held, facts] = [ledger.topics.get(topic), view.view.log.topics.get(topic)]
        if (held === undefined || facts === undefined || held.id !== facts.id) {
          throw moveRefused(
            view.name,
            `topic ${topic} is not the one that the ledger is of`,
            `firn ledger rebase ${view.name} --topic ${topic} --from earliest`,
          )
        }
        const gaps = gapsToAccept(held, facts, only)
        if (gaps.size === 0) {
          throw moveRefused(
            view.name,
            `nothing of topic ${topic} is gone: the log begins at or below the ledger`,
            `firn status shows where each partition stands`,
          )
        }
        output.heading(`${view.name}: these positions will never be in it`)
        for (const line of rangesText(gaps, topic)) output.mark('warning', line)
        const confirmed = await confirmation.confirm(output, 'Pass them?')
        if (confirmed !== 'go') {
          output.document({ topic, gaps: rangesJson(gaps), done: false })
          return 0
        }
        const move = { kind: 'accept-gap', topic, id: held.id, gaps } as const
        const done = reportCommit(output, view.name, await commitMove(view.context, move))
        output.document({ topic, gaps: rangesJson(gaps), ...done })
        return 0
      })
    },
  }
}

function partitionOption(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,7}$/.test(text)) return Number(text)
  throw new FirnError('USAGE', `--partition takes a partition's number, found ${text}`)
}

function noLedger(name: string): FirnError {
  return moveRefused(name, 'there is no ledger to go on from', `firn ledger show ${name}`)
}
