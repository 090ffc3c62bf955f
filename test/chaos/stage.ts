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
const SENDS_MAX = 4

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
  #producing: KafkaTool
  readonly #producers: KafkaTool[] = []
  #tended: ReadonlyMap<string, WorkerOptions> = new Map()

  private constructor(
    rig: Rig,
    options: StageOptions,
    parts: { tool: KafkaTool; catalog: FaultyProxy; s3: FaultyProxy | undefined },
  ) {
    this.rig = rig
    this.options = options
    this.tool = parts.tool
    this.#producing = parts.tool
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
      await this.#send(records)
      this.produced += portion
    }
  }

  /**
   * The client does not always get over the loss of the broker that it talks to: another one sends again. What was there
   * already is in the log twice then, and the log is what the table is measured by.
   */
  async #send(records: Parameters<KafkaTool['produce']>[1]): Promise<void> {
    for (let left = SENDS_MAX - 1; ; left--) {
      try {
        await this.#producing.produce(this.options.name, records)
        return
      } catch (fault) {
        if (left === 0) throw fault
        this.#producing = kafkaTool(this.rig.kafka.bootstrap)
        this.#producers.push(this.#producing)
      }
    }
  }

  /** How many records the log has. */
  async logged(): Promise<number> {
    const ends = await poll(
      async () => this.tool.endOffsets(this.options.name).catch(() => undefined),
      { deadlineMs: DEADLINE_MS, everyMs: 200 },
    )
    if (ends === undefined) throw new Error(`${this.options.name}: the brokers do not say its end`)
    return Number(ends.reduce((sum, end) => sum + end, 0n))
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

  /** Waits until the table has a row for every record of the log, and so many more, or fewer. */
  async untilRows(more = 0): Promise<void> {
    const count = (await this.logged()) + more
    await this.until(`${count} rows`, async () => (await this.rows()) >= count)
  }

  /** Whether some worker has written this in its log. */
  async hasLogged(text: string): Promise<boolean> {
    const lines = await Promise.all(this.workers.map(async (worker) => worker.log()))
    return lines.flat().some((line) => JSON.stringify(line).includes(text))
  }

  /** Everybody stops; then an engine that shares no code with us counts, and the log says what there should be. */
  async verdict(): Promise<Verdict> {
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
       min(id)::INTEGER AS least, max(id)::INTEGER AS greatest,
       count(*) FILTER (text <> 'record ' || id)::INTEGER AS wrong FROM t WHERE _kafka IS NOT NULL`,
    )
    const [rows, positions] = [Number(row?.['rows']), Number(row?.['positions'])]
    const records = await this.logged()
    const missing = records - positions
    const duplicates = rows - positions
    const values =
      row?.['ids'] === this.produced &&
      row['least'] === 0 &&
      row['greatest'] === this.produced - 1 &&
      row['wrong'] === 0
    const exact = missing === 0 && duplicates === 0 && values
    return { records, rows, missing, duplicates, recoveredMs, exact }
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
    for (const tool of [this.tool, ...this.#producers]) await tool[Symbol.asyncDispose]()
    await this.catalog[Symbol.asyncDispose]()
    await this.s3?.[Symbol.asyncDispose]()
  }
}
