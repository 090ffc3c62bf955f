import { backoffMs } from '../core/backoff.ts'
import { FirnError } from '../core/errors.ts'
import { tableText, type LoadedTable } from '../catalog/catalog.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import type { TableRequirement, TableUpdate } from '../iceberg/update.ts'
import type { CommitContext } from './context.ts'
import { missing, recreated } from './refusals.ts'
import { retryPolicy } from './retry-policy.ts'

/** Properties that are set or taken away, and refs that are taken away, all in one request. No snapshot. */
export interface TableChange {
  readonly set?: Readonly<Record<string, string>>
  readonly remove?: readonly string[]
  readonly removeRefs?: readonly string[]
}

/**
 * Makes a change that is the same however often it is made, and sees it in a fresh load. Bounded by the table's
 * `commit.retry.*`. Throws TABLE_MISSING, TABLE_RECREATED, and the catalog's fault once the attempts are used up.
 */
export async function changeTable(
  context: Pick<CommitContext, 'catalog' | 'clock' | 'random' | 'table' | 'tableUuid'>,
  change: TableChange,
): Promise<LoadedTable> {
  const { catalog, clock, random } = context
  let fault = new FirnError('CATALOG_UNAVAILABLE', 'the change was not made')
  for (let attempt = 1; ; attempt++) {
    const table = await loadSame(context)
    const { metadata } = table
    if (isMade(change, metadata)) return table
    const policy = retryPolicy(metadata.properties)
    if (attempt > policy.attemptsMax) throw fault
    if (attempt > 1) await clock.sleep(backoffMs(policy, attempt - 1, random))
    const response = await catalog.commitTable(context.table, {
      requirements: requirementsOf(change, metadata),
      updates: updatesOf(change, metadata),
    })
    if (response.kind !== 'committed') fault = response.reason
  }
}

async function loadSame({
  catalog,
  table,
  tableUuid,
}: Pick<CommitContext, 'catalog' | 'table' | 'tableUuid'>): Promise<LoadedTable> {
  const name = tableText(table)
  const outcome = await catalog.loadTable(table)
  if (outcome.kind === 'missing') throw missing(name)
  const found = outcome.table.metadata.tableUuid
  if (found !== tableUuid) throw recreated(name, { expected: tableUuid, found })
  return outcome.table
}

function isMade(
  { set = {}, remove = [], removeRefs = [] }: TableChange,
  { properties, refs }: TableMetadata,
): boolean {
  return (
    Object.entries(set).every(([key, value]) => properties[key] === value) &&
    remove.every((key) => properties[key] === undefined) &&
    removeRefs.every((ref) => refs[ref] === undefined)
  )
}

function requirementsOf(
  { removeRefs = [] }: TableChange,
  { tableUuid, refs }: TableMetadata,
): readonly TableRequirement[] {
  return [
    { type: 'assert-table-uuid', uuid: tableUuid },
    ...removeRefs.map((ref): TableRequirement => ({
      type: 'assert-ref-snapshot-id',
      ref,
      snapshotId: refs[ref]?.snapshotId ?? null,
    })),
  ]
}

function updatesOf(
  { set = {}, remove = [], removeRefs = [] }: TableChange,
  { properties, refs }: TableMetadata,
): readonly TableUpdate[] {
  const removals = remove.filter((key) => properties[key] !== undefined)
  return [
    ...(Object.keys(set).length === 0 ? [] : [{ action: 'set-properties', updates: set } as const]),
    ...(removals.length === 0 ? [] : [{ action: 'remove-properties', removals } as const]),
    ...removeRefs
      .filter((ref) => refs[ref] !== undefined)
      .map((refName) => ({ action: 'remove-snapshot-ref', refName }) as const),
  ]
}
