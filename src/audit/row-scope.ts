import type { GapReason, Ledger, Origin } from '../commit/ledger.ts'
import type { SnapshotId, TopicId } from '../core/ids.ts'
import {
  PartitionMap,
  type Position,
  type PositionRange,
  type TopicPartition,
} from '../core/offsets.ts'
import type { LedgerChain } from './ledger-chain.ts'
import type { LiveFile } from './live-files.ts'

/** A range that the ledger passed without reading it. */
export interface PassedRange {
  readonly reason: GapReason
  readonly range: PositionRange
  readonly snapshotId: SnapshotId
}

/** Where the rows of one partition belong. */
export interface PartitionScope {
  readonly topicId: TopicId
  /** From where the partition was started to the ledger. */
  readonly range: PositionRange
  /** The gaps within it, by position. */
  readonly gaps: readonly PassedRange[]
  /** Below it a position may be of an earlier log of the same name, or of this one: rows do not tell. */
  readonly rebasedBelow: Position
}

export interface ScopeInput {
  readonly ledger: Ledger
  readonly origin: Origin | undefined
  readonly chain: LedgerChain
  readonly files: readonly LiveFile[]
}

/** Where rows belong, partition by partition. Pure. */
export function rowScopes(input: ScopeInput): PartitionMap<PartitionScope> {
  const { ledger, chain } = input
  const scopes = new PartitionMap<PartitionScope>()
  const lowest = lowestOffset(input.files)
  for (const [topic, { id, next }] of ledger.topics) {
    for (const [partition, end] of next) {
      const at = { topic, partition }
      const rebasedBelow = chain.rebased.get(at)?.end ?? 0n
      const start = rebasedBelow > 0n ? 0n : startOf(input, at, lowest)
      const range = {
        start: start < end ? start : end,
        end: end > rebasedBelow ? end : rebasedBelow,
      }
      scopes.set(at, { topicId: id, range, gaps: gapsWithin(chain, at, range), rebasedBelow })
    }
  }
  return scopes
}

/**
 * Where a partition was started. Where neither the origin nor a snapshot tells any more, no file holds a row below
 * the least bound of them all.
 */
function startOf(input: ScopeInput, at: TopicPartition, lowest: Position | undefined): Position {
  // A replay may have gone further back.
  return replayedAt(input.chain, at).reduce(
    (start, { range }) => (range.start < start ? range.start : start),
    begunAt(input, at, lowest),
  )
}

function begunAt(
  { origin, ledger, chain }: ScopeInput,
  at: TopicPartition,
  lowest: Position | undefined,
): Position {
  const begun = origin?.topics.get(at.topic)
  const known =
    begun?.id === ledger.topics.get(at.topic)?.id ? begun?.start.get(at.partition) : undefined
  if (known !== undefined) return known
  const passed = gapsAt(chain, at).find(
    ({ reason, range }) => reason === 'start' && range.start === 0n,
  )
  return passed?.range.end ?? (chain.complete ? 0n : (lowest ?? 0n))
}

/** Undefined where some file has no bounds. */
function lowestOffset(files: readonly LiveFile[]): Position | undefined {
  let lowest: Position | undefined
  for (const { offsets, rows } of files) {
    if (rows === 0n) continue
    if (offsets === undefined) return undefined
    if (lowest === undefined || offsets.lowest < lowest) lowest = offsets.lowest
  }
  return lowest
}

function gapsAt({ gaps }: LedgerChain, at: TopicPartition): LedgerChain['gaps'] {
  return gaps.filter(
    ({ partition }) => partition.topic === at.topic && partition.partition === at.partition,
  )
}

/**
 * The gaps within a range. Positions that a rebase passed may have been read from the log before it, those that were
 * taken over have the rows of another hand, and those that were replayed since are in the table after all.
 */
function gapsWithin(
  chain: LedgerChain,
  at: TopicPartition,
  within: PositionRange,
): readonly PassedRange[] {
  return gapsAt(chain, at)
    .filter(({ reason, range }) => !FILLED.has(reason) && range.end > within.start)
    .flatMap(({ reason, range, snapshot }) => {
      const { snapshotId, sequenceNumber } = snapshot
      const later = replayedAt(chain, at).filter((one) => one.sequenceNumber > sequenceNumber)
      const start = range.start > within.start ? range.start : within.start
      return [...outsideRanges({ start, end: range.end }, later)].map((left): PassedRange => ({
        reason,
        range: left,
        snapshotId,
      }))
    })
    .toSorted(byStart)
}

/** Reasons to pass positions that are in the table all the same, or may be. */
const FILLED: ReadonlySet<GapReason> = new Set(['rebase', 'adopt'])

/** What replays have read again of a partition, by position. */
function replayedAt(
  { replays }: LedgerChain,
  at: TopicPartition,
): readonly { readonly range: PositionRange; readonly sequenceNumber: bigint }[] {
  return replays
    .flatMap(({ snapshot: { sequenceNumber }, record }) => {
      const range = record.replayed.get(at)
      return range === undefined ? [] : [{ range, sequenceNumber }]
    })
    .toSorted(byStart)
}

interface Ranged {
  readonly range: PositionRange
}

function byStart(one: Ranged, other: Ranged): number {
  return one.range.start < other.range.start ? -1 : 1
}

/** The parts of a range that are in none of others, which come by position. */
export function* outsideRanges(
  range: PositionRange,
  gaps: readonly Ranged[],
): Generator<PositionRange> {
  let { start } = range
  for (const { range: gap } of gaps) {
    if (gap.end <= start) continue
    if (gap.start >= range.end) break
    if (gap.start > start) yield { start, end: gap.start }
    start = gap.end
  }
  if (start < range.end) yield { start, end: range.end }
}
