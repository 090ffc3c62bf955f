import type { Position, PositionRange } from '../core/offsets.ts'
import { nextOf, type Ledger, type TopicLedger } from './ledger.ts'
import { APPEARED_AT } from './plan-commit.ts'
import type { LogFacts, PartitionFacts, TopicFacts } from './plan-start.ts'

/** The positions that retention took before they were read, of each partition that lacks some. Pure. */
export function gapsToAccept(
  held: TopicLedger,
  { partitions }: TopicFacts,
  only?: number,
): ReadonlyMap<number, PositionRange> {
  return new Map(
    [...partitions].flatMap(([partition, { logStart }]) => {
      const start = held.next.get(partition) ?? APPEARED_AT
      const asked = only === undefined || only === partition
      return asked && start < logStart ? [[partition, { start, end: logStart }] as const] : []
    }),
  )
}

/** Where a rebase begins the log that is there now. */
export type RebaseFrom =
  /** Up to where it still is the log that was read; only where it is the same topic, truncated. */
  | { readonly kind: 'common' }
  | { readonly kind: 'earliest' | 'latest' }
  /** Stated, or looked up by time. */
  | { readonly kind: 'positions'; readonly positions: ReadonlyMap<number, Position> }

export type RebasePlan =
  | {
      readonly kind: 'rebase'
      readonly positions: ReadonlyMap<number, Position>
      /** Positions of the same numbers that the table has already: read again, they are other records. */
      readonly twice: ReadonlyMap<number, PositionRange>
    }
  | { readonly kind: 'refused'; readonly why: string }

/** What a rebase does: other positions for truncated partitions of the same log, or all partitions of another. Pure. */
export function planRebase(
  held: TopicLedger,
  facts: TopicFacts,
  { from, sameCluster }: { readonly from: RebaseFrom; readonly sameCluster: boolean },
): RebasePlan {
  const sameLog = sameCluster && held.id === facts.id
  const named = sameLog ? truncated(held, facts) : facts.partitions
  if (from.kind === 'positions') return stated(held, facts, { positions: from.positions, sameLog })
  if (named.size === 0) {
    return {
      kind: 'refused',
      why: 'the log is the one that the ledger is of, and holds its positions',
    }
  }
  if (from.kind === 'common' && !sameLog) {
    return {
      kind: 'refused',
      why: 'it is another log: say where it begins with --from earliest, latest, a time, or partition=offset',
    }
  }
  const positions = new Map(
    [...named].map(([partition, bounds]) => [partition, beginning(held, partition, bounds, from)]),
  )
  return { kind: 'rebase', positions, twice: sameLog ? readAgain(held, positions) : new Map() }
}

function truncated(
  { next, epoch }: TopicLedger,
  { partitions }: TopicFacts,
): ReadonlyMap<number, PartitionFacts> {
  return new Map(
    [...partitions].filter(
      ([partition, facts]) =>
        commonEnd(facts, epoch.has(partition)) < (next.get(partition) ?? APPEARED_AT),
    ),
  )
}

/** Up to where the log is still the one that was read. */
function commonEnd({ logEnd, epochEnd }: PartitionFacts, hasEpoch: boolean): Position {
  return hasEpoch && epochEnd !== undefined && epochEnd < logEnd ? epochEnd : logEnd
}

function beginning(
  { epoch }: TopicLedger,
  partition: number,
  facts: PartitionFacts,
  from: Exclude<RebaseFrom, { kind: 'positions' }>,
): Position {
  if (from.kind === 'earliest') return facts.logStart
  if (from.kind === 'latest') return facts.logEnd
  const common = commonEnd(facts, epoch.has(partition))
  return common < facts.logStart ? facts.logStart : common
}

function stated(
  held: TopicLedger,
  { partitions }: TopicFacts,
  { positions, sameLog }: { positions: ReadonlyMap<number, Position>; sameLog: boolean },
): RebasePlan {
  for (const [partition, position] of positions) {
    const bounds = partitions.get(partition)
    if (bounds === undefined) return { kind: 'refused', why: `there is no partition ${partition}` }
    if (position < bounds.logStart || position > bounds.logEnd) {
      return {
        kind: 'refused',
        why: `partition ${partition} has positions from ${bounds.logStart} to ${bounds.logEnd}, not ${position}`,
      }
    }
  }
  const missing = [...partitions.keys()].filter((partition) => !positions.has(partition))
  if (!sameLog && missing.length > 0) {
    return { kind: 'refused', why: `it is another log: state partition ${missing.join(', ')} too` }
  }
  return { kind: 'rebase', positions, twice: sameLog ? readAgain(held, positions) : new Map() }
}

function readAgain(
  { next }: TopicLedger,
  positions: ReadonlyMap<number, Position>,
): ReadonlyMap<number, PositionRange> {
  return new Map(
    [...positions].flatMap(([partition, start]) => {
      const end = next.get(partition) ?? APPEARED_AT
      return start < end ? [[partition, { start, end }] as const] : []
    }),
  )
}

/** Why the records between two ledgers cannot be read again; empty where they can. Pure. */
export function whyNotReadAgain(after: Ledger, before: Ledger, log: LogFacts): readonly string[] {
  return [...after.topics].flatMap(([topic, { id, next }]) => {
    const facts = log.topics.get(topic)
    if (facts === undefined) return [`topic ${topic} is not there`]
    if (facts.id !== id) return [`topic ${topic} was created again since: its records are others`]
    return [...next].flatMap(([partition, position]) => {
      const { logStart } = facts.partitions.get(partition) ?? { logStart: 0n }
      const end = nextOf(before, { topic, partition }) ?? position
      const lost = (end < logStart ? end : logStart) - position
      return lost > 0n
        ? [`retention has taken ${lost} positions of ${topic}/${partition}, from ${position} on`]
        : []
    })
  })
}
