import type { SnapshotId } from '../core/ids.ts'
import type { PartitionTuple } from './partition.ts'

/** Column metrics by field id, as they go into a manifest. Bounds are in single-value binary form. */
export interface ColumnMetrics {
  readonly columnSizes: ReadonlyMap<number, bigint>
  readonly valueCounts: ReadonlyMap<number, bigint>
  readonly nullValueCounts: ReadonlyMap<number, bigint>
  readonly nanValueCounts: ReadonlyMap<number, bigint>
  readonly lowerBounds: ReadonlyMap<number, Uint8Array>
  readonly upperBounds: ReadonlyMap<number, Uint8Array>
}

export type FileContent = 'data' | 'position-deletes' | 'equality-deletes'

/** A data or delete file as a manifest lists it. Spec: "Manifests", `data_file`. */
export interface DataFile {
  readonly content: FileContent
  /** Full URI. */
  readonly filePath: string
  readonly fileFormat: string
  readonly specId: number
  readonly partition: PartitionTuple
  readonly recordCount: bigint
  readonly fileSizeInBytes: bigint
  readonly metrics: ColumnMetrics
  readonly splitOffsets: readonly bigint[]
  readonly equalityIds: readonly number[]
  readonly sortOrderId: number | null
  /** v3: null lets the reader inherit it. */
  readonly firstRowId: bigint | null
  /** Delete files: the one data file that all deletes are about; required of a deletion vector. */
  readonly referencedDataFile?: string | null
  /** Deletion vectors: where the blob lies in its Puffin file. */
  readonly contentOffset?: bigint | null
  readonly contentSizeInBytes?: bigint | null
  readonly keyMetadata?: Uint8Array | null
}

export type EntryStatus = 'existing' | 'added' | 'deleted'

/** Spec: `manifest_entry`. Null sequence numbers and snapshot id are inherited from the manifest list. */
export interface ManifestEntry {
  readonly status: EntryStatus
  readonly snapshotId: SnapshotId | null
  readonly sequenceNumber: bigint | null
  readonly fileSequenceNumber: bigint | null
  readonly dataFile: DataFile
}

/** Spec: `field_summary`. Bounds in single-value binary form. */
export interface FieldSummary {
  readonly containsNull: boolean
  readonly containsNan: boolean | null
  readonly lowerBound: Uint8Array | null
  readonly upperBound: Uint8Array | null
}

/** One manifest, as a manifest list states it. Spec: "Manifest Lists", `manifest_file`. */
export interface ManifestFile {
  readonly manifestPath: string
  readonly manifestLength: bigint
  readonly partitionSpecId: number
  readonly content: 'data' | 'deletes'
  /** Null while the manifest is staged: set by the commit attempt that adds it. */
  readonly sequenceNumber: bigint | null
  readonly minSequenceNumber: bigint | null
  readonly addedSnapshotId: SnapshotId
  readonly addedFilesCount: number
  readonly existingFilesCount: number
  readonly deletedFilesCount: number
  readonly addedRowsCount: bigint
  readonly existingRowsCount: bigint
  readonly deletedRowsCount: bigint
  /** One for each field of the spec; empty where the spec has none, or the list states no summary. */
  readonly partitions: readonly FieldSummary[]
  /** v3. */
  readonly firstRowId: bigint | null
  readonly keyMetadata?: Uint8Array | null
  /** Present where an old v1 list does not state the counts: they are 0 here, and mean nothing. */
  readonly countsUnknown?: true
}
