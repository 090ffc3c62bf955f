import type { CommitContext } from '../commit/context.ts'
import type { FirnError } from '../core/errors.ts'
import type { SnapshotId } from '../core/ids.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'

const ATTEMPTS_MAX = 3

/**
 * Takes tags and branches away that point to a snapshot and are not needed any more. What could not be taken away is
 * told, and does no harm: nothing reads it.
 */
export async function dropRefs(
  { catalog, table, clock }: CommitContext,
  snapshot: SnapshotId,
  names: readonly string[],
): Promise<FirnError | undefined> {
  let reason: FirnError | undefined
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
    const loaded = await catalog.loadTable(table)
    if (loaded.kind === 'missing') return undefined
    const { metadata } = loaded.table
    const left = names.filter((name) => pointsTo(metadata, name, snapshot))
    if (left.length === 0) return undefined
    const response = await catalog.commitTable(table, {
      requirements: [
        { type: 'assert-table-uuid', uuid: metadata.tableUuid },
        ...left.map((ref) => ({
          type: 'assert-ref-snapshot-id' as const,
          ref,
          snapshotId: snapshot,
        })),
      ],
      updates: left.map((refName) => ({ action: 'remove-snapshot-ref' as const, refName })),
    })
    if (response.kind === 'committed') return undefined
    reason = response.reason
    await clock.sleep(attempt * RETRY_WAIT_MS)
  }
  return reason
}

const RETRY_WAIT_MS = 100

function pointsTo({ refs }: TableMetadata, name: string, snapshot: SnapshotId): boolean {
  return refs[name]?.snapshotId === snapshot
}
