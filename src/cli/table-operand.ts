import { tableText, type LoadedTable } from '../catalog/catalog.ts'
import type { RestCatalog } from '../catalog/rest-catalog.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import { FirnError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'

/** The table of the configuration that an operand names; the only one where none is named. Throws USAGE. */
export function tableNamed(config: Config, name: string | undefined): TableConfig {
  const [first, ...others] = config.tables
  if (name === undefined && first !== undefined && others.length === 0) return first
  const known = config.tables.map(({ table }) => tableText(table))
  const found = config.tables.find(({ table }) => tableText(table) === name)
  if (found !== undefined) return found
  if (name === undefined) {
    throw new FirnError('USAGE', `the configuration has several tables: ${known.join(', ')}`, {
      help: 'name one of them',
    })
  }
  const meant = nearest(name, known)
  throw new FirnError('USAGE', `table ${name} is not in the configuration`, {
    help: meant === undefined ? `it has: ${known.join(', ')}` : `did you mean ${meant}?`,
  })
}

/** Loads a table that must exist. Throws TABLE_MISSING. */
export async function loadExisting(
  catalog: RestCatalog,
  config: TableConfig,
): Promise<LoadedTable> {
  const outcome = await catalog.loadTable(config.table)
  if (outcome.kind === 'loaded') return outcome.table
  throw new FirnError('TABLE_MISSING', `table ${tableText(config.table)} does not exist`, {
    help: '`firn run` creates it where the configuration declares its columns: firn plan',
  })
}
