import { findKey } from '../audit/find-key.ts'
import type { Place } from '../audit/locate-rows.ts'
import { decideTrace } from '../audit/trace-decision.ts'
import { traceFacts } from '../audit/trace.ts'
import { tableText } from '../catalog/catalog.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import type { RecordSource, TopicDescription } from '../consumer/record-source.ts'
import { systemClock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { PartitionMap, partitionText, type TopicPartition } from '../core/offsets.ts'
import { selectionOf, selects } from '../worker/selects.ts'
import type { Invocation } from './arguments.ts'
import { memoryOption, MEMORY_OPTION, readState, snapshotOption } from './audited-state.ts'
import { readConfigFile } from './config-file.ts'
import { countText } from './format.ts'
import type { ExitCode, Output } from './output.ts'
import { Progress, type ProgressSink } from './progress.ts'
import type { VerbBody } from './run-cli.ts'
import { loadExisting, tableNamed } from './table-operand.ts'
import { timeOption, traceTarget, type TraceTarget } from './trace-operand.ts'
import { traceJson, traceText } from './trace-text.ts'
import { withPorts, type Ports } from './with-ports.ts'

const LIMIT_DEFAULT = 10

/** `firn trace TOPIC/P@OFFSET`: what became of one record. */
export function traceVerb(
  env: Readonly<Record<string, string | undefined>>,
  stderr: ProgressSink,
): VerbBody {
  return {
    options: {
      key: {
        type: 'string',
        value: 'KEY',
        description: 'the newest records of TOPIC or TOPIC/P with this key: reads the whole log',
      },
      time: {
        type: 'string',
        value: 'TIME',
        description: 'the first record of each partition of TOPIC, or of TOPIC/P, at or after it',
      },
      table: {
        type: 'string',
        value: 'NAME',
        description: 'this table; default: all that take it',
      },
      branch: { type: 'string', value: 'NAME', description: "this branch; default: the writer's" },
      snapshot: { type: 'string', value: 'ID', description: 'the table as of this snapshot' },
      limit: {
        type: 'string',
        value: 'N',
        description: `of a key, the newest N records; default ${LIMIT_DEFAULT}`,
      },
      'memory-max-mb': MEMORY_OPTION,
    },
    example: {
      command: 'firn trace orders/3@1200',
      does: 'tells where the record at offset 1200 of partition 3 is',
    },
    run: async (invocation, output) => {
      const config = readConfigFile(invocation.configPath, env)
      const [key, time] = [invocation.text('key'), invocation.text('time')]
      const target = traceTarget(invocation.operands[0] ?? '', { key, time })
      const progress = new Progress(stderr, { clock: systemClock, wanted: false })
      return withPorts(config, async (ports) => {
        const call = { config, invocation, ports, progress }
        const places = await placesOf(target, call, output)
        progress.end()
        return traceAll(places, call, output)
      })
    },
  }
}

interface TraceCall {
  readonly config: Config
  readonly invocation: Invocation
  readonly ports: Ports
  readonly progress: Progress
}

/** The positions that were asked for. */
async function placesOf(
  target: TraceTarget,
  call: TraceCall,
  output: Output,
): Promise<readonly Place[]> {
  if (target.kind === 'position') {
    const { topic, partition, offset } = target
    return [{ topic, partition, offset }]
  }
  const { source } = call.ports
  const topic = await topicOf(source, target)
  const partitions = partitionsOf(topic, target)
  if (target.kind === 'key')
    return keyPlaces({ topic, partitions, key: target.value }, call, output)
  const positions = await source.positionsAt(partitions, timeOption(target.value))
  return [...positions].map(([at, offset]) => ({
    topic: at.topic,
    partition: at.partition,
    offset,
  }))
}

async function topicOf(
  source: RecordSource,
  { topic }: Pick<TraceTarget, 'topic'>,
): Promise<TopicDescription> {
  const [found] = await source.describeTopics({ kind: 'names', names: [topic] })
  if (found !== undefined) return found
  throw new FirnError('KAFKA_TOPIC_MISSING', `topic ${topic} does not exist`)
}

function partitionsOf(
  { topic, partitions }: TopicDescription,
  { partition: wanted }: { readonly partition: number | undefined },
): readonly TopicPartition[] {
  const found = partitions.filter((partition) => wanted === undefined || partition === wanted)
  if (found.length > 0) return found.map((partition) => ({ topic, partition }))
  throw new FirnError('USAGE', `topic ${topic} has no partition ${wanted}`)
}

async function keyPlaces(
  asked: {
    readonly topic: TopicDescription
    readonly partitions: readonly TopicPartition[]
    readonly key: string
  },
  { config, invocation, ports: { source }, progress }: TraceCall,
  output: Output,
): Promise<readonly Place[]> {
  const { topic, partitions, key } = asked
  const bounds = await source.logBounds(partitions)
  const wanted = bounds.map(({ logStart, logEnd }) => ({
    range: { start: logStart, end: logEnd },
    topicId: topic.id,
  }))
  const limit = limitOf(invocation.text('limit'))
  const { places, total, ends } = await findKey(new PartitionMap(wanted), {
    source,
    clock: systemClock,
    isolation: config.kafka.isolation,
    key: Buffer.from(key),
    limit,
    progress: (records) => {
      progress.tell(() => `${countText(records)} records read`)
    },
  })
  for (const [at, why] of ends) {
    output.mark('warning', `${partitionText(at)} was not read to its end: ${why}`)
  }
  if (total > places.length) output.line(`the newest ${places.length} of ${total} records: --limit`)
  return places
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return LIMIT_DEFAULT
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new FirnError('USAGE', `--limit takes a whole number from 1 to 9999, found ${text}`)
}

async function traceAll(
  places: readonly Place[],
  call: TraceCall,
  output: Output,
): Promise<ExitCode> {
  const answers: JsonObject[] = []
  if (places.length === 0) output.mark('note', 'no such record is in the log')
  for (const table of tablesOf(call, places)) {
    const name = tableText(table.table)
    for (const facts of await factsIn(table, call, places)) {
      const outcome = decideTrace(facts)
      answers.push(traceJson(facts, outcome, name))
      const { mark, text, details } = traceText(facts, outcome, name)
      output.mark(mark, text)
      for (const detail of details) output.line(`    ${detail}`)
    }
  }
  output.document({ positions: answers })
  return 0
}

/** The tables that take the topic; where none does, all of them: each says so. */
function tablesOf(
  { config, invocation }: TraceCall,
  [place]: readonly Place[],
): readonly TableConfig[] {
  if (place === undefined) return []
  const named = invocation.text('table')
  if (named !== undefined) return [tableNamed(config, named)]
  const taking = config.tables.filter((table) => selects(selectionOf(table), place.topic))
  return taking.length === 0 ? config.tables : taking
}

async function factsIn(
  table: TableConfig,
  { config, invocation, ports }: TraceCall,
  places: readonly Place[],
): ReturnType<typeof traceFacts> {
  const { catalog, source, storeOf } = ports
  const loaded = await loadExisting(catalog, table)
  const store = storeOf(loaded.config)
  const { audited, lists } = await readState(
    { config, table, loaded, store },
    {
      branch: invocation.text('branch'),
      snapshotId: snapshotOption(invocation.text('snapshot')),
    },
  )
  return traceFacts(
    {
      table: audited,
      column: table.metadataColumn.name,
      store,
      lists,
      clock: systemClock,
      log: { source, isolation: config.kafka.isolation },
      isRouted: (topic) => selects(selectionOf(table), topic),
      memoryBytesMax: memoryOption(invocation.text('memory-max-mb')),
    },
    places,
  )
}
