import type { DataFile } from '../../src/iceberg/data-file.ts'
import type { SnapshotId } from '../../src/core/ids.ts'
import type { Snapshot } from '../../src/iceberg/metadata.ts'
import type { ForeignEngine } from '../support/foreign-engine.ts'
import { placeOf } from './sim-log.ts'
import type { SimRandom } from './sim-random.ts'
import type { SimWorld } from './sim-world.ts'

/** In the path of every file with rows that are not Firn's. */
const FOREIGN = 'mem://foreign/'

export function isForeign(path: string): boolean {
  return path.startsWith(FOREIGN)
}

export function foreignFile(name: string): DataFile {
  return {
    content: 'data',
    filePath: `${FOREIGN}${name}`,
    fileFormat: 'PARQUET',
    specId: 0,
    partition: [],
    recordCount: 1n,
    fileSizeInBytes: 10n,
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

/** What everybody else does to the table and to the log, while workers run. */
export class SimOthers {
  readonly #world: SimWorld
  readonly engine: ForeignEngine
  /** Only then may the evidence be gone. */
  hasExpired = false

  constructor(world: SimWorld, engine: ForeignEngine) {
    this.#world = world
    this.engine = engine
  }

  /** Somebody sets the table back to a snapshot of its history. */
  rollback(random: SimRandom): void {
    const snapshots = this.listed()
    const back = snapshots[Math.min(snapshots.length - 1, random.between(1, 3))]
    if (back !== undefined) this.rollbackTo(back.snapshotId)
  }

  /** The ancestry as far as it is listed, newest first. */
  listed(): readonly Snapshot[] {
    const { metadata, witness } = this.#world
    const listed = new Set(metadata.snapshots.map(({ snapshotId }) => snapshotId))
    return witness
      .ancestry(metadata.currentSnapshotId)
      .filter(({ snapshotId }) => listed.has(snapshotId))
  }

  rollbackTo(id: SnapshotId | null): void {
    this.#world.tell(`rollback to ${id}`)
    this.#world.catalog.nowMs = this.#world.clock.nowMs
    this.#world.catalog.rollback(this.#world.table, id)
  }

  async append(): Promise<void> {
    this.#world.catalog.nowMs = this.#world.clock.nowMs
    this.#world.tell(`foreign append ${await this.engine.append()}`)
  }

  async compact(): Promise<void> {
    if ((await this.engine.liveFiles()).length === 0) return
    this.#world.catalog.nowMs = this.#world.clock.nowMs
    this.#world.tell(`compaction ${await this.engine.compact()}`)
  }

  /** Keeps what refs name and the newest `count` of the ancestry, as Java's `retain_last`; the lists go too. */
  expire(count: number): void {
    const { catalog, metadata, store, table } = this.#world
    const snapshots = this.listed()
    this.#world.tell(`expiry keeps ${count}`)
    this.hasExpired = true
    catalog.expire(
      table,
      snapshots.slice(0, count).map(({ snapshotId }) => snapshotId),
    )
    const kept = new Set(this.#world.metadata.snapshots.map(({ manifestList }) => manifestList))
    for (const { manifestList } of metadata.snapshots) {
      if (!kept.has(manifestList)) store.objects.delete(manifestList)
    }
  }

  /** An unclean election: the newest batches of one partition are gone, whoever has read them. */
  truncateLog(random: SimRandom): void {
    const { topic } = this.#world
    const number = random.between(0, topic.partitions.length - 1)
    const log = topic.partitions[number]!
    const ends = log.batches
      .slice(-3)
      .map(({ baseOffset }) => baseOffset)
      .filter(
        (end) =>
          !log.aborted.some(
            ({ firstOffset, markerOffset }) => firstOffset < end && markerOffset >= end,
          ),
      )
    if (ends.length === 0) return
    const end = random.pick(ends)
    this.truncateTo(number, end)
  }

  truncateTo(number: number, end: bigint): void {
    const { topic } = this.#world
    const log = topic.partitions[number]!
    this.#world.tell(`truncate ${number} to ${end}`)
    const { logEnd } = log
    log.truncate(end)
    for (let offset = end; offset < logEnd; offset++) {
      this.#world.cluster.truncated.add(placeOf(topic.id, number, offset))
    }
  }

  /** Retention takes the older part of a partition. */
  retention(random: SimRandom): void {
    const { topic } = this.#world
    const number = random.between(0, topic.partitions.length - 1)
    const log = topic.partitions[number]!
    const newest = log.batches.slice(-5)
    if (newest.length === 0) return
    const { baseOffset } = random.pick(newest)
    if (baseOffset <= log.logStart) return
    this.#world.tell(`retention of ${number} up to ${baseOffset}`)
    log.deleteBefore(baseOffset)
  }
}
