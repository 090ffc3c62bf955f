import { required } from '../core/assert.ts'
import type { FirnError } from '../core/errors.ts'
import type { ClusterId, TopicId, TopicName, WriterName } from '../core/ids.ts'
import { PartitionMap, type Position, type TopicPartition } from '../core/offsets.ts'
import type { LedgerMove } from './ledger-moves.ts'
import type { Ledger, TopicLedger } from './ledger.ts'
import { APPEARED_AT } from './plan-commit.ts'
import type { StartWarning, TableVerdict } from './plan-table.ts'
import {
  clusterChanged,
  logTruncated,
  lost,
  offsetsExpired,
  otherWriter,
  type PartitionGap,
  topicGone,
  type TopicPlace,
  topicRecreated,
} from './refusals.ts'

/** What the brokers say of one partition. */
export interface PartitionFacts {
  readonly logStart: Position
  /** The last stable offset under read_committed, else the high watermark. */
  readonly logEnd: Position
  /** Where the broker's log ends for the leader epoch that the ledger has; undefined where not asked, or unknown. */
  readonly epochEnd?: Position | undefined
}

export interface TopicFacts {
  readonly id: TopicId
  /** Of a topic that is started for the first time: every partition. Else at least those that are asked about. */
  readonly partitions: ReadonlyMap<number, PartitionFacts>
}

/** What the brokers say; a topic that is not there is not in it. */
export interface LogFacts {
  readonly cluster: ClusterId
  readonly topics: ReadonlyMap<TopicName, TopicFacts>
}

/** What the brokers say of one partition; undefined where it is not in the facts. */
export function boundsAt(
  { topics }: Pick<LogFacts, 'topics'>,
  { topic, partition }: TopicPartition,
): PartitionFacts | undefined {
  return topics.get(topic)?.partitions.get(partition)
}

/** Where a topic begins that no ledger holds yet, with whatever only the brokers know already asked. */
export type ResolvedStart =
  | { readonly kind: 'earliest' | 'latest' }
  /** A partition without a record of that time or later begins at its end. */
  | { readonly kind: 'timestamp'; readonly positions: PartitionMap<Position> }
  /** A partition that is not stated, or without a committed offset, begins at its earliest record. */
  | { readonly kind: 'offsets' | 'group'; readonly positions: PartitionMap<Position> }

/** Where to go on reading. */
export interface SeekPosition {
  readonly position: Position
  /** Of the record before it: lets the broker find a log that was truncated. */
  readonly leaderEpoch?: number
}

export interface StartInput {
  readonly table: string
  readonly verdict: TableVerdict
  readonly log: LogFacts
  /** The partitions that are asked about: a refusal of others is their owners' business. */
  readonly partitions: readonly TopicPartition[]
  readonly start: ResolvedStart
  /** `firn ledger init`: the person has said that a table with a cut history holds none of these records. */
  readonly startConfirmed: boolean
  readonly otherWriterOf: (topic: TopicName) => WriterName | undefined
}

export type StartPlan =
  /** Nothing of this table can be read or written. */
  | { readonly kind: 'refuse'; readonly refusal: FirnError }
  /** A ledger-only snapshot comes first; then ask again. */
  | { readonly kind: 'move'; readonly move: LedgerMove; readonly warnings: readonly StartWarning[] }
  /** Topics that are refused are in `refusals`; the others start. */
  | {
      readonly kind: 'start'
      readonly positions: PartitionMap<SeekPosition>
      readonly refusals: readonly FirnError[]
      readonly warnings: readonly StartWarning[]
    }

/**
 * Where to start, or why not: every row of the start table, decided per topic. Asked at start, on every assignment, on
 * a fetch out of range and on a diverging epoch. Pure.
 */
export function planStart(input: StartInput): StartPlan {
  const { verdict } = input
  const first = planBeforeLog(verdict)
  if (first !== undefined) return first
  const warnings = warningsOf(verdict)
  const decisions = askedTopics(input.partitions).map(
    ([topic, partitions]) => [topic, planTopic(topic, partitions, input)] as const,
  )
  const pins = decisions.flatMap(([topic, decision]) =>
    decision.kind === 'pin' ? [[topic, decision] as const] : [],
  )
  if (pins.length > 0) {
    const { cluster } = input.log
    return { kind: 'move', move: { kind: 'pin', cluster, topics: new Map(pins) }, warnings }
  }
  return {
    kind: 'start',
    positions: new PartitionMap(
      decisions.flatMap(([, decision]) => (decision.kind === 'start' ? decision.positions : [])),
    ),
    refusals: decisions.flatMap(([, decision]) =>
      decision.kind === 'refuse' ? [decision.refusal] : [],
    ),
    warnings,
  }
}

/** The plan where the table alone decides it; undefined where the log must be asked. */
export function planBeforeLog(verdict: TableVerdict): StartPlan | undefined {
  switch (verdict.kind) {
    case 'refuse':
      return verdict
    case 'skip':
      return { kind: 'move', move: { kind: 'skip' }, warnings: [] }
    case 'lift':
      return { kind: 'move', move: { kind: 'lift' }, warnings: verdict.warnings }
    default:
      return undefined
  }
}

function warningsOf(verdict: TableVerdict): readonly StartWarning[] {
  return verdict.kind === 'go-on' || verdict.kind === 'nothing' ? verdict.warnings : []
}

/** The topics that the plan will want first positions of: what only the brokers know is asked for these alone. */
export function topicsToBegin(
  verdict: TableVerdict,
  partitions: readonly TopicPartition[],
): readonly TopicName[] {
  const ledger = ledgerOfVerdict(verdict)
  return askedTopics(partitions)
    .map(([topic]) => topic)
    .filter((topic) => ledger?.topics.has(topic) !== true)
}

type TopicDecision =
  | {
      readonly kind: 'start'
      readonly positions: readonly (readonly [TopicPartition, SeekPosition])[]
    }
  | {
      readonly kind: 'pin'
      readonly id: TopicId
      readonly positions: ReadonlyMap<number, Position>
    }
  | { readonly kind: 'refuse'; readonly refusal: FirnError }

function planTopic(
  topic: TopicName,
  partitions: readonly number[],
  input: StartInput,
): TopicDecision {
  const { table, log, verdict } = input
  const place = { table, topic }
  const ledger = ledgerOfVerdict(verdict)
  const facts = log.topics.get(topic)
  const known = ledger?.topics.get(topic)
  if (ledger !== undefined && ledger.topics.size > 0 && ledger.cluster !== log.cluster) {
    const clusters = { expected: ledger.cluster, found: log.cluster }
    return refuse(clusterChanged(place, clusters))
  }
  if (known !== undefined && known.id !== facts?.id) {
    return refuse(topicRecreated(place, { expected: known.id, found: facts?.id }))
  }
  if (facts === undefined) return refuse(topicGone(place))
  return known === undefined
    ? beginTopic(place, facts, input)
    : goOn(place, partitions, { known, facts })
}

/** From the ledger, where the log still has what follows it. */
function goOn(
  place: TopicPlace,
  partitions: readonly number[],
  { known, facts }: { readonly known: TopicLedger; readonly facts: TopicFacts },
): TopicDecision {
  const truncated: PartitionGap[] = []
  const expired: PartitionGap[] = []
  const positions = partitions.map((partition) => {
    const position = known.next.get(partition) ?? APPEARED_AT
    const { logStart, logEnd, epochEnd } = required(facts.partitions.get(partition), 'log bounds')
    const end = epochEnd !== undefined && epochEnd < logEnd ? epochEnd : logEnd
    if (position > end) truncated.push({ partition, position, bound: end })
    else if (position < logStart) expired.push({ partition, position, bound: logStart })
    const leaderEpoch = known.epoch.get(partition)
    const seek = leaderEpoch === undefined ? { position } : { position, leaderEpoch }
    return [{ topic: place.topic, partition }, seek] as const
  })
  if (truncated.length > 0) return refuse(logTruncated(place, truncated, 'ledger'))
  if (expired.length > 0) return refuse(offsetsExpired(place, expired, 'ledger'))
  return { kind: 'start', positions }
}

/** The first start of a topic: all its partitions get their origin at once, before a record is read. */
function beginTopic(place: TopicPlace, facts: TopicFacts, input: StartInput): TopicDecision {
  const writer = input.otherWriterOf(place.topic)
  if (writer !== undefined) return refuse(otherWriter(place, writer))
  const { verdict } = input
  if (verdict.kind === 'nothing' && verdict.lost && !input.startConfirmed) {
    return refuse(lost(place.table))
  }
  const expired: PartitionGap[] = []
  const beyond: PartitionGap[] = []
  const positions = new Map<number, Position>()
  for (const [partition, bounds] of facts.partitions) {
    const position = firstPosition(input.start, { topic: place.topic, partition }, bounds)
    if (position < bounds.logStart) expired.push({ partition, position, bound: bounds.logStart })
    if (position > bounds.logEnd) beyond.push({ partition, position, bound: bounds.logEnd })
    positions.set(partition, position)
  }
  if (expired.length > 0) return refuse(offsetsExpired(place, expired, 'start'))
  if (beyond.length > 0) return refuse(logTruncated(place, beyond, 'start'))
  return { kind: 'pin', id: facts.id, positions }
}

function firstPosition(
  start: ResolvedStart,
  partition: TopicPartition,
  { logStart, logEnd }: PartitionFacts,
): Position {
  switch (start.kind) {
    case 'earliest':
      return logStart
    case 'latest':
      return logEnd
    case 'timestamp':
      return start.positions.get(partition) ?? logEnd
    case 'offsets':
    case 'group':
      return start.positions.get(partition) ?? logStart
  }
}

function ledgerOfVerdict(verdict: TableVerdict): Ledger | undefined {
  return verdict.kind === 'refuse' || verdict.kind === 'nothing' ? undefined : verdict.ledger
}

function askedTopics(
  partitions: readonly TopicPartition[],
): readonly (readonly [TopicName, readonly number[]])[] {
  const asked = new PartitionMap(partitions.map((partition) => [partition, true]))
  return asked.topics.map((topic) => [topic, [...asked.ofTopic(topic).keys()]])
}

function refuse(refusal: FirnError): TopicDecision {
  return { kind: 'refuse', refusal }
}
