import type { Clock } from '../../../src/core/clock.ts'
import type { SnapshotId } from '../../../src/core/ids.ts'
import type { Position } from '../../../src/core/offsets.ts'
import type { Random } from '../../../src/core/random.ts'
import { checkMetadata } from '../../../src/iceberg/check-metadata.ts'
import type { DataFile } from '../../../src/iceberg/data-file.ts'
import type { TableMetadata } from '../../../src/iceberg/metadata.ts'
import { ALL_CARRIERS } from '../../../src/commit/carriers.ts'
import type { CommitEvent } from '../../../src/commit/commit-events.ts'
import { type CommitOutcome, commitStaged } from '../../../src/commit/committer.ts'
import type { CommitContext } from '../../../src/commit/context.ts'
import { ManifestLists } from '../../../src/commit/manifest-lists.ts'
import type { LogFacts, PartitionFacts, ResolvedStart } from '../../../src/commit/plan-start.ts'
import { readRecord } from '../../../src/commit/ledger-text.ts'
import { readLedger } from '../../../src/commit/read-ledger.ts'
import { type StagedAppend, stageFiles } from '../../../src/commit/stage.ts'
import { type LogReader, startTable, type StartOutcome } from '../../../src/commit/start.ts'
import type { SealedFiles } from '../../../src/writer/sealed-files.ts'
import { type CatalogManners, FakeCatalog } from '../../support/fake-catalog.ts'
import { ForeignEngine } from '../../support/foreign-engine.ts'
import { FakeObjectStore } from '../../support/fake-object-store.ts'
import {
  at,
  CLUSTER,
  dataFile,
  ORDERS,
  ORDERS_ID,
  ranges,
  SCHEMA,
  seeded,
  TABLE,
  virtualClock,
  WRITER,
} from './fixtures.ts'

export interface WorldOptions {
  readonly manners?: Partial<CatalogManners>
  readonly formatVersion?: 2 | 3
  readonly properties?: Record<string, string>
  readonly seed?: number
  readonly context?: Partial<CommitContext>
  /** Log ends per partition; all logs start at 0. */
  readonly logEnds?: readonly number[]
}

/** One table in a fake catalog, and workers on it: what most tests of the commit loop need. */
export class World {
  readonly catalog: FakeCatalog
  readonly store = new FakeObjectStore()
  readonly time = { nowMs: 1_000 }
  readonly clock: Clock
  readonly random: Random
  readonly events: CommitEvent[] = []
  readonly log: {
    cluster: typeof CLUSTER
    id: typeof ORDERS_ID
    partitions: Map<number, PartitionFacts>
  }
  start: ResolvedStart = { kind: 'earliest' }
  #context: CommitContext | undefined
  readonly #options: WorldOptions
  readonly engine: ForeignEngine

  constructor(options: WorldOptions = {}) {
    this.#options = options
    this.catalog = new FakeCatalog(options.manners)
    this.clock = virtualClock(this.time)
    this.random = seeded(options.seed ?? 1)
    this.engine = new ForeignEngine({
      catalog: this.catalog,
      store: this.store,
      random: this.random,
      table: TABLE,
      file: (path) => dataFile(path, 1),
    })
    this.log = {
      cluster: CLUSTER,
      id: ORDERS_ID,
      partitions: new Map(
        (options.logEnds ?? [100, 100]).map((end, partition) => [
          partition,
          { logStart: 0n, logEnd: BigInt(end) },
        ]),
      ),
    }
  }

  static async create(options: WorldOptions = {}): Promise<World> {
    const world = new World(options)
    await world.catalog.createTable(TABLE, {
      schema: SCHEMA,
      partitionSpec: { specId: 0, fields: [] },
      sortOrder: { orderId: 0, fields: [] },
      properties: { 'commit.retry.min-wait-ms': '1', ...options.properties },
      location: null,
      formatVersion: options.formatVersion ?? 2,
    })
    return world
  }

  get metadata(): TableMetadata {
    return this.catalog.metadata(TABLE)
  }

  /** What one worker has; each call makes another worker. */
  context(change: Partial<CommitContext> = {}): CommitContext {
    return {
      table: TABLE,
      owner: { writer: WRITER, ref: 'main' },
      tableUuid: this.metadata.tableUuid,
      onRollback: 'follow',
      passesHold: false,
      carriers: ALL_CARRIERS,
      limits: { allowedLatenessMs: 0, maxSkewMs: 0 },
      isRouted: () => true,
      stagedMaxAgeMs: 3_600_000,
      liftAfterSnapshots: 20,
      engineVersion: '0.0.0-test',
      catalog: this.catalog,
      store: this.store,
      clock: this.clock,
      random: this.random,
      observe: (event) => this.events.push(event),
      lists: new ManifestLists(this.store),
      ...this.#options.context,
      ...change,
    }
  }

  /** The first worker. */
  get worker(): CommitContext {
    this.#context ??= this.context()
    return this.#context
  }

  get logReader(): LogReader {
    return {
      facts: async (topics): Promise<LogFacts> => ({
        cluster: this.log.cluster,
        topics: new Map(
          topics.map((topic) => [topic, { id: this.log.id, partitions: this.log.partitions }]),
        ),
      }),
      start: async () => this.start,
    }
  }

  async startAt(
    partitions: readonly number[] = [0, 1],
    context = this.worker,
  ): Promise<StartOutcome> {
    return startTable(context, {
      partitions: partitions.map((partition) => at(partition)),
      log: this.logReader,
    })
  }

  /** The positions of a start that was not refused: by partition. */
  async positions(
    partitions: readonly number[] = [0, 1],
    context = this.worker,
  ): Promise<Record<number, Position>> {
    const outcome = await this.startAt(partitions, context)
    if (outcome.kind !== 'started') throw new Error(`not started: ${outcome.kind}`)
    if (outcome.refusals[0] !== undefined) throw outcome.refusals[0]
    return Object.fromEntries(
      [...outcome.positions].map(([{ partition }, { position }]) => [partition, position]),
    )
  }

  /** One data file per partition, whose name says which positions it has: what `rows` counts. */
  sealed(of: Record<number, [number, number]>, change: Partial<SealedFiles> = {}): SealedFiles {
    const claimed = ranges(of)
    return {
      files: Object.entries(of).map(([partition, [start, end]]) =>
        dataFile(`${this.random.uuid()}.p${partition}.${start}.${end}.parquet`, end - start),
      ),
      ranges: claimed,
      topics: new Map([[ORDERS, ORDERS_ID]]),
      facts: claimed.map(({ end }) => ({
        leaderEpoch: 0,
        timestampMsMax: Number(end),
        timestampType: 'log-append' as const,
        reachedEndAtMs: undefined,
      })),
      rowCount: [...claimed.values()].reduce((sum, { start, end }) => sum + end - start, 0n),
      schemaId: 0,
      specId: 0,
      reason: 'interval',
      openedAtMs: 0,
      ...change,
    }
  }

  async stage(
    of: Record<number, [number, number]>,
    context = this.worker,
    log = this.log,
  ): Promise<StagedAppend> {
    return stageFiles(context, {
      files: this.sealed(of, { topics: new Map([[ORDERS, log.id]]) }),
      cluster: log.cluster,
      metadata: this.metadata,
    })
  }

  async commit(
    of: Record<number, [number, number]>,
    context = this.worker,
  ): Promise<CommitOutcome> {
    return commitStaged(context, await this.stage(of, context), {})
  }

  async foreignAppend(): Promise<SnapshotId> {
    return this.engine.append()
  }

  async compact(): Promise<SnapshotId> {
    return this.engine.compact()
  }

  async cherryPick(source: SnapshotId): Promise<SnapshotId> {
    return this.engine.cherryPick(source)
  }

  // ---------------------------------------------------------------- what is in the table

  async liveFiles(): Promise<readonly DataFile[]> {
    return this.engine.liveFiles()
  }

  /** How often each position is in the table: `{0: {'0': 1, '1': 1}}`. */
  async rows(): Promise<Record<number, Record<string, number>>> {
    const rows: Record<number, Record<string, number>> = {}
    for (const { filePath } of await this.liveFiles()) {
      const [, partition, start, end] = /\.p(\d+)\.(\d+)\.(\d+)\./.exec(filePath) ?? []
      if (partition === undefined) continue
      const of = (rows[Number(partition)] ??= {})
      for (let offset = BigInt(start!); offset < BigInt(end!); offset++) {
        of[String(offset)] = (of[String(offset)] ?? 0) + 1
      }
    }
    return rows
  }

  /** The newest ledger on main's ancestry; by partition. */
  get next(): Record<number, Position> {
    const { newest } = readLedger(this.metadata, { writer: WRITER, ref: 'main' })
    return Object.fromEntries(newest?.record.ledger.topics.get(ORDERS)?.next ?? [])
  }

  /** Whether some snapshot that was ever committed recorded a position as passed unread. */
  #passed(partition: number, offset: bigint): boolean {
    return this.catalog.commits.some(({ commit, applied }) =>
      commit.updates.some((update) => {
        if (!applied || update.action !== 'add-snapshot') return false
        const gaps = readRecord(update.snapshot)?.gaps.values() ?? []
        return [...gaps].some((of) => {
          const gap = of.get(at(partition))
          return gap !== undefined && gap.start <= offset && offset < gap.end
        })
      }),
    )
  }

  /** I1 and I8: each position below the ledger exactly once, but for gaps; none above it; sound metadata. */
  async audit(): Promise<readonly string[]> {
    const rows = await this.rows()
    const problems: string[] = []
    for (const [partition, next] of Object.entries(this.next)) {
      const of = rows[Number(partition)] ?? {}
      for (let offset = 0n; offset < next; offset++) {
        const count = of[String(offset)] ?? 0
        if (count === 0 && this.#passed(Number(partition), offset)) continue
        if (count !== 1) problems.push(`p${partition}@${offset} is there ${count} times`)
      }
      for (const offset of Object.keys(of)) {
        if (BigInt(offset) >= next) problems.push(`p${partition}@${offset} is above the ledger`)
      }
    }
    return [...problems, ...checkMetadata(this.metadata)]
  }
}

/** A table whose partitions have all been pinned at 0. */
export async function pinned(options: WorldOptions = {}): Promise<World> {
  const world = await World.create(options)
  await world.positions()
  return world
}
