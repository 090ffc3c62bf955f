import { PartitionMap } from '../core/offsets.ts'
import { asGaps, begin, passed, type Takeover } from './ledger-moves.ts'
import { type Ledger, type OriginTopic, withTopics } from './ledger.ts'
import type { AttemptPlan } from './plan-attempt.ts'
import type { TableVerdict } from './plan-table.ts'
import type { LedgerReading } from './read-ledger.ts'
import type { TopicName } from '../core/ids.ts'

/** What cannot be gone on from, and may be begun anew from the rows. */
const BEGUN_ANEW: ReadonlySet<string> = new Set([
  'LEDGER_UNPROVEN',
  'LEDGER_COPIED',
  'TABLE_REPLACED',
  'TABLE_RECREATED',
])

/**
 * One attempt of a takeover, on the head as it was read. A ledger that stands goes on, with the topics beside its own;
 * where none does, or none that can be believed, the ledger is what is taken over and nothing else. Pure.
 */
export function planTakeover(
  { cluster, topics, head, fences }: Takeover,
  { reading, verdict }: { readonly reading: LedgerReading; readonly verdict: TableVerdict },
): AttemptPlan {
  const rejected = { kind: 'rejected', why: { kind: 'other-ledger' } } as const
  if (reading.head !== head) return rejected
  if (verdict.kind === 'refuse' && !BEGUN_ANEW.has(verdict.refusal.code)) {
    return { kind: 'refused', refusal: verdict.refusal }
  }
  if (verdict.kind === 'skip') return rejected
  const standing: Ledger =
    verdict.kind === 'refuse' || verdict.kind === 'nothing'
      ? { cluster, topics: new Map() }
      : verdict.ledger
  const others = standing.topics.size > 0
  if (others && standing.cluster !== cluster) return rejected
  if ([...topics.keys()].some((topic) => standing.topics.has(topic))) return rejected
  // The chain of the snapshots goes on from what the newest of them recorded, believed or not.
  const recorded = reading.newest?.record.ledger.topics
  if (goesBack(topics, recorded)) return rejected
  const gaps = [...topics].flatMap(([topic, { id, positions }]) => {
    const before = recorded?.get(topic)
    return passed(topic, positions, before?.id === id ? before.next : undefined)
  })
  return {
    kind: 'send',
    ledger: withTopics(
      { ...standing, cluster },
      [...topics].map(([topic, taken]) => [topic, begin(taken)]),
    ),
    ranges: new PartitionMap(),
    gaps: asGaps('adopt', gaps),
    properties: fences,
    begun: originsOf(topics),
  }
}

function goesBack(topics: Takeover['topics'], recorded: Ledger['topics'] | undefined): boolean {
  return [...topics].some(([topic, { id, positions }]) => {
    const before = recorded?.get(topic)
    if (before?.id !== id) return false
    return [...positions].some(
      ([partition, position]) => position < (before.next.get(partition) ?? 0n),
    )
  })
}

function originsOf(topics: Takeover['topics']): ReadonlyMap<TopicName, OriginTopic> {
  return new Map([...topics].map(([topic, { id, begun }]) => [topic, { id, start: begun }]))
}
