import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  REFERENCE_FIELDS,
  REFERENCE_PARTITIONS,
  referenceRecords,
  referenceTable,
  writeReferenceFile,
} from '../../bench/reference-data.ts'
import { poll } from '../../rig/environment.ts'
import { BUILT_MAIN, buildFirn, type FirnWorker, startFirn } from '../../rig/firn.ts'
import { processorMs } from '../../rig/process-cost.ts'
import { type KafkaTool, kafkaTool } from '../../rig/produce.ts'
import { type Digest, type Engine, digestOfLines, readWith } from '../../rig/readers/readers.ts'
import { useRig } from '../support/rig.ts'
import { locate, rowsOf, untilRows } from './support/catalog-view.ts'
import { configFile, configText, startWorker, stopGently, untilLogged } from './support/job.ts'
import { type Seeded, seeded, testSeed } from '../support/seeded.ts'

const RECORDS = 1_000_000
const CHUNK = 20_000
const CHUNKS = RECORDS / CHUNK
const WORKERS = ['worker-1', 'worker-2', 'worker-3']
const KILLS = 10
const KILL_DELAY_MS = 800
const MEMORY_LIMIT = 400 * 1024 * 1024
const COLD_START_LIMIT_MS = 1_000
const COLD_STARTS_MAX = 10
const ENGINES: readonly Engine[] = ['duckdb', 'pyiceberg', 'spark']

const rig = useRig({ kafka: true, catalog: 'fixture', readers: ENGINES })

function eventsTable(table: string, topic: string): string {
  return referenceTable(table, topic, '    create:\n      partition_by: []')
}

/** One worker comes back as the same static member, the others as new ones. */
async function workerConfig(name: string): Promise<string> {
  const member = name === 'worker-1' ? `\n  instance_id: ${name}` : ''
  const text = configText(rig(), {
    writer: 'million',
    tables: eventsTable('e2e.million', 'events'),
    kafka: `  session_timeout_ms: 3000\n  heartbeat_interval_ms: 500${member}`,
  })
  return configFile(rig(), name, text)
}

/** The workers, and the most memory that any of them ever had. */
class Crew {
  readonly #workers = new Map<string, FirnWorker>()
  peakBytes = 0

  async start(name: string): Promise<void> {
    this.#workers.set(name, await startWorker(rig(), name, await workerConfig(name), BUILT_MAIN))
  }

  async killAndStart(name: string): Promise<void> {
    await this.tend()
    await this.#workers.get(name)?.kill9()
    await this.start(name)
  }

  /** What a supervisor does: a worker that found no broker or catalog when it started is started again. */
  async tend(): Promise<void> {
    for (const worker of this.all) {
      this.peakBytes = Math.max(this.peakBytes, (await worker.peakMemoryBytes()) ?? 0)
      if (worker.process.status() === undefined) continue
      const said = await worker.tail(20)
      if (!/^error (KAFKA|CATALOG)_UNAVAILABLE:/m.test(said.split('Killed').at(-1) ?? '')) {
        throw new Error(`${worker.name} ended by itself:\n${said}`)
      }
      await this.start(worker.name)
    }
  }

  get all(): readonly FirnWorker[] {
    return [...this.#workers.values()]
  }
}

/** At which chunks of the production what happens. */
function plan(random: Seeded): { kills: readonly number[]; catalog: number; broker: number } {
  const kills = Array.from({ length: KILLS }, () => 2 + random.below(CHUNKS - 2))
  const catalog = 5 + random.below(CHUNKS / 2)
  const broker = CHUNKS / 2 + random.below(CHUNKS / 2 - 5)
  return { kills, catalog, broker }
}

/** Produces the reference records; between its chunks, things are killed. */
async function produceUnderFire(tool: KafkaTool, crew: Crew, random: Seeded): Promise<number> {
  const { kills, catalog, broker } = plan(random)
  const faults: Promise<void>[] = []
  let killed = 0
  const killOne = async (delayMs: number, name: string): Promise<void> => {
    await setTimeout(delayMs)
    await crew.killAndStart(name)
    killed += 1
  }
  let turn = Promise.resolve()
  let failure: unknown
  const keep = (thrown: unknown): void => {
    failure ??= thrown
  }
  let batch: { value: string; partition: number }[] = []
  let index = 0
  for (const value of referenceRecords(RECORDS)) {
    batch.push({ value, partition: index % REFERENCE_PARTITIONS })
    index += 1
    if (batch.length < CHUNK) continue
    const chunk = index / CHUNK
    if (failure !== undefined) break
    await tool.produce('events', batch, { compression: 'zstd' })
    batch = []
    for (const at of kills) {
      if (at !== chunk) continue
      const [delay, name] = [random.below(KILL_DELAY_MS), random.pick(WORKERS)]
      // One after the other: a worker that is being started cannot be killed.
      turn = turn.then(async () => killOne(delay, name)).catch(keep)
    }
    if (chunk === catalog) faults.push(rig().catalog.restart().catch(keep))
    if (chunk === broker) await rig().kafka.brokers[0]?.restart()
  }
  await Promise.all([turn, ...faults])
  if (failure !== undefined) throw new Error('a fault was not as planned', { cause: failure })
  return killed
}

async function expectExact(engine: Engine, location: string, produced: Digest): Promise<void> {
  const summary = await readWith(engine, { metadataLocation: location }).summary({
    columns: Object.keys(produced.columns),
    key: ['event_id'],
  })
  expect(summary.rows, `${engine}: rows`).toBe(RECORDS)
  const perPartition = RECORDS / REFERENCE_PARTITIONS
  expect(summary.positions, `${engine}: positions`).toEqual(
    Array.from({ length: REFERENCE_PARTITIONS }, (_, partition) => ({
      topic: 'events',
      partition,
      rows: perPartition,
      distinct: perPartition,
      first: 0n,
      last: BigInt(perPartition - 1),
    })),
  )
  expect(summary.columns, `${engine}: digest of every column`).toEqual(produced.columns)
}

function quickEnough(ms: number): boolean {
  return ms < COLD_START_LIMIT_MS
}

// What is shipped is what has to be exact, and to start quickly.
beforeAll(buildFirn)

describe('a million records', () => {
  test('are in the table exactly once, through ten kills and two restarts', async () => {
    const seed = testSeed('E2E_SEED')
    process.stdout.write(`E2E_SEED=${seed}\n`)
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('events', { partitions: REFERENCE_PARTITIONS })
    const crew = new Crew()
    for (const name of WORKERS) await crew.start(name)
    expect(await produceUnderFire(tool, crew, seeded(seed))).toBe(KILLS)
    const done = async (): Promise<true | undefined> => {
      await crew.tend()
      return (await rowsOf(rig().catalog, 'e2e.million')) >= RECORDS ? true : undefined
    }
    expect(await poll(done, { deadlineMs: 120_000, everyMs: 500 })).toBe(true)
    for (const worker of crew.all) {
      // One that was only just started again has no ear for signals yet.
      await untilLogged(worker, ({ msg }) => msg === 'writer million started')
      await stopGently(worker)
    }
    // Not one more, after everybody has committed what they still had.
    expect(await rowsOf(rig().catalog, 'e2e.million')).toBe(RECORDS)

    const path = join(rig().scratch, 'produced.ndjson')
    await writeReferenceFile(path, RECORDS)
    const produced = await digestOfLines({ path, fields: REFERENCE_FIELDS, key: ['event_id'] })
    const location = await locate(rig().catalog, 'e2e.million')
    for (const engine of ENGINES) await expectExact(engine, location, produced)

    const megabytes = Math.round(crew.peakBytes / 2 ** 20)
    process.stdout.write(`peak memory of a worker: ${megabytes} MB\n`)
    expect(crew.peakBytes).toBeGreaterThan(0)
    expect(crew.peakBytes).toBeLessThan(MEMORY_LIMIT)
  })

  test('a worker reads within a second of its start', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('cold', { partitions: REFERENCE_PARTITIONS })
    await tool.produce(
      'cold',
      [...referenceRecords(10)].map((value) => ({ value })),
    )
    const text = configText(rig(), {
      writer: 'cold',
      tables: eventsTable('e2e.cold', 'cold'),
    })
    const config = await configFile(rig(), 'cold', text)
    const first = await startWorker(rig(), 'cold-0', config)
    await untilRows(rig().catalog, 'e2e.cold', { rows: 10, workers: [first] })
    await stopGently(first)
    const times: number[] = []
    const busy: number[] = []
    // Neighbours' load only ever adds to it, so the least counts; and of a start that waited for a core, its own work.
    const quick = (): boolean => [...times, ...busy].some(quickEnough)
    for (let run = 1; run <= COLD_STARTS_MAX && !quick(); run += 1) {
      const at = { name: `cold-${run}`, config, scratch: rig().scratch, main: BUILT_MAIN }
      const worker = await startFirn(at)
      const line = await untilLogged(worker, ({ msg }) => msg.startsWith('reading cold/'))
      times.push(Date.parse(line.time) - worker.startedAtMs)
      busy.push(await processorMs(worker.pid))
      await stopGently(worker)
    }
    process.stdout.write(
      `start to first fetch: ${times.join(', ')} ms; of a processor: ${busy.join(', ')} ms\n`,
    )
    expect(quick()).toBe(true)
  })
})
