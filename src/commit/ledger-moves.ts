import type { ClusterId, SnapshotId, TopicId, TopicName } from '../core/ids.ts'
import { PartitionMap, type Position, type PositionRange } from '../core/offsets.ts'
import {
  type GapReason,
  type Gaps,
  type Ledger,
  nextOf,
  type Origin,
  type OriginTopic,
  type TopicLedger,
  withTopics,
} from './ledger.ts'
import { APPEARED_AT } from './plan-commit.ts'
import type { TableVerdict } from './plan-table.ts'

/** The topics to pin: their ids, and where each of their partitions begins. */
export interface TopicPin {
  readonly id: TopicId
  readonly positions: ReadonlyMap<number, Position>
}

/**
 * What a snapshot without files may do to a ledger. An intention, not a result: it is applied anew to the ledger of
 * every head that it lands on.
 */
export type LedgerMove =
  /** First start of these topics. A topic that somebody else has pinned meanwhile stays as it is. */
  | {
      readonly kind: 'pin'
      readonly cluster: ClusterId
      readonly topics: ReadonlyMap<TopicName, TopicPin>
    }
  /** Brings the ledger to the head as it is. */
  | { readonly kind: 'lift' }
  /** After a rollback: on to where the table was. */
  | { readonly kind: 'skip' }
  /** Passes positions that retention deleted. Each `from` must be where the ledger stands. */
  | {
      readonly kind: 'accept-gap'
      readonly topic: TopicName
      readonly id: TopicId
      readonly gaps: ReadonlyMap<number, PositionRange>
    }
  /**
   * Another log in the place of the one that the ledger is of; of the same topic, where it was truncated, other
   * positions for the partitions that are named: workers may go on in the others meanwhile.
   */
  | {
      readonly kind: 'rebase'
      readonly cluster: ClusterId
      readonly topic: TopicName
      /** The topic's ledger as it was looked at. */
      readonly from: TopicLedger
      readonly to: TopicPin
    }

/** What is taken over of one topic. */
export interface TopicTakeover extends TopicPin {
  /** From where on its rows in the table say which record they are; the pin's own position where they do not. */
  readonly begun: ReadonlyMap<number, Position>
}

/** The rows of another hand become this writer's own: its ledger begins, or goes on for more topics, behind them. */
export interface Takeover {
  readonly cluster: ClusterId
  readonly topics: ReadonlyMap<TopicName, TopicTakeover>
  /** The head whose rows were looked at: on any other the positions are not known to be right. */
  readonly head: SnapshotId | null
  /** Table properties that keep the writer before from going on. */
  readonly fences: Readonly<Record<string, string>>
}

export type MoveOutcome =
  | { readonly kind: 'apply'; readonly ledger: Ledger; readonly gaps: Gaps }
  /** Done by another worker, or no longer called for. */
  | { readonly kind: 'nothing-to-do'; readonly ledger: Ledger }
  /** The ledger is not the one that the move was meant for. */
  | { readonly kind: 'rejected'; readonly ledger: Ledger | undefined }

/**
 * A move on the ledger of one head. `liftable`: there is something for a lift to bring up, be it the ledger itself or
 * the `through` of idle partitions. Pure.
 */
export function applyMove(
  move: LedgerMove,
  verdict: Exclude<TableVerdict, { kind: 'refuse' }>,
  { liftable }: { readonly liftable: boolean },
): MoveOutcome {
  if (verdict.kind === 'nothing') {
    return move.kind === 'pin'
      ? pin(move, { cluster: move.cluster, topics: new Map() })
      : { kind: 'rejected', ledger: undefined }
  }
  const { ledger } = verdict
  // Under `skip` nothing but the skip itself may land on a table that was rolled back.
  if (verdict.kind === 'skip') {
    return move.kind === 'skip' ? skip(ledger, verdict.newer) : { kind: 'rejected', ledger }
  }
  switch (move.kind) {
    case 'pin':
      return pin(move, ledger)
    case 'lift':
      return verdict.kind === 'lift' || liftable
        ? { kind: 'apply', ledger, gaps: new Map() }
        : { kind: 'nothing-to-do', ledger }
    case 'skip':
      return { kind: 'nothing-to-do', ledger }
    case 'accept-gap':
      return acceptGap(move, ledger)
    case 'rebase':
      return rebase(move, ledger)
  }
}

function pin(move: Extract<LedgerMove, { kind: 'pin' }>, ledger: Ledger): MoveOutcome {
  if (ledger.topics.size > 0 && ledger.cluster !== move.cluster) return { kind: 'rejected', ledger }
  const fresh = [...move.topics].filter(([topic]) => !ledger.topics.has(topic))
  if (fresh.length === 0) return { kind: 'nothing-to-do', ledger }
  const gaps = fresh.map(([topic, { positions }]) => passed(topic, positions))
  return {
    kind: 'apply',
    ledger: withTopics(
      { ...ledger, cluster: move.cluster },
      fresh.map(([topic, begun]) => [topic, begin(begun)]),
    ),
    gaps: asGaps('start', gaps.flat()),
  }
}

function skip(ledger: Ledger, newer: Ledger): MoveOutcome {
  return { kind: 'apply', ...skipTo(ledger, newer) }
}

/** From a ledger on to a newer one, without what lies between. */
export function skipTo(
  ledger: Ledger,
  newer: Ledger,
): { readonly ledger: Ledger; readonly gaps: Gaps } {
  const gaps = [...newer.topics].flatMap(([topic, { id, next }]) =>
    [...next].flatMap(([partition, end]): PartitionRange[] => {
      const sameLog = ledger.topics.get(topic)?.id === id
      const start = (sameLog ? nextOf(ledger, { topic, partition }) : undefined) ?? APPEARED_AT
      return start < end
        ? [
            [
              { topic, partition },
              { start, end },
            ],
          ]
        : []
    }),
  )
  return {
    ledger: { cluster: newer.cluster, topics: new Map([...ledger.topics, ...newer.topics]) },
    gaps: asGaps('skip', gaps),
  }
}

function acceptGap(
  { topic, id, gaps }: Extract<LedgerMove, { kind: 'accept-gap' }>,
  ledger: Ledger,
): MoveOutcome {
  const held = ledger.topics.get(topic)
  if (held === undefined || held.id !== id) return { kind: 'rejected', ledger }
  const positions = [...gaps].map(([partition, { start, end }]) => {
    const next = held.next.get(partition) ?? APPEARED_AT
    return { fits: next === start, done: next === end }
  })
  if (positions.every(({ done }) => done)) return { kind: 'nothing-to-do', ledger }
  if (!positions.every(({ fits }) => fits)) return { kind: 'rejected', ledger }
  const ends = [...gaps].map(([partition, { end }]) => [partition, end] as const)
  return {
    kind: 'apply',
    ledger: withTopics(ledger, [[topic, { ...held, next: new Map([...held.next, ...ends]) }]]),
    gaps: asGaps(
      'accept-gap',
      [...gaps].map(([partition, range]) => [{ topic, partition }, range]),
    ),
  }
}

function rebase(
  { cluster, topic, from, to }: Extract<LedgerMove, { kind: 'rebase' }>,
  ledger: Ledger,
): MoveOutcome {
  const held = ledger.topics.get(topic)
  const sameLog = from.id === to.id && ledger.cluster === cluster
  if (!sameLog && held?.id === to.id && ledger.cluster === cluster) {
    return { kind: 'nothing-to-do', ledger }
  }
  if (held?.id !== from.id) return { kind: 'rejected', ledger }
  // What was looked at has moved, be it by this very move: sent again, it would take the ledger back.
  if (sameLog && !stands(held, from, to)) return { kind: 'rejected', ledger }
  const after = sameLog ? movedWithin(held, to.positions) : begin(to)
  const standing = sameLog ? held.next : new Map<number, Position>()
  return {
    kind: 'apply',
    ledger: withTopics({ ...ledger, cluster }, [[topic, after]]),
    gaps: asGaps('rebase', passed(topic, to.positions, standing)),
  }
}

function stands(held: TopicLedger, from: TopicLedger, { positions }: TopicPin): boolean {
  return [...positions.keys()].every(
    (partition) =>
      held.next.get(partition) === from.next.get(partition) &&
      held.epoch.get(partition) === from.epoch.get(partition),
  )
}

/** What was known of a partition's last position does not hold at its new one. */
function movedWithin(held: TopicLedger, positions: TopicPin['positions']): TopicLedger {
  const others = <T>(map: ReadonlyMap<number, T>): ReadonlyMap<number, T> =>
    new Map([...map].filter(([partition]) => !positions.has(partition)))
  return {
    ...held,
    next: new Map([...held.next, ...positions]),
    epoch: others(held.epoch),
  }
}

export type PartitionRange = readonly [
  { readonly topic: TopicName; readonly partition: number },
  PositionRange,
]

export function begin({ id, positions }: TopicPin): TopicLedger {
  return { id, next: positions, epoch: new Map(), through: new Map() }
}

/** Everything between where a partition stood and its new position is passed without being read. */
export function passed(
  topic: TopicName,
  positions: ReadonlyMap<number, Position>,
  standing: ReadonlyMap<number, Position> = new Map(),
): readonly PartitionRange[] {
  return [...positions].flatMap(([partition, end]): PartitionRange[] => {
    const start = standing.get(partition) ?? APPEARED_AT
    return start < end
      ? [
          [
            { topic, partition },
            { start, end },
          ],
        ]
      : []
  })
}

export function asGaps(reason: GapReason, ranges: readonly PartitionRange[]): Gaps {
  return ranges.length === 0 ? new Map() : new Map([[reason, new PartitionMap(ranges)]])
}

/**
 * The origin beside a new ledger: as it was, with what the ledger holds in a log that the origin does not know.
 * `previous` undefined with a ledger before means that the origin was lost: it stays so, rather than be made up.
 */
export function originAfter(
  after: Ledger,
  before: {
    readonly ledger: Ledger | undefined
    readonly origin: Origin | undefined
    readonly lastSequenceNumber: bigint
    /** Where topics that are taken over begin, whatever an older origin says. */
    readonly begun?: ReadonlyMap<TopicName, OriginTopic>
  },
): Origin | undefined {
  const { origin, lastSequenceNumber, begun = [] } = before
  if (origin === undefined && before.ledger !== undefined) return undefined
  const topics = new Map<TopicName, OriginTopic>([...(origin?.topics ?? []), ...begun])
  for (const [name, { id, next }] of after.topics) {
    if (topics.get(name)?.id !== id) topics.set(name, { id, start: next })
  }
  return { sequenceNumber: origin?.sequenceNumber ?? lastSequenceNumber, topics }
}
