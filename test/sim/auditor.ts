import { parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { readManifest } from '../../src/iceberg/manifest-reader.ts'
import { readManifestList } from '../../src/iceberg/manifest-list.ts'
import { checkMetadata } from '../../src/iceberg/check-metadata.ts'
import { currentSchema } from '../../src/iceberg/metadata-json.ts'
import { snapshotById } from '../../src/iceberg/ancestry.ts'
import type { SnapshotRecord } from '../../src/commit/ledger.ts'
import { readRecord } from '../../src/commit/ledger-text.ts'
import type { TopicId } from '../../src/core/ids.ts'
import type { Position, PositionRange } from '../../src/core/offsets.ts'
import type { Snapshot } from '../../src/iceberg/metadata.ts'
import { placeOf } from './sim-log.ts'
import { isForeign } from './sim-others.ts'
import type { SimWorld } from './sim-world.ts'

const PROBLEMS_MAX = 10

interface Row {
  readonly id: bigint
  readonly topicId: TopicId
  readonly partition: number
  readonly offset: bigint
}

/** What breaks an invariant, a line each; none where all is well. */
export async function audit(world: SimWorld): Promise<readonly string[]> {
  if (!world.exists) return world.problems
  // Expired snapshots too: what they added is still in the table.
  const own = world.witness
    .ancestry(world.metadata.currentSnapshotId)
    .toReversed()
    .flatMap((snapshot) => {
      const record = readRecord(snapshot)
      return record?.namedSnapshotId === snapshot.snapshotId ? [{ snapshot, record }] : []
    })
  return [
    ...world.problems,
    ...auditLedgers(world, own),
    ...(await auditRows(world, own)).slice(0, PROBLEMS_MAX),
    ...checkMetadata(world.metadata).map((problem) => `I8: ${problem}`),
  ]
}

interface OwnSnapshot {
  readonly snapshot: Snapshot
  readonly record: SnapshotRecord
}

/**
 * I1: every record in a range of the ancestry is in the table once for each such range (one, unless the log was
 * truncated and read again), with its own value; and nothing else is. With I3 below: every record below the ledger.
 */
async function auditRows(world: SimWorld, own: readonly OwnSnapshot[]): Promise<readonly string[]> {
  const found = Map.groupBy(await liveRows(world), (row) =>
    placeOf(row.topicId, row.partition, row.offset),
  )
  const problems: string[] = []
  const ranges = own.flatMap(rangesOf)
  for (const [place, records] of world.cluster.everAt) {
    const [{ topicId, partition, offset }] = records as [(typeof records)[number]]
    const covering = ranges.filter(
      (range) =>
        range.topicId === topicId &&
        range.partition === partition &&
        range.start <= offset &&
        offset < range.end,
    ).length
    const ids = (found.get(place) ?? []).map(({ id }) => Number(id))
    const visible = records.filter(({ aborted }) => !aborted).map(({ id }) => id)
    const isSettled = visible.length === records.length && !world.cluster.truncated.has(place)
    const fewest = isSettled ? covering : 0
    if (ids.length < fewest) problems.push(`I1: ${place} is missing`)
    if (ids.length > covering) problems.push(`I1: ${place} is there ${ids.length} times`)
    if (new Set(ids).size < ids.length) problems.push(`I1: ${place} holds ${ids.join(' and ')}`)
    if (ids.some((id) => !visible.includes(id))) problems.push(`I1: ${place} holds another record`)
    found.delete(place)
  }
  for (const place of found.keys()) problems.push(`I1: ${place} was never produced`)
  return problems
}

function rangesOf({ record }: OwnSnapshot): (PositionRange & {
  readonly topicId: TopicId | undefined
  readonly partition: number
})[] {
  return [...record.ranges].map(([{ topic, partition }, { start, end }]) => ({
    start,
    end,
    topicId: record.ledger.topics.get(topic)?.id,
    partition,
  }))
}

/** By the id of the value the record is known, and by that the topic that it was produced to. */
async function liveRows(world: SimWorld): Promise<readonly Row[]> {
  const { metadata, store } = world
  const { currentSnapshotId } = metadata
  const head = currentSnapshotId === null ? undefined : snapshotById(metadata, currentSnapshotId)
  if (head === undefined) return []
  const topicOf = new Map(
    [...world.cluster.everAt.values()].flat().map(({ id, topicId }) => [id, topicId]),
  )
  const rows: Row[] = []
  const seen = new Set<string>()
  for (const manifest of readManifestList(await store.get(head.manifestList))) {
    const { entries } = readManifest(await store.get(manifest.manifestPath), {
      manifest,
      schema: currentSchema(metadata),
    })
    for (const { status, dataFile } of entries) {
      if (status === 'deleted' || isForeign(dataFile.filePath)) continue
      if (seen.has(dataFile.filePath)) world.problems.push(`I1: ${dataFile.filePath} twice`)
      seen.add(dataFile.filePath)
      // I5: what is referenced is there to be read.
      const file = new Uint8Array(await store.get(dataFile.filePath)).buffer
      for (const row of await parquetReadObjects({ file, compressors })) {
        const { id, _kafka: place } = row as unknown as {
          id: bigint
          _kafka: { partition: number; offset: bigint }
        }
        rows.push({ id, ...place, topicId: topicOf.get(Number(id)) ?? world.topic.id })
      }
    }
  }
  return rows
}

/** I2, I3: along the ancestry the ledger moves by just what each snapshot adds or passes. */
function auditLedgers(world: SimWorld, own: readonly OwnSnapshot[]): readonly string[] {
  const problems: string[] = []
  const before = new Map<string, Position>()
  for (const { snapshot, record } of own) {
    for (const [topic, { id, next }] of record.ledger.topics) {
      for (const [partition, position] of next) {
        const key = placeOf(id, partition, 0n)
        const moved = movedTo(record, { topic, partition }, before.get(key) ?? 0n)
        const set = world.witness.sets.has(snapshot.snapshotId)
        if (!set && moved !== position) {
          problems.push(
            `${position < (before.get(key) ?? 0n) ? 'I2' : 'I3'}: ${partition} goes from ${before.get(key)} to ${position} in ${snapshot.snapshotId}, which covers up to ${moved}`,
          )
        }
        before.set(key, position)
      }
    }
  }
  return problems.slice(0, PROBLEMS_MAX)
}

/** Where a ledger at `was` comes to by the ranges and gaps of one snapshot: each must begin where it stands. */
function movedTo(
  { ranges, gaps }: SnapshotRecord,
  partition: Parameters<SnapshotRecord['ranges']['get']>[0],
  was: Position,
): Position {
  const steps = [ranges, ...gaps.values()].flatMap((map) => map.get(partition) ?? [])
  return steps.reduce((at, { start, end }) => (start === at ? end : -1n), was)
}
