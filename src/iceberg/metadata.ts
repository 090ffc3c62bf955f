import type { SnapshotId, TableUuid } from '../core/ids.ts'
import type { PartitionSpec, SortOrder } from './partition.ts'
import type { Schema } from './types.ts'

/** Spec: "Snapshots". */
export interface Snapshot {
  readonly snapshotId: SnapshotId
  readonly parentSnapshotId: SnapshotId | null
  readonly sequenceNumber: bigint
  /** Milliseconds since the epoch. */
  readonly timestampMs: bigint
  /** `operation` and everything else that the summary carries. Absent in old v1 snapshots: empty. */
  readonly summary: Readonly<Record<string, string>>
  /** Empty in an old v1 snapshot that embeds `manifests`. */
  readonly manifestList: string
  /** v1 only: the manifests of a snapshot without a manifest list. */
  readonly manifests?: readonly string[]
  /** v3: the encryption key of the manifest list. */
  readonly keyId?: string
  readonly schemaId: number | null
  /** v3. */
  readonly firstRowId: bigint | null
  readonly addedRows: bigint | null
}

/** Spec: "Snapshot References". */
export interface SnapshotRef {
  readonly snapshotId: SnapshotId
  readonly type: 'branch' | 'tag'
  readonly minSnapshotsToKeep?: number
  readonly maxSnapshotAgeMs?: bigint
  readonly maxRefAgeMs?: bigint
}

/** When a snapshot became the current one. Spec: "Table Metadata Fields", `snapshot-log`. */
export interface SnapshotLogEntry {
  readonly timestampMs: bigint
  readonly snapshotId: SnapshotId
}

/** Table metadata, as far as a writer needs it. Spec: "Table Metadata Fields". */
export interface TableMetadata {
  readonly formatVersion: 1 | 2 | 3
  readonly tableUuid: TableUuid
  readonly location: string
  readonly lastSequenceNumber: bigint
  readonly lastUpdatedMs: bigint
  readonly lastColumnId: number
  readonly currentSchemaId: number
  readonly schemas: readonly Schema[]
  readonly defaultSpecId: number
  readonly partitionSpecs: readonly PartitionSpec[]
  readonly lastPartitionId: number
  readonly defaultSortOrderId: number
  readonly sortOrders: readonly SortOrder[]
  readonly properties: Readonly<Record<string, string>>
  readonly currentSnapshotId: SnapshotId | null
  readonly snapshots: readonly Snapshot[]
  readonly snapshotLog: readonly SnapshotLogEntry[]
  readonly refs: Readonly<Record<string, SnapshotRef>>
  /** v3; 0 before. */
  readonly nextRowId: bigint
}
