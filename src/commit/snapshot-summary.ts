import type { Snapshot } from '../iceberg/metadata.ts'

/** What a snapshot adds, as its summary counts it. */
export interface AddedFiles {
  readonly files: number
  readonly records: bigint
  readonly bytes: bigint
  /** Distinct partition tuples. */
  readonly partitions: number
}

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
 * The counts of an append as Iceberg's Java library writes them: what is added where it is not zero, and totals
 * carried on from the parent's where that has them. `parent` undefined: the first snapshot, totals begin at 0.
 */
export function appendCounts(
  added: AddedFiles,
  parent: Snapshot | undefined,
): Record<string, string> {
  const more: Partial<Record<string, bigint>> = {
    'total-records': added.records,
    'total-files-size': added.bytes,
    'total-data-files': BigInt(added.files),
  }
  const totals = TOTALS.flatMap((key): [string, string][] => {
    const before = parent === undefined ? '0' : (parent.summary[key] ?? '')
    if (!/^\d{1,19}$/.test(before)) return []
    return [[key, String(BigInt(before) + (more[key] ?? 0n))]]
  })
  return {
    ...(added.files === 0 ? {} : { 'added-data-files': String(added.files) }),
    ...(added.records === 0n ? {} : { 'added-records': String(added.records) }),
    ...(added.bytes === 0n ? {} : { 'added-files-size': String(added.bytes) }),
    'changed-partition-count': String(added.partitions),
    ...Object.fromEntries(totals),
  }
}
