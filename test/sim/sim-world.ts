import { tableText } from '../../src/catalog/catalog.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { FirnError } from '../../src/core/errors.ts'
import type { TopicId } from '../../src/core/ids.ts'
import { PartitionMap, type Position, type TopicPartition } from '../../src/core/offsets.ts'
import type { OnRollback } from '../../src/commit/plan-table.ts'
import type { TopicLedger } from '../../src/commit/ledger.ts'
import type { TableMetadata } from '../../src/iceberg/metadata.ts'
import { inlineEncoder } from '../../src/writer/inline-encoder.ts'
import type { EncoderFactory } from '../../src/writer/table-buffer.ts'
import { lateEncoder } from './sim-encoder.ts'
import { columnBytesMax } from '../../src/worker/memory-budget.ts'
import { selectionOf } from '../../src/worker/selects.ts'
import { TableSession } from '../../src/worker/table-session.ts'
import { TableWorker } from '../../src/worker/table-worker.ts'
import { Worker } from '../../src/worker/worker.ts'
import { type CatalogManners, FakeCatalog, type CommitFault } from '../support/fake-catalog.ts'
import { FakeObjectStore } from '../support/fake-object-store.ts'
import { ForeignEngine } from '../support/foreign-engine.ts'
import { SimClock } from './sim-clock.ts'
import { simEvents } from './sim-events.ts'
import { SimGroup } from './sim-group.ts'
import { SimKafka } from './sim-kafka.ts'
import { SimCluster, type SimTopic } from './sim-log.ts'
import { foreignFile, SimOthers } from './sim-others.ts'
import { SimCatalog, SimStore, type Weather } from './sim-ports.ts'
import { type Mishap, SimProcess } from './sim-process.ts'
import { SimRandom } from './sim-random.ts'
import { SimWitness } from './sim-witness.ts'

const TOPIC = 'events'
const CONFIG = `
writer: sim
kafka: {brokers: [sim:1]}
catalog: {uri: http://sim}
flush: {interval_ms: 2000, idle_ms: 500}
commit: {exhausted_retry_ms: 1000, idle_load_interval_ms: 2000, drain_budget_ms: 5000, lift_after_snapshots: 4}
http: {enabled: false}
tables:
  - table: sim.events
    topics: events
    on_rollback: ON_ROLLBACK
    columns:
      - {name: id, type: long}
      - {name: name, type: string}
`
/** More tuples than may be open, and so little room that row groups are encoded all the time. */
const FAN_OUT = `    create: {partition_by: ['bucket(5, id)']}
memory: {open_tuples_max: 2}
`
const FAN_OUT_COLUMN_BYTES_MAX = 4_000
const FAULTS: readonly CommitFault[] = ['lost', 'answer-lost', 'late', 'conflict', 'server-error']
const RESTART_MS = 1_000

export interface WorldOptions {
  readonly seed: string
  readonly partitions?: number
  readonly workers?: number
  readonly onRollback?: OnRollback
  readonly manners?: Partial<CatalogManners>
  readonly memoryBudgetBytes?: number
  /** Off: every process encodes inline. Default: half of them in a thread. */
  readonly threads?: boolean
  /** The table is partitioned, with hardly any memory for its tuples. */
  readonly fanOut?: boolean
}

/** Everything of one run: a cluster, a group, a catalog, a store, and worker processes that come and go. */
export class SimWorld {
  readonly clock = new SimClock()
  readonly random: SimRandom
  readonly catalog: FakeCatalog
  readonly store = new FakeObjectStore()
  readonly cluster: SimCluster
  readonly processes: SimProcess[] = []
  readonly trace: string[] = []
  readonly problems: string[] = []
  readonly weather: Weather = { catalogDown: 0, storeDown: 0, slow: 0 }
  readonly witness: SimWitness
  readonly others: SimOthers
  readonly memoryBudgetBytes: number
  /** Of the configuration that processes are started with from now on. */
  onRollback: OnRollback
  commitFaults = 0
  /** What the next worker meets at one of its port calls. */
  mishap: Mishap | undefined
  readonly #group: SimGroup
  readonly #committed = new PartitionMap<Position>()
  readonly #workers = new Map<SimProcess, TableWorker>()
  readonly #partitions: number
  readonly #threads: boolean
  readonly #fanOut: boolean
  #started = 0

  constructor(options: WorldOptions) {
    this.random = new SimRandom(options.seed)
    this.onRollback = options.onRollback ?? 'follow'
    this.memoryBudgetBytes = options.memoryBudgetBytes ?? 64_000_000
    this.catalog = new FakeCatalog(options.manners)
    this.cluster = new SimCluster(this.random.fork('cluster'))
    this.#threads = options.threads ?? true
    this.#fanOut = options.fanOut ?? false
    this.#partitions = options.partitions ?? 3
    this.cluster.createTopic(TOPIC, this.#partitions)
    this.#group = new SimGroup(this.clock, () => this.partitions)
    this.witness = new SimWitness(this)
    this.others = new SimOthers(
      this,
      new ForeignEngine({
        catalog: this.catalog,
        store: this.store,
        random: this.random.fork('others'),
        table: this.table,
        file: foreignFile,
      }),
    )
    this.catalog.fault = () => this.#commitFault()
    for (let index = 0; index < (options.workers ?? 2); index++) this.startWorker()
  }

  /** The topic as it is now. */
  get topic(): SimTopic {
    const [topic] = this.cluster.topics.values()
    if (topic === undefined) throw new Error('no topic')
    return topic
  }

  get config(): Config {
    const text = CONFIG.replace('ON_ROLLBACK', this.onRollback)
    return parsed(this.#fanOut ? text + FAN_OUT : text)
  }

  get partitions(): TopicPartition[] {
    return this.topic.partitions.map((_, partition) => ({ topic: this.topic.name, partition }))
  }

  get table(): { readonly namespace: readonly string[]; readonly name: string } {
    return { namespace: ['sim'], name: 'events' }
  }

  get exists(): boolean {
    return this.catalog.tables.has(tableText(this.table))
  }

  get metadata(): TableMetadata {
    return this.catalog.metadata(this.table)
  }

  get alive(): readonly SimProcess[] {
    return this.processes.filter(({ dead }) => !dead)
  }

  /** The codes of what stands in the way of workers that are alive. */
  get refusals(): ReadonlySet<string> {
    return new Set(
      this.alive.flatMap((process) =>
        (this.#workers.get(process)?.report.refusals ?? []).map(({ code }) => code),
      ),
    )
  }

  get bytesHeld(): readonly number[] {
    return this.alive.map((process) => this.#workers.get(process)?.bytesHeld ?? 0)
  }

  get rowsHeld(): number {
    return this.alive.reduce(
      (sum, process) => sum + (this.#workers.get(process)?.report.rowsHeld ?? 0),
      0,
    )
  }

  tell(line: string): void {
    this.trace.push(`${this.clock.nowMs} ${line}`)
  }

  #commitFault(): CommitFault | undefined {
    if (!this.random.chance(this.commitFaults)) return undefined
    const fault = this.random.pick(FAULTS)
    this.tell(`commit fault ${fault}`)
    if (fault === 'late') {
      this.clock.after(this.random.between(100, 8_000), () => {
        this.catalog.nowMs = this.clock.nowMs
        this.tell(`late: ${this.catalog.deliverLate().join(',')}`)
      })
    }
    return fault
  }

  startWorker(): SimProcess {
    const process = new SimProcess(`w${this.#started++}`, this.clock)
    process.mishap = this.mishap
    if (this.mishap !== undefined) process.onCrash = () => this.#startAgain()
    this.mishap = undefined
    this.processes.push(process)
    const { worker, source } = this.#wire(process)
    this.#workers.set(process, worker)
    const run = new Worker(
      { memoryBudgetBytes: this.memoryBudgetBytes, pollWaitMs: 100 },
      {
        clock: process.clock,
        source,
        tables: [{ selection: selectionOf(tableOf(this.config)), worker }],
      },
    )
    // What ends a process with an error is started again, as any supervisor does.
    const again = (how: string): void => {
      this.tell(`${process.name} ended: ${how}`)
      process.onCrash = () => this.#startAgain()
      process.kill()
    }
    run.run().then(
      (end) => {
        if (end.kind === 'failed') again(end.error.code)
      },
      (fault: unknown) => {
        const code = fault instanceof FirnError ? fault.code : 'INTERNAL'
        if (code === 'INTERNAL') this.problems.push(`${process.name} ended: ${String(fault)}`)
        again(code)
      },
    )
    return process
  }

  #startAgain(): void {
    this.clock.after(RESTART_MS, () => {
      this.startWorker()
    })
  }

  #wire(process: SimProcess): { worker: TableWorker; source: SimKafka } {
    const { config } = this
    const table = tableOf(config)
    const random = this.random.fork(process.name)
    const source = new SimKafka({
      cluster: this.cluster,
      group: this.#group,
      process,
      random: random.fork('kafka'),
      committed: this.#committed,
      onCommit: (offsets) => {
        this.witness.groupOffsets(offsets)
      },
    })
    const session = new TableSession(
      { ...config, table, version: 'sim', columnBytesMax: this.#columnBytesMax },
      {
        clock: process.clock,
        random,
        catalog: new SimCatalog(this.catalog, process, random.fork('catalog'), this.weather),
        source,
        store: new SimStore(this.store, process, random.fork('store'), this.weather),
        encoders: [this.#encoder(process, random.fork('encoder'))],
        observe: () => undefined,
      },
    )
    const worker = new TableWorker(
      {
        name: tableText(this.table),
        flush: table.flush,
        idleLoadIntervalMs: config.commit.idleLoadIntervalMs,
        slowRetryMs: config.commit.exhaustedRetryMs,
        drainBudgetMs: config.commit.drainBudgetMs,
      },
      { clock: process.clock, source, session, events: simEvents(this, process.name) },
    )
    return { worker, source }
  }

  get #columnBytesMax(): number {
    if (this.#fanOut) return FAN_OUT_COLUMN_BYTES_MAX
    return columnBytesMax(this.memoryBudgetBytes, { tables: 1, threads: 1 })
  }

  /** Half of the processes encode in a thread. */
  #encoder({ clock }: SimProcess, random: SimRandom): EncoderFactory {
    return this.#threads && random.chance(0.5) ? lateEncoder(clock, random) : inlineEncoder
  }

  /** The topic's part of the ledger that stands; undefined where there is none for the topic as it is now. */
  ledger(): TopicLedger | undefined {
    if (!this.exists) return undefined
    return this.witness.ledger()?.topics.get(this.topic.name)
  }

  /** Whether the ledger has come to the log's end everywhere. */
  caughtUp(): boolean {
    return this.hasReached(this.topic.partitions.map(({ logEnd }) => logEnd))
  }

  hasReached(marks: readonly Position[]): boolean {
    const ledger = this.ledger()
    return (
      ledger?.id === this.topic.id &&
      marks.every((mark, partition) => (ledger.next.get(partition) ?? -1n) >= mark)
    )
  }

  produce(partition?: number, count?: number): void {
    this.cluster.produce(
      this.topic,
      partition ?? this.random.between(0, this.topic.partitions.length - 1),
      { count: count ?? this.random.between(1, 8), nowMs: this.clock.nowMs },
    )
  }

  recreateTopic(): TopicId {
    this.tell('the topic is created again')
    this.cluster.createTopic(TOPIC, this.#partitions)
    return this.topic.id
  }

  rebalance(): void {
    this.#group.rebalance()
  }
}

function tableOf({ tables }: Config): Config['tables'][number] {
  const [table] = tables
  if (table === undefined) throw new Error('no table')
  return table
}

function parsed(text: string): Config {
  const loading = loadConfig({
    text,
    path: 'sim.yaml',
    env: {},
    readFile: () => {
      throw new FirnError('USAGE', 'the simulation reads no files')
    },
  })
  if (loading.kind === 'invalid') throw new Error(JSON.stringify(loading.problems))
  return loading.config
}
