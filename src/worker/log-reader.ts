import type { StartPolicy } from '../config/start.ts'
import type { TopicName } from '../core/ids.ts'
import { PartitionMap, type Position, type TopicPartition } from '../core/offsets.ts'
import type { RecordSource } from '../consumer/record-source.ts'
import type { LogReader } from '../commit/start.ts'
import type { LogFacts, PartitionFacts, ResolvedStart, TopicFacts } from '../commit/plan-start.ts'

/** What the start table wants to know of the log, asked from the brokers. */
export function logReader(source: RecordSource, policy: StartPolicy): LogReader {
  return {
    facts: async (topics, epochs) => readFacts(source, topics, epochs),
    start: async (topics, facts) => resolveStart(source, policy, partitionsOf(topics, facts)),
  }
}

async function readFacts(
  source: RecordSource,
  topics: readonly TopicName[],
  epochs: PartitionMap<number>,
): Promise<LogFacts> {
  const [cluster, described] = await Promise.all([
    source.clusterId(),
    source.describeTopics({ kind: 'names', names: topics }),
  ])
  const partitions = described.flatMap(({ topic, partitions: numbers }) =>
    numbers.map((partition) => ({ topic, partition })),
  )
  const [bounds, ends] = await Promise.all([
    source.logBounds(partitions),
    epochEnds(source, partitions, epochs),
  ])
  const facts = described.map(({ topic, id, partitions: numbers }): [TopicName, TopicFacts] => [
    topic,
    {
      id,
      partitions: new Map(
        numbers.flatMap((partition): [number, PartitionFacts][] => {
          const found = bounds.get({ topic, partition })
          return found === undefined
            ? []
            : [[partition, { ...found, epochEnd: ends.get({ topic, partition }) }]]
        }),
      ),
    },
  ])
  return { cluster, topics: new Map(facts) }
}

async function epochEnds(
  source: RecordSource,
  partitions: readonly TopicPartition[],
  epochs: PartitionMap<number>,
): Promise<PartitionMap<Position>> {
  const ends = new PartitionMap<Position>()
  await Promise.all(
    partitions.map(async (partition) => {
      const epoch = epochs.get(partition)
      if (epoch === undefined) return
      const end = await source.epochEnd(partition, epoch)
      if (end !== undefined) ends.set(partition, end)
    }),
  )
  return ends
}

function partitionsOf(topics: readonly TopicName[], facts: LogFacts): readonly TopicPartition[] {
  return topics.flatMap((topic) =>
    [...(facts.topics.get(topic)?.partitions.keys() ?? [])].map((partition) => ({
      topic,
      partition,
    })),
  )
}

async function resolveStart(
  source: RecordSource,
  policy: StartPolicy,
  partitions: readonly TopicPartition[],
): Promise<ResolvedStart> {
  switch (policy.kind) {
    case 'earliest':
    case 'latest':
      return policy
    case 'timestamp':
      return {
        kind: 'timestamp',
        positions: await source.positionsAt(partitions, policy.timestampMs),
      }
    case 'group':
      return { kind: 'group', positions: await source.groupOffsets(partitions) }
    case 'offsets':
      return { kind: 'offsets', positions: policy.positions }
  }
}
