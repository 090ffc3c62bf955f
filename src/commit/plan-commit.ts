import { assert, required } from '../core/assert.ts'
import type { ClusterId, TopicId, TopicName } from '../core/ids.ts'
import {
  PartitionMap,
  type Position,
  type PositionRange,
  type TopicPartition,
} from '../core/offsets.ts'
import type { RangeFacts } from '../writer/sealed-files.ts'
import { type Ledger, nextOf, type TopicLedger, withEntry, withTopics } from './ledger.ts'
import { throughAfter, type ThroughLimits } from './through.ts'

/**
 * The ranges of positions that a set of staged files holds completely, and the log that they are of: the same
 * numbers of another log are other records. Committed whole or not at all: its files hold rows of all its partitions.
 */
export interface Claim {
  readonly cluster: ClusterId
  readonly topics: ReadonlyMap<TopicName, TopicId>
  /** At least one; none is empty. */
  readonly ranges: PartitionMap<PositionRange>
}

/**
 * Where a claimed range stands against the ledger: `next` starts exactly where the ledger ends; `behind` lies below
 * it; `overlapping` in part; `ahead` leaves a hole; `other-log` is of another cluster or topic id.
 */
export type Standing = 'next' | 'behind' | 'overlapping' | 'ahead' | 'other-log'

export type CommitPlan =
  /** Every range is next. */
  | { readonly kind: 'append' }
  /** Every range is in the table: by this worker's earlier attempt, or by another's. */
  | { readonly kind: 'already-committed' }
  /** This worker was overtaken, or the table moved: drop the whole claim. */
  | { readonly kind: 'rejected'; readonly standings: PartitionMap<Standing> }

/** A partition of a started topic that the ledger does not hold appeared later: from its first position on. */
export const APPEARED_AT: Position = 0n

/**
 * Whether a claim may be committed on a ledger: the same for a first attempt, after a conflict, and after an unknown
 * outcome. Undefined is the ledger of a table on which this writer has not started. Pure.
 */
export function planCommit(ledger: Ledger | undefined, claim: Claim): CommitPlan {
  assert(claim.ranges.size > 0, 'a claim covers at least one partition')
  const standings = claim.ranges.map((range, partition) =>
    standingOf(range, partition, { ledger, claim }),
  )
  const every = (wanted: Standing): boolean =>
    [...standings.values()].every((standing) => standing === wanted)
  if (every('next')) return { kind: 'append' }
  return every('behind') ? { kind: 'already-committed' } : { kind: 'rejected', standings }
}

function standingOf(
  { start, end }: PositionRange,
  partition: TopicPartition,
  { ledger, claim }: { readonly ledger: Ledger | undefined; readonly claim: Claim },
): Standing {
  assert(start < end, 'a claimed range holds at least one position')
  const topic = ledger?.topics.get(partition.topic)
  // Nothing says where to start: the topic must be pinned first.
  if (ledger === undefined || topic === undefined) return 'ahead'
  if (ledger.cluster !== claim.cluster) return 'other-log'
  if (topic.id !== claim.topics.get(partition.topic)) return 'other-log'
  const next = nextOf(ledger, partition) ?? APPEARED_AT
  if (start === next) return 'next'
  if (end <= next) return 'behind'
  return start < next ? 'overlapping' : 'ahead'
}

/** The ledger once an accepted claim is in the table. */
export function ledgerAfter(
  ledger: Ledger,
  claim: Claim,
  read: {
    readonly facts: PartitionMap<RangeFacts>
    readonly limits: ThroughLimits & { readonly nowMs: number }
  },
): Ledger {
  let after = ledger
  for (const [partition, { end }] of claim.ranges) {
    const topic = required(after.topics.get(partition.topic), 'topic of an accepted claim')
    const facts = read.facts.get(partition)
    const moved = { ...topic, next: withEntry(topic.next, partition.partition, end) }
    after = withTopics(after, [
      [
        partition.topic,
        facts === undefined ? moved : withFacts(moved, partition.partition, facts, read.limits),
      ],
    ])
  }
  return after
}

function withFacts(
  topic: TopicLedger,
  partition: number,
  facts: RangeFacts,
  limits: ThroughLimits & { readonly nowMs: number },
): TopicLedger {
  const through = throughAfter(topic.through.get(partition), facts, limits)
  const { leaderEpoch } = facts
  return {
    ...topic,
    epoch: leaderEpoch === undefined ? topic.epoch : withEntry(topic.epoch, partition, leaderEpoch),
    through: through === undefined ? topic.through : withEntry(topic.through, partition, through),
  }
}

/** A partition that its owner has read to its end, and when: it must not hold `complete-through` back. */
export interface IdlePartition {
  readonly position: Position
  /** The worker's clock when there was nothing more to read. */
  readonly reachedEndAtMs: number
  readonly timestampType: RangeFacts['timestampType']
}

/**
 * The ledger with the `through` of idle partitions brought up. Only of those that stand exactly where their owner
 * does: one that has moved on is somebody else's to speak of.
 */
export function withIdle(
  ledger: Ledger,
  idle: PartitionMap<IdlePartition>,
  limits: ThroughLimits & { readonly nowMs: number },
): Ledger {
  let after = ledger
  for (const [key, { position, reachedEndAtMs, timestampType }] of idle) {
    const topic = after.topics.get(key.topic)
    if (topic === undefined || topic.next.get(key.partition) !== position) continue
    const facts = {
      leaderEpoch: undefined,
      timestampMsMax: undefined,
      timestampType,
      reachedEndAtMs,
    }
    after = withTopics(after, [[key.topic, withFacts(topic, key.partition, facts, limits)]])
  }
  return after
}
