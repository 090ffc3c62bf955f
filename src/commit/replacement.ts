import { walkAncestors } from '../iceberg/ancestry.ts'
import type { ManifestFile } from '../iceberg/data-file.ts'
import type { Snapshot, TableMetadata } from '../iceberg/metadata.ts'
import type { SnapshotId } from '../core/ids.ts'
import type { AddedFiles, RemovedFiles } from './snapshot-summary.ts'

/** A table as one attempt found it: what a replacement is computed on. */
export interface ReplacedHead {
  readonly metadata: TableMetadata
  readonly snapshot: Snapshot
  readonly manifests: readonly ManifestFile[]
}

export type HeadReplacement =
  /** The whole new list: what stays, what was written anew for this head, and what was staged. */
  | {
      readonly kind: 'replaced'
      readonly manifests: readonly ManifestFile[]
      readonly added: AddedFiles
      readonly removed: RemovedFiles
    }
  /** The staged files are in the head already: an earlier attempt landed, and nothing names its snapshot any more. */
  | { readonly kind: 'live' }

/** How staged files take the place of what a head holds: asked anew on every head, since others change it. */
export interface Replacement {
  /** A branch that begins with the snapshot, while the writer's own stays; undefined: the writer's own. */
  readonly newBranch: string | undefined
  /** Throws a refusal where it cannot be exact on this head. */
  on(head: ReplacedHead): Promise<HeadReplacement>
}

/** Whether a branch holds a snapshot, as far as its ancestry is listed. */
export function branchHolds(metadata: TableMetadata, branch: string, id: SnapshotId): boolean {
  const head = metadata.refs[branch]?.snapshotId
  if (head === undefined) return false
  return walkAncestors(metadata, head).snapshots.some(({ snapshotId }) => snapshotId === id)
}
