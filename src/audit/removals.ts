import { SUMMARY_KEYS } from '../commit/ledger-text.ts'
import type { Snapshot } from '../iceberg/metadata.ts'

const REMOVED = ['deleted-records', 'added-position-deletes', 'added-equality-deletes'] as const

/** Snapshots above another, of whoever, that took rows out. `walk` is newest first. */
export function removalsAbove(
  walk: readonly Snapshot[],
  below: Snapshot | undefined,
): readonly Snapshot[] {
  return (below === undefined ? walk : walk.slice(0, walk.indexOf(below))).filter(removesRows)
}

/** Compaction and replay take rows out too, and put the same ones back. */
function removesRows({ summary }: Snapshot): boolean {
  if (summary[SUMMARY_KEYS.replayed] !== undefined) return false
  if (summary['operation'] === 'replace' || summary['operation'] === 'append') return false
  return REMOVED.some((key) => (summary[key] ?? '0') !== '0')
}

/** A snapshot that took rows out, for people. */
export function removalText({ snapshotId, summary }: Snapshot): string {
  const counts = [...REMOVED, 'added-records'].flatMap((key) => {
    const count = summary[key]
    return count === undefined ? [] : [`${key} ${count}`]
  })
  const by = summary['engine-name'] ?? 'another writer'
  return `snapshot ${snapshotId} took rows out (${summary['operation'] ?? ''} by ${by}): ${counts.join(', ')}`
}
