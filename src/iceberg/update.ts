import type { SnapshotId, TableUuid } from '../core/ids.ts'
import type { Snapshot, SnapshotRef } from './metadata.ts'
import type { PartitionSpec, SortOrder } from './partition.ts'
import type { Schema } from './types.ts'

/** What must still be true when a commit is applied. REST specification: `TableRequirement`. */
export type TableRequirement =
  | { readonly type: 'assert-create' }
  | { readonly type: 'assert-table-uuid'; readonly uuid: TableUuid }
  | {
      readonly type: 'assert-ref-snapshot-id'
      readonly ref: string
      /** Null: the ref must not exist. */
      readonly snapshotId: SnapshotId | null
    }
  | { readonly type: 'assert-last-assigned-field-id'; readonly lastAssignedFieldId: number }
  | { readonly type: 'assert-current-schema-id'; readonly currentSchemaId: number }
  | { readonly type: 'assert-last-assigned-partition-id'; readonly lastAssignedPartitionId: number }
  | { readonly type: 'assert-default-spec-id'; readonly defaultSpecId: number }
  | { readonly type: 'assert-default-sort-order-id'; readonly defaultSortOrderId: number }

/** One change of a table. REST specification: `TableUpdate`. */
export type TableUpdate =
  | { readonly action: 'assign-uuid'; readonly uuid: TableUuid }
  | { readonly action: 'upgrade-format-version'; readonly formatVersion: number }
  | {
      readonly action: 'add-schema'
      readonly schema: Schema
      /** Deprecated in the specification; older catalogs still want it. */
      readonly lastColumnId?: number
    }
  | { readonly action: 'set-current-schema'; readonly schemaId: number }
  | { readonly action: 'add-spec'; readonly spec: PartitionSpec }
  | { readonly action: 'set-default-spec'; readonly specId: number }
  | { readonly action: 'add-sort-order'; readonly sortOrder: SortOrder }
  | { readonly action: 'set-default-sort-order'; readonly sortOrderId: number }
  | { readonly action: 'add-snapshot'; readonly snapshot: Snapshot }
  | { readonly action: 'set-snapshot-ref'; readonly refName: string; readonly ref: SnapshotRef }
  | { readonly action: 'remove-snapshots'; readonly snapshotIds: readonly SnapshotId[] }
  | { readonly action: 'remove-snapshot-ref'; readonly refName: string }
  | { readonly action: 'set-location'; readonly location: string }
  | { readonly action: 'set-properties'; readonly updates: Readonly<Record<string, string>> }
  | { readonly action: 'remove-properties'; readonly removals: readonly string[] }
