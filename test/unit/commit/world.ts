import type { Clock } from '../../../src/core/clock.ts'
import {
  clusterId,
  topicId,
  topicName,
  writerName,
  type SnapshotId,
  type TopicName,
} from '../../../src/core/ids.ts'
import { PartitionMap, type Position, type PositionRange } from '../../../src/core/offsets.ts'
import type { Random } from '../../../src/core/random.ts'
import type { DataFile, ManifestFile } from '../../../src/iceberg/data-file.ts'
import { readManifestList, writeManifestList } from '../../../src/iceberg/manifest-list.ts'
import { readManifest } from '../../../src/iceberg/manifest-reader.ts'
import { stagedManifest, writeManifest } from '../../../src/iceberg/manifest-writer.ts'
import { snapshotById } from '../../../src/iceberg/ancestry.ts'
import type { TableMetadata } from '../../../src/iceberg/metadata.ts'
import { checkMetadata } from '../../../src/iceberg/check-metadata.ts'
import type { Schema } from '../../../src/iceberg/types.ts'
import { ALL_CARRIERS } from '../../../src/commit/carriers.ts'
import { type CommitOutcome, commitStaged } from '../../../src/commit/committer.ts'
import type { CommitEvent } from '../../../src/commit/commit-events.ts'
import type { CommitContext } from '../../../src/commit/context.ts'
import { ManifestLists } from '../../../src/commit/manifest-lists.ts'
import type { LogFacts, PartitionFacts, ResolvedStart } from '../../../src/commit/plan-start.ts'
import { readLedger } from '../../../src/commit/read-ledger.ts'
import { type StagedAppend, stageFiles } from '../../../src/commit/stage.ts'
import { type LogReader, startTable, type StartOutcome } from '../../../src/commit/start.ts'
import type { SealedFiles } from '../../../src/writer/sealed-files.ts'
import { type CatalogManners, FakeCatalog } from '../../support/fake-catalog.ts'
import { FakeObjectStore } from '../../support/fake-object-store.ts'

export const TABLE = { namespace: ['lake'], name: 'orders' }
export const ORDERS: TopicName = topicName('orders')
export const ORDERS_ID = topicId('topic-1')
export const CLUSTER = clusterId('cluster-1')
export const WRITER = writerName('w')

export const SCHEMA: Schema = {
  schemaId: 0,
  fields: [{ id: 1, name: 'n', type: { kind: 'long' }, required: false }],
  identifierFieldIds: [],
}

export const at = (partition: number, topic = ORDERS): { topic: TopicName; partition: number } => ({
  topic,
  partition,
})

export const range = (start: number, end: number): PositionRange => ({
  start: BigInt(start),
  end: BigInt(end),
})

/** `{0: [0, 2]}` as ranges of the topic orders. */
export const ranges = (of: Record<number, [number, number]>): PartitionMap<PositionRange> =>
  new PartitionMap(
    Object.entries(of).map(([partition, [start, end]]) => [
      at(Number(partition)),
      range(start, end),
    ]),
  )

/** A seeded generator: mulberry32. */
export function seeded(seed: number): Random {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('')
  return {
    next,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`,
    int63: () => BigInt(`0x${hex(15)}`) + 1n,
  }
}

/** Time that passes only while somebody sleeps. */
export function virtualClock(state: { nowMs: number }): Clock {
  return {
    now: () => state.nowMs,
    monotonic: () => state.nowMs,
    sleep: async (ms) => {
      state.nowMs += ms
      await Promise.resolve()
    },
  }
}

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
  #foreign = 0

  constructor(options: WorldOptions = {}) {
    this.#options = options
    this.catalog = new FakeCatalog(options.manners)
    this.clock = virtualClock(this.time)
    this.random = seeded(options.seed ?? 1)
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
      files: this.sealed(of),
      claim: { cluster: log.cluster, topics: new Map([[ORDERS, log.id]]) },
      metadata: this.metadata,
    })
  }

  async commit(
    of: Record<number, [number, number]>,
    context = this.worker,
  ): Promise<CommitOutcome> {
    return commitStaged(context, await this.stage(of, context), {})
  }

  /** Another engine appends a file of its own. */
  async foreignAppend(): Promise<SnapshotId> {
    return this.#foreignSnapshot('append', async (before, snapshotId) => {
      const file = dataFile(`foreign-${this.#foreign}.parquet`, 1)
      return [await this.#manifest([file], 'added', snapshotId), ...before]
    })
  }

  /** Another engine rewrites every file: nothing in the head names who added a row first. */
  async compact(): Promise<SnapshotId> {
    const live = await this.liveFiles()
    return this.#foreignSnapshot('replace', async (_before, snapshotId) => [
      await this.#manifest(
        live.map((file) => ({
          ...file,
          filePath: file.filePath.replace('.parquet', '.c.parquet'),
        })),
        'added',
        snapshotId,
      ),
    ])
  }

  /** Java's cherry-pick: a new snapshot with the files of another, which says of which. */
  async cherryPick(source: SnapshotId): Promise<SnapshotId> {
    const picked = snapshotById(this.metadata, source)!
    const list = readManifestList(await this.store.get(picked.manifestList))
    const added = list.filter((one) => one.addedSnapshotId === source)
    const files = await this.#filesOf(added)
    return this.#foreignSnapshot(
      'append',
      async (before, snapshotId) => [await this.#manifest(files, 'added', snapshotId), ...before],
      { 'source-snapshot-id': String(source) },
    )
  }

  async #foreignSnapshot(
    operation: string,
    manifests: (before: readonly ManifestFile[], id: SnapshotId) => Promise<ManifestFile[]>,
    summary: Record<string, string> = {},
  ): Promise<SnapshotId> {
    this.#foreign += 1
    const { metadata } = this
    const head = metadata.currentSnapshotId
    const parent = head === null ? undefined : snapshotById(metadata, head)
    const before =
      parent === undefined ? [] : readManifestList(await this.store.get(parent.manifestList))
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const id = BigInt(7_000 + this.#foreign) as SnapshotId
    const list = writeManifestList({
      formatVersion: metadata.formatVersion === 3 ? 3 : 2,
      snapshotId: id,
      parentSnapshotId: head,
      sequenceNumber: metadata.lastSequenceNumber + 1n,
      firstRowId: metadata.nextRowId,
      manifests: await manifests(before, id),
    })
    const manifestList = `mem://foreign/snap-${id}.avro`
    await this.store.put(manifestList, list.bytes)
    return this.catalog.addForeign(TABLE, {
      snapshotId: id,
      manifestList,
      summary: { operation, ...summary },
      ...(metadata.formatVersion === 3 ? { addedRows: list.addedRows } : {}),
    })
  }

  async #manifest(
    files: readonly DataFile[],
    status: 'added',
    addedSnapshotId: SnapshotId,
  ): Promise<ManifestFile> {
    const written = writeManifest({
      formatVersion: this.metadata.formatVersion === 3 ? 3 : 2,
      schema: SCHEMA,
      spec: { specId: 0, fields: [] },
      content: 'data',
      entries: files.map((file) => ({
        status,
        snapshotId: null,
        sequenceNumber: null,
        fileSequenceNumber: null,
        dataFile: file,
      })),
    })
    const manifestPath = `mem://foreign/${this.random.uuid()}-m0.avro`
    await this.store.put(manifestPath, written.bytes)
    return stagedManifest(written, { manifestPath, addedSnapshotId })
  }

  // ---------------------------------------------------------------- what is in the table

  /** The live files of main, read from its manifests. */
  async liveFiles(): Promise<readonly DataFile[]> {
    const head = this.metadata.currentSnapshotId
    if (head === null) return []
    const snapshot = snapshotById(this.metadata, head)!
    return this.#filesOf(readManifestList(await this.store.get(snapshot.manifestList)))
  }

  async #filesOf(manifests: readonly ManifestFile[]): Promise<readonly DataFile[]> {
    const files: DataFile[] = []
    for (const manifest of manifests) {
      const bytes = await this.store.get(manifest.manifestPath)
      const { entries } = readManifest(bytes, { manifest, schema: SCHEMA })
      files.push(
        ...entries.filter(({ status }) => status !== 'deleted').map(({ dataFile: file }) => file),
      )
    }
    return files
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

  /** I1 and I8: each position below the ledger exactly once, none above it, and sound metadata. */
  async audit(): Promise<readonly string[]> {
    const rows = await this.rows()
    const problems: string[] = []
    for (const [partition, next] of Object.entries(this.next)) {
      const of = rows[Number(partition)] ?? {}
      for (let offset = 0n; offset < next; offset++) {
        const count = of[String(offset)] ?? 0
        if (count !== 1) problems.push(`p${partition}@${offset} is there ${count} times`)
      }
      for (const offset of Object.keys(of)) {
        if (BigInt(offset) >= next) problems.push(`p${partition}@${offset} is above the ledger`)
      }
    }
    return [...problems, ...checkMetadata(this.metadata)]
  }
}

export function dataFile(name: string, rows: number): DataFile {
  return {
    content: 'data',
    filePath: `mem://lake/lake.orders/data/${name}`,
    fileFormat: 'PARQUET',
    specId: 0,
    partition: [],
    recordCount: BigInt(rows),
    fileSizeInBytes: BigInt(rows * 10),
    metrics: {
      columnSizes: new Map(),
      valueCounts: new Map(),
      nullValueCounts: new Map(),
      nanValueCounts: new Map(),
      lowerBounds: new Map(),
      upperBounds: new Map(),
    },
    splitOffsets: [],
    equalityIds: [],
    sortOrderId: null,
    firstRowId: null,
  }
}
