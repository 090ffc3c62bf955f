import { Registry } from 'prom-client'
import { tableText } from '../catalog/catalog.ts'
import { RestCatalog } from '../catalog/rest-catalog.ts'
import { defaultBudgetBytes, defaultThreads } from '../config/service.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import type { Clock } from '../core/clock.ts'
import { asFirnError } from '../core/errors.ts'
import type { Random } from '../core/random.ts'
import { KafkaRecordSource } from '../consumer/kafka-record-source.ts'
import type { RecordSource } from '../consumer/record-source.ts'
import { isLive, readiness, type HealthState } from '../telemetry/health.ts'
import { startHttp, type HttpServer } from '../telemetry/http.ts'
import type { Log } from '../telemetry/log.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { InFlight } from '../storage/in-flight.ts'
import { EncoderThread } from '../writer/encoder-threads.ts'
import { inlineEncoder } from '../writer/inline-encoder.ts'
import { openCatalog, s3Options, sourceOptions } from './open-ports.ts'
import { columnBytesMax } from './memory-budget.ts'
import { TableReporter } from './table-reporter.ts'
import { TableSession } from './table-session.ts'
import { TableStore } from './table-store.ts'
import { TableWorker } from './table-worker.ts'
import { selectionOf } from './selects.ts'
import { Worker, type RoutedTable, type RunEnd } from './worker.ts'

/** What the service takes from outside. */
export interface ServiceOutside {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly version: string
  /** Memory that this process may use, bytes: the default budget is a part of it. */
  readonly availableMemoryBytes: number
  /** Cores that this process may use: the default number of threads. */
  readonly cores: number
  /** Is called when the threads have been loaded. */
  readonly onLoaded: () => void
}

/** The longest wait of one turn of the run loop: also how late a flush may be noticed. */
const POLL_WAIT_MS = 100
/** How often a table stands in the metrics anew. */
const BEAT_MS = 1_000

interface Reported extends RoutedTable {
  readonly reporter: TableReporter
}

/** The service: everything put together from the configuration, running until it is stopped. */
export class Service {
  readonly #config: Config
  readonly #outside: ServiceOutside
  readonly #catalog: RestCatalog
  readonly #budgetBytes: number
  /** All tables together send so much at once. */
  readonly #requests: InFlight
  readonly #threads: readonly EncoderThread[]
  readonly #tables: readonly Reported[]
  readonly #worker: Worker
  readonly #metrics: Metrics
  readonly #registry: Registry
  #phase: HealthState['phase'] = 'starting'
  #http: HttpServer | undefined

  private constructor(parts: {
    config: Config
    outside: ServiceOutside
    catalog: RestCatalog
    source: RecordSource
  }) {
    const { config, outside, catalog, source } = parts
    this.#config = config
    this.#outside = outside
    this.#catalog = catalog
    this.#registry = new Registry()
    this.#metrics = createMetrics(this.#registry)
    this.#requests = new InFlight(config.storage.s3.requestsInFlight)
    this.#budgetBytes =
      config.memory.budgetBytes ?? defaultBudgetBytes(outside.availableMemoryBytes)
    this.#metrics.budgetBytes.set(this.#budgetBytes)
    this.#metrics.freshnessObjectiveSeconds.set(config.http.freshnessObjectiveMs / 1_000)
    this.#metrics.buildInfo.set({ version: outside.version, writer: config.writer }, 1)
    const threads = config.threads ?? defaultThreads(outside.cores)
    this.#threads = Array.from(
      { length: threads },
      (_, index) =>
        new EncoderThread(`encoder-${index}`, (reason) => {
          outside.log.error(reason.message, { code: reason.code })
          this.#worker.fail(reason)
        }),
    )
    void Promise.all(this.#threads.map(async ({ loaded }) => loaded)).then(outside.onLoaded)
    this.#tables = config.tables.map((table) => this.#table(table, { catalog, source }))
    this.#worker = new Worker(
      { memoryBudgetBytes: this.#budgetBytes, pollWaitMs: POLL_WAIT_MS },
      { clock: outside.clock, source, tables: this.#tables },
    )
  }

  /** Opens catalog and brokers. Throws what they say when they cannot be used. */
  static async open(config: Config, outside: ServiceOutside): Promise<Service> {
    const parts = { clock: outside.clock, random: outside.random }
    const [catalog, source] = await Promise.allSettled([
      openCatalog(config, parts),
      KafkaRecordSource.open(sourceOptions(config.kafka), {
        ...parts,
        log: (level, message, facts) => {
          outside.log[level](message, facts)
        },
      }),
    ])
    if (catalog.status === 'fulfilled' && source.status === 'fulfilled') {
      return new Service({ config, outside, catalog: catalog.value, source: source.value })
    }
    // What did open would keep the process alive.
    if (catalog.status === 'fulfilled') await catalog.value.close()
    if (source.status === 'fulfilled') await source.value.close()
    throw asFirnError(catalog.status === 'rejected' ? catalog.reason : reasonOf(source))
  }

  #table(config: TableConfig, ports: { catalog: RestCatalog; source: RecordSource }): Reported {
    const { clock, random, log } = this.#outside
    const { writer, commit, kafka, memory, storage, tables } = this.#config
    const name = tableText(config.table)
    const reporter = new TableReporter({ table: name, log, metrics: this.#metrics, clock })
    const session = new TableSession(
      {
        writer,
        table: config,
        commit,
        kafka,
        memory,
        columnBytesMax: columnBytesMax(this.#budgetBytes, {
          tables: tables.length,
          threads: this.#threads.length,
        }),
        version: this.#outside.version,
      },
      {
        clock,
        random,
        ...ports,
        store: new TableStore(s3Options(storage.s3), {}, this.#requests),
        encoders:
          this.#threads.length === 0
            ? [inlineEncoder]
            : this.#threads.map(({ factory }) => factory),
        observe: (event) => {
          reporter.attempt(event)
        },
      },
    )
    const worker = new TableWorker(
      {
        name,
        flush: config.flush,
        idleLoadIntervalMs: commit.idleLoadIntervalMs,
        slowRetryMs: commit.exhaustedRetryMs,
        drainBudgetMs: commit.drainBudgetMs,
      },
      { clock, source: ports.source, session, events: reporter },
    )
    return { selection: selectionOf(config), worker, reporter }
  }

  /** Runs until `stop`. Resolves once everything complete is committed and the group is left. */
  async run(): Promise<RunEnd> {
    await this.#listen()
    const beat = new AbortController()
    const beating = this.#beat(beat.signal)
    try {
      return await this.#worker.run()
    } finally {
      beat.abort()
      await beating
      await Promise.all(this.#threads.map(async (thread) => thread.close()))
      await this.#http?.close()
      await this.#catalog.close()
    }
  }

  stop(): void {
    this.#phase = 'draining'
    this.#worker.stop()
  }

  async #listen(): Promise<void> {
    const { enabled, host, port } = this.#config.http
    if (!enabled) return
    this.#http = await startHttp(
      { host, port },
      {
        live: () => isLive(this.#health(), this.#outside.clock.monotonic()),
        readiness: () => readiness(this.#health(), this.#outside.clock.now()),
        metrics: async () => ({
          text: await this.#registry.metrics(),
          contentType: this.#registry.contentType,
        }),
      },
    )
    this.#outside.log.info(`serving /livez, /readyz and /metrics at ${host}:${this.#http.port}`)
  }

  async #beat(stopped: AbortSignal): Promise<void> {
    while (!stopped.aborted) {
      this.#gauge()
      await this.#outside.clock.sleep(BEAT_MS, stopped)
    }
  }

  #gauge(): void {
    const { clock } = this.#outside
    const reports = this.#worker.reports
    const settled = reports.every(({ state }) => state.kind !== 'starting')
    if (this.#phase === 'starting' && settled) this.#phase = 'running'
    const state = this.#health()
    const { ready, reasons } = readiness(state, clock.now())
    this.#metrics.ready.set(ready ? 1 : 0)
    this.#metrics.notReadyReasons.reset()
    for (const { table, code } of reasons) {
      this.#metrics.notReadyReasons.inc({ table: table ?? '', code })
    }
    this.#metrics.assignedPartitions.set(
      reports.reduce((sum, { partitions }) => sum + partitions.length, 0),
    )
    this.#metrics.pausedPartitions.set(
      reports.reduce((sum, { pausedPartitions }) => sum + pausedPartitions, 0),
    )
    const held = reports.reduce((sum, { bytesHeld }) => sum + bytesHeld, 0)
    this.#metrics.heldBytes.set({ stage: 'tables' }, held)
    for (const report of reports) {
      const since = state.tables.get(report.name)?.waitingSinceMs
      const table = report.name
      this.#metrics.haltedPartitions.set({ table }, state.tables.get(table)?.halted.length ?? 0)
      this.#metrics.freshnessSeconds.set(
        { table },
        since === undefined ? 0 : (clock.now() - since) / 1_000,
      )
    }
  }

  #health(): HealthState {
    const tables = this.#tables.map(
      ({ worker, reporter }) => [worker.options.name, reporter.health(worker.report)] as const,
    )
    return {
      phase: this.#phase,
      freshnessObjectiveMs: this.#config.http.freshnessObjectiveMs,
      tables: new Map(tables),
      beatAtMs: this.#worker.lastTurnAtMs,
    }
  }
}

function reasonOf(settled: PromiseSettledResult<unknown>): unknown {
  return settled.status === 'rejected' ? settled.reason : undefined
}
