import { countRecords } from '../adopt/count-records.ts'
import { readLiveFiles } from '../audit/live-files.ts'
import { NO_POSITIONS } from '../audit/position-fields.ts'
import type { WantedLog } from '../audit/read-log.ts'
import { commitTakeover } from '../commit/committer.ts'
import { boundsAt, type TopicFacts } from '../commit/plan-start.ts'
import { tableRefusal } from '../commit/refusals.ts'
import { systemClock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import type { TopicName } from '../core/ids.ts'
import type { JsonObject } from '../core/json.ts'
import { PartitionMap, partitionText } from '../core/offsets.ts'
import { adoptConnect } from './adopt-connect.ts'
import { adoptFlink, adoptGroup, adoptTable, adoptWriter } from './adopt-others.ts'
import {
  ADOPT_SOURCES,
  type AdoptCall,
  type Adoption,
  type AdoptSource,
  statedPositions,
  takenOver,
} from './adoption.ts'
import type { Invocation } from './arguments.ts'
import { readConfigFile } from './config-file.ts'
import { type Asking, Confirmation, CONFIRM_OPTIONS } from './confirm.ts'
import { countText } from './format.ts'
import { type LedgerView, moveRefused, reportCommit, viewLedger } from './ledger-view.ts'
import type { ExitCode, Output } from './output.ts'
import type { VerbBody } from './run-cli.ts'
import { tableNamed } from './table-operand.ts'
import { withGroup, withPorts } from './with-ports.ts'

/** `firn ledger adopt`: goes on behind what another writer has put into the table. */
export function ledgerAdoptVerb(
  env: Readonly<Record<string, string | undefined>>,
  asking: Asking & { readonly version: string },
): VerbBody {
  return {
    options: {
      from: {
        type: 'string',
        value: 'SOURCE',
        description: `whose work it is: ${ADOPT_SOURCES.join(', ')}`,
      },
      group: {
        type: 'string',
        value: 'NAME',
        description: 'its consumer group (connect: connect-NAME of the connector)',
      },
      'control-topic': {
        type: 'string',
        value: 'TOPIC',
        description: 'connect: iceberg.control.topic, where the table does not tell it',
      },
      writer: { type: 'string', value: 'NAME', description: 'writer: its name' },
      positions: {
        type: 'string',
        value: 'P=N,…',
        description: 'next positions that nothing else tells: orders/0=120,orders/1=98',
      },
      count: {
        type: 'boolean',
        description: 'count the records of the log below the positions, against the table’s rows',
      },
      ...CONFIRM_OPTIONS,
    },
    example: {
      command: 'firn ledger adopt lake.orders --from connect --dry-run',
      does: 'shows where Kafka Connect’s sink has stopped, and how that is known',
    },
    run: async (invocation, output) => {
      const confirmation = new Confirmation(invocation, asking)
      const config = readConfigFile(invocation.configPath, env)
      const table = tableNamed(config, invocation.operands[0])
      const from = sourceOption(invocation.text('from'))
      return withPorts(config, async (ports): Promise<ExitCode> => {
        const view = await viewLedger({ config, table, version: asking.version }, ports)
        const call = callOf({ config, view, ports, from }, invocation)
        const adoption = await adopt(call)
        const topics = takenOver(call, adoption)
        const counted = call.count ? await countedText(call, adoption) : []
        const document = print(output, call, {
          ...adoption,
          evidence: [...adoption.evidence, ...counted],
        })
        if ((await confirmation.confirm(output, 'Take it over?')) !== 'go') {
          output.document({ ...document, done: false })
          return 0
        }
        const { head } = view.standing.reading
        const { cluster } = view.view.log
        const takeover = { cluster, topics, head, fences: adoption.fences }
        const done = reportCommit(output, view.name, await commitTakeover(view.context, takeover))
        output.document({ ...document, ...done })
        return 0
      })
    },
  }
}

function sourceOption(text: string | undefined): AdoptSource {
  const source = ADOPT_SOURCES.find((one) => one === text)
  if (source !== undefined) return source
  throw new FirnError(
    'USAGE',
    text === undefined ? '--from is missing' : `--from does not know ${text}`,
    { help: `--from is one of ${ADOPT_SOURCES.join(', ')}` },
  )
}

function callOf(
  parts: Pick<AdoptCall, 'config' | 'view' | 'ports' | 'from'>,
  invocation: Invocation,
): AdoptCall {
  const topics = topicsToAdopt(parts.view)
  return {
    ...parts,
    topics,
    group: invocation.text('group'),
    controlTopic: invocation.text('control-topic'),
    writer: invocation.text('writer'),
    stated: statedPositions(invocation.text('positions'), topics),
    count: invocation.flag('count'),
  }
}

/** The topics of the configuration that no ledger of this writer holds. Throws what stands in the way of any. */
function topicsToAdopt({
  name,
  standing: { standing },
  view,
}: LedgerView): ReadonlyMap<TopicName, TopicFacts> {
  if (standing.kind === 'other-ref') throw tableRefusal(name, standing)
  if (standing.kind === 'rolled-back') {
    throw moveRefused(
      name,
      'it was rolled back, and its ledger with it',
      `firn rollback ${name} says what becomes of the records since`,
    )
  }
  const held = 'ledger' in standing ? standing.ledger.topics : new Map<TopicName, unknown>()
  const topics = new Map([...view.log.topics].filter(([topic]) => !held.has(topic)))
  if (topics.size > 0) return topics
  throw moveRefused(
    name,
    view.log.topics.size === 0
      ? 'no topic of its `topics` is there'
      : 'this writer has a ledger here for each of its topics',
    `firn ledger show ${name}`,
  )
}

async function adopt(call: AdoptCall): Promise<Adoption> {
  switch (call.from) {
    case 'connect':
      return adoptConnect(call)
    case 'flink':
      return adoptFlink(call)
    case 'group':
      return adoptGroup(call)
    case 'writer':
      return adoptWriter(call)
    case 'table':
      return adoptTable(call)
  }
}

/** As many records below the positions as the table has rows. Throws LEDGER_MOVE_REFUSED where not, or untellable. */
async function countedText(
  { config, view, topics }: AdoptCall,
  { positions }: Adoption,
): Promise<readonly string[]> {
  const wanted = new PartitionMap<WantedLog>()
  for (const [partition, end] of positions) {
    const facts = topics.get(partition.topic)
    const logStart = boundsAt({ topics }, partition)?.logStart
    if (facts === undefined || logStart === undefined) continue
    if (logStart > 0n) {
      throw moveRefused(
        view.name,
        `${partitionText(partition)} begins at ${logStart}: what retention has taken cannot be counted`,
        'leave out --count',
      )
    }
    wanted.set(partition, { range: { start: 0n, end }, topicId: facts.id })
  }
  const records = await withGroup(config, config.kafka.group, async (source) =>
    countRecords(wanted, { source, clock: systemClock }),
  )
  const rows = await rowsOf(view)
  if (rows === records)
    return [`${countText(records)} records below the positions, and as many rows`]
  throw moveRefused(
    view.name,
    `it has ${countText(rows)} rows, and the log has ${countText(records)} records below the positions: something is missing, there twice, or somebody else’s`,
    'leave out --count where you know why',
  )
}

/** The rows of the head, by its manifests. Throws LEDGER_MOVE_REFUSED where deletes make them another number. */
async function rowsOf({ name, loaded, context, standing }: LedgerView): Promise<bigint> {
  const [snapshot] = standing.reading.walk
  if (snapshot === undefined) return 0n
  const state = { metadata: loaded.metadata, snapshot }
  const { data, deletes, unreadable } = await readLiveFiles(context, state, NO_POSITIONS)
  const [fault] = unreadable
  if (fault !== undefined) throw fault
  if (deletes.length === 0) return data.reduce((sum, { rows }) => sum + rows, 0n)
  throw moveRefused(
    name,
    'it has delete files: how many rows are left was not worked out',
    'leave out --count, or compact the table first',
  )
}

/** What the log has no longer: the takeover is right, and `run` will ask for the gap to be accepted. */
function expiredTexts({ name, view }: LedgerView, positions: Adoption['positions']): string[] {
  return [...positions].flatMap(([partition, position]) => {
    const bounds = boundsAt(view.log, partition)
    if (bounds === undefined || position >= bounds.logStart) return []
    const gap = `${partitionText(partition)} [${position},${bounds.logStart})`
    return [
      `retention has taken ${gap} before anybody read it: firn ledger accept-gap ${name} goes on behind it`,
    ]
  })
}

function print(output: Output, { view, from }: AdoptCall, adoption: Adoption): JsonObject {
  const { positions, evidence } = adoption
  const warnings = [...adoption.warnings, ...expiredTexts(view, positions)]
  output.heading(`${view.name}: ${view.context.owner.writer} takes over from ${from}`)
  for (const line of evidence) output.mark('ok', line)
  for (const line of warnings) output.mark('warning', line)
  output.table(
    [
      { title: 'partition' },
      { title: 'goes on at', align: 'right' },
      { title: 'log', align: 'right' },
    ],
    [...positions].map(([partition, position]) => {
      const bounds = boundsAt(view.view.log, partition)
      const log = bounds === undefined ? '-' : `${bounds.logStart} to ${bounds.logEnd}`
      return [partitionText(partition), String(position), log]
    }),
  )
  return {
    table: view.name,
    from,
    ...adoption.document,
    evidence: [...evidence],
    warnings,
    positions: Object.fromEntries(
      [...positions].map(([partition, position]) => [partitionText(partition), position]),
    ),
  }
}
