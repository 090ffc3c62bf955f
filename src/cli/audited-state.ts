import { type AuditedTable, auditedTable } from '../audit/audited-table.ts'
import { type LoadedTable, tableText } from '../catalog/catalog.ts'
import { ManifestLists } from '../commit/manifest-lists.ts'
import { manifestProof } from '../commit/manifest-proof.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import { FirnError } from '../core/errors.ts'
import { snapshotId, type SnapshotId } from '../core/ids.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** Which state of a table a verb was asked about. */
export interface AskedState {
  readonly branch: string | undefined
  readonly snapshotId: SnapshotId | undefined
}

/** The ledger of the state that was asked for, and what its files are read with. */
export async function readState(
  {
    config,
    table,
    loaded,
    store,
  }: {
    readonly config: Config
    readonly table: TableConfig
    readonly loaded: LoadedTable
    readonly store: ObjectStore
  },
  asked: AskedState,
): Promise<{ readonly audited: AuditedTable; readonly lists: ManifestLists }> {
  const lists = new ManifestLists(store)
  const audited = await auditedTable(
    {
      name: tableText(table.table),
      metadata: loaded.metadata,
      owner: { writer: config.writer, ref: table.branch },
      branch: asked.branch ?? table.branch,
      snapshotId: asked.snapshotId,
    },
    (metadata, ref) => manifestProof(metadata, ref, { store, lists }),
  )
  return { audited, lists }
}

/** An option that takes a snapshot id. Throws USAGE. */
export function snapshotOption(text: string | undefined): SnapshotId | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,19}$/.test(text)) return snapshotId(BigInt(text))
  throw new FirnError('USAGE', `--snapshot takes a snapshot's id, found ${text}`, {
    help: 'firn history lists them',
  })
}

const MEBIBYTE = 2 ** 20
const MEMORY_MB_DEFAULT = 512
const MEMORY_MB_MIN = 32

/** `--memory-max-mb`, in bytes. Throws USAGE. */
export function memoryOption(text: string | undefined): number {
  if (text === undefined) return MEMORY_MB_DEFAULT * MEBIBYTE
  const megabytes = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (megabytes >= MEMORY_MB_MIN) return megabytes * MEBIBYTE
  throw new FirnError(
    'USAGE',
    `--memory-max-mb takes a whole number from ${MEMORY_MB_MIN}, found ${text}`,
  )
}

/** The option's part of the help. */
export const MEMORY_OPTION = {
  type: 'string',
  value: 'MB',
  description: `how much memory bitmaps and row groups may take; default ${MEMORY_MB_DEFAULT}`,
} as const
