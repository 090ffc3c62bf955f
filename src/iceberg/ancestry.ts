import type { SnapshotId } from '../core/ids.ts'
import type { Snapshot, TableMetadata } from './metadata.ts'

/** How a walk along parent ids ended: at a snapshot without a parent, or at one whose parent is not listed. */
export type WalkEnd =
  | { readonly kind: 'root' }
  | {
      readonly kind: 'cut'
      /** The id that is not listed: an expired snapshot, or the start itself. */
      readonly missing: SnapshotId
    }

export function snapshotById(metadata: TableMetadata, id: SnapshotId): Snapshot | undefined {
  return metadata.snapshots.find((snapshot) => snapshot.snapshotId === id)
}

/** The snapshot that a branch or tag points to; null where there is no such ref, or it dangles. */
export function snapshotOfRef(metadata: TableMetadata, ref: string): Snapshot | null {
  const id = metadata.refs[ref]?.snapshotId
  return id === undefined ? null : (snapshotById(metadata, id) ?? null)
}

/**
 * The snapshots from `start` along parent ids, newest first; the generator's return value says how the walk ended.
 * A loop, which no valid metadata has, ends it as a cut.
 */
export function* ancestors(
  metadata: TableMetadata,
  start: SnapshotId | null,
): Generator<Snapshot, WalkEnd, undefined> {
  const unvisited = new Map(metadata.snapshots.map((snapshot) => [snapshot.snapshotId, snapshot]))
  let id = start
  while (id !== null) {
    const snapshot = unvisited.get(id)
    if (snapshot === undefined) return { kind: 'cut', missing: id }
    unvisited.delete(id)
    yield snapshot
    id = snapshot.parentSnapshotId
  }
  return { kind: 'root' }
}

/** The whole walk at once. */
export function walkAncestors(
  metadata: TableMetadata,
  start: SnapshotId | null,
): { readonly snapshots: readonly Snapshot[]; readonly end: WalkEnd } {
  const snapshots: Snapshot[] = []
  const walk = ancestors(metadata, start)
  let step = walk.next()
  while (step.done !== true) {
    snapshots.push(step.value)
    step = walk.next()
  }
  return { snapshots, end: step.value }
}
