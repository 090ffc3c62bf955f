import { PartitionMap, type Position, type TopicPartition } from '../core/offsets.ts'
import { topicName } from '../core/ids.ts'
import type { AnnouncedFile } from './connect-event.ts'
import type { PlacedEvent } from './control-topic.ts'

/** What is known of a sink's work on one table. */
export interface ConnectFacts {
  /** `namespace.table`, as the sink names it. */
  readonly table: string
  readonly events: readonly PlacedEvent[]
  /** Next offset of each partition of the control topic, as the table's newest snapshot of the sink has it. */
  readonly recorded: ReadonlyMap<number, bigint>
  /** The committed offsets of the sink's group. */
  readonly group: PartitionMap<Position>
  /** The partitions to take over, and where their logs begin. */
  readonly logStarts: PartitionMap<Position>
  /** Paths of the table's data files; undefined where compaction or deletes may have taken announced ones. */
  readonly live: ReadonlySet<string> | undefined
}

/** What one task read between two of its announcements, of one partition. */
export interface SinkRange {
  readonly partition: TopicPartition
  /** Undefined where retention took the announcement before. */
  readonly start: Position | undefined
  readonly end: Position
}

/** A file that the sink announced before what the table records, and that is not in the table. */
export interface LostFile {
  readonly file: AnnouncedFile
  /** The positions among which its records are. */
  readonly ranges: readonly SinkRange[]
}

export interface ConnectPlan {
  readonly positions: PartitionMap<Position>
  /** Files that were announced and never committed: their records are read again. */
  readonly pending: readonly AnnouncedFile[]
  readonly lost: readonly LostFile[]
  /** Partitions whose position cannot be told exactly, and why. */
  readonly ambiguous: PartitionMap<string>
  /** What a person should know, though the positions are right. */
  readonly notes: readonly string[]
}

/** One task's announcement of one cycle: a Kafka transaction, so that it is there whole or not at all. */
interface Announcement {
  readonly pending: boolean
  /** Some of its files before what the table records, some behind. */
  readonly torn: boolean
  readonly files: readonly AnnouncedFile[]
  readonly reached: PartitionMap<Position>
}

/**
 * Where a sink stands in a table, exactly. Its tasks announce files and the positions behind them in one Kafka
 * transaction, and the table says up to where the coordinator had read these announcements: what lies below is in the
 * table, what lies behind is not, whatever the group's offsets say. Pure.
 */
export function planConnect(facts: ConnectFacts): ConnectPlan {
  const announcements = announcementsOf(facts)
  const positions = new PartitionMap<Position>()
  const ambiguous = new PartitionMap<string>()
  const notes: string[] = []
  for (const [partition, logStart] of facts.logStarts) {
    const found = positionOf(partition, { announcements, facts, logStart })
    if (typeof found === 'string') ambiguous.set(partition, found)
    else {
      positions.set(partition, found)
      const committed = facts.group.get(partition)
      if (committed !== undefined && committed !== found) {
        notes.push(
          `${partition.topic}/${partition.partition}: the group stands at ${committed}, the table at ${found}`,
        )
      }
    }
  }
  const pending = announcements.flatMap((one) => (one.pending ? one.files : []))
  return { positions, pending, lost: lostFiles(announcements, facts), ambiguous, notes }
}

function positionOf(
  partition: TopicPartition,
  {
    announcements,
    facts,
    logStart,
  }: {
    readonly announcements: readonly Announcement[]
    readonly facts: ConnectFacts
    readonly logStart: Position
  },
): Position | string {
  const own = announcements
    .flatMap((one) => {
      const next = one.reached.get(partition)
      return next === undefined ? [] : [{ one, next }]
    })
    .toSorted((a, b) => (a.next < b.next ? -1 : 1))
  const torn = own.find(({ one }) => one.torn)
  if (torn !== undefined) {
    return `some files of the announcement up to ${torn.next} are in the table, and some are not`
  }
  const first = own.findIndex(({ one }) => one.pending)
  const before = first < 0 ? own.at(-1) : own[first - 1]
  if (before !== undefined) return before.next
  if (first >= 0) return 'files were announced and not committed, and nothing says where they begin'
  const committed = facts.group.get(partition)
  if (committed !== undefined) return committed
  // Never read: the sink would begin here too, had it read from the earliest record.
  return logStart === 0n ? 0n : `the group has no offset, and the log begins at ${logStart}`
}

function announcementsOf({ events, recorded, table }: ConnectFacts): readonly Announcement[] {
  const open = new Map<string, { files: AnnouncedFile[]; offsets: bigint[] }>()
  const done: Announcement[] = []
  for (const { partition, offset, producer, event } of events) {
    const key = `${partition} ${producer}`
    const current = open.get(key) ?? { files: [], offsets: [] }
    if (event.kind === 'written') {
      open.set(key, current)
      if (event.table !== table || event.files.length === 0) continue
      current.files.push(...event.files)
      current.offsets.push(offset)
    } else if (event.kind === 'complete') {
      open.delete(key)
      const behind = current.offsets.filter((at) => at >= (recorded.get(partition) ?? 0n))
      done.push({
        files: current.files,
        pending: behind.length > 0 && behind.length === current.offsets.length,
        torn: behind.length > 0 && behind.length < current.offsets.length,
        reached: reachedBy(event.positions),
      })
    }
  }
  return done
}

function reachedBy(
  positions: Extract<PlacedEvent['event'], { kind: 'complete' }>['positions'],
): PartitionMap<Position> {
  return new PartitionMap(
    positions.flatMap(({ topic, partition, next }) =>
      next === undefined ? [] : [[{ topic: topicName(topic), partition }, next] as const],
    ),
  )
}

function lostFiles(
  announcements: readonly Announcement[],
  { live }: ConnectFacts,
): readonly LostFile[] {
  if (live === undefined) return []
  return announcements.flatMap((one) => {
    if (one.pending || one.torn) return []
    const missing = one.files.filter(({ path }) => !live.has(path))
    if (missing.length === 0) return []
    const ranges = [...one.reached].map(([partition, end]) => ({
      partition,
      start: startOf(announcements, partition, end),
      end,
    }))
    return missing.map((file) => ({ file, ranges }))
  })
}

/** Where the announcement before it ended. */
function startOf(
  announcements: readonly Announcement[],
  partition: TopicPartition,
  end: Position,
): Position | undefined {
  let start: Position | undefined
  for (const { reached } of announcements) {
    const at = reached.get(partition)
    if (at !== undefined && at < end && (start === undefined || at > start)) start = at
  }
  return start
}
