import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { poll } from '../rig/environment.ts'
import {
  BUILT_MAIN,
  type FirnWorker,
  imageEnvironment,
  runFirn as runVerb,
  startFirn,
} from '../rig/firn.ts'
import { peakMemoryBytes, processorMs, threadProcessorMs } from '../rig/process-cost.ts'
import { type Contest, digestOf, type Run, tableSize, untilComplete } from './contest.ts'
import { stageMicros } from './stage-profile.ts'
import { tableEntry } from './table-entry.ts'

/** How Firn takes part. */
export interface FirnOptions {
  readonly threads: number
  /** Takes CPU profiles: its stages count, its figures do not. */
  readonly profiled?: boolean
  readonly metadataColumn?: boolean
  /** `memory.budget_bytes`; undefined: the default, a quarter of the machine's memory up to 1 GiB. */
  readonly budgetBytes?: number | undefined
  /** Where it serves its metrics, if at all. */
  readonly httpPort?: number
  /** Further arguments for Node. */
  readonly node?: readonly string[]
}

let started = 0

/** Firn reads the topic into a table of its own; its audit and DuckDB say whether it did so exactly. */
export async function runFirn(contest: Contest, options: FirnOptions): Promise<Run> {
  const { name, table, config, worker } = await startContestant(contest, options)
  try {
    await untilComplete(contest, table, async () => endOf(worker))
    const cost = await costOf(worker.pid)
    const seconds = await secondsOf(worker)
    await worker.stop()
    await expectAudited(config, table)
    const digest = await digestOf(contest, table)
    const profiles = profilesOf(contest, name)
    const stages = options.profiled === true ? await stageMicros(profiles) : undefined
    return {
      ...cost,
      ...(await tableSize(contest, table)),
      seconds,
      digest,
      ...(stages === undefined ? {} : { stages }),
    }
  } finally {
    await worker.kill9()
  }
}

/** A worker that reads the topic into a table of its own, in the image's environment. */
export async function startContestant(
  contest: Contest,
  options: FirnOptions,
): Promise<{ name: string; table: string; config: string; worker: FirnWorker }> {
  const name = `firn-${++started}`
  const config = await writeConfig(contest, { name, topic: contest.topic, ...options })
  const profiling =
    options.profiled === true ? ['--cpu-prof', `--cpu-prof-dir=${profilesOf(contest, name)}`] : []
  const worker = await startFirn({
    name,
    config,
    scratch: contest.rig.scratch,
    node: [...profiling, ...(options.node ?? [])],
    main: BUILT_MAIN,
    env: await imageEnvironment(),
  })
  return { name, table: `bench.${name}`, config, worker }
}

function profilesOf({ rig }: Contest, name: string): string {
  return join(rig.scratch, `${name}-profiles`)
}

/** A worker without records makes the table, for a program that is to find it. */
export async function createTable(contest: Contest, name: string, topic: string): Promise<void> {
  const config = await writeConfig(contest, { name, topic, threads: 0, metadataColumn: false })
  const worker = await startFirn({ name, config, scratch: contest.rig.scratch })
  const made = await poll(async () => ((await logged(worker, 'reading')) ? true : undefined), {
    deadlineMs: 60_000,
  })
  await worker.stop()
  if (made === undefined) throw new Error(`bench.${name} was not made: ${await worker.tail(10)}`)
}

async function writeConfig(
  { rig, onS3, shape, intervalMs }: Contest,
  of: FirnOptions & { readonly name: string; readonly topic: string },
): Promise<string> {
  const path = join(rig.scratch, `${of.name}.yaml`)
  const { s3 } = onS3 ? rig.s3 : { s3: undefined }
  const storage =
    s3 === undefined
      ? ''
      : `storage: {s3: {endpoint: '${s3.endpoint}', region: ${s3.region}, path_style: true, access_key_id: ${s3.accessKeyId}, secret_access_key: ${s3.secretAccessKey}}}\n`
  const memory = of.budgetBytes === undefined ? '' : `memory: {budget_bytes: ${of.budgetBytes}}\n`
  const metadata = of.metadataColumn === false ? '    metadata_column: {enabled: false}\n' : ''
  const entry = tableEntry({
    table: `bench.${of.name}`,
    topics: of.topic,
    fields: shape.fields,
    partitionBy: shape.partitionBy,
    more: metadata,
  })
  await writeFile(
    path,
    `writer: ${of.name}
threads: ${of.threads}
kafka: {brokers: ['${rig.kafka.bootstrap}']}
catalog: {uri: ${rig.catalog.uri}}
${storage}${memory}flush: {interval_ms: ${intervalMs}, idle_ms: 200}
http: ${of.httpPort === undefined ? '{enabled: false}' : `{port: ${of.httpPort}}`}
log: {format: json}
tables:
${entry}`,
  )
  return path
}

export async function endOf(worker: FirnWorker): Promise<string | undefined> {
  if (worker.process.status() === undefined) return undefined
  return `Firn ended: ${await worker.tail(20)}`
}

async function logged(worker: FirnWorker, text: string): Promise<boolean> {
  return (await countLogged(worker, text)) > 0
}

/** How often it has said so. */
export async function countLogged(worker: FirnWorker, text: string): Promise<number> {
  return (await worker.log()).filter(({ msg }) => msg.startsWith(text)).length
}

/** From the first fetch to the last commit. */
async function secondsOf(worker: FirnWorker): Promise<number> {
  const log = await worker.log()
  const began = log.find(({ msg }) => msg.startsWith('reading'))
  const ended = log.findLast(({ msg }) => msg.startsWith('committed'))
  return (Date.parse(ended?.time ?? '') - Date.parse(began?.time ?? '')) / 1_000
}

async function costOf(pid: number): Promise<Pick<Run, 'cpuSeconds' | 'peakBytes' | 'threads'>> {
  const [all, byName] = [await processorMs(pid), await threadProcessorMs(pid)]
  const main = byName.get('MainThread') ?? byName.get('node') ?? 0
  let encoders = 0
  for (const [name, ms] of byName) if (name.startsWith('encoder-')) encoders += ms
  return {
    cpuSeconds: all / 1_000,
    peakBytes: (await peakMemoryBytes(pid)) ?? 0,
    threads: {
      main: main / 1_000,
      encoders: encoders / 1_000,
      other: (all - main - encoders) / 1_000,
    },
  }
}

export async function expectAudited(config: string, table: string): Promise<void> {
  const { status, stdout, stderr } = await runVerb(['audit', table, '--config', config])
  if (status !== 0) throw new Error(`${table}: the audit ends with ${status}\n${stdout}${stderr}`)
}
