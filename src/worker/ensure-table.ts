import type { Catalog, LoadedTable } from '../catalog/catalog.ts'
import { tableText } from '../catalog/catalog.ts'
import type { TableConfig } from '../config/schema.ts'
import { FirnError } from '../core/errors.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import { checkSchema, missingHelp, missingText, tableCreation } from './table-definition.ts'

export interface EnsuredTable {
  readonly table: LoadedTable
  readonly created: boolean
}

/**
 * The table as it is, created where it is missing and the configuration says how. Several workers may get here at
 * once: one creates it, the others find it. Throws TABLE_MISSING, SCHEMA_INCOMPATIBLE, FORMAT_VERSION_UNSUPPORTED.
 */
export async function ensureTable(catalog: Catalog, config: TableConfig): Promise<EnsuredTable> {
  const found = await catalog.loadTable(config.table)
  if (found.kind === 'loaded') return { table: checked(found.table, config), created: false }
  if (config.columns === undefined || config.create === false) {
    throw new FirnError('TABLE_MISSING', missingText(config), missingHelp(config))
  }
  const creation = tableCreation(config, config.columns)
  await ensureNamespace(catalog, config.table.namespace)
  const outcome = await catalog.createTable(config.table, creation)
  if (outcome.kind === 'created') return { table: checked(outcome.table, config), created: true }
  const again = await catalog.loadTable(config.table)
  if (again.kind === 'loaded') return { table: checked(again.table, config), created: false }
  throw outcome.kind === 'unknown'
    ? outcome.reason
    : new FirnError(
        'TABLE_MISSING',
        `table ${tableText(config.table)}: the catalog says that it exists, and cannot load it`,
        { help: 'look at the catalog: the table may have been dropped at this moment; run again' },
      )
}

async function ensureNamespace(catalog: Catalog, namespace: readonly string[]): Promise<void> {
  for (let levels = 1; levels <= namespace.length; levels++) {
    const level = namespace.slice(0, levels)
    if (!(await catalog.namespaceExists(level))) await createNamespace(catalog, level)
  }
}

/** A catalog may answer anything to the slower of two workers that create it at once; what counts is that it is there. */
async function createNamespace(catalog: Catalog, level: readonly string[]): Promise<void> {
  try {
    await catalog.createNamespace(level)
  } catch (fault) {
    if (!(await catalog.namespaceExists(level))) throw fault
  }
}

function checked(table: LoadedTable, config: TableConfig): LoadedTable {
  if (table.metadata.formatVersion === 1) {
    throw new FirnError(
      'FORMAT_VERSION_UNSUPPORTED',
      `table ${tableText(table.identifier)} has format version 1; Firn writes 2 and 3`,
      { help: 'upgrade the table: set its property `format-version` to 2' },
    )
  }
  checkSchema(config, currentSchema(table.metadata))
  return table
}
