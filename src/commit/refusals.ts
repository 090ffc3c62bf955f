import { FirnError } from '../core/errors.ts'
import type { ClusterId, TopicId, TopicName, WriterName } from '../core/ids.ts'
import type { Position } from '../core/offsets.ts'
import type { Hold } from './hold.ts'
import type { LedgerStanding } from './standing.ts'
import type { Evidence } from './read-ledger.ts'

// Every refusal of the start table: what was found, and the verb that resolves it. A refusal is a FirnError that is
// handed back, not thrown: it is an expected outcome.

export function rolledBack(table: string, newer: Evidence): FirnError {
  return new FirnError(
    'TABLE_ROLLED_BACK',
    `table ${table} was rolled back: snapshot ${newer.snapshotId}, the newest that the ${newer.from} names, is no longer part of it`,
    {
      context: { table, snapshot: newer.snapshotId },
      help: `firn rollback ${table} --then replay reads the difference again, --then skip leaves it out; or set on_rollback`,
    },
  )
}

export function held(table: string, { sinceMs, reason }: Hold): FirnError {
  const since = sinceMs === undefined ? '' : ` since ${new Date(sinceMs).toISOString()}`
  return new FirnError(
    'TABLE_HELD',
    `table ${table} is held${since}${reason === '' ? '' : `: ${reason}`}`,
    { context: { table, reason }, help: `firn resume ${table}` },
  )
}

export function noRollback(table: string, why: string): FirnError {
  return new FirnError('ROLLBACK_REFUSED', `table ${table} cannot be rolled back: ${why}`, {
    context: { table },
    help: `firn history ${table} lists the snapshots that it can go back to`,
  })
}

export function unproven(table: string, newer: Pick<Evidence, 'snapshotId' | 'from'>): FirnError {
  return new FirnError(
    'LEDGER_UNPROVEN',
    `table ${table}: snapshots were expired, and whether ${newer.snapshotId}, which the ${newer.from} names, is still part of it cannot be proven`,
    {
      context: { table, snapshot: newer.snapshotId },
      help: `firn ledger adopt ${table} --from table reads the positions from the rows`,
    },
  )
}

export function lost(table: string): FirnError {
  return new FirnError(
    'LEDGER_LOST',
    `table ${table}: its history is cut, and neither a ledger nor a mirror of this writer is left: it may hold records of these topics already`,
    {
      context: { table },
      help: `firn ledger adopt ${table} --from table where it does, firn ledger init ${table} where it does not`,
    },
  )
}

export function branchTaken(table: string, branch: string): FirnError {
  return new FirnError('BRANCH_EXISTS', `table ${table} has a branch ${branch} already`, {
    context: { table, branch },
    help: `firn promote ${table} --branch ${branch} where it is a replay to be finished; else name another branch, or drop that one`,
  })
}

/** The refusals that concern the whole table, whatever the policy is. */
export function tableRefusal(
  table: string,
  standing: Extract<
    LedgerStanding,
    { kind: 'unproven' | 'replaced' | 'copied' | 'other-table' | 'other-ref' }
  >,
): FirnError {
  switch (standing.kind) {
    case 'unproven':
      return unproven(table, standing.newer)
    case 'replaced':
      return new FirnError(
        'TABLE_REPLACED',
        `table ${table} was replaced (CREATE OR REPLACE) after this writer had started on it: its rows may hold the same records`,
        {
          context: { table, root: standing.root.snapshotId },
          help: `firn ledger adopt ${table} --from table where they do, firn ledger init ${table} where they do not`,
        },
      )
    case 'copied':
      return new FirnError(
        'LEDGER_COPIED',
        `table ${table}: snapshot ${standing.snapshot.snapshotId} copies one of this writer's (a cherry-pick): its rows are there, its positions are not`,
        {
          context: { table, snapshot: standing.snapshot.snapshotId },
          help: `firn rollback ${table} --to the snapshot before it, or firn ledger adopt ${table} --from table`,
        },
      )
    case 'other-table':
      return new FirnError(
        'TABLE_RECREATED',
        `table ${table} carries the ledger of the table ${standing.uuid}: it is a copy of that one, or was made again`,
        {
          context: { table, uuid: standing.uuid },
          help: `firn ledger adopt ${table} --from table where it holds records of these topics, firn ledger init ${table} where it does not`,
        },
      )
    case 'other-ref':
      return new FirnError(
        'OTHER_REF',
        `table ${table}: this writer's ledger is of branch ${standing.ref}: a writer owns one branch of a table`,
        {
          context: { table, ref: standing.ref },
          help: `set \`branch: ${standing.ref}\`, or give this configuration another \`writer\``,
        },
      )
  }
}

export function recreated(table: string, uuids: { expected: string; found: string }): FirnError {
  return new FirnError(
    'TABLE_RECREATED',
    `table ${table} was dropped and created again: its uuid is ${uuids.found}, at start it was ${uuids.expected}`,
    {
      context: { table, ...uuids },
      help: 'stop and start firn run once the new table is meant to be filled',
    },
  )
}

export function missing(table: string): FirnError {
  return new FirnError('TABLE_MISSING', `table ${table} is no longer in the catalog`, {
    context: { table },
    help: 'create it again, or take it out of `tables`; then start firn run again',
  })
}

export function oldFormat(table: string): FirnError {
  return new FirnError(
    'FORMAT_VERSION_UNSUPPORTED',
    `table ${table} has format version 1; Firn writes 2 and 3`,
    { context: { table }, help: 'upgrade the table: set its property `format-version` to 2' },
  )
}

/** A refusal of one topic of a table. */
export interface TopicPlace {
  readonly table: string
  readonly topic: TopicName
}

export function otherWriter({ table, topic }: TopicPlace, writer: WriterName): FirnError {
  return new FirnError(
    'OTHER_WRITER',
    `topic ${topic}: the writer ${writer} holds it in table ${table} already`,
    {
      context: { table, topic, writer },
      help: `firn ledger adopt ${table} --from writer --writer ${writer} takes it over`,
    },
  )
}

export function clusterChanged(
  { table, topic }: TopicPlace,
  clusters: { readonly expected: ClusterId; readonly found: ClusterId },
): FirnError {
  return new FirnError(
    'CLUSTER_CHANGED',
    `topic ${topic}: the ledger of table ${table} is of cluster ${clusters.expected}, the brokers belong to ${clusters.found}`,
    {
      context: { table, topic, ...clusters },
      help: `firn ledger rebase ${table} --topic ${topic} --from earliest accepts the new cluster's log from its beginning; --from takes a time or positions too`,
    },
  )
}

export function topicRecreated(
  { table, topic }: TopicPlace,
  ids: { readonly expected: TopicId; readonly found: TopicId | undefined },
): FirnError {
  const found =
    ids.found === undefined ? 'it is no longer there' : `the topic of that name now is ${ids.found}`
  return new FirnError(
    'TOPIC_RECREATED',
    `topic ${topic}: the ledger of table ${table} is of topic id ${ids.expected}, ${found}`,
    {
      context: { table, topic, expected: ids.expected, found: ids.found ?? null },
      help: `firn ledger rebase ${table} --topic ${topic} --from earliest accepts the new topic from its beginning; --from takes a time or positions too`,
    },
  )
}

export function topicGone({ table, topic }: TopicPlace): FirnError {
  return new FirnError('TOPIC_RECREATED', `topic ${topic} of table ${table} is not there`, {
    context: { table, topic },
    help: 'create the topic, or take it out of `topics`',
  })
}

/** One partition whose position is not within its log. */
export interface PartitionGap {
  readonly partition: number
  readonly position: Position
  /** The log start, or where the log ends for what the ledger knows of it. */
  readonly bound: Position
}

export function offsetsExpired(
  { table, topic }: TopicPlace,
  gaps: readonly PartitionGap[],
  source: 'ledger' | 'start',
): FirnError {
  const total = gaps.reduce((sum, { position, bound }) => sum + (bound - position), 0n)
  const list = gaps.map(
    ({ partition, position, bound }) =>
      `${topic}/${partition}: ${bound - position} (${position} to ${bound})`,
  )
  return new FirnError(
    'OFFSETS_EXPIRED',
    `topic ${topic}: retention deleted ${total} positions that table ${table} does not have: ${list.join(', ')}`,
    {
      context: { table, topic, positions: total, partitions: list.join(', ') },
      help:
        source === 'ledger'
          ? `firn ledger accept-gap ${table} --topic ${topic} goes on behind them and records the gap`
          : 'choose another `start`: `earliest` begins at what is left',
    },
  )
}

export function logTruncated(
  { table, topic }: TopicPlace,
  gaps: readonly PartitionGap[],
  source: 'ledger' | 'start',
): FirnError {
  const list = gaps.map(
    ({ partition, position, bound }) =>
      `${topic}/${partition}: ${source} ${position}, log end ${bound}`,
  )
  return new FirnError(
    'LOG_TRUNCATED',
    source === 'ledger'
      ? `topic ${topic}: the ledger of table ${table} stands beyond the log's end (unclean election, restored cluster): ${list.join(', ')}`
      : `topic ${topic}: the configured start for table ${table} lies beyond the log's end: ${list.join(', ')}`,
    {
      context: { table, topic, partitions: list.join(', ') },
      help:
        source === 'ledger'
          ? `firn ledger rebase ${table} --topic ${topic} accepts the log from stated positions; it says which may be in the table twice`
          : 'choose another `start`',
    },
  )
}
