import type { AuditedTable } from '../audit/audited-table.ts'
import { FirnError } from '../core/errors.ts'
import {
  partitionText,
  type Position,
  type PositionRange,
  type TopicPartition,
} from '../core/offsets.ts'
import type { ResolvedRanges } from './resolve-ranges.ts'

export interface RangeCheck {
  /** For people. */
  readonly table: string
  readonly audited: Pick<AuditedTable, 'ledger' | 'chain' | 'origin'>
  readonly resolved: ResolvedRanges
}

/** Why ranges cannot be put back exactly; undefined where they can. Pure. */
export function refuseRanges(check: RangeCheck): FirnError | undefined {
  const { table, audited, resolved } = check
  const { ledger } = audited
  const { topic, id } = resolved.topic
  const held = ledger.topics.get(topic)
  if (held === undefined) {
    return refused(table, `its ledger does not have topic ${topic}: nothing of it was read`)
  }
  if (ledger.cluster !== resolved.cluster) {
    return new FirnError(
      'CLUSTER_CHANGED',
      `table ${table} was read from cluster ${ledger.cluster}, and the brokers belong to ${resolved.cluster}: the same positions are other records there`,
      { help: 'name the cluster that the table was read from under `kafka.brokers`' },
    )
  }
  if (held.id !== id) {
    return new FirnError(
      'TOPIC_RECREATED',
      `topic ${topic} has id ${id}, and table ${table} was read from ${held.id}: it was deleted and created again, and its records are gone`,
      { context: { table, topic } },
    )
  }
  for (const [partition, range] of resolved.ranges) {
    const refusal = refuseRange(check, partition, range, held.next.get(partition.partition))
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function refuseRange(
  check: RangeCheck,
  partition: TopicPartition,
  range: PositionRange,
  next: Position | undefined,
): FirnError | undefined {
  const { table, resolved } = check
  const name = partitionText(partition)
  if (range.end > (next ?? 0n)) {
    return refused(
      table,
      `${name} was read up to ${next ?? 0n}, and the range ends at ${range.end}: what was never read cannot be replaced`,
      { help: `end the range at ${next ?? 0n} or before: firn status shows the ledger` },
    )
  }
  const bounds = resolved.bounds.get(partition)
  const logStart = bounds?.logStart ?? 0n
  if (range.start < logStart) {
    const gone = (logStart < range.end ? logStart : range.end) - range.start
    return new FirnError(
      'OFFSETS_EXPIRED',
      `${name}: retention has deleted ${gone} of the range's positions: the log starts at ${logStart}, the range at ${range.start}; the table is all that is left of them`,
      { context: { table }, help: `begin the range at ${logStart} or later` },
    )
  }
  if (bounds !== undefined && bounds.logEnd < range.end) {
    return new FirnError(
      'LOG_TRUNCATED',
      `${name}: the log ends at ${bounds.logEnd}, before the range's end at ${range.end}`,
      { context: { table } },
    )
  }
  return refuseHistory(check, partition, range)
}

/** Positions that the ledger passed, or that are of two logs. */
function refuseHistory(
  { table, audited }: RangeCheck,
  partition: TopicPartition,
  range: PositionRange,
): FirnError | undefined {
  const { chain, origin } = audited
  const name = partitionText(partition)
  const isHere = ({ topic, partition: number }: TopicPartition): boolean =>
    topic === partition.topic && number === partition.partition
  const rebased = [
    chain.rebased.get(partition),
    ...chain.gaps
      .filter(({ reason, partition: of }) => reason === 'rebase' && isHere(of))
      .map((gap) => gap.range),
  ]
  if (rebased.some((other) => other !== undefined && intersects(other, range))) {
    return refused(
      table,
      `${name}: the ledger was rebased on another log, and rows of both may have these positions`,
    )
  }
  const start = origin?.topics.get(partition.topic)?.start.get(partition.partition) ?? 0n
  const gap = [
    { reason: 'start', range: { start: 0n, end: start } },
    ...chain.gaps.filter(({ partition: of }) => isHere(of)),
  ].find((one) => intersects(one.range, range))
  if (gap === undefined) return undefined
  return refused(
    table,
    `${name}: the ledger passed [${gap.range.start},${gap.range.end}) without reading it (${gap.reason}), and the range holds positions of it`,
    { help: 'name a range outside of it: what was passed on purpose stays out' },
  )
}

function intersects(left: PositionRange, right: PositionRange): boolean {
  return left.start < right.end && right.start < left.end
}

function refused(table: string, why: string, options: { readonly help?: string } = {}): FirnError {
  return new FirnError('REPLAY_REFUSED', `table ${table}: ${why}`, {
    context: { table },
    ...options,
  })
}
