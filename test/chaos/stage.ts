import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { poll } from '../../rig/environment.ts'
import { type FirnWorker, startFirn } from '../../rig/firn.ts'
import { FaultyProxy } from '../../rig/http-proxy.ts'
import { type KafkaTool, kafkaTool } from '../../rig/produce.ts'
import { readWith } from '../../rig/readers/readers.ts'
import type { Rig } from '../../rig/start.ts'
import { locate, rowsOf } from '../e2e/support/catalog-view.ts'

export const PARTITIONS = 4
const DEADLINE_MS = 120_000
/** Padded records in one request: below the broker's largest message. */
const PADDED_PORTION = 100
const QUICK_RETRIES = { 'commit.retry.num-retries': '3', 'commit.retry.max-wait-ms': '500' }
/** How often one worker is started in a scenario before it counts as one that cannot start. */
const MOST_LIVES = 8

/** What became of one scenario. */
export interface Verdict {
  readonly records: number
  readonly rows: number
  readonly missing: number
  readonly duplicates: number
  /** From the last fault to everything being there. */
  readonly recoveredMs: number
  readonly exact: boolean
}

export interface StageOptions {
  readonly name: string
  /** Whether the tables go to the rig's S3 server. */
  readonly s3: boolean
  readonly replication: number
  readonly onRollback?: 'follow' | 'hold' | 'skip'
}

export interface WorkerOptions {
  readonly killAt?: string
  /** YAML below `kafka:`; default: a static member, which keeps its partitions when it is started again. */
  readonly kafka?: string
}

/** One topic, one table, and the workers of one scenario, with a proxy before the catalog and the object store. */
export class Stage implements AsyncDisposable {
  readonly rig: Rig
  readonly options: StageOptions
  readonly tool: KafkaTool
  readonly catalog: FaultyProxy
  readonly s3: FaultyProxy | undefined
  readonly workers: FirnWorker[] = []
  /** Of the table, when it is created. */
  properties: Readonly<Record<string, string>> = {}
  /** So much more in each record, which does not compress; set before the first worker starts. */
  padBytes = 0
  produced = 0
  faultAtMs = Date.now()
  #tended: ReadonlyMap<string, WorkerOptions> = new Map()

  private constructor(
    rig: Rig,
    options: StageOptions,
    parts: { tool: KafkaTool; catalog: FaultyProxy; s3: FaultyProxy | undefined },
  ) {
    this.rig = rig
    this.options = options
    this.tool = parts.tool
    this.catalog = parts.catalog
    this.s3 = parts.s3
  }

  static async open(rig: Rig, options: StageOptions): Promise<Stage> {
    const tool = kafkaTool(rig.kafka.bootstrap)
    const catalog = await FaultyProxy.start(rig.catalog.uri)
    const s3 = options.s3 ? await FaultyProxy.start(rig.s3.s3.endpoint) : undefined
    await tool.createTopic(options.name, {
      partitions: PARTITIONS,
      replication: options.replication,
    })
    return new Stage(rig, options, { tool, catalog, s3 })
  }

  get table(): string {
    return `chaos.${this.options.name.replaceAll('-', '_')}`
  }

  /** Records whose ids say everything: 0, 1, 2, … over all partitions. */
  async produce(count: number): Promise<void> {
    const end = this.produced + count
    while (this.produced < end) {
      const portion = Math.min(end - this.produced, this.padBytes === 0 ? count : PADDED_PORTION)
      const records = Array.from({ length: portion }, (_, index) => {
        const id = this.produced + index
        return {
          value: JSON.stringify({ id, text: `record ${id}`, ...this.#pad() }),
          partition: id % PARTITIONS,
        }
      })
      await this.tool.produce(this.options.name, records)
      this.produced += portion
    }
  }

  #pad(): { readonly pad?: string } {
    return this.padBytes === 0 ? {} : { pad: randomBytes(this.padBytes).toString('base64') }
  }

  async start(name: string, options: WorkerOptions = {}): Promise<FirnWorker> {
    const { scratch } = this.rig
    const config = join(scratch, `${this.options.name}-${name}.yaml`)
    await writeFile(config, this.#config(name, options))
    const { killAt } = options
    const worker = await startFirn({
      name: `${this.options.name}-${name}`,
      config,
      scratch,
      ...(killAt === undefined ? {} : { killAt }),
    })
    this.workers.push(worker)
    this.#tended = new Map([...this.#tended, [name, options]])
    return worker
  }

  /** As an orchestrator does: what has ended is started again, without whatever was to kill it. */
  async tend(): Promise<void> {
    for (const [name, options] of this.#tended) {
      const lives = this.workers.filter((one) => one.name === `${this.options.name}-${name}`)
      if (lives.at(-1)?.process.status() === undefined) continue
      if (lives.length > MOST_LIVES) throw new Error(`${name} ends whenever it is started`)
      const { killAt: _killed, ...rest } = options
      await this.start(name, rest)
    }
  }

  /** Whoever is named is not started again. */
  forget(name: string): void {
    this.#tended = new Map([...this.#tended].filter(([known]) => known !== name))
  }

  /** Now something goes wrong: the time to recovery counts from here. */
  marksFault(): void {
    this.faultAtMs = Date.now()
  }

  async rows(): Promise<number> {
    return rowsOf(this.rig.catalog, this.table)
  }

  async until(what: string, done: () => Promise<boolean>): Promise<void> {
    const came = await poll(
      async () => {
        await this.tend()
        return (await done()) ? true : undefined
      },
      { deadlineMs: DEADLINE_MS, everyMs: 200 },
    )
    if (came === true) return
    const logs = await Promise.all(
      this.workers.slice(-3).map(async (one) => `${one.name}\n${await one.tail(12)}`),
    )
    throw new Error(`${this.options.name}: not in time: ${what}\n${logs.join('\n')}`)
  }

  async untilRows(count = this.produced): Promise<void> {
    await this.until(`${count} rows`, async () => (await this.rows()) >= count)
  }

  /** Everybody stops; then an engine that shares no code with us counts. */
  async verdict(expected = this.produced): Promise<Verdict> {
    const recoveredMs = Date.now() - this.faultAtMs
    this.#tended = new Map()
    for (const worker of this.workers) {
      if (worker.process.status() === undefined) await worker.stop()
    }
    const { s3 } = this.options
    const metadataLocation = await locate(this.rig.catalog, this.table)
    const at = { metadataLocation, ...(s3 ? { s3: this.rig.s3.s3 } : {}) }
    const [row] = await readWith('duckdb', at).sql(
      `SELECT count(*)::INTEGER AS "rows", count(DISTINCT id)::INTEGER AS ids,
       count(DISTINCT (_kafka.partition, _kafka."offset"))::INTEGER AS positions,
       coalesce(sum(id), 0)::VARCHAR AS total,
       count(*) FILTER (text <> 'record ' || id)::INTEGER AS wrong FROM t WHERE _kafka IS NOT NULL`,
    )
    const [rows, ids] = [Number(row?.['rows']), Number(row?.['ids'])]
    const positions = Number(row?.['positions'])
    const total = String((BigInt(expected) * BigInt(expected - 1)) / 2n)
    const missing = expected - ids
    const duplicates = rows - ids
    return {
      records: expected,
      rows,
      missing,
      duplicates,
      recoveredMs,
      exact:
        missing === 0 &&
        duplicates === 0 &&
        positions === rows &&
        row?.['wrong'] === 0 &&
        row['total'] === total,
    }
  }

  #config(name: string, { kafka }: WorkerOptions): string {
    const { s3, onRollback = 'follow' } = this.options
    const member = `  session_timeout_ms: 6000\n  heartbeat_interval_ms: 1000\n  instance_id: ${name}`
    return `writer: ${this.options.name}
kafka:
  brokers: '${this.rig.kafka.bootstrap}'
${kafka ?? member}
catalog:
  uri: ${this.catalog.uri}
  request_timeout_ms: 5000
flush: {interval_ms: 1500, idle_ms: 400}
commit: {exhausted_retry_ms: 1000, idle_load_interval_ms: 1000}
http: {enabled: false}
log: {format: json}
${s3 ? this.#storage() : ''}
tables:
  - table: ${this.table}
    topics: ${this.options.name}
    on_rollback: ${onRollback}
    columns:
      - {name: id, type: long}
      - {name: text, type: string}
${this.padBytes === 0 ? '' : '      - {name: pad, type: string}'}
    create:
      properties: ${JSON.stringify({ ...QUICK_RETRIES, ...this.properties })}
`
  }

  #storage(): string {
    const { region, accessKeyId, secretAccessKey } = this.rig.s3.s3
    return `storage:
  s3:
    endpoint: ${this.s3?.uri ?? ''}
    region: ${region}
    path_style: true
    part_size_bytes: 5242880
    access_key_id: ${accessKeyId}
    secret_access_key: ${secretAccessKey}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#tended = new Map()
    await Promise.all(this.workers.map(async (worker) => worker.kill9()))
    await this.tool[Symbol.asyncDispose]()
    await this.catalog[Symbol.asyncDispose]()
    await this.s3?.[Symbol.asyncDispose]()
  }
}
