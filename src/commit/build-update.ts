import type { TableCommit } from '../catalog/catalog.ts'
import type { CommitId, SnapshotId } from '../core/ids.ts'
import type { PartitionMap, PositionRange } from '../core/offsets.ts'
import { snapshotById } from '../iceberg/ancestry.ts'
import type { Snapshot, SnapshotRef, TableMetadata } from '../iceberg/metadata.ts'
import type { TableRequirement, TableUpdate } from '../iceberg/update.ts'
import type { LedgerCarriers } from './carriers.ts'
import {
  mirrorProperty,
  mirrorToText,
  recordToSummary,
  replayTagName,
  tagName,
} from './ledger-text.ts'
import type { Gaps, Ledger, Origin, SnapshotRecord } from './ledger.ts'
import type { LedgerReading } from './read-ledger.ts'
import { type AddedFiles, type RemovedFiles, snapshotCounts } from './snapshot-summary.ts'

/** A snapshot that is to be added: everything that its attempt has decided and written. */
export interface SnapshotDraft {
  readonly snapshotId: SnapshotId
  readonly commitId: CommitId
  /** The head, or the snapshot that is gone back to. */
  readonly parentId: SnapshotId | null
  /** Table properties besides the mirror. */
  readonly properties: Readonly<Record<string, string>>
  /** What the snapshot adds; empty for one that only moves the ledger. */
  readonly ranges: PartitionMap<PositionRange>
  readonly rejected: PartitionMap<bigint>
  readonly gaps: Gaps
  /** The whole ledger after it. */
  readonly ledger: Ledger
  readonly origin: Origin | undefined
  readonly completeThroughMs: number | undefined
  readonly added: AddedFiles
  readonly removed: RemovedFiles
  /** What a replay replaces; empty for every other snapshot. */
  readonly replayed: PartitionMap<PositionRange>
  /** A branch that begins with this snapshot, in the place of the writer's own: its evidence stays as it is. */
  readonly newBranch: string | undefined
  readonly manifestList: string
  /** v3: row ids that the manifest list assigned; null in v2. */
  readonly addedRows: bigint | null
}

export interface UpdateOptions {
  readonly carriers: LedgerCarriers
  readonly engineVersion: string
  readonly nowMs: number
}

/** A tag without an age of its own may be expired by the table's `history.expire.max-ref-age-ms`. */
const FOR_EVER = 2n ** 63n - 1n
/** One that a replay could not take away again goes with a later expiry. */
const REPLAY_TAG_AGE_MS = 7n * 24n * 60n * 60n * 1000n

/**
 * The one request that adds a snapshot: the snapshot, the branch, the tag and the mirror together, under the head,
 * the tag and the schema that were read. Sequence number and row ids come from the same load. Pure.
 */
export function buildCommit(
  metadata: TableMetadata,
  reading: LedgerReading,
  draft: SnapshotDraft,
  options: UpdateOptions,
): TableCommit {
  const snapshot = buildSnapshot(metadata, reading, draft, options)
  return {
    requirements: requirementsOf(metadata, reading, { draft, carriers: options.carriers }),
    updates: updatesOf(metadata, reading, { draft, snapshot, carriers: options.carriers }),
  }
}

function requirementsOf(
  { tableUuid, currentSchemaId, refs }: TableMetadata,
  { owner }: LedgerReading,
  { draft, carriers }: { readonly draft: SnapshotDraft; readonly carriers: LedgerCarriers },
): readonly TableRequirement[] {
  const asRead = (ref: string): TableRequirement => ({
    type: 'assert-ref-snapshot-id',
    ref,
    snapshotId: refs[ref]?.snapshotId ?? null,
  })
  return [
    { type: 'assert-table-uuid', uuid: tableUuid },
    asRead(owner.ref),
    ...(draft.newBranch === undefined ? [] : [asRead(draft.newBranch)]),
    // The tag moves with us only: a request from before a rollback cannot wipe out its traces.
    ...(carriers.tags ? [asRead(tagName(owner.writer))] : []),
    { type: 'assert-current-schema-id', currentSchemaId },
  ]
}

function buildSnapshot(
  metadata: TableMetadata,
  { owner }: LedgerReading,
  draft: SnapshotDraft,
  { carriers, engineVersion, nowMs }: UpdateOptions,
): Snapshot {
  const { parentId } = draft
  const parent = parentId === null ? undefined : snapshotById(metadata, parentId)
  const record: SnapshotRecord = {
    writer: owner.writer,
    commitId: draft.commitId,
    namedSnapshotId: draft.snapshotId,
    ranges: draft.ranges,
    ledger: draft.ledger,
    gaps: draft.gaps,
    replayed: draft.replayed,
    rejected: draft.rejected,
    completeThroughMs: draft.completeThroughMs,
    // Where properties vanish, the tag's snapshot stands in for the mirror.
    origin: carriers.properties ? undefined : draft.origin,
  }
  return {
    snapshotId: draft.snapshotId,
    parentSnapshotId: parentId,
    sequenceNumber: metadata.lastSequenceNumber + 1n,
    timestampMs: latest(BigInt(nowMs), metadata.lastUpdatedMs, parent?.timestampMs ?? 0n),
    summary: {
      operation: draft.replayed.size === 0 ? 'append' : 'overwrite',
      ...snapshotCounts(draft, parent),
      ...recordToSummary(record),
      'engine-name': 'firn',
      'engine-version': engineVersion,
    },
    manifestList: draft.manifestList,
    schemaId: metadata.currentSchemaId,
    firstRowId: metadata.formatVersion < 3 ? null : metadata.nextRowId,
    addedRows: draft.addedRows,
  }
}

/** Catalogs refuse a snapshot that is older than the table: a worker's clock may be behind. */
function latest(...times: readonly bigint[]): bigint {
  return times.reduce((greatest, time) => (time > greatest ? time : greatest))
}

function updatesOf(
  { refs, tableUuid }: TableMetadata,
  { owner }: LedgerReading,
  {
    draft,
    snapshot,
    carriers,
  }: {
    readonly draft: SnapshotDraft
    readonly snapshot: Snapshot
    readonly carriers: LedgerCarriers
  },
): readonly TableUpdate[] {
  const { snapshotId, commitId, newBranch } = draft
  const { sequenceNumber } = snapshot
  if (newBranch !== undefined) {
    const begun: SnapshotRef = { type: 'branch', snapshotId }
    return [
      { action: 'add-snapshot', snapshot },
      { action: 'set-snapshot-ref', refName: newBranch, ref: begun },
    ]
  }
  // The branch keeps the retention that it was given.
  const branch: SnapshotRef = { type: 'branch', ...refs[owner.ref], snapshotId }
  const tag: SnapshotRef = { snapshotId, type: 'tag', maxRefAgeMs: FOR_EVER }
  const { ledger, origin } = draft
  const mirror = { tableUuid, ref: owner.ref, snapshotId, sequenceNumber, commitId, ledger, origin }
  const updates = {
    ...draft.properties,
    ...(carriers.properties ? { [mirrorProperty(owner.writer)]: mirrorToText(mirror) } : {}),
  }
  const replayTag: SnapshotRef = { snapshotId, type: 'tag', maxRefAgeMs: REPLAY_TAG_AGE_MS }
  return [
    { action: 'add-snapshot', snapshot },
    { action: 'set-snapshot-ref', refName: owner.ref, ref: branch },
    ...(carriers.tags
      ? [{ action: 'set-snapshot-ref', refName: tagName(owner.writer), ref: tag } as const]
      : []),
    ...(carriers.tags && draft.replayed.size > 0
      ? [
          {
            action: 'set-snapshot-ref',
            refName: replayTagName(owner.writer, commitId),
            ref: replayTag,
          } as const,
        ]
      : []),
    ...(Object.keys(updates).length > 0 ? [{ action: 'set-properties', updates } as const] : []),
  ]
}
