import { type LoadOutcome, type LoadedTable, tableText } from '../catalog/catalog.ts'
import { FirnError } from '../core/errors.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import type { CommitContext } from './context.ts'
import { readHold } from './hold.ts'
import { manifestProof } from './manifest-proof.ts'
import { planTable, type TableVerdict } from './plan-table.ts'
import type { ManifestProof } from './read-ledger.ts'
import { missing, oldFormat, recreated } from './refusals.ts'
import { ledgerOf, type StandingLedger } from './standing.ts'

/** A table as it is now, and what the start table says about it. */
export interface JudgedTable {
  readonly table: LoadedTable
  readonly judged: StandingLedger
  readonly verdict: TableVerdict
  readonly proof: ManifestProof
}

export type TableLoad =
  | { readonly kind: 'judged'; readonly judgedTable: JudgedTable }
  /** Not the table that this is about. */
  | { readonly kind: 'refused'; readonly refusal: FirnError }

/**
 * Loads the table, unless it is `found` already, and asks the start table's rows about it. Throws the catalog's and the
 * store's faults.
 */
export async function loadTable(context: CommitContext, found?: LoadedTable): Promise<TableLoad> {
  const { catalog, owner, onRollback, passesHold } = context
  const name = tableText(context.table)
  const outcome: LoadOutcome =
    found === undefined ? await catalog.loadTable(context.table) : { kind: 'loaded', table: found }
  if (outcome.kind === 'missing') return { kind: 'refused', refusal: missing(name) }
  const { table } = outcome
  const { metadata } = table
  if (metadata.tableUuid !== context.tableUuid) {
    const uuids = { expected: context.tableUuid, found: metadata.tableUuid }
    return { kind: 'refused', refusal: recreated(name, uuids) }
  }
  if (metadata.formatVersion === 1) return { kind: 'refused', refusal: oldFormat(name) }
  const proof = manifestProof(metadata, owner.ref, context)
  const judged = await ledgerOf(metadata, owner, proof)
  const hold = passesHold ? undefined : readHold(metadata.properties, owner.writer)
  const verdict = planTable(judged, { table: name, onRollback, hold })
  return { kind: 'judged', judgedTable: { table, judged, verdict, proof } }
}

/** The format version, where Firn writes it. Throws FORMAT_VERSION_UNSUPPORTED. */
export function refuseOldFormat({ formatVersion, location }: TableMetadata): 2 | 3 {
  if (formatVersion === 1) throw oldFormat(location)
  return formatVersion
}
