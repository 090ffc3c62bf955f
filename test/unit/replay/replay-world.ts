import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { ALL_CARRIERS } from '../../../src/commit/carriers.ts'
import {
  type CommitOutcome,
  commitReplacement,
  commitStaged,
} from '../../../src/commit/committer.ts'
import type { CommitContext } from '../../../src/commit/context.ts'
import { ManifestLists } from '../../../src/commit/manifest-lists.ts'
import { readLedger } from '../../../src/commit/read-ledger.ts'
import { type StagedAppend, stageFiles } from '../../../src/commit/stage.ts'
import { startTable } from '../../../src/commit/start.ts'
import type { SnapshotId } from '../../../src/core/ids.ts'
import { snapshotById } from '../../../src/iceberg/ancestry.ts'
import { checkMetadata } from '../../../src/iceberg/check-metadata.ts'
import type { DataFile, ManifestEntry, ManifestFile } from '../../../src/iceberg/data-file.ts'
import { readManifestList, writeManifestList } from '../../../src/iceberg/manifest-list.ts'
import { readManifest } from '../../../src/iceberg/manifest-reader.ts'
import { stagedManifest, writeManifest } from '../../../src/iceberg/manifest-writer.ts'
import type { TableMetadata } from '../../../src/iceberg/metadata.ts'
import { FileInspector } from '../../../src/replay/file-inspector.ts'
import { RangeReplacement } from '../../../src/replay/range-replacement.ts'
import type { SealedFiles } from '../../../src/writer/sealed-files.ts'
import { FakeCatalog } from '../../support/fake-catalog.ts'
import { FakeObjectStore } from '../../support/fake-object-store.ts'
import { batchOf } from '../columns/tree.ts'
import {
  at,
  CLUSTER,
  ORDERS,
  ORDERS_ID,
  ranges,
  seeded,
  TABLE,
  virtualClock,
  WRITER,
} from '../commit/fixtures.ts'
import { encodeFile } from '../parquet/parquet-files.ts'
import {
  NO_POSITION,
  PLACE,
  REPLAY_SCHEMA,
  rowsOfRange,
  type TestRow,
  treeOf,
} from './replay-rows.ts'

/** A row as hyparquet reads it. */
interface ReadRow {
  readonly generation: bigint
  readonly _kafka?: { readonly partition: number; readonly offset: bigint } | null
}

/** A table of real Parquet files in a fake catalog and store. */
export class ReplayWorld {
  readonly catalog = new FakeCatalog()
  readonly store = new FakeObjectStore()
  readonly time = { nowMs: 1_000 }
  readonly clock = virtualClock(this.time)
  readonly random
  #files = 0
  #foreign = 0

  private constructor(seed: number) {
    this.random = seeded(seed)
  }

  static async create(
    options: { formatVersion?: 2 | 3; seed?: number; properties?: Record<string, string> } = {},
  ): Promise<ReplayWorld> {
    const world = new ReplayWorld(options.seed ?? 1)
    await world.catalog.createTable(TABLE, {
      schema: REPLAY_SCHEMA,
      partitionSpec: { specId: 0, fields: [] },
      sortOrder: { orderId: 0, fields: [] },
      properties: {
        'commit.retry.min-wait-ms': '1',
        'commit.retry.num-retries': '20',
        ...options.properties,
      },
      location: null,
      formatVersion: options.formatVersion ?? 2,
    })
    await startTable(world.context(), {
      partitions: [at(0), at(1)],
      log: {
        facts: async () => ({
          cluster: CLUSTER,
          topics: new Map([
            [
              ORDERS,
              {
                id: ORDERS_ID,
                partitions: new Map([0, 1].map((one) => [one, { logStart: 0n, logEnd: 1000n }])),
              },
            ],
          ]),
        }),
        start: async () => ({ kind: 'earliest' }),
      },
    })
    return world
  }

  context(): CommitContext {
    return {
      table: TABLE,
      owner: { writer: WRITER, ref: 'main' },
      tableUuid: this.metadata.tableUuid,
      onRollback: 'follow',
      passesHold: true,
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
      observe: () => {},
      lists: new ManifestLists(this.store),
    }
  }

  get metadata(): TableMetadata {
    return this.catalog.metadata(TABLE)
  }

  get head() {
    return snapshotById(this.metadata, this.metadata.currentSnapshotId!)!
  }

  get next(): Record<number, bigint> {
    const { newest } = readLedger(this.metadata, { writer: WRITER, ref: 'main' })
    return Object.fromEntries(newest?.record.ledger.topics.get(ORDERS)?.next ?? [])
  }

  /** One Parquet file with these rows, in the store. */
  async file(rows: readonly TestRow[], properties: Record<string, string> = {}): Promise<DataFile> {
    const batches = [rows.slice(0, rows.length / 2), rows.slice(rows.length / 2)]
      .filter((some) => some.length > 0)
      .map((some) => batchOf(REPLAY_SCHEMA, some.map(treeOf)))
    const { bytes, metrics, splitOffsets, recordCount } = encodeFile(REPLAY_SCHEMA, batches, {
      properties,
    })
    this.#files += 1
    const filePath = `mem://lake/lake.orders/data/f${this.#files}.parquet`
    await this.store.put(filePath, bytes)
    return {
      content: 'data',
      filePath,
      fileFormat: 'PARQUET',
      specId: 0,
      partition: [],
      recordCount,
      fileSizeInBytes: BigInt(bytes.length),
      metrics,
      splitOffsets,
      equalityIds: [],
      sortOrderId: 0,
      firstRowId: null,
    }
  }

  sealed(files: readonly DataFile[], of: Record<number, [number, number]>): SealedFiles {
    const claimed = ranges(of)
    return {
      files,
      ranges: claimed,
      topics: new Map([[ORDERS, ORDERS_ID]]),
      facts: claimed.map(({ end }) => ({
        leaderEpoch: 0,
        timestampMsMax: Number(end),
        timestampType: 'log-append' as const,
        reachedEndAtMs: undefined,
      })),
      rowCount: files.reduce((sum, { recordCount }) => sum + recordCount, 0n),
      schemaId: 0,
      specId: 0,
      reason: 'interval',
      openedAtMs: 0,
    }
  }

  async stage(
    files: readonly DataFile[],
    of: Record<number, [number, number]>,
    context = this.context(),
  ): Promise<StagedAppend> {
    return stageFiles(context, {
      files: this.sealed(files, of),
      cluster: CLUSTER,
      metadata: this.metadata,
    })
  }

  /** A worker's commit: one file, of all its partitions. */
  async ingest(of: Record<number, [number, number]>): Promise<CommitOutcome> {
    const rows = Object.entries(of).flatMap(([partition, range]) =>
      rowsOfRange(Number(partition), range),
    )
    return commitStaged(this.context(), await this.stage([await this.file(rows)], of))
  }

  async replay(
    of: Record<number, [number, number]>,
    options: {
      readonly generation?: bigint
      readonly newBranch?: string
      readonly staged?: StagedAppend
      readonly files?: readonly DataFile[]
      /** The log has holes: these positions are in it. */
      readonly rows?: readonly TestRow[]
    } = {},
  ): Promise<{ outcome: CommitOutcome; staged: StagedAppend; replacement: RangeReplacement }> {
    const rows =
      options.rows ??
      Object.entries(of).flatMap(([partition, range]) =>
        rowsOfRange(Number(partition), range, options.generation ?? 2n),
      )
    const files = options.files ?? (rows.length === 0 ? [] : [await this.file(rows)])
    const staged = options.staged ?? (await this.stage(files, of))
    const replacement = this.replacement(staged, files, options.newBranch)
    const outcome = await commitReplacement(this.context(), { staged, replacement })
    return { outcome, staged, replacement }
  }

  replacement(
    staged: StagedAppend,
    files: readonly DataFile[],
    newBranch?: string,
  ): RangeReplacement {
    const parts = {
      store: this.store,
      random: this.random,
      writer: WRITER,
      place: PLACE,
      ranges: staged.claim.ranges,
    }
    return new RangeReplacement({
      ...parts,
      staged: { ...staged, files },
      newBranch,
      inspector: new FileInspector(parts),
      rewritten: [],
    })
  }

  // ---------------------------------------------------------------- what others do

  async foreignAppend(rows: readonly TestRow[]): Promise<SnapshotId> {
    const file = await this.file(rows)
    return this.#foreignSnapshot('append', async (before, id) => [
      await this.#manifest([added(file)], id),
      ...before,
    ])
  }

  /** Rewrites all files as a few, with their rows dealt out anew: partitions and ranges are mixed afterwards. */
  async compact(into = 1, properties: Record<string, string> = {}): Promise<SnapshotId> {
    const rows = await this.rows()
    const dealt = Array.from({ length: into }, (_, index) =>
      rows.filter((_row, place) => place % into === index),
    ).filter((some) => some.length > 0)
    const files = await Promise.all(dealt.map(async (some) => this.file(some, properties)))
    return this.#foreignSnapshot('replace', async (_before, id) =>
      files.length === 0 ? [] : [await this.#manifest(files.map(added), id)],
    )
  }

  /** Another engine puts these rows in the place of all. */
  async overwrite(rows: readonly TestRow[]): Promise<SnapshotId> {
    const file = await this.file(rows)
    return this.#foreignSnapshot('overwrite', async (_before, id) => [
      await this.#manifest([added(file)], id),
    ])
  }

  /** A delete file of another engine. */
  async addDeletes(file: DataFile): Promise<SnapshotId> {
    return this.#foreignSnapshot('delete', async (before, id) => [
      await this.#manifest([added(file)], id, 'deletes'),
      ...before,
    ])
  }

  async #foreignSnapshot(
    operation: string,
    manifests: (before: readonly ManifestFile[], id: SnapshotId) => Promise<ManifestFile[]>,
  ): Promise<SnapshotId> {
    this.#foreign += 1
    const { metadata } = this
    const id = BigInt(7_000 + this.#foreign) as SnapshotId
    const list = writeManifestList({
      formatVersion: metadata.formatVersion === 3 ? 3 : 2,
      snapshotId: id,
      parentSnapshotId: metadata.currentSnapshotId,
      sequenceNumber: metadata.lastSequenceNumber + 1n,
      firstRowId: metadata.nextRowId,
      manifests: await manifests(await this.manifests(), id),
    })
    const manifestList = `mem://foreign/snap-${id}.avro`
    await this.store.put(manifestList, list.bytes)
    const numbered = metadata.formatVersion === 3 ? { addedRows: list.addedRows } : {}
    this.catalog.addForeign(TABLE, {
      snapshotId: id,
      manifestList,
      summary: { operation },
      ...numbered,
    })
    return id
  }

  async #manifest(
    entries: readonly ManifestEntry[],
    addedSnapshotId: SnapshotId,
    content: 'data' | 'deletes' = 'data',
  ): Promise<ManifestFile> {
    const written = writeManifest({
      formatVersion: this.metadata.formatVersion === 3 ? 3 : 2,
      schema: REPLAY_SCHEMA,
      spec: { specId: 0, fields: [] },
      content,
      entries,
    })
    const manifestPath = `mem://foreign/${this.random.uuid()}-m0.avro`
    await this.store.put(manifestPath, written.bytes)
    return stagedManifest(written, { manifestPath, addedSnapshotId })
  }

  // ---------------------------------------------------------------- what is in the table

  async manifests(snapshot = this.head): Promise<readonly ManifestFile[]> {
    return readManifestList(await this.store.get(snapshot.manifestList))
  }

  async entries(snapshot = this.head): Promise<readonly ManifestEntry[]> {
    const read = (await this.manifests(snapshot)).map(async (manifest) =>
      readManifest(await this.store.get(manifest.manifestPath), {
        manifest,
        schema: REPLAY_SCHEMA,
      }),
    )
    return (await Promise.all(read)).flatMap(({ entries }) => entries)
  }

  /** All rows, by another reader than the one under test. */
  async rows(snapshot = this.head): Promise<TestRow[]> {
    const live = (await this.entries(snapshot)).filter(
      ({ status, dataFile }) => status !== 'deleted' && dataFile.content === 'data',
    )
    const rows: TestRow[] = []
    for (const { dataFile } of live) rows.push(...(await this.rowsIn(dataFile.filePath)))
    return rows
  }

  async rowsIn(path: string): Promise<TestRow[]> {
    const bytes = this.store.objects.get(path)!
    const read = await parquetReadObjects({
      file: {
        byteLength: bytes.length,
        slice: (start, end) => Uint8Array.from(bytes.subarray(start, end)).buffer,
      },
      compressors,
    })
    return (read as unknown as ReadRow[]).map(({ generation, _kafka: kafka }) => [
      kafka === undefined || kafka === null
        ? NO_POSITION
        : `${String(kafka.partition)}@${String(kafka.offset)}`,
      generation,
    ])
  }

  /** What the table should hold and does not, or holds too often. */
  async audit(expected: ReadonlyMap<string, bigint>): Promise<readonly string[]> {
    const problems: string[] = [...checkMetadata(this.metadata)]
    const seen = new Map<string, bigint>()
    for (const [position, generation] of await this.rows()) {
      if (position === NO_POSITION) continue
      if (seen.has(position)) problems.push(`${position} is there twice`)
      seen.set(position, generation)
    }
    for (const [position, generation] of expected) {
      const found = seen.get(position)
      if (found !== generation) problems.push(`${position}: ${found} for ${generation}`)
    }
    for (const position of seen.keys()) {
      if (!expected.has(position)) problems.push(`${position} should not be there`)
    }
    return problems
  }
}

function added(dataFile: DataFile): ManifestEntry {
  return {
    status: 'added',
    snapshotId: null,
    sequenceNumber: null,
    fileSequenceNumber: null,
    dataFile,
  }
}
