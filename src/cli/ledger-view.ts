import { ledgerOf, type StandingLedger } from '../commit/standing.ts'
import type { LoadedTable } from '../catalog/catalog.ts'
import { tableText } from '../catalog/catalog.ts'
import type { CommitContext } from '../commit/context.ts'
import type { CommitOutcome } from '../commit/committer.ts'
import type { Ledger } from '../commit/ledger.ts'
import { manifestProof } from '../commit/manifest-proof.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import { FirnError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { TopicName } from '../core/ids.ts'
import { topicName } from '../core/ids.ts'
import { nearest } from '../core/nearest.ts'
import type { PositionRange } from '../core/offsets.ts'
import { viewStart, type StartView } from '../worker/start-plan.ts'
import { commitContext } from './commit-context.ts'
import { countText } from './format.ts'
import type { Output } from './output.ts'
import { loadExisting } from './table-operand.ts'
import type { Ports } from './with-ports.ts'

/** A table with everything that a verb about its ledger looks at. */
export interface LedgerView {
  readonly name: string
  readonly table: TableConfig
  readonly loaded: LoadedTable
  readonly context: CommitContext
  /** As the metadata has it, whatever is refused. */
  readonly standing: StandingLedger
  /** As a start of all partitions would go, a hold aside. */
  readonly view: StartView
}

export async function viewLedger(
  { config, table, version }: { config: Config; table: TableConfig; version: string },
  ports: Ports,
): Promise<LedgerView> {
  const loaded = await loadExisting(ports.catalog, table)
  const context = commitContext({ config, table, version }, ports, loaded)
  const { metadata } = loaded
  const proof = manifestProof(metadata, table.branch, context)
  const standing = await ledgerOf(metadata, context.owner, proof)
  const view = await viewStart({ ...ports, config, table, loaded })
  return { name: tableText(table.table), table, loaded, context, standing, view }
}

/** The ledger that stands, rolled back or not; undefined where there is none, or none that can be believed. */
export function standingLedger({ standing: { standing } }: LedgerView): Ledger | undefined {
  return 'ledger' in standing ? standing.ledger : undefined
}

/** The topic that `--topic` names; the only one of the ledger where it names none. Throws USAGE. */
export function topicOf(ledger: Ledger, name: string | undefined): TopicName {
  const known = [...ledger.topics.keys()]
  const [first, ...others] = known
  if (name === undefined && first !== undefined && others.length === 0) return first
  const topic = known.find((one) => one === name)
  if (topic !== undefined) return topicName(topic)
  const meant = name === undefined ? undefined : nearest(name, known)
  throw new FirnError(
    'USAGE',
    name === undefined
      ? `the ledger has several topics: ${known.join(', ')}`
      : `topic ${name} is not in the ledger`,
    {
      help:
        meant === undefined ? `--topic is one of ${known.join(', ')}` : `did you mean ${meant}?`,
    },
  )
}

export function moveRefused(table: string, why: string, help: string): FirnError {
  return new FirnError('LEDGER_MOVE_REFUSED', `table ${table}: ${why}`, {
    context: { table },
    help,
  })
}

/** What became of a commit that a person asked for. Throws where it is not done. */
export function reportCommit(output: Output, name: string, outcome: CommitOutcome): JsonObject {
  switch (outcome.kind) {
    case 'committed':
      output.mark('ok', `done: snapshot ${outcome.snapshotId} of ${name}`)
      output.mark('note', 'running workers see it at their next look, and follow')
      return { done: true, 'snapshot-id': outcome.snapshotId }
    case 'already-committed':
      output.mark('ok', 'nothing to do: it is so already')
      return { done: true, 'snapshot-id': null }
    case 'rejected':
      throw moveRefused(
        name,
        'the ledger has moved since it was looked at: nothing was changed',
        'look again, and repeat the command',
      )
    case 'refused':
      throw outcome.refusal
    case 'exhausted':
      throw outcome.reason
    case 'stale':
      throw moveRefused(name, 'the table has changed meanwhile', 'repeat the command')
  }
}

export function rangesText(ranges: ReadonlyMap<number, PositionRange>, topic: TopicName): string[] {
  return [...ranges].map(
    ([partition, { start, end }]) =>
      `${topic}/${partition}: ${countText(end - start)} positions, ${start} to ${end}`,
  )
}

export function rangesJson(ranges: ReadonlyMap<number, PositionRange>): JsonObject {
  return Object.fromEntries(
    [...ranges].map(([partition, { start, end }]) => [String(partition), [start, end]]),
  )
}
