import type { SnapshotId, TopicName, WriterName } from '../core/ids.ts'
import { snapshotById, walkAncestors, type WalkEnd } from '../iceberg/ancestry.ts'
import type { Snapshot, TableMetadata } from '../iceberg/metadata.ts'
import {
  mirroredWriters,
  readMirror,
  readRecord,
  SUMMARY_KEYS,
  tagName,
  writerOf,
} from './ledger-text.ts'
import type { Ledger, Mirror, Origin, SnapshotRecord } from './ledger.ts'

/** Whose ledger, on which branch. */
export interface LedgerOwner {
  readonly writer: WriterName
  readonly ref: string
}

/** One of the writer's own snapshots, and what it records. */
export interface OwnSnapshot {
  readonly snapshot: Snapshot
  readonly record: SnapshotRecord
}

/** What is known of the newest ledger from beside the ancestry: the mirror, or the tag where there is none. */
export interface Evidence {
  readonly from: 'mirror' | 'tag'
  readonly snapshotId: SnapshotId
  readonly sequenceNumber: bigint
  readonly ledger: Ledger
  readonly origin: Origin | undefined
}

/** Everything in a table's metadata that tells of one writer's ledger on one branch; nothing is concluded yet. */
export interface LedgerReading {
  readonly owner: LedgerOwner
  /** What a new snapshot has as its parent; null for a table without one. */
  readonly head: SnapshotId | null
  /** From the head along parents, newest first, and how that ended. */
  readonly walk: readonly Snapshot[]
  readonly end: WalkEnd
  /** The newest of the writer's snapshots on the walk. */
  readonly newest: OwnSnapshot | undefined
  /** How many snapshots of others lie above it; the whole walk where there is none. */
  readonly foreignAbove: number
  /** Above the newest: a snapshot that has the writer's rows or its summary, and is not the writer's. */
  readonly copied: Snapshot | undefined
  readonly mirror: Mirror | undefined
  /** Where the writer's tag points; `own` undefined where that is none of its snapshots. */
  readonly tag:
    | { readonly snapshotId: SnapshotId; readonly own: OwnSnapshot | undefined }
    | undefined
  readonly evidence: Evidence | undefined
}

/**
 * Walks the ancestors of the branch to the newest snapshot with the writer's name whose commit id names that very
 * snapshot, and reads mirror and tag beside it. Throws LEDGER_CORRUPT.
 */
export function readLedger(metadata: TableMetadata, owner: LedgerOwner): LedgerReading {
  const head = headOf(metadata, owner.ref)
  const { snapshots: walk, end } = walkAncestors(metadata, head)
  const mirror = readMirror(metadata.properties, owner.writer)
  const tag = readTag(metadata, owner.writer)
  const newest = newestOf(walk, owner.writer)
  const foreignAbove = newest === undefined ? walk.length : walk.indexOf(newest.snapshot)
  const ours = new Set([
    ...metadata.snapshots
      .filter((snapshot) => writerOf(snapshot) === owner.writer)
      .map(({ snapshotId }) => snapshotId),
    ...(mirror === undefined ? [] : [mirror.snapshotId]),
  ])
  const copied = walk
    .slice(0, foreignAbove)
    .find((snapshot) => writerOf(snapshot) === owner.writer || isPickOf(snapshot, ours))
  return {
    owner,
    head,
    walk,
    end,
    newest,
    foreignAbove,
    copied,
    mirror,
    tag,
    evidence: evidenceOf(mirror, tag?.own),
  }
}

/** The parent of a new snapshot on a branch. A branch that is not there yet begins at main's head, as in Java. */
export function headOf(metadata: TableMetadata, ref: string): SnapshotId | null {
  return metadata.refs[ref]?.snapshotId ?? metadata.refs['main']?.snapshotId ?? null
}

function newestOf(walk: readonly Snapshot[], writer: WriterName): OwnSnapshot | undefined {
  for (const snapshot of walk) {
    const own = ownSnapshot(snapshot, writer)
    if (own !== undefined) return own
  }
  return undefined
}

function ownSnapshot(snapshot: Snapshot, writer: WriterName): OwnSnapshot | undefined {
  if (writerOf(snapshot) !== writer) return undefined
  const record = readRecord(snapshot)
  return record?.namedSnapshotId === snapshot.snapshotId ? { snapshot, record } : undefined
}

/** Java's cherry-pick makes a new snapshot with the other's files, and says of which. */
function isPickOf({ summary }: Snapshot, ours: ReadonlySet<bigint>): boolean {
  const source = summary['source-snapshot-id'] ?? ''
  return /^\d{1,19}$/.test(source) && ours.has(BigInt(source))
}

function readTag(metadata: TableMetadata, writer: WriterName): LedgerReading['tag'] {
  const snapshotId = metadata.refs[tagName(writer)]?.snapshotId
  if (snapshotId === undefined) return undefined
  const snapshot = snapshotById(metadata, snapshotId)
  return { snapshotId, own: snapshot === undefined ? undefined : ownSnapshot(snapshot, writer) }
}

function evidenceOf(
  mirror: Mirror | undefined,
  tagged: OwnSnapshot | undefined,
): Evidence | undefined {
  if (mirror !== undefined) return { from: 'mirror', ...mirror }
  if (tagged === undefined) return undefined
  const { snapshot, record } = tagged
  return {
    from: 'tag',
    snapshotId: snapshot.snapshotId,
    sequenceNumber: snapshot.sequenceNumber,
    ledger: record.ledger,
    origin: record.origin,
  }
}

/** Whether a snapshot is on the ancestry. Expiry after a rollback looks like expiry alone: then `unknown`. */
export type Membership = 'yes' | 'no' | 'unknown'

/**
 * Membership as the walk alone tells it. Yes: the walk met it, or it is the missing parent. No: the walk reached the
 * root, or a lower sequence number, without it.
 */
export function membershipOf(
  { walk, end }: Pick<LedgerReading, 'walk' | 'end'>,
  of: { readonly snapshotId: SnapshotId; readonly sequenceNumber: bigint },
): Membership {
  if (walk.some(({ snapshotId }) => snapshotId === of.snapshotId)) return 'yes'
  if (end.kind === 'root') return 'no'
  if (end.missing === of.snapshotId) return 'yes'
  return walk.some(({ sequenceNumber }) => sequenceNumber < of.sequenceNumber) ? 'no' : 'unknown'
}

/**
 * Asks the manifests of the head whether one of them still names a snapshot as the one that added a file: the last
 * proof that it is on the ancestry. False proves nothing.
 */
export type ManifestProof = (of: {
  readonly snapshotId: SnapshotId
  readonly sequenceNumber: bigint
}) => Promise<boolean>

/** Membership with the manifests asked where the walk does not decide, and only there. */
export async function provenMembership(
  reading: LedgerReading,
  of: { readonly snapshotId: SnapshotId; readonly sequenceNumber: bigint },
  proof: ManifestProof,
): Promise<Membership> {
  const membership = membershipOf(reading, of)
  return membership === 'unknown' && (await proof(of)) ? 'yes' : membership
}

/**
 * The other writer whose ledger or mirror holds a topic in this table; undefined where there is none. On the ancestry
 * or not: rows that it may bring back would be there twice.
 */
export function otherWriterOf(
  metadata: TableMetadata,
  { owner, walk }: LedgerReading,
  topic: TopicName,
): WriterName | undefined {
  const mirrored = mirroredWriters(metadata.properties)
    .filter((writer) => writer !== owner.writer)
    .find((writer) => readMirror(metadata.properties, writer)?.ledger.topics.has(topic) === true)
  if (mirrored !== undefined) return mirrored
  const asked = new Set<WriterName>([owner.writer])
  for (const snapshot of walk) {
    const writer =
      snapshot.summary[SUMMARY_KEYS.writer] === undefined ? undefined : writerOf(snapshot)
    if (writer === undefined || asked.has(writer)) continue
    asked.add(writer)
    if (readRecord(snapshot)?.ledger.topics.has(topic) === true) return writer
  }
  return undefined
}
