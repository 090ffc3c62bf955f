import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { REFERENCE_PARTITIONS, referenceRecords } from '../bench/reference-data.ts'
import { messageOf } from '../src/core/errors.ts'
import {
  ALL_ARTEFACTS,
  fixtureJar,
  kafkaJars,
  motoVenv,
  nessieJar,
  readersVenv,
  versitygw,
} from './artefacts.ts'
import { type Artefact, ensure, isCached } from './cache.ts'
import { monotonicMs, poll, stateDirectory } from './environment.ts'
import { EXAMPLE_TOPIC, exampleConfig } from './example-config.ts'
import { signalIfAlive } from './guarded.ts'
import { kafkaTool } from './produce.ts'
import { duration, megabytes } from './progress.ts'
import { RigError } from './rig-error.ts'
import { type RigState, readState } from './state.ts'

const HELP = `npm run rig -- COMMAND        real services on this machine, for trying things out

  up [--s3] [--s3-server moto|versitygw] [--nessie] [--brokers 3]
                 starts Kafka and a REST catalog; tables go to a local directory, or to S3
  produce [N]    writes N (10000) JSON records to the topic ${EXAMPLE_TOPIC}
  status         what is up, and where; what is fetched
  down           stops everything and removes its data
  fetch [NAME…]  fetches what the tests need, or the named ones (see status), before they need it

Example:  npm run rig -- up && npm run rig -- produce && npm run firn -- run --config .rig/firn.yaml
`

const CONFIG_FILE = join(stateDirectory(), 'firn.yaml')
const KEEPER_LOG = join(stateDirectory(), 'keeper.log')
const KEEPER = fileURLToPath(import.meta.resolve('./keeper.ts'))
const UP_MS = 180_000
const DOWN_MS = 60_000
const PRODUCE_BATCH = 20_000

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

interface UpOptions {
  readonly s3: 'moto' | 'versitygw' | 'any' | undefined
  readonly nessie: boolean
  readonly brokers: 1 | 3
}

async function up(options: UpOptions): Promise<void> {
  const running = await readState()
  if (running !== undefined) {
    say('The rig is up already. `npm run rig -- down` first, to start it otherwise.')
    describe(running)
    return
  }
  // Nessie keeps its tables on S3.
  const s3 = options.s3 ?? (options.nessie ? 'any' : undefined)
  for (const artefact of wanted({ ...options, s3 })) await ensure(artefact)
  const started = monotonicMs()
  const keeper = await spawnKeeper(
    JSON.stringify({
      brokers: options.brokers,
      catalog: options.nessie ? 'nessie' : 'fixture',
      s3,
    }),
  )
  const state = await poll(
    async () => {
      if (!signalIfAlive(keeper, 0)) throw new RigError(await readFile(KEEPER_LOG, 'utf8'))
      return readState()
    },
    { deadlineMs: UP_MS },
  )
  if (state === undefined) {
    signalIfAlive(keeper, 'SIGTERM')
    throw new RigError(`the services were not up after ${UP_MS / 1000} s`)
  }
  const config = exampleConfig(state)
  await writeFile(CONFIG_FILE, config)
  say(`Up after ${duration(monotonicMs() - started)}. A configuration for it:\n`)
  say(config.replaceAll(/^(?=.)/gm, '  ').trimEnd())
  describe(state)
}

function wanted({ s3, nessie }: UpOptions): Artefact[] {
  const server = s3 === 'versitygw' ? versitygw : isCached(versitygw) ? undefined : motoVenv
  return [
    kafkaJars,
    nessie ? nessieJar : fixtureJar,
    ...(s3 === undefined || server === undefined ? [] : [server]),
  ]
}

/** Starts the process that holds the services, beyond the end of this one. */
async function spawnKeeper(options: string): Promise<number> {
  await mkdir(stateDirectory(), { recursive: true })
  const log = openSync(KEEPER_LOG, 'w')
  const keeper = spawn(process.execPath, [KEEPER, options], {
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  keeper.unref()
  if (keeper.pid === undefined) throw new RigError('the rig’s keeper did not start')
  return keeper.pid
}

function describe({ kafka, catalog, s3, scratch }: RigState): void {
  const config = relative(process.cwd(), CONFIG_FILE)
  const lines = [
    ['Kafka', kafka.bootstrap],
    ['catalog', `${catalog.uri}  (${catalog.kind})`],
    ['warehouse', catalog.warehouse],
    ...(s3 === undefined ? [] : [['S3', `${s3.endpoint}  (${s3.kind})`]]),
    ['logs, data', scratch],
    ['firn.yaml', config],
  ]
  say('')
  for (const [name = '', value = ''] of lines) say(`  ${name.padEnd(11)} ${value}`)
  say(`
Next:  npm run rig -- produce 10000
       npm run firn -- run --config ${config}
       npm run rig -- down`)
}

async function down(): Promise<void> {
  const state = await readState()
  if (state === undefined) {
    say('Nothing is up.')
    return
  }
  signalIfAlive(state.pid, 'SIGTERM')
  const ended = await poll(async () => (signalIfAlive(state.pid, 0) ? undefined : true), {
    deadlineMs: DOWN_MS,
  })
  if (ended === undefined) {
    // Its services end with it.
    signalIfAlive(state.pid, 'SIGKILL')
  }
  say('Down.')
}

async function status(): Promise<void> {
  const state = await readState()
  if (state === undefined) say('Nothing is up.')
  else describe(state)
  say('\nFetched:')
  for (const artefact of ALL_ARTEFACTS) {
    const mark = isCached(artefact) ? '✓' : '–'
    say(
      `  ${mark} ${artefact.name.padEnd(12)} ${artefact.title} (${megabytes(artefact.megabytes)})`,
    )
  }
}

async function produce(count: number): Promise<void> {
  const state = await readState()
  if (state === undefined) throw new RigError('nothing is up', { help: 'First: npm run rig -- up' })
  const started = monotonicMs()
  await using tool = kafkaTool(state.kafka.bootstrap)
  let batch: { value: string; partition: number }[] = []
  let index = 0
  for (const value of referenceRecords(count)) {
    batch.push({ value, partition: index % REFERENCE_PARTITIONS })
    index += 1
    if (batch.length < PRODUCE_BATCH && index < count) continue
    await tool.produce(EXAMPLE_TOPIC, batch, { compression: 'zstd' })
    batch = []
  }
  say(`${count} records to ${EXAMPLE_TOPIC} in ${duration(monotonicMs() - started)}.`)
}

async function fetchArtefacts(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => ALL_ARTEFACTS.every((one) => one.name !== name))
  if (unknown.length > 0)
    throw new RigError(`there is nothing named ${unknown.join(', ')} to fetch`)
  // What the ordinary tests start. The rest is fetched when it is asked for.
  const usual = [kafkaJars, fixtureJar, readersVenv, motoVenv, nessieJar]
  const chosen =
    names.length === 0 ? usual : ALL_ARTEFACTS.filter(({ name }) => names.includes(name))
  for (const artefact of chosen) await ensure(artefact)
  say(`${chosen.map(({ name }) => name).join(', ')}: there.`)
}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      s3: { type: 'boolean', default: false },
      's3-server': { type: 'string' },
      nessie: { type: 'boolean', default: false },
      brokers: { type: 'string', default: '1' },
      help: { type: 'boolean', default: false },
    },
  })
  const [command, ...rest] = positionals
  if (command === undefined || values.help) {
    say(HELP)
    return values.help ? 0 : 2
  }
  switch (command) {
    case 'up':
      await up({
        s3: s3Server(values['s3-server'], values.s3),
        nessie: values.nessie,
        brokers: values.brokers === '3' ? 3 : 1,
      })
      return 0
    case 'down':
      await down()
      return 0
    case 'status':
      await status()
      return 0
    case 'produce':
      await produce(Number(rest[0] ?? 10_000))
      return 0
    case 'fetch':
      await fetchArtefacts(rest)
      return 0
    default:
      say(`There is no command ${command}.\n\n${HELP}`)
      return 2
  }
}

function s3Server(server: string | undefined, s3: boolean): UpOptions['s3'] {
  if (server === undefined) return s3 ? 'any' : undefined
  if (server === 'moto' || server === 'versitygw') return server
  throw new RigError(`--s3-server is moto or versitygw, not ${server}`)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
}
