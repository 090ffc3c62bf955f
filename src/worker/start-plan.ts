import type { LoadedTable } from '../catalog/catalog.ts'
import { tableText } from '../catalog/catalog.ts'
import { readHold } from '../commit/hold.ts'
import { ManifestLists } from '../commit/manifest-lists.ts'
import { manifestProof } from '../commit/manifest-proof.ts'
import { planStart, topicsToBegin, type LogFacts, type StartPlan } from '../commit/plan-start.ts'
import { planTable, type TableVerdict } from '../commit/plan-table.ts'
import { epochsOf } from '../commit/ledger.ts'
import { held } from '../commit/refusals.ts'
import { otherWriterOf } from '../commit/read-ledger.ts'
import { ledgerOf } from '../commit/standing.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import type { FirnError } from '../core/errors.ts'
import { PartitionMap, type TopicPartition } from '../core/offsets.ts'
import type { RecordSource } from '../consumer/record-source.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { logReader } from './log-reader.ts'
import { selectionOf } from './selects.ts'

/** Where a writer stands in a table and would go on, without anything being changed. */
export interface StartView {
  /** Undefined where the table does not exist yet. */
  readonly verdict: TableVerdict | undefined
  readonly plan: StartPlan
  /** Somebody holds the table: the plan is for when it is resumed. */
  readonly held: FirnError | undefined
  readonly log: LogFacts
  readonly partitions: readonly TopicPartition[]
}

export interface StartViewParts {
  readonly source: RecordSource
  readonly config: Config
  readonly table: TableConfig
  /** Undefined where the table does not exist yet: as an empty one. */
  readonly loaded: LoadedTable | undefined
  readonly storeOf: (vended: Readonly<Record<string, string>>) => ObjectStore
}

const NEVER_STARTED: TableVerdict = { kind: 'nothing', lost: false, warnings: [] }

/** Asks the start table about all partitions of a table's topics, as `run` does, and does nothing about it. */
export async function viewStart(parts: StartViewParts): Promise<StartView> {
  const { source, table, loaded } = parts
  const described = await source.describeTopics(selectionOf(table))
  const partitions = described.flatMap(({ topic, partitions: numbers }) =>
    numbers.map((partition) => ({ topic, partition })),
  )
  const reader = logReader(source, table.start)
  const standing = loaded === undefined ? undefined : await standingIn(parts, loaded)
  const verdict =
    standing === undefined
      ? undefined
      : planTable(standing, {
          table: tableText(table.table),
          onRollback: table.onRollback,
          hold: undefined,
        })
  const ledger = verdict !== undefined && 'ledger' in verdict ? verdict.ledger : undefined
  const log = await reader.facts(
    described.map(({ topic }) => topic),
    epochsOf(ledger),
  )
  const begins = topicsToBegin(verdict ?? NEVER_STARTED, partitions)
  const plan = planStart({
    table: tableText(table.table),
    verdict: verdict ?? NEVER_STARTED,
    log,
    partitions,
    start:
      begins.length === 0
        ? { kind: 'offsets', positions: new PartitionMap() }
        : await reader.start(begins, log),
    startConfirmed: false,
    otherWriterOf: (topic) =>
      loaded === undefined || standing === undefined
        ? undefined
        : otherWriterOf(loaded.metadata, standing.reading, topic),
  })
  const { table: name } = table
  const hold =
    loaded === undefined ? undefined : readHold(loaded.metadata.properties, parts.config.writer)
  const refusal = hold === undefined ? undefined : held(tableText(name), hold)
  return { verdict, plan, held: refusal, log, partitions }
}

async function standingIn({ config, table, storeOf }: StartViewParts, loaded: LoadedTable) {
  const store = storeOf(loaded.config)
  const lists = new ManifestLists(store)
  return ledgerOf(
    loaded.metadata,
    { writer: config.writer, ref: table.branch },
    manifestProof(loaded.metadata, table.branch, { store, lists }),
  )
}
