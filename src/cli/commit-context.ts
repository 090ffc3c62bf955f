import type { LoadedTable } from '../catalog/catalog.ts'
import { ALL_CARRIERS } from '../commit/carriers.ts'
import type { CommitContext } from '../commit/context.ts'
import { ManifestLists } from '../commit/manifest-lists.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { selectionOf, selects } from '../worker/selects.ts'
import type { TablePorts } from './with-ports.ts'

/** A verb's business with one table, as a worker of the same configuration would have it. */
export function commitContext(
  {
    config,
    table,
    version,
  }: {
    readonly config: Config
    readonly table: TableConfig
    readonly version: string
  },
  { catalog, storeOf }: TablePorts,
  loaded: LoadedTable,
): CommitContext {
  const store = storeOf(loaded.config)
  const selection = selectionOf(table)
  const { allowedLatenessMs, maxSkewMs, stagedMaxAgeMs, liftAfterSnapshots } = config.commit
  return {
    table: table.table,
    owner: { writer: config.writer, ref: table.branch },
    tableUuid: loaded.metadata.tableUuid,
    onRollback: table.onRollback,
    passesHold: true,
    carriers: ALL_CARRIERS,
    limits: { allowedLatenessMs, maxSkewMs },
    isRouted: (topic) => selects(selection, topic),
    stagedMaxAgeMs,
    liftAfterSnapshots,
    engineVersion: version,
    catalog,
    store,
    clock: systemClock,
    random: systemRandom,
    observe: () => undefined,
    lists: new ManifestLists(store),
  }
}
