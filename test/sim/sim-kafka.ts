import type {
  AssignmentListener,
  FetchEvent,
  LogBounds,
  RecordSource,
  SeekTarget,
  TopicDescription,
  TopicRetention,
  TopicSelection,
} from '../../src/consumer/record-source.ts'
import { clusterId, type ClusterId, type TopicId, type TopicName } from '../../src/core/ids.ts'
import { FirnError } from '../../src/core/errors.ts'
import { PartitionMap, type Position, type TopicPartition } from '../../src/core/offsets.ts'
import type { SimGroup, SimMember } from './sim-group.ts'
import type { SimCluster, SimPartition } from './sim-log.ts'
import type { SimProcess } from './sim-process.ts'
import type { SimRandom } from './sim-random.ts'

interface Reading {
  position: Position
  epoch: number | undefined
  topicId: TopicId | undefined
  paused: boolean
  /** Told once per arrival at the end, as the real source does. */
  atEndTold: boolean
}

/** What the auditor wants to know about committed group offsets (invariant I4). */
export type GroupOffsetsSeen = (offsets: PartitionMap<Position>) => void

const brokerAway = (): FirnError =>
  new FirnError('KAFKA_UNAVAILABLE', 'the simulated broker is away')

/** One process's view of the simulated cluster. */
export class SimKafka implements RecordSource {
  readonly #cluster: SimCluster
  readonly #group: SimGroup
  readonly #process: SimProcess
  readonly #random: SimRandom
  readonly #committed: PartitionMap<Position>
  readonly #onCommit: GroupOffsetsSeen
  readonly #reading = new PartitionMap<Reading>()
  #member: SimMember | undefined
  readonly bytesHeld = 0

  constructor(parts: {
    cluster: SimCluster
    group: SimGroup
    process: SimProcess
    random: SimRandom
    committed: PartitionMap<Position>
    onCommit: GroupOffsetsSeen
  }) {
    this.#cluster = parts.cluster
    this.#group = parts.group
    this.#process = parts.process
    this.#random = parts.random
    this.#committed = parts.committed
    this.#onCommit = parts.onCommit
  }

  async #request<T>(answer: () => T): Promise<T> {
    return this.#process.call(async () => {
      await this.#process.delay(this.#random.between(1, 20))
      return answer()
    }, brokerAway)
  }

  async clusterId(): Promise<ClusterId> {
    return this.#request(() => clusterId(this.#cluster.id))
  }

  async describeTopics(wanted: TopicSelection): Promise<readonly TopicDescription[]> {
    return this.#request(() =>
      [...this.#cluster.topics.values()]
        .filter(({ name }) => selects(wanted, name))
        .map(({ name, id, partitions }) => ({
          topic: name,
          id,
          partitions: partitions.map((_, index) => index),
        })),
    )
  }

  async logBounds(partitions: readonly TopicPartition[]): Promise<PartitionMap<LogBounds>> {
    return this.#request(() => {
      const bounds = new PartitionMap<LogBounds>()
      for (const partition of partitions) {
        const log = this.#log(partition)
        if (log !== undefined) bounds.set(partition, { logStart: log.logStart, logEnd: log.logEnd })
      }
      return bounds
    })
  }

  async positionsAt(
    partitions: readonly TopicPartition[],
    timestampMs: number,
  ): Promise<PartitionMap<Position>> {
    return this.#request(() => {
      const positions = new PartitionMap<Position>()
      for (const partition of partitions) {
        const log = this.#log(partition)
        const batch = log?.batches.find(({ maxTimestampMs }) => maxTimestampMs >= timestampMs)
        if (log !== undefined) positions.set(partition, batch?.baseOffset ?? log.logEnd)
      }
      return positions
    })
  }

  /** The simulated retention is an operator's whim, not a configuration. */
  async retention(topics: readonly TopicName[]): Promise<ReadonlyMap<TopicName, TopicRetention>> {
    const forEver = { deletes: false, ms: undefined, bytes: undefined }
    return this.#request(
      () =>
        new Map(
          topics.flatMap((topic) =>
            this.#cluster.topics.has(topic) ? [[topic, forEver] as const] : [],
          ),
        ),
    )
  }

  async epochEnd(partition: TopicPartition, leaderEpoch: number): Promise<Position | undefined> {
    return this.#request(() => this.#log(partition)?.epochEnd(leaderEpoch))
  }

  async groupOffsets(partitions: readonly TopicPartition[]): Promise<PartitionMap<Position>> {
    return this.#request(() => {
      const offsets = new PartitionMap<Position>()
      for (const partition of partitions) {
        const committed = this.#committed.get(partition)
        if (committed !== undefined) offsets.set(partition, committed)
      }
      return offsets
    })
  }

  async commitGroupOffsets(offsets: PartitionMap<Position>): Promise<void> {
    return this.#request(() => {
      this.#onCommit(offsets)
      for (const [partition, position] of offsets) this.#committed.set(partition, position)
    })
  }

  async join(_selection: TopicSelection, listener: AssignmentListener): Promise<void> {
    await this.#request(() => undefined)
    const gated: AssignmentListener = {
      assigned: async (partitions) => this.#process.gate(async () => listener.assigned(partitions)),
      revoked: async (partitions) => this.#process.gate(async () => listener.revoked(partitions)),
      lost: async (partitions) => this.#process.gate(async () => listener.lost(partitions)),
      failed: (error) => {
        listener.failed(error)
      },
    }
    this.#member = this.#group.join(this.#process, gated)
  }

  async leave(): Promise<void> {
    const member = this.#member
    this.#member = undefined
    if (member !== undefined) await this.#process.call(async () => this.#group.leave(member))
  }

  seek(partition: TopicPartition, { position, leaderEpoch, topicId }: SeekTarget): void {
    this.#reading.set(partition, {
      position,
      epoch: leaderEpoch,
      topicId,
      paused: false,
      atEndTold: false,
    })
  }

  stop(partition: TopicPartition): void {
    this.#reading.delete(partition)
  }

  pause(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#setPaused(partition, true)
  }

  resume(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#setPaused(partition, false)
  }

  #setPaused(partition: TopicPartition, paused: boolean): void {
    const reading = this.#reading.get(partition)
    if (reading !== undefined) reading.paused = paused
  }

  async poll(waitMsMax: number): Promise<readonly FetchEvent[]> {
    return this.#process.call(async () => {
      await this.#process.delay(this.#random.between(1, 30))
      const events = this.#fetch()
      if (events.length === 0) await this.#process.delay(waitMsMax)
      return events
    })
  }

  #fetch(): FetchEvent[] {
    const events: FetchEvent[] = []
    for (const [partition, reading] of this.#reading) {
      if (reading.paused) continue
      const event = this.#fetchOne(partition, reading)
      if (event !== undefined) events.push(event)
    }
    return events
  }

  #fetchOne(partition: TopicPartition, reading: Reading): FetchEvent | undefined {
    const { topic: name, partition: number } = partition
    const log = this.#log(partition)
    const id = this.#cluster.topics.get(name)?.id
    const { position, epoch, topicId } = reading
    if (log === undefined || id === undefined || (topicId !== undefined && topicId !== id)) {
      return { kind: 'gone', topic: name, partition: number }
    }
    if (epoch !== undefined && log.epochEnd(epoch) < position) {
      return { kind: 'diverged', ...partition, epoch, endOffset: log.epochEnd(epoch) }
    }
    if (position < log.logStart || position > log.logEnd) {
      return { kind: 'out-of-range', ...partition, position }
    }
    const first = log.batches.findIndex(({ nextOffset }) => nextOffset > position)
    if (first < 0) return this.#atEnd(partition, reading, log)
    const batches = log.batches.slice(first, first + this.#random.between(1, 4))
    const last = batches.at(-1)!
    reading.position = last.nextOffset
    reading.epoch = last.leaderEpoch
    reading.atEndTold = false
    return {
      kind: 'batch',
      ...partition,
      topicId: id,
      position,
      bytes: new Uint8Array(Buffer.concat(batches.map(({ bytes }) => bytes))),
      abortedTransactions: log.aborted.filter(
        ({ firstOffset, markerOffset }) =>
          firstOffset < last.nextOffset && markerOffset >= position,
      ),
      logStart: log.logStart,
      logEnd: log.logEnd,
      highWatermark: log.logEnd,
    }
  }

  #atEnd(partition: TopicPartition, reading: Reading, log: SimPartition): FetchEvent | undefined {
    if (reading.atEndTold) return undefined
    reading.atEndTold = true
    return { kind: 'at-end', ...partition, position: reading.position, logEnd: log.logEnd }
  }

  #log({ topic, partition }: TopicPartition): SimPartition | undefined {
    return this.#cluster.topics.get(topic)?.partitions[partition]
  }

  async close(): Promise<void> {
    this.#reading.clear()
  }
}

function selects(selection: TopicSelection, topic: TopicName): boolean {
  switch (selection.kind) {
    case 'names':
      return selection.names.includes(topic)
    case 'pattern':
      return selection.pattern.test(topic)
    case 'any-of':
      return selection.selections.some((one) => selects(one, topic))
    default:
      throw new FirnError('USAGE', 'unknown selection')
  }
}
