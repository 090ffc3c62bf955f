import type { GapReason, Ledger, Origin, SnapshotRecord, TopicLedger } from '../commit/ledger.ts'
import { readRecord, writerOf } from '../commit/ledger-text.ts'
import type { TopicName, WriterName } from '../core/ids.ts'
import {
  PartitionMap,
  partitionText,
  type Position,
  type PositionRange,
  type TopicPartition,
} from '../core/offsets.ts'
import type { WalkEnd } from '../iceberg/ancestry.ts'
import type { Snapshot } from '../iceberg/metadata.ts'

/** A range that a snapshot of the writer added, or passed. */
export interface ChainRange {
  readonly snapshot: Snapshot
  readonly partition: TopicPartition
  readonly range: PositionRange
}

/** One snapshot's ranges, and the rows that it says it added for them. */
export interface ChainLink {
  readonly snapshot: Snapshot
  readonly record: SnapshotRecord
  readonly addedRecords: bigint
}

export interface LedgerChain {
  /** Whether the ancestry is listed down to the table's first snapshot. */
  readonly complete: boolean
  /** The writer's own snapshots on the ancestry, oldest first. */
  readonly links: readonly ChainLink[]
  /** What does not chain, a line each. */
  readonly problems: readonly string[]
  readonly gaps: readonly (ChainRange & { readonly reason: GapReason })[]
  /** The links that read ranges again, oldest first. */
  readonly replays: readonly ChainLink[]
  /** Topics whose log was exchanged for another, and the positions that both may have. */
  readonly rebased: PartitionMap<PositionRange>
  /** Snapshots that carry the writer's summary or files, and are not the writer's. */
  readonly copied: readonly Snapshot[]
}

export interface ChainInput {
  readonly writer: WriterName
  /** From the head along parents, newest first. */
  readonly walk: readonly Snapshot[]
  readonly end: WalkEnd
  /** Snapshots of the writer that are listed, on the ancestry or not: a cherry-pick names one of them. */
  readonly own: ReadonlySet<bigint>
  readonly origin: Origin | undefined
}

type Topics = Ledger['topics']

/**
 * Whether along the ancestry each ledger is its parent's with what its snapshot added and passed. Throws
 * LEDGER_CORRUPT where a summary cannot be read. Pure.
 */
export function ledgerChain({ writer, walk, end, own, origin }: ChainInput): LedgerChain {
  const copied: Snapshot[] = []
  const links: ChainLink[] = []
  for (const snapshot of walk.toReversed()) {
    const record = writerOf(snapshot) === writer ? readRecord(snapshot) : undefined
    if (record !== undefined && record.namedSnapshotId === snapshot.snapshotId) {
      links.push({ snapshot, record, addedRecords: addedRecords(snapshot) })
    } else if (record !== undefined || isPick(snapshot, own)) copied.push(snapshot)
  }
  const problems: string[] = []
  const rebased = new PartitionMap<PositionRange>()
  // Where older snapshots have expired nothing is known of what was before.
  const complete = isComplete(walk, end)
  let before: Topics | undefined = complete ? new Map() : undefined
  for (const { snapshot, record } of links) {
    if (before !== undefined) {
      noteRebased(before, record.ledger.topics, rebased)
      problems.push(
        ...stepProblems({ before, record, origin }).map(
          (problem) => `snapshot ${snapshot.snapshotId}: ${problem}`,
        ),
      )
    }
    before = record.ledger.topics
  }
  const replays = links.filter(({ record }) => record.replayed.size > 0)
  return { complete, links, problems, gaps: links.flatMap(gapsOf), replays, rebased, copied }
}

/** A catalog that lists the current snapshot only leaves its parent out too: then the sequence number tells. */
function isComplete(walk: readonly Snapshot[], { kind }: WalkEnd): boolean {
  const root = walk.at(-1)
  return kind === 'root' && (root === undefined || root.sequenceNumber <= 1n)
}

function addedRecords({ summary }: Snapshot): bigint {
  const text = summary['added-records'] ?? '0'
  return /^\d{1,19}$/.test(text) ? BigInt(text) : 0n
}

function isPick({ summary }: Snapshot, own: ReadonlySet<bigint>): boolean {
  const source = summary['source-snapshot-id'] ?? ''
  return /^\d{1,19}$/.test(source) && own.has(BigInt(source))
}

/** What lies between two ledgers that follow each other must be the ranges and gaps of the later one's snapshot. */
function stepProblems({
  before,
  record,
  origin,
}: {
  readonly before: Topics
  readonly record: SnapshotRecord
  readonly origin: Origin | undefined
}): readonly string[] {
  const problems: string[] = []
  for (const [topic, { next }] of record.ledger.topics) {
    const was = sameLog(before, record.ledger.topics, topic)
    for (const partition of new Set([...next.keys(), ...(was?.next.keys() ?? [])])) {
      const at = { topic, partition }
      const problem = partitionProblem({
        starts: startsOf(was, { at, origin }),
        segments: segmentsOf(record, at),
        next: next.get(partition),
      })
      if (problem !== undefined) problems.push(`${partitionText(at)} ${problem}`)
    }
  }
  for (const topic of before.keys()) {
    if (!record.ledger.topics.has(topic)) problems.push(`topic ${topic} is lost from the ledger`)
  }
  return [...problems, ...strayRanges(record)]
}

/** The topic as it was, where it is of the same log: a rebase begins another. */
function sameLog(before: Topics, after: Topics, topic: TopicName): TopicLedger | undefined {
  const was = before.get(topic)
  return was?.id === after.get(topic)?.id ? was : undefined
}

/** Where a partition may go on from: a new one begins at 0, or at its origin after a rollback behind its pin. */
function startsOf(
  was: TopicLedger | undefined,
  { at, origin }: { readonly at: TopicPartition; readonly origin: Origin | undefined },
): readonly Position[] {
  const next = was?.next.get(at.partition)
  if (next !== undefined) return [next]
  const begun = origin?.topics.get(at.topic)?.start.get(at.partition)
  return begun === undefined ? [0n] : [0n, begun]
}

function segmentsOf(
  { ranges, gaps }: SnapshotRecord,
  at: TopicPartition,
): readonly PositionRange[] {
  return [ranges.get(at), ...[...gaps.values()].map((ofReason) => ofReason.get(at))]
    .filter((range) => range !== undefined)
    .toSorted((a, b) => (a.start < b.start ? -1 : 1))
}

function partitionProblem({
  starts,
  segments,
  next,
}: {
  readonly starts: readonly Position[]
  readonly segments: readonly PositionRange[]
  readonly next: Position | undefined
}): string | undefined {
  const was = starts.at(-1) ?? 0n
  if (next === undefined) return `is lost from the ledger, where it stood at ${was}`
  const [first] = segments
  let at = starts.find((start) => start === (first?.start ?? next)) ?? was
  if (next < at) return `goes back from ${at} to ${next}`
  for (const { start, end } of segments) {
    if (start > at) return `leaves out [${at},${start})`
    if (start < at) return `takes [${start},${end < at ? end : at}) again, where it stood at ${at}`
    at = end
  }
  if (at === next) return undefined
  return `stands at ${next}, where its ranges and gaps end at ${at}`
}

/** Ranges of partitions that the snapshot's own ledger does not have. */
function strayRanges({ ranges, ledger }: SnapshotRecord): readonly string[] {
  return [...ranges.keys()]
    .filter(({ topic, partition }) => ledger.topics.get(topic)?.next.has(partition) !== true)
    .map((at) => `${partitionText(at)} has a range and no place in the ledger`)
}

function noteRebased(before: Topics, after: Topics, rebased: PartitionMap<PositionRange>): void {
  for (const [topic, { id, next }] of before) {
    if (!after.has(topic) || after.get(topic)?.id === id) continue
    for (const [partition, end] of next) {
      const at = { topic, partition }
      const known = rebased.get(at)?.end ?? 0n
      rebased.set(at, { start: 0n, end: end > known ? end : known })
    }
  }
}

function gapsOf({ snapshot, record }: ChainLink): LedgerChain['gaps'] {
  return [...record.gaps].flatMap(([reason, ranges]) =>
    [...ranges].map(([partition, range]) => ({ snapshot, reason, partition, range })),
  )
}
