import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { poll } from '../../../rig/environment.ts'
import { type FirnWorker, type LogLine, startFirn } from '../../../rig/firn.ts'
import type { S3Endpoint } from '../../../rig/services/s3.ts'
import type { Rig } from '../../../rig/start.ts'

/** What a test's `firn.yaml` says beside where the services are. */
export interface JobConfig {
  readonly writer: string
  /** YAML of the list below `tables:`, indented by two. */
  readonly tables: string
  /** YAML of the map below `kafka:`, indented by two, beside `brokers`. */
  readonly kafka?: string
  readonly flush?: string
  /** YAML at the top level. */
  readonly rest?: string
  readonly brokers?: string
  readonly catalogUri?: string
  /** YAML of the map below `catalog:`, indented by two, beside `uri`. */
  readonly catalog?: string
}

/** Short intervals: a test wants to see snapshots. */
const FLUSH = '{interval_ms: 2000, idle_ms: 500}'

export function configText(rig: Rig, job: JobConfig, s3?: S3Endpoint): string {
  return `writer: ${job.writer}
kafka:
  brokers: [${job.brokers ?? rig.kafka.bootstrap}]
${job.kafka ?? '  session_timeout_ms: 6000\n  heartbeat_interval_ms: 1000'}
catalog:
  uri: ${job.catalogUri ?? rig.catalog.uri}
${job.catalog ?? ''}
${s3 === undefined ? '' : storageText(s3)}
flush: ${job.flush ?? FLUSH}
http: {port: 0}
log: {format: json}
${job.rest ?? ''}
tables:
${job.tables}
`
}

function storageText(s3: S3Endpoint): string {
  return `storage:
  s3:
    endpoint: ${s3.endpoint}
    region: ${s3.region}
    path_style: true
    access_key_id: ${s3.accessKeyId}
    secret_access_key: ${s3.secretAccessKey}`
}

/** Writes a configuration into the rig's scratch folder. */
export async function configFile(rig: Rig, name: string, text: string): Promise<string> {
  const path = join(rig.scratch, `${name}.yaml`)
  await writeFile(path, text)
  return path
}

/** A worker that ends with the test, however that ends. It runs the sources unless stated. */
export async function startWorker(
  rig: Rig,
  name: string,
  config: string,
  main?: string,
): Promise<FirnWorker> {
  const at = { name, config, scratch: rig.scratch }
  const worker = await startFirn(main === undefined ? at : { ...at, main })
  onTestFinished(async () => worker.kill9())
  return worker
}

/** Waits for a log line, of this process's own; fails with the log when it does not come. */
export async function untilLogged(
  worker: FirnWorker,
  matches: (line: LogLine) => boolean,
  deadlineMs = 30_000,
): Promise<LogLine> {
  const line = await poll(
    async () => {
      const found = (await worker.log()).find(
        (one) => Date.parse(one.time) >= worker.startedAtMs && matches(one),
      )
      return found ?? (worker.process.status() === undefined ? undefined : 'ended')
    },
    { deadlineMs, everyMs: 50 },
  )
  if (line === undefined || line === 'ended') {
    const what = line === 'ended' ? `ended with ${worker.process.status()}` : 'did not log it'
    throw new Error(`${worker.name} ${what}. The end of its log:\n${await worker.tail(15)}`)
  }
  return line
}

/** The code of the error that a line of the log carries. */
export function codeOf(line: LogLine): string | undefined {
  const { error } = line
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** SIGTERM; the worker must commit, leave and exit with 0. */
export async function stopGently(worker: FirnWorker): Promise<void> {
  expect(await worker.stop(), `${worker.name}'s exit status`).toBe(0)
}
