import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { messageOf } from '../../src/core/errors.ts'
import { type Artefact, ensure, isCached } from '../cache.ts'
import { fixtureJar, kafkaJars, motoVenv, readersVenv, versitygw } from '../artefacts.ts'
import { poll } from '../environment.ts'
import { type FirnWorker, runFirn, startFirn } from '../firn.ts'
import { kafkaTool } from '../produce.ts'
import { RigError } from '../rig-error.ts'
import { type Rig, startRig } from '../start.ts'
import { type Proof, isExact, prove, tableSize } from './proof.ts'
import { type Screen, count, openScreen } from './screen.ts'
import { type Produced, SHOP_PARTITIONS, type ShopTopic, produceShop, shopRounds } from './shop.ts'
import { shopConfig } from './shop-config.ts'

const HELP = `npm run demo            Kafka to Iceberg, exactly once, with two workers, a kill -9 and a catalog outage
npm run demo -- --s3    the same with the tables on an S3 server
npm run demo -- --keep  leaves everything up until Ctrl-C
`
const COUNTS = { orders: 60_000, page_views: 120_000, rounds: 36 }
/** So that the faults below happen while records arrive. */
const ROUND_MS = 220
const OUTAGE_MS = 4_000
const RESTART_MS = 1_500
const DONE_MS = 90_000
const STOP_MS = 20_000
const HISTORY_LINES = 14
const TOPIC_NAMES: readonly ShopTopic[] = ['orders', 'page_views']

interface Stage {
  readonly rig: Rig
  readonly screen: Screen
  readonly s3: boolean
  readonly config: string
  /** By their names; the fault replaces one. */
  readonly workers: Map<string, FirnWorker>
}

async function fetchAll(s3: boolean): Promise<void> {
  const server = isCached(versitygw) ? versitygw : motoVenv
  const wanted: readonly Artefact[] = [kafkaJars, fixtureJar, readersVenv, ...(s3 ? [server] : [])]
  for (const artefact of wanted) await ensure(artefact)
}

async function setStage(rig: Rig, options: { screen: Screen; s3: boolean }): Promise<Stage> {
  const { screen, s3 } = options
  screen.step(`Kafka at ${rig.kafka.bootstrap}, Iceberg REST catalog at ${rig.catalog.uri}`)
  screen.step(`tables below ${rig.catalog.warehouse}`)
  const config = join(rig.scratch, 'firn.yaml')
  const store = s3 ? rig.s3.s3 : undefined
  const at = { bootstrap: rig.kafka.bootstrap, catalogUri: rig.catalog.uri, s3: store }
  await writeFile(config, shopConfig(at))
  return { rig, screen, s3, config, workers: new Map() }
}

async function startWorker({ rig, config, workers, screen }: Stage, name: string): Promise<void> {
  const worker = await startFirn({ name, config, scratch: rig.scratch })
  workers.set(name, worker)
  screen.step(`${name} runs: process ${worker.pid}`)
}

/** Produces at a steady pace, and resolves when all is written. */
async function produceAll({ rig, screen }: Stage): Promise<Produced> {
  await using tool = kafkaTool(rig.kafka.bootstrap)
  const produced = await produceShop(tool, shopRounds(COUNTS), {
    scratch: rig.scratch,
    beforeRound: async () => setTimeout(ROUND_MS),
  })
  const { visible, aborted, transactions } = produced
  screen.step(
    `all written: ${count(visible.orders)} orders and ${count(visible.page_views)} page views; ` +
      `${transactions.committed} transactions committed, ${transactions.aborted} aborted ` +
      `(${count(aborted.orders + aborted.page_views)} records that nobody may see)`,
  )
  return produced
}

/** Rows in both tables as the catalog states them. */
async function rowsInTables({ rig }: Stage): Promise<number> {
  const sizes = await Promise.all(
    TOPIC_NAMES.map(async (topic) => tableSize(rig.catalog.uri, topic)),
  )
  return sizes.reduce((sum, { rows }) => sum + rows, 0)
}

async function untilRows(stage: Stage, wanted: number): Promise<number> {
  const rows = await poll(
    async () => {
      failIfEnded(stage)
      const found = await rowsInTables(stage)
      return found >= wanted ? found : undefined
    },
    { deadlineMs: DONE_MS, everyMs: 200 },
  )
  if (rows === undefined) {
    const found = await rowsInTables(stage)
    throw new RigError(
      `after ${DONE_MS / 1_000} s there are ${found} rows, not ${wanted}.\n${await lastLines(stage)}`,
    )
  }
  return rows
}

/** A worker that ends by itself is a fault, whatever the tables say. */
function failIfEnded({ workers }: Stage): void {
  for (const { name, process, logFile } of workers.values()) {
    const status = process.status()
    if (status !== undefined) {
      throw new RigError(`${name} ended by itself with status ${status}`, { help: logFile })
    }
  }
}

async function lastLines({ workers }: Stage): Promise<string> {
  const logs = [...workers.values()].map(async (worker) => {
    return `The end of ${worker.name}'s log:
${await worker.tail(5)}`
  })
  return (await Promise.all(logs)).join('\n')
}

/** While records arrive: one worker is killed and started again, then the catalog goes away and comes back. */
async function disturb(stage: Stage): Promise<void> {
  const { rig, screen, workers } = stage
  const total = COUNTS.orders + COUNTS.page_views
  const before = await untilRows(stage, total * 0.15)
  const victim = workers.get('worker-2')
  if (victim === undefined) throw new RigError('there is no second worker')
  screen.fault(`kill -9 ${victim.pid}: worker-2 is gone, with ${count(before)} rows in the tables`)
  workers.delete(victim.name)
  await victim.kill9()
  await setTimeout(RESTART_MS)
  await startWorker(stage, 'worker-2')
  const rows = await untilRows(stage, total * 0.35)
  screen.fault(`the catalog stops, with ${count(rows)} rows in the tables`)
  await rig.catalog.stop()
  await setTimeout(OUTAGE_MS)
  await rig.catalog.start()
  screen.fault(`the catalog is back after ${OUTAGE_MS / 1_000} s`)
}

async function showProof(stage: Stage): Promise<boolean> {
  const { rig, screen, s3 } = stage
  const at = { catalogUri: rig.catalog.uri, scratch: rig.scratch, s3: s3 ? rig.s3.s3 : undefined }
  const proofs: Proof[] = []
  for (const topic of TOPIC_NAMES) proofs.push(await prove(topic, at))
  screen.title('What DuckDB finds, against what was produced')
  const titles = ['table', 'produced', 'rows', 'distinct (partition, offset)']
  screen.table([
    [...titles, 'missing', 'duplicates', 'aborted or foreign'],
    ...proofs.map((one) => [
      one.table,
      ...[one.produced, one.rows, one.distinct, one.missing, one.duplicates, one.unexpected].map(
        count,
      ),
    ]),
  ])
  return proofs.every(isExact)
}

/** What the program itself tells of the tables. */
async function showVerbs({ config, screen }: Stage): Promise<boolean> {
  let good = true
  for (const args of [['status'], ['history', 'shop.orders']]) {
    screen.title(`firn ${args.join(' ')}`)
    const { status, stdout, stderr } = await runFirn([...args, '--config', config])
    const lines = stdout.trimEnd().split('\n')
    const shown = lines.length > HISTORY_LINES ? [...lines.slice(0, HISTORY_LINES), '…'] : lines
    screen.plain(shown.map((line) => `  ${line}`).join('\n'))
    if (status !== 0) {
      screen.plain(`  ended with status ${status}: ${stderr.trimEnd()}`)
      good = false
    }
  }
  return good
}

async function stopWorkers({ workers, screen }: Stage): Promise<boolean> {
  const late = setTimeout(STOP_MS, 'late' as const, { ref: false })
  const ends = await Promise.all(
    [...workers.values()].map(async (worker) => Promise.race([worker.stop(), late])),
  )
  const good = ends.every((status) => status === 0)
  screen.step(
    good ? 'both workers stopped by SIGTERM, exit status 0' : `workers ended: ${ends.join(', ')}`,
  )
  return good
}

async function play(stage: Stage): Promise<boolean> {
  const { rig, screen } = stage
  await using tool = kafkaTool(rig.kafka.bootstrap)
  for (const topic of TOPIC_NAMES) await tool.createTopic(topic, { partitions: SHOP_PARTITIONS })
  screen.step(`topics orders and page_views, ${SHOP_PARTITIONS} partitions each`)
  await Promise.all([startWorker(stage, 'worker-1'), startWorker(stage, 'worker-2')])
  const [produced] = await Promise.all([produceAll(stage), disturb(stage)])
  await untilRows(stage, produced.visible.orders + produced.visible.page_views)
  screen.step('everything produced is in the tables')
  const exact = await showProof(stage)
  const told = await showVerbs(stage)
  return exact && told
}

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      s3: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return 0
  }
  await fetchAll(values.s3)
  const screen = openScreen()
  screen.title('Firn: Kafka topics to Iceberg tables, exactly once')
  await using rig = await startRig({
    kafka: true,
    catalog: 'fixture',
    ...(values.s3 ? { s3: 'any' } : {}),
  })
  const stage = await setStage(rig, { screen, s3: values.s3 })
  const exact = await play(stage)
  const seconds = (screen.elapsedMs() / 1_000).toFixed(0)
  screen.verdict(
    exact,
    exact
      ? `Exactly once, across a kill -9 and a catalog outage, in ${seconds} s.`
      : 'Not as it should be: see above.',
  )
  if (values.keep) await keepUp(stage)
  const stopped = await stopWorkers(stage)
  if (!values.keep) screen.plain(GO_ON)
  return exact && stopped ? 0 : 1
}

/** Everything stays up, workers too, until Ctrl-C. */
async function keepUp({ screen, config, rig }: Stage): Promise<void> {
  screen.plain(`
All of it stays up until Ctrl-C; ${join(rig.scratch, '*.log')} is what the workers say. In another terminal:

  npm run firn -- status --config ${config}
  npm run firn -- history shop.page_views --config ${config}
  npm run firn -- check --config ${config}`)
  const interrupted = Promise.withResolvers<undefined>()
  process.once('SIGINT', () => interrupted.resolve(undefined))
  process.once('SIGTERM', () => interrupted.resolve(undefined))
  // A promise alone does not keep a process alive.
  const alive = setInterval(() => undefined, 1 << 30)
  await interrupted.promise
  clearInterval(alive)
}

const GO_ON = `
Everything is stopped and removed. To go on playing:

  npm run rig -- up && npm run rig -- produce 100000
  npm run firn -- run --config .rig/firn.yaml
  npm run rig -- down
`

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
