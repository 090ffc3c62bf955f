/**
 * The whole way, on real parts: a topic of reference records (zstd, 4 partitions) into a table, by Firn with and without
 * encoder threads and, if asked, by Apache's Kafka Connect sink. Broker, catalog and whoever is measured share the
 * machine; tables are in a local directory. The programs take turns, round by round; each figure is the median. A run
 * counts only where DuckDB finds every record once.
 *
 *     npm run bench -- [--records N] [--rounds N] [--peer connect] [--json]
 */
import { writeFile } from 'node:fs/promises'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { poll } from '../rig/environment.ts'
import { startFirn } from '../rig/firn.ts'
import { peakMemoryBytes, processorMs } from '../rig/process-cost.ts'
import { kafkaTool } from '../rig/produce.ts'
import { readWith } from '../rig/readers/readers.ts'
import { type ConnectWorker, startConnect } from '../rig/services/connect.ts'
import { type Rig, startRig } from '../rig/start.ts'
import { locate, rowsOf } from '../test/e2e/support/catalog-view.ts'
import { REFERENCE_PARTITIONS, referenceRecords, referenceTable } from './reference-data.ts'

const TOPIC = 'events'
const CHUNK = 20_000
const DEADLINE_MS = 600_000

/** What one run of one program took. */
interface Run {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakMb: number
}

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    peer: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const records = Number(values.records)
const rounds = Number(values.rounds)
if (!(records >= CHUNK) || !(rounds >= 1))
  throw new Error(`--records from ${CHUNK}, --rounds from 1`)
if (values.peer !== undefined && values.peer !== 'connect') throw new Error('--peer takes connect')

await using rig = await startRig({ kafka: true, catalog: 'fixture', readers: ['duckdb'] })
const { bytes, sample } = await produce()
const programs: Record<string, (round: number) => Promise<Run>> = {
  'firn, threads: 1': async (round) => runFirn(rig, 1, round),
  'firn, threads: 0': async (round) => runFirn(rig, 0, round),
  'JSON.parse alone, one thread': async () => parseAlone(sample),
  ...(values.peer === undefined
    ? {}
    : { 'Kafka Connect sink': async (round) => runConnect(rig, round) }),
}
const runs = new Map<string, Run[]>(Object.keys(programs).map((name) => [name, []]))
for (let round = 0; round < rounds; round++) {
  for (const [name, run] of Object.entries(programs)) runs.get(name)?.push(await run(round))
}
print()

/** Into the topic; the first records stay at hand for who only parses. */
async function produce(): Promise<{ bytes: number; sample: readonly Buffer[] }> {
  await using tool = kafkaTool(rig.kafka.bootstrap)
  await tool.createTopic(TOPIC, { partitions: REFERENCE_PARTITIONS })
  await tool.createTopic('nothing', { partitions: 1 })
  const kept: Buffer[] = []
  let [chunk, index, size]: [{ value: string; partition: number }[], number, number] = [[], 0, 0]
  for (const value of referenceRecords(records)) {
    chunk.push({ value, partition: index % REFERENCE_PARTITIONS })
    size += value.length
    if (kept.length < CHUNK) kept.push(Buffer.from(value))
    index += 1
    if (chunk.length < CHUNK && index < records) continue
    await tool.produce(TOPIC, chunk, { compression: 'zstd' })
    chunk = []
  }
  return { bytes: size, sample: kept }
}

function parseAlone(texts: readonly Buffer[]): Run {
  const cpu = process.cpuUsage()
  const began = performance.now()
  let parsed = 0
  while (parsed < records) {
    for (const text of texts) JSON.parse(text.toString())
    parsed += texts.length
  }
  const { user, system } = process.cpuUsage(cpu)
  const scale = records / parsed
  return {
    seconds: (scale * (performance.now() - began)) / 1_000,
    cpuSeconds: (scale * (user + system)) / 1e6,
    peakMb: 0,
  }
}

async function runFirn(
  { kafka, catalog, scratch }: Rig,
  threads: number,
  round: number,
): Promise<Run> {
  const name = `threads_${threads}_${round}`
  const config = join(scratch, `${name}.yaml`)
  await writeFile(
    config,
    `writer: ${name}
threads: ${threads}
kafka: {brokers: ['${kafka.bootstrap}']}
catalog: {uri: ${catalog.uri}}
flush: {interval_ms: 5000, idle_ms: 200}
http: {enabled: false}
log: {format: json}
tables:
${referenceTable(`bench.${name}`, TOPIC)}
`,
  )
  const worker = await startFirn({ name, config, scratch })
  try {
    await untilRows(`bench.${name}`, async () => worker.tail(20))
    const run = await costOf(worker.pid)
    const log = await worker.log()
    const began = log.find(({ msg }) => msg.startsWith('reading'))
    const ended = log.findLast(({ msg }) => msg.startsWith('committed'))
    await expectExact(`bench.${name}`)
    const tookMs = Date.parse(ended?.time ?? '') - Date.parse(began?.time ?? '')
    return { ...run, seconds: tookMs / 1_000 }
  } finally {
    await worker.kill9()
  }
}

/** Its boot is not counted, its commit interval is: 5 s, as Firn's. */
async function runConnect({ kafka, catalog, scratch }: Rig, round: number): Promise<Run> {
  const table = `bench.connect_${round}`
  await createTable(table)
  const place = join(scratch, `connect-${round}`)
  const connect: ConnectWorker = await startConnect({ scratch: place, bootstrap: kafka.bootstrap })
  try {
    const boot = await processorMs(connect.pid)
    const name = `bench${round}`
    await connect.putSink({
      name,
      topics: [TOPIC],
      table,
      catalogUri: catalog.uri,
      commitIntervalMs: 5_000,
    })
    await connect.untilRunning(name)
    const began = performance.now()
    await untilRows(table, async () => connect.logTail())
    const seconds = (performance.now() - began) / 1_000
    const { cpuSeconds, peakMb } = await costOf(connect.pid)
    await connect.deleteConnector(name)
    await expectExact(table)
    return { seconds, cpuSeconds: cpuSeconds - boot / 1_000, peakMb }
  } finally {
    await connect.kill9()
  }
}

/** As Firn would have it, without its own column: a worker without records makes the table. */
async function createTable(table: string): Promise<void> {
  const name = table.replace('.', '-')
  const config = join(rig.scratch, `${name}.yaml`)
  await writeFile(
    config,
    `writer: ${name}
kafka: {brokers: ['${rig.kafka.bootstrap}']}
catalog: {uri: ${rig.catalog.uri}}
http: {enabled: false}
log: {format: json}
tables:
${referenceTable(table, 'nothing', '    metadata_column: {enabled: false}')}
`,
  )
  const worker = await startFirn({ name, config, scratch: rig.scratch })
  const made = await poll(
    async () =>
      (await worker.log()).some(({ msg }) => msg.startsWith('reading')) ? true : undefined,
    { deadlineMs: 60_000, everyMs: 100 },
  )
  await worker.stop()
  if (made === undefined) throw new Error(`${table} was not made: ${await worker.tail(10)}`)
}

async function untilRows(table: string, why: () => Promise<string>): Promise<void> {
  const reached = await poll(
    async () => ((await rowsOf(rig.catalog, table)) >= records ? true : undefined),
    { deadlineMs: DEADLINE_MS, everyMs: 250 },
  )
  if (reached === undefined) throw new Error(`${table} did not get there: ${await why()}`)
}

async function costOf(pid: number): Promise<Pick<Run, 'cpuSeconds' | 'peakMb'>> {
  const cpuSeconds = (await processorMs(pid)) / 1_000
  return { cpuSeconds, peakMb: ((await peakMemoryBytes(pid)) ?? 0) / 2 ** 20 }
}

async function expectExact(table: string): Promise<void> {
  const metadataLocation = await locate(rig.catalog, table)
  const [row] = await readWith('duckdb', { metadataLocation }).sql(
    'SELECT count(*)::INTEGER AS "rows", count(DISTINCT event_id)::INTEGER AS ids FROM t',
  )
  if (row?.['rows'] === records && row['ids'] === records) return
  throw new Error(`${table} is not exact: ${JSON.stringify(row)}`)
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

function print(): void {
  const millions = records / 1e6
  const rows = [...runs].map(([name, own]) => {
    const seconds = median(own.map((run) => run.seconds))
    return {
      program: name,
      'records/s': Math.round(records / seconds),
      'MB/s': Math.round(bytes / seconds / 1e6),
      'CPU s/million': Number((median(own.map((run) => run.cpuSeconds)) / millions).toFixed(2)),
      'peak MB': Math.round(median(own.map((run) => run.peakMb))),
    }
  })
  if (values.json)
    console.log(JSON.stringify({ records, rounds, cores: availableParallelism(), rows }))
  else {
    console.log(
      `${records} records of ${Math.round(bytes / records)} bytes, ${rounds} rounds, ${availableParallelism()} × ${cpus()[0]?.model ?? '?'}`,
    )
    console.table(rows)
  }
}
