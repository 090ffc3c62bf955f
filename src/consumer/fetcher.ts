import type { Connection } from '@platformatic/kafka'
import type { Clock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import type { TopicId } from '../core/ids.ts'
import { PartitionMap, partitionText, type Position, type TopicPartition } from '../core/offsets.ts'
import { scanBatches } from './batch-scan.ts'
import type { Brokers, ClusterMetadata } from './brokers.ts'
import { fetchApi, type FetchedPartition, type FetchResponse } from './fetch-response.ts'
import { authorizationError, KAFKA, kafkaErrorText } from './kafka-errors.ts'
import type { FetchEvent, SeekTarget } from './record-source.ts'

/** One partition that is being read. A new object for every seek: a response to an older one is recognised by it. */
interface Reading {
  readonly partition: TopicPartition
  position: Position
  /** Of the last batch that was read: the broker compares it with its log. */
  lastEpoch: number
  paused: boolean
  partitionMaxBytes: number
  /** The log end that `at-end` was last told for. */
  toldEnd: Position | undefined
  /** Nothing more is asked until a seek: what was found is the caller's to decide on. */
  over: boolean
  /** The follower in our rack that the leader named (KIP-392); undefined: the leader itself. */
  replica: number | undefined
}

const METADATA_BACKOFF_MS = 200
/** The pace of looking for something to fetch where there is nothing, or of trying a lost broker again. */
const IDLE_MS = 50

/** Reads partitions from explicit positions: one request in flight for each leader, the next sent before it is taken. */
export class Fetcher {
  readonly #brokers: Brokers
  readonly #clock: Clock
  readonly #readings = new PartitionMap<Reading>()
  readonly #loops = new Map<number, Promise<void>>()
  readonly #stopped = new AbortController()
  #events: FetchEvent[] = []
  #bytesHeld = 0
  #wake: (() => void) | undefined
  #metadata: ClusterMetadata | undefined
  #metadataAtMs = 0
  #refreshing: Promise<void> | undefined

  constructor(brokers: Brokers, clock: Clock) {
    this.#brokers = brokers
    this.#clock = clock
  }

  get bytesHeld(): number {
    return this.#bytesHeld
  }

  seek(partition: TopicPartition, { position, leaderEpoch }: SeekTarget): void {
    this.#dropEvents(partition)
    this.#readings.set(partition, {
      partition,
      position,
      lastEpoch: leaderEpoch ?? -1,
      paused: false,
      partitionMaxBytes: this.#brokers.options.fetch.partitionMaxBytes,
      toldEnd: undefined,
      over: false,
      replica: undefined,
    })
    this.#startLoops()
  }

  stop(partition: TopicPartition): void {
    this.#dropEvents(partition)
    this.#readings.delete(partition)
  }

  pause(partitions: readonly TopicPartition[], paused: boolean): void {
    for (const partition of partitions) {
      const reading = this.#readings.get(partition)
      if (reading !== undefined) reading.paused = paused
    }
  }

  /** What came since the last call; waits for the first event. */
  async poll(waitMsMax: number): Promise<readonly FetchEvent[]> {
    if (this.#events.length === 0) {
      const timeout = new AbortController()
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await Promise.race([woken, this.#clock.sleep(waitMsMax, timeout.signal)])
      timeout.abort()
      this.#wake = undefined
    }
    const events = this.#events
    this.#events = []
    this.#bytesHeld = 0
    return events
  }

  async close(): Promise<void> {
    this.#stopped.abort()
    this.#readings.clear()
    this.#events = []
  }

  #dropEvents({ topic, partition }: TopicPartition): void {
    const kept = this.#events.filter(
      (event) => event.topic !== topic || event.partition !== partition,
    )
    if (kept.length === this.#events.length) return
    this.#events = kept
    this.#bytesHeld = kept.reduce(
      (sum, event) => sum + (event.kind === 'batch' ? event.bytes.byteLength : 0),
      0,
    )
  }

  #tell(event: FetchEvent): void {
    this.#events.push(event)
    if (event.kind === 'batch') this.#bytesHeld += event.bytes.byteLength
    this.#wake?.()
  }

  // ------------------------------------------------------------------ loops, one for each leader

  #startLoops(): void {
    void this.#fresh().then(() => {
      this.#startMissingLoops()
    })
  }

  #startMissingLoops(): void {
    for (const node of this.#nodes()) {
      if (!this.#loops.has(node)) this.#loops.set(node, this.#loop(node))
    }
  }

  /** Brokers that are read from. */
  #nodes(): ReadonlySet<number> {
    const nodes = [...this.#readings.values()].map((reading) => this.#nodeOf(reading))
    return new Set(nodes.filter((node) => node >= 0))
  }

  /** -1 while nobody leads. */
  #nodeOf({ partition, replica }: Reading): number {
    return replica ?? this.#leaderOf(partition)?.leaderId ?? -1
  }

  #leaderOf({
    topic,
    partition,
  }: TopicPartition): { leaderId: number; leaderEpoch: number } | undefined {
    return this.#metadata?.topics.get(topic)?.partitions.get(partition)
  }

  async #loop(node: number): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      const own = this.#readingsOf(node)
      // One response that waits to be taken, and one on its way.
      const room = this.#bytesHeld < this.#brokers.options.fetch.maxBytes
      if (own.length === 0 || !room) {
        await this.#clock.sleep(IDLE_MS, this.#stopped.signal)
        await this.#freshWhenOld()
        continue
      }
      try {
        const connection = await this.#brokers.toNode(node, 'fetch')
        const response = await this.#fetch(connection, own)
        await this.#take(own, response)
      } catch {
        // The broker is gone or moved: its partitions have another leader soon, or it comes back.
        await this.#clock.sleep(METADATA_BACKOFF_MS, this.#stopped.signal)
        await this.#refresh()
      }
    }
  }

  #readingsOf(node: number): readonly Reading[] {
    return [...this.#readings.values()].filter(
      (reading) => !reading.paused && !reading.over && this.#nodeOf(reading) === node,
    )
  }

  async #fetch(connection: Connection, own: readonly Reading[]): Promise<FetchResponse> {
    const { fetch, isolation, rack } = this.#brokers.options
    const topics = [...Map.groupBy(own, ({ partition }) => this.#idOf(partition))].flatMap(
      ([topicId, readings]) =>
        topicId === undefined
          ? []
          : [{ topicId, partitions: readings.map((reading) => this.#requestOf(reading)) }],
    )
    return fetchApi.async(
      connection,
      fetch.maxWaitMs,
      fetch.minBytes,
      fetch.maxBytes,
      isolation === 'read_committed' ? 1 : 0,
      0,
      -1,
      topics,
      [],
      rack ?? '',
    )
  }

  #requestOf(reading: Reading) {
    return {
      partition: reading.partition.partition,
      currentLeaderEpoch: this.#leaderOf(reading.partition)?.leaderEpoch ?? -1,
      fetchOffset: reading.position,
      lastFetchedEpoch: reading.lastEpoch,
      partitionMaxBytes: reading.partitionMaxBytes,
    }
  }

  #idOf({ topic }: TopicPartition): TopicId | undefined {
    return this.#metadata?.topics.get(topic)?.id
  }

  // ------------------------------------------------------------------ responses

  async #take(asked: readonly Reading[], response: FetchResponse): Promise<void> {
    let stale = response.errorCode !== KAFKA.none
    for (const fetched of response.partitions) {
      const reading = asked.find(
        ({ partition }) =>
          partition.partition === fetched.partition && this.#idOf(partition) === fetched.topicId,
      )
      // Sought or stopped meanwhile: the answer is to an older question.
      if (reading === undefined || this.#readings.get(reading.partition) !== reading) continue
      if (this.#takePartition(reading, fetched) === 'refresh') stale = true
    }
    if (!stale) return
    await this.#clock.sleep(METADATA_BACKOFF_MS, this.#stopped.signal)
    await this.#refresh()
  }

  #takePartition(reading: Reading, fetched: FetchedPartition): 'done' | 'refresh' {
    const { partition } = reading
    if (reading.replica !== undefined && fetched.errorCode !== KAFKA.none) {
      // A follower may lag behind, or follow no more: its leader's word counts.
      reading.replica = undefined
      return 'done'
    }
    switch (fetched.errorCode) {
      case KAFKA.none:
        break
      case KAFKA.offsetOutOfRange:
        reading.over = true
        this.#tell({ kind: 'out-of-range', ...partition, position: reading.position })
        return 'done'
      case KAFKA.topicAuthorizationFailed:
        this.#fail(reading, authorizationError(fetched.errorCode, { topic: partition.topic }))
        return 'done'
      case KAFKA.corruptMessage:
        this.#fail(reading, undefined, fetched.errorCode)
        return 'done'
      default:
        // Leader moved, epoch fenced, topic unknown: metadata says what is so.
        return 'refresh'
    }
    if (fetched.divergingEpoch !== undefined) {
      reading.over = true
      this.#tell({ kind: 'diverged', ...partition, ...fetched.divergingEpoch })
      return 'done'
    }
    if (fetched.preferredReadReplica >= 0 && reading.replica === undefined) {
      reading.replica = fetched.preferredReadReplica
      this.#startMissingLoops()
    }
    this.#takeRecords(reading, fetched)
    return 'done'
  }

  #fail(reading: Reading, error: FirnError | undefined, code = 0): void {
    const { partition, position } = reading
    reading.over = true
    this.#tell({
      kind: 'failed',
      ...partition,
      error:
        error ??
        new FirnError(
          'KAFKA_PROTOCOL',
          `${partitionText(partition)}@${position}: ${kafkaErrorText(code)}`,
        ),
    })
  }

  #takeRecords(reading: Reading, fetched: FetchedPartition): void {
    const { isolation, fetch } = this.#brokers.options
    const { partition, position } = reading
    const { logStartOffset: logStart, highWatermark } = fetched
    const logEnd = isolation === 'read_committed' ? fetched.lastStableOffset : highWatermark
    const scan = scanBatches(fetched.records, position)
    if (scan.next > position) {
      reading.position = scan.next
      reading.lastEpoch = scan.leaderEpoch ?? reading.lastEpoch
      reading.partitionMaxBytes = fetch.partitionMaxBytes
      const { abortedTransactions, records: bytes } = fetched
      this.#tell({
        kind: 'batch',
        ...partition,
        position,
        bytes,
        abortedTransactions,
        logStart,
        logEnd,
        highWatermark,
      })
    } else if (fetched.records.byteLength > 0) {
      this.#askForMore(reading)
      return
    }
    if (logEnd >= 0n && reading.position >= logEnd && reading.toldEnd !== logEnd) {
      reading.toldEnd = logEnd
      this.#tell({ kind: 'at-end', ...partition, position: reading.position, logEnd })
    }
  }

  /** Nothing but a torn batch came: it is larger than what was asked for. */
  #askForMore(reading: Reading): void {
    const { partitionMaxBytesLimit } = this.#brokers.options.fetch
    if (reading.partitionMaxBytes < partitionMaxBytesLimit) {
      reading.partitionMaxBytes = Math.min(reading.partitionMaxBytes * 2, partitionMaxBytesLimit)
      return
    }
    const { partition, position } = reading
    this.#fail(
      reading,
      new FirnError(
        'BATCH_TOO_LARGE',
        `${partitionText(partition)}@${position}: the record batch is larger than ${partitionMaxBytesLimit} bytes`,
        { help: 'raise `kafka.fetch.partition_max_bytes_limit`' },
      ),
    )
  }

  // ------------------------------------------------------------------ metadata

  async #freshWhenOld(): Promise<void> {
    const age = this.#clock.monotonic() - this.#metadataAtMs
    if (age >= this.#brokers.options.metadataMaxAgeMs) await this.#refresh()
  }

  /** Metadata that knows the leader of everything that is read. */
  async #fresh(): Promise<void> {
    const known = [...this.#readings.keys()].every(
      (partition) => this.#leaderOf(partition) !== undefined,
    )
    if (!known) await this.#refresh()
  }

  async #refresh(): Promise<void> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = undefined
    })
    await this.#refreshing
  }

  async #ask(): Promise<void> {
    const topics = this.#readings.topics
    if (topics.length === 0 || this.#stopped.signal.aborted) return
    try {
      const before = this.#metadata
      this.#metadata = await this.#brokers.metadata(topics)
      this.#metadataAtMs = this.#clock.monotonic()
      this.#tellGone(before)
    } catch {
      // No broker answers: asked again by the next turn of a loop.
      await this.#clock.sleep(METADATA_BACKOFF_MS, this.#stopped.signal)
    }
    // A follower that was named by the leader before may be another one now.
    for (const reading of this.#readings.values()) reading.replica = undefined
    this.#startMissingLoops()
  }

  /** A topic that is no longer there, or under another id. */
  #tellGone(before: ClusterMetadata | undefined): void {
    for (const reading of this.#readings.values()) {
      const { topic } = reading.partition
      const now = this.#metadata?.topics.get(topic)?.id
      const was = before?.topics.get(topic)?.id
      if (reading.over || (now !== undefined && (was === undefined || was === now))) continue
      reading.over = true
      this.#tell({ kind: 'gone', ...reading.partition })
    }
  }
}
