import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { FirnError } from '../../src/core/errors.ts'
import { PartitionMap, type Position, type TopicPartition } from '../../src/core/offsets.ts'
import { readLedger } from '../../src/commit/read-ledger.ts'
import { inlineEncoder } from '../../src/writer/inline-encoder.ts'
import { selectionOf } from '../../src/worker/selects.ts'
import type { TableEvents } from '../../src/worker/table-events.ts'
import { TableSession } from '../../src/worker/table-session.ts'
import { TableWorker } from '../../src/worker/table-worker.ts'
import { Worker } from '../../src/worker/worker.ts'
import { FakeCatalog, type CommitFault } from '../support/fake-catalog.ts'
import { FakeObjectStore } from '../support/fake-object-store.ts'
import { SimClock } from './sim-clock.ts'
import { SimGroup } from './sim-group.ts'
import { SimKafka } from './sim-kafka.ts'
import { SimCluster, type SimTopic } from './sim-log.ts'
import { SimCatalog, SimStore, type Weather } from './sim-ports.ts'
import { SimProcess } from './sim-process.ts'
import { SimRandom } from './sim-random.ts'

const TABLE = { namespace: ['sim'], name: 'events' }
const CONFIG = `
writer: sim
kafka: {brokers: [sim:1]}
catalog: {uri: http://sim}
flush: {interval_ms: 2000, idle_ms: 500}
commit: {exhausted_retry_ms: 1000, idle_load_interval_ms: 2000, drain_budget_ms: 5000}
http: {enabled: false}
tables:
  - table: sim.events
    topics: events
    on_rollback: ON_ROLLBACK
    columns:
      - {name: id, type: long}
      - {name: name, type: string}
`
const FAULTS: readonly CommitFault[] = ['lost', 'answer-lost', 'late', 'conflict', 'server-error']

export interface WorldOptions {
  readonly seed: string
  readonly partitions: number
  readonly workers: number
  readonly onRollback: 'follow' | 'hold' | 'skip'
}

/** Everything of one run: a cluster, a group, a catalog, a store, and worker processes that come and go. */
export class SimWorld {
  readonly clock = new SimClock()
  readonly random: SimRandom
  readonly catalog = new FakeCatalog()
  readonly store = new FakeObjectStore()
  readonly topic: SimTopic
  readonly processes: SimProcess[] = []
  readonly trace: string[] = []
  readonly problems: string[] = []
  readonly weather: Weather = { catalogDown: 0, storeDown: 0 }
  commitFaults = 0
  readonly #cluster: SimCluster
  readonly #group: SimGroup
  readonly #config: Config
  readonly #committed = new PartitionMap<Position>()
  #started = 0

  constructor(options: WorldOptions) {
    this.random = new SimRandom(options.seed)
    this.#cluster = new SimCluster(this.random.fork('cluster'))
    this.topic = this.#cluster.createTopic('events', options.partitions)
    this.#group = new SimGroup(this.clock, () => this.partitions)
    this.#config = parsed(CONFIG.replace('ON_ROLLBACK', options.onRollback))
    this.catalog.fault = () => this.#commitFault()
    for (let index = 0; index < options.workers; index++) this.startWorker()
  }

  get partitions(): TopicPartition[] {
    return this.topic.partitions.map((_, partition) => ({ topic: this.topic.name, partition }))
  }

  get table(): typeof TABLE {
    return TABLE
  }

  #commitFault(): CommitFault | undefined {
    if (!this.random.chance(this.commitFaults)) return undefined
    const fault = this.random.pick(FAULTS)
    this.trace.push(`${this.clock.nowMs} commit fault ${fault}`)
    if (fault === 'late') {
      this.clock.after(this.random.between(100, 8_000), () => {
        this.catalog.nowMs = this.clock.nowMs
        this.trace.push(`${this.clock.nowMs} late: ${this.catalog.deliverLate().join(',')}`)
      })
    }
    return fault
  }

  startWorker(): void {
    const name = `w${this.#started++}`
    const process = new SimProcess(name, this.clock)
    this.processes.push(process)
    const random = this.random.fork(name)
    const source = new SimKafka({
      cluster: this.#cluster,
      group: this.#group,
      process,
      random: random.fork('kafka'),
      committed: this.#committed,
      onCommit: (offsets) => {
        this.#checkGroupOffsets(offsets)
      },
    })
    const [table] = this.#config.tables
    if (table === undefined) throw new Error('no table')
    const session = new TableSession(
      { ...this.#config, table, version: 'sim' },
      {
        clock: process.clock,
        random,
        catalog: new SimCatalog(this.catalog, process, random.fork('catalog'), this.weather),
        source,
        store: new SimStore(this.store, process, random.fork('store'), this.weather),
        encoders: [inlineEncoder],
        observe: () => undefined,
      },
    )
    const worker = new TableWorker(
      {
        name: 'sim.events',
        flush: table.flush,
        idleLoadIntervalMs: this.#config.commit.idleLoadIntervalMs,
        slowRetryMs: this.#config.commit.exhaustedRetryMs,
        drainBudgetMs: this.#config.commit.drainBudgetMs,
      },
      { clock: process.clock, source, session, events: this.#events(name) },
    )
    const run = new Worker(
      { memoryBudgetBytes: 64_000_000, pollWaitMs: 100 },
      { clock: process.clock, source, tables: [{ selection: selectionOf(table), worker }] },
    )
    run.run().catch((fault: unknown) => {
      this.problems.push(`${name} ended: ${String(fault)}`)
    })
  }

  /** A line of the trace for everything that is told: two runs of a seed must tell the same. */
  #events(name: string): TableEvents {
    const tell = (line: string): void => {
      this.trace.push(`${this.clock.nowMs} ${name} ${line}`)
    }
    return {
      group: (event, partitions) => {
        tell(`${event} ${partitions.map(({ partition }) => partition).join(' ')}`)
      },
      started: ({ positions }) => {
        tell(
          `started ${[...positions].map(([{ partition }, { position }]) => `${partition}@${position}`).join(' ')}`,
        )
      },
      restarting: (reason) => {
        tell(`restarting: ${reason}`)
      },
      pushed: () => undefined,
      committed: (step, files) => {
        tell(`committed ${String(step.snapshotId)} ${files.rowCount}`)
      },
      dropped: (reason) => {
        tell(`dropped: ${reason}`)
      },
      refused: (refusal) => {
        tell(`refused ${refusal.code}`)
      },
      halted: (partition, cause) => {
        const error =
          cause.kind === 'fault'
            ? cause.error.message
            : JSON.stringify(cause.failure, (_k, v: unknown) =>
                typeof v === 'bigint' ? String(v) : v,
              )
        this.problems.push(`${name} halted ${partition.partition}: ${error}`)
      },
      logMoved: (event) => {
        tell(`log ${event.kind}`)
      },
      fault: (during, error) => {
        tell(`fault ${during} ${error.code}`)
        if (error.code === 'INTERNAL')
          this.problems.push(`${name} ${during}: ${error.message} ${error.stack ?? ''}`)
      },
    }
  }

  /** I4: a group offset is never ahead of a ledger that was. */
  #checkGroupOffsets(offsets: PartitionMap<Position>): void {
    for (const [partition, position] of offsets) {
      const highest = this.#highestLedger(partition)
      if (position > highest)
        this.problems.push(`I4: group offset ${position} above ledger ${highest}`)
    }
  }

  #highestLedger({ topic, partition }: TopicPartition): Position {
    const metadata = this.catalog.metadata(TABLE)
    let highest = 0n
    for (const snapshot of metadata.snapshots) {
      const text = snapshot.summary['firn.ledger']
      const next = text === undefined ? undefined : /"next":\{([^}]*)\}/.exec(text)?.[1]
      const found =
        next === undefined ? undefined : new RegExp(`"${partition}":(\\d+)`).exec(next)?.[1]
      if (found !== undefined && BigInt(found) > highest) highest = BigInt(found)
    }
    return topic === this.topic.name ? highest : 0n
  }

  /** The next positions of the ledger that stands. */
  ledger(): ReadonlyMap<number, Position> {
    const { newest } = readLedger(this.catalog.metadata(TABLE), {
      writer: this.#config.writer,
      ref: 'main',
    })
    return newest?.record.ledger.topics.get(this.topic.name)?.next ?? new Map<number, Position>()
  }

  /** Whether the ledger has come to the log's end everywhere. */
  caughtUp(): boolean {
    if (!this.catalog.tables.has('sim.events')) return false
    const ledger = this.ledger()
    return this.topic.partitions.every(({ logEnd }, partition) => ledger.get(partition) === logEnd)
  }

  produce(): void {
    const partition = this.random.between(0, this.topic.partitions.length - 1)
    this.#cluster.produce(this.topic, partition, {
      count: this.random.between(1, 8),
      nowMs: this.clock.nowMs,
    })
  }

  rebalance(): void {
    this.#group.rebalance()
  }
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
