import type { Snapshot } from '../iceberg/metadata.ts'

/** What a snapshot adds, as its summary counts it. */
export interface AddedFiles {
  readonly files: number
  readonly records: bigint
  readonly bytes: bigint
  /** Distinct partition tuples. */
  readonly partitions: number
}

/** What a snapshot takes out, as its summary counts it. */
export interface RemovedFiles {
  readonly files: number
  readonly records: bigint
  readonly bytes: bigint
}

/** A snapshot that only adds. */
export const NOTHING_REMOVED: RemovedFiles = { files: 0, records: 0n, bytes: 0n }

/** A snapshot that changes nothing but the ledger. */
export const NOTHING_ADDED: AddedFiles = { files: 0, records: 0n, bytes: 0n, partitions: 0 }

const TOTALS = [
  'total-records',
  'total-files-size',
  'total-data-files',
  'total-delete-files',
  'total-position-deletes',
  'total-equality-deletes',
] as const

/**
 * A snapshot's counts as Iceberg's Java library writes them: what is added and removed where it is not zero, and
 * totals carried on from the parent's where that has them. `parent` undefined: the first snapshot, totals begin at 0.
 */
export function snapshotCounts(
  { added, removed }: { readonly added: AddedFiles; readonly removed: RemovedFiles },
  parent: Snapshot | undefined,
): Record<string, string> {
  const more: Partial<Record<string, bigint>> = {
    'total-records': added.records - removed.records,
    'total-files-size': added.bytes - removed.bytes,
    'total-data-files': BigInt(added.files - removed.files),
  }
  const totals = TOTALS.flatMap((key): [string, string][] => {
    const before = parent === undefined ? '0' : (parent.summary[key] ?? '')
    if (!/^\d{1,19}$/.test(before)) return []
    return [[key, String(BigInt(before) + (more[key] ?? 0n))]]
  })
  const changes = {
    'added-data-files': BigInt(added.files),
    'deleted-data-files': BigInt(removed.files),
    'added-records': added.records,
    'deleted-records': removed.records,
    'added-files-size': added.bytes,
    'removed-files-size': removed.bytes,
  }
  return {
    ...Object.fromEntries(
      Object.entries(changes).flatMap(([key, count]) =>
        count === 0n ? [] : [[key, String(count)]],
      ),
    ),
    'changed-partition-count': String(added.partitions),
    ...Object.fromEntries(totals),
  }
}
