import { commitMove } from '../commit/committer.ts'
import { planRebase, type RebaseFrom, type RebasePlan } from '../commit/plan-ledger-verbs.ts'
import type { TopicLedger } from '../commit/ledger.ts'
import type { TopicFacts } from '../commit/plan-start.ts'
import { FirnError } from '../core/errors.ts'
import type { ClusterId, TopicName } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import type { Position } from '../core/offsets.ts'
import { readConfigFile } from './config-file.ts'
import { type Asking, Confirmation, CONFIRM_OPTIONS } from './confirm.ts'
import {
  type LedgerView,
  moveRefused,
  rangesJson,
  rangesText,
  reportCommit,
  standingLedger,
  topicOf,
  viewLedger,
} from './ledger-view.ts'
import type { Invocation } from './arguments.ts'
import type { ExitCode, Output } from './output.ts'
import type { VerbBody } from './run-cli.ts'
import { tableNamed } from './table-operand.ts'
import { withPorts, type Ports } from './with-ports.ts'

/** `firn ledger rebase`: accepts another log in the place of the one that the ledger is of. */
export function ledgerRebaseVerb(
  env: Readonly<Record<string, string | undefined>>,
  asking: Asking & { readonly version: string },
): VerbBody {
  return {
    options: {
      topic: { type: 'string', value: 'NAME', description: 'this topic of the ledger' },
      from: {
        type: 'string',
        value: 'WHERE',
        description:
          'where its log begins for the table: earliest, latest, a time (2026-01-31T08:00:00Z), or positions (0=120,1=98); default for a truncated log: where it still is the one that was read',
      },
      ...CONFIRM_OPTIONS,
    },
    example: {
      command: 'firn ledger rebase lake.orders --topic orders --from earliest',
      does: 'reads the topic that is there now from its beginning',
    },
    run: async (invocation, output) => {
      const confirmation = new Confirmation(invocation, asking)
      const config = readConfigFile(invocation.configPath, env)
      const table = tableNamed(config, invocation.operands[0])
      return withPorts(config, async (ports): Promise<ExitCode> => {
        const view = await viewLedger({ config, table, version: asking.version }, ports)
        const wanted = await wantedRebase(view, invocation, ports)
        const json = print(output, view, wanted)
        if ((await confirmation.confirm(output, 'Accept this log?')) !== 'go') {
          output.document({ ...json, done: false })
          return 0
        }
        const { cluster, topic, held, facts, plan } = wanted
        const to = { id: facts.id, positions: plan.positions }
        const move = { kind: 'rebase', cluster, topic, from: held, to } as const
        const outcome = await commitMove(view.context, move)
        output.document({ ...json, ...reportCommit(output, view.name, outcome) })
        return 0
      })
    },
  }
}

interface WantedRebase {
  readonly cluster: ClusterId
  readonly topic: TopicName
  readonly held: TopicLedger
  readonly facts: TopicFacts
  readonly plan: Extract<RebasePlan, { kind: 'rebase' }>
  readonly isOtherLog: boolean
}

async function wantedRebase(
  view: LedgerView,
  invocation: Invocation,
  ports: Ports,
): Promise<WantedRebase> {
  const { name } = view
  const ledger = standingLedger(view)
  if (ledger === undefined) {
    throw moveRefused(name, 'there is no ledger to rebase', `firn ledger show ${name}`)
  }
  const topic = topicOf(ledger, invocation.text('topic'))
  const { cluster, topics } = view.view.log
  const [held, facts] = [ledger.topics.get(topic), topics.get(topic)]
  if (held === undefined || facts === undefined) {
    throw moveRefused(name, `topic ${topic} is not there`, 'create it first')
  }
  const from = await whereFrom(invocation.text('from'), { topic, facts, ports })
  const sameCluster = cluster === ledger.cluster
  const plan = planRebase(held, facts, { from, sameCluster })
  if (plan.kind === 'refused') throw moveRefused(name, plan.why, 'firn status')
  return { cluster, topic, held, facts, plan, isOtherLog: !sameCluster || held.id !== facts.id }
}

function print(
  output: Output,
  { name }: LedgerView,
  { topic, held, facts, plan, isOtherLog }: WantedRebase,
): JsonObject {
  output.heading(`${name}, topic ${topic}`)
  output.table(
    [
      { title: 'partition', align: 'right' },
      { title: 'ledger', align: 'right' },
      { title: 'from now on', align: 'right' },
      { title: 'log', align: 'right' },
    ],
    [...plan.positions].map(([partition, position]) => [
      String(partition),
      String(held.next.get(partition) ?? '-'),
      String(position),
      boundsText(facts, partition),
    ]),
  )
  printTwice(output, plan.twice, { topic, isOtherLog })
  return {
    topic,
    positions: Object.fromEntries([...plan.positions].map(([p, at]) => [String(p), at])),
    'may-be-there-twice': rangesJson(plan.twice),
  }
}

function printTwice(
  output: Output,
  twice: Parameters<typeof rangesText>[0],
  { topic, isOtherLog }: { readonly topic: TopicName; readonly isOtherLog: boolean },
): void {
  for (const line of rangesText(twice, topic)) {
    output.mark(
      'warning',
      `${line}: the table has rows with these positions of the log that was lost`,
    )
  }
  if (isOtherLog) {
    output.mark(
      'warning',
      'it is another log: where it is a copy of the old one (a mirror), what the table has already is read again from the positions above',
    )
  }
}

function boundsText({ partitions }: TopicFacts, partition: number): string {
  const bounds = partitions.get(partition)
  return bounds === undefined ? '-' : `${bounds.logStart} to ${bounds.logEnd}`
}

async function whereFrom(
  text: string | undefined,
  { topic, facts, ports }: { topic: TopicName; facts: TopicFacts; ports: Ports },
): Promise<RebaseFrom> {
  if (text === undefined) return { kind: 'common' }
  if (text === 'earliest' || text === 'latest') return { kind: text }
  if (/^\d+=\d+(,\d+=\d+)*$/.test(text)) {
    const pairs = text.split(',').map((pair) => pair.split('='))
    return {
      kind: 'positions',
      positions: new Map(pairs.map(([partition, at]) => [Number(partition), BigInt(at ?? '')])),
    }
  }
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) {
    throw new FirnError(
      'USAGE',
      `--from takes earliest, latest, a time or positions, found ${text}`,
      {
        help: 'as in --from 2026-01-31T08:00:00Z, or --from 0=120,1=98',
      },
    )
  }
  const partitions = [...facts.partitions.keys()].map((partition) => ({ topic, partition }))
  const found = await ports.source.positionsAt(partitions, ms)
  const positions = new Map<number, Position>()
  for (const { partition } of partitions) {
    const end = facts.partitions.get(partition)?.logEnd ?? 0n
    positions.set(partition, found.get({ topic, partition }) ?? end)
  }
  return { kind: 'positions', positions }
}
