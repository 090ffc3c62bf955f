import type { LogBounds, RecordSource, TopicDescription } from '../consumer/record-source.ts'
import { FirnError } from '../core/errors.ts'
import type { ClusterId, TopicName } from '../core/ids.ts'
import {
  PartitionMap,
  partitionText,
  type Position,
  type PositionRange,
  type TopicPartition,
} from '../core/offsets.ts'
import type { RangeBound, RangeRequest } from './request.ts'

/** What was asked for, as positions, and what the brokers say of these partitions. */
export interface ResolvedRanges {
  readonly cluster: ClusterId
  readonly topic: TopicDescription
  /** None is empty. */
  readonly ranges: PartitionMap<PositionRange>
  readonly bounds: PartitionMap<LogBounds>
}

/** Asks the brokers which positions a request is about. Throws USAGE, and their faults. */
export async function resolveRanges(
  source: Pick<RecordSource, 'clusterId' | 'describeTopics' | 'logBounds' | 'positionsAt'>,
  request: RangeRequest,
  name: TopicName,
): Promise<ResolvedRanges> {
  const [topic] = await source.describeTopics({ kind: 'names', names: [name] })
  if (topic === undefined) {
    throw new FirnError('KAFKA_TOPIC_MISSING', `topic ${name} does not exist`)
  }
  const unknown = request.partitions?.find((one) => !topic.partitions.includes(one))
  if (unknown !== undefined) {
    throw new FirnError('USAGE', `topic ${name} has no partition ${unknown}`, {
      help: `it has ${topic.partitions.length}`,
    })
  }
  const partitions = (request.partitions ?? topic.partitions).map((partition) => ({
    topic: name,
    partition,
  }))
  const [cluster, bounds, starts, ends] = await Promise.all([
    source.clusterId(),
    source.logBounds(partitions),
    positionsOf(source, partitions, request.from),
    positionsOf(source, partitions, request.to),
  ])
  const ranges = new PartitionMap<PositionRange>()
  for (const partition of partitions) {
    const [start, end] = [starts.get(partition), ends.get(partition)]
    if (start === undefined || end === undefined) continue
    if (start > end || (start === end && isPosition(request)))
      throw backwards(partition, start, end)
    if (start < end) ranges.set(partition, { start, end })
  }
  return { cluster, topic, ranges, bounds }
}

function isPosition({ from, to }: RangeRequest): boolean {
  return from.kind === 'position' && to.kind === 'position'
}

async function positionsOf(
  source: Pick<RecordSource, 'positionsAt'>,
  partitions: readonly TopicPartition[],
  bound: RangeBound,
): Promise<PartitionMap<Position>> {
  return bound.kind === 'time'
    ? source.positionsAt(partitions, bound.timestampMs)
    : new PartitionMap(partitions.map((partition) => [partition, bound.position]))
}

function backwards(partition: TopicPartition, start: Position, end: Position): FirnError {
  return new FirnError(
    'USAGE',
    `--from must lie before --to: ${partitionText(partition)} from ${start} to ${end}`,
  )
}
