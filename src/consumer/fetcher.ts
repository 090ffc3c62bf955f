import type { Connection } from '@platformatic/kafka'
import { messageOf } from '../core/errors.ts'
import { PartitionMap, partitionText, type TopicPartition } from '../core/offsets.ts'
import { release } from '../core/release.ts'
import type { Brokers, ClusterMetadata } from './brokers.ts'
import { fetchApi, type FetchedPartition, type FetchResponse } from './fetch-response.ts'
import { fetchTopics } from './fetch-topics.ts'
import { authorizationError, KAFKA, kafkaErrorText } from './kafka-errors.ts'
import { Leaders } from './leaders.ts'
import type { SourceParts } from './options.ts'
import { atEnd, GONE_AFTER, judgeFetched, whereabouts, type Reading } from './reading.ts'
import type { FetchEvent, SeekTarget } from './record-source.ts'

/**
 * Reads partitions from explicit positions: one request in flight for each broker, and the next one sent before the
 * last is worked on. Nothing is polled: whatever changes (a seek, an answer, a poll, metadata) sends what is due.
 *
 * What is fetched and not polled is bounded: no request leaves while `maxBytes` are held, and together the requests on
 * their way ask for `maxBytes`. A broker exceeds that by one batch at most, where that one is larger.
 */
export class Fetcher {
  readonly #brokers: Brokers
  readonly #parts: SourceParts
  readonly #leaders: Leaders
  readonly #readings = new PartitionMap<Reading>()
  readonly #inFlight = new Map<number, Promise<void>>()
  /** Requests in a row that a broker did not answer. */
  readonly #failures = new Map<number, number>()
  #events: FetchEvent[] = []
  #bytesHeld = 0
  #turns = 0
  #wake: (() => void) | undefined
  #closed = false

  constructor(brokers: Brokers, parts: SourceParts) {
    this.#brokers = brokers
    this.#parts = parts
    this.#leaders = new Leaders(brokers, parts, {
      topics: () => this.#readings.topics,
      took: (metadata) => {
        this.#takeMetadata(metadata)
      },
    })
  }

  get bytesHeld(): number {
    return this.#bytesHeld
  }

  seek(partition: TopicPartition, { position, leaderEpoch, topicId }: SeekTarget): void {
    if (this.#closed) return
    this.#dropEvents(partition)
    const known = this.#leaders.topic(partition.topic)
    const leaderId = this.#leaders.of(partition)?.leaderId ?? -1
    const reading: Reading = {
      partition,
      topicId: topicId ?? known?.id,
      position,
      lastEpoch: leaderEpoch ?? -1,
      paused: false,
      phase: leaderId < 0 ? 'waiting' : 'asking',
      partitionMaxBytes: this.#brokers.options.fetch.partitionMaxBytes,
      toldEnd: undefined,
      replica: undefined,
      failures: 0,
      unknown: 0,
      turn: this.#turns++,
    }
    this.#readings.set(partition, reading)
    if (reading.phase === 'waiting') this.#leaders.want()
    // What is sought in one go is asked for in one request.
    queueMicrotask(() => {
      this.#send()
    })
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
    this.#send()
  }

  /** What came since the last call; waits for the first event. */
  async poll(waitMsMax: number): Promise<readonly FetchEvent[]> {
    if (this.#events.length === 0 && !this.#closed) {
      const timeout = new AbortController()
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      await Promise.race([woken, this.#parts.clock.sleep(waitMsMax, timeout.signal)])
      timeout.abort()
      this.#wake = undefined
    }
    const events = this.#events
    this.#events = []
    this.#bytesHeld = 0
    this.#send()
    return events
  }

  /** Sends nothing more. What is on its way ends with the connections. */
  async close(): Promise<void> {
    this.#closed = true
    this.#readings.clear()
    this.#events = []
    this.#bytesHeld = 0
    this.#wake?.()
    await this.#leaders.close()
  }

  #dropEvents({ topic, partition }: TopicPartition): void {
    const kept = this.#events.filter(
      (event) => event.topic !== topic || event.partition !== partition,
    )
    if (kept.length === this.#events.length) return
    this.#events = kept
    this.#bytesHeld = kept.reduce(
      (sum, event) => sum + (event.kind === 'batch' ? event.bytes.buffer.byteLength : 0),
      0,
    )
  }

  #tell(event: FetchEvent): void {
    this.#events.push(event)
    if (event.kind === 'batch') this.#bytesHeld += event.bytes.buffer.byteLength
  }

  // ------------------------------------------------------------------ requests

  /** Sends a request to every broker that has something to give and none on its way, while there is room. */
  #send(): void {
    const { maxBytes } = this.#brokers.options.fetch
    if (this.#closed || this.#bytesHeld >= maxBytes) return
    const byNode = Map.groupBy(
      [...this.#readings.values()].filter(({ phase, paused }) => phase === 'asking' && !paused),
      (reading) => this.#nodeOf(reading),
    )
    const share = Math.ceil(
      maxBytes / Math.max(1, new Set([...byNode.keys(), ...this.#inFlight.keys()]).size),
    )
    for (const [node, readings] of byNode) {
      if (this.#inFlight.has(node)) continue
      this.#inFlight.set(node, this.#turn(node, readings, share))
    }
  }

  /** -1 while nobody leads. */
  #nodeOf({ partition, replica }: Reading): number {
    return replica ?? this.#leaders.of(partition)?.leaderId ?? -1
  }

  /** One request and its answer. Never rejects. */
  async #turn(node: number, readings: readonly Reading[], maxBytes: number): Promise<void> {
    try {
      const connection =
        this.#brokers.established(node, 'fetch') ?? (await this.#brokers.toNode(node, 'fetch'))
      const response = await this.#fetch(connection, readings, maxBytes)
      this.#failures.delete(node)
      for (const chunk of response.spent) release(chunk)
      this.#take(readings, response)
    } catch (fault) {
      this.#lost(node, readings, fault)
    }
    this.#inFlight.delete(node)
    // Before whoever polls is woken: the next request is on its way while this answer is worked on.
    this.#send()
    if (this.#events.length > 0) this.#wake?.()
  }

  async #fetch(
    connection: Connection,
    readings: readonly Reading[],
    maxBytes: number,
  ): Promise<FetchResponse> {
    const { fetch, isolation, rack } = this.#brokers.options
    return fetchApi.async(connection, {
      maxWaitMs: fetch.maxWaitMs,
      minBytes: Math.min(fetch.minBytes, maxBytes),
      maxBytes,
      isolation,
      topics: fetchTopics(readings, (partition) => this.#leaders.of(partition)?.leaderEpoch ?? -1),
      rack: rack ?? '',
    })
  }

  /** The broker is gone or moved: its partitions have another leader soon, or it comes back. */
  #lost(node: number, readings: readonly Reading[], fault: unknown): void {
    if (this.#closed) return
    const failures = (this.#failures.get(node) ?? 0) + 1
    this.#failures.set(node, failures)
    this.#brokers.log('warn', `broker ${node} did not answer a fetch: ${messageOf(fault)}`, {
      node,
      failures,
    })
    for (const reading of readings) {
      reading.replica = undefined
      if (reading.phase === 'asking') reading.phase = 'waiting'
    }
    this.#leaders.want(failures)
  }

  // ------------------------------------------------------------------ responses

  #take(asked: readonly Reading[], response: FetchResponse): void {
    const byLog = new Map(
      asked.map((reading) => [`${reading.topicId}/${reading.partition.partition}`, reading]),
    )
    for (const fetched of response.partitions) {
      const reading = byLog.get(`${fetched.topicId}/${fetched.partition}`)
      // Sought or stopped meanwhile: the answer is to an older question.
      if (reading === undefined || this.#readings.get(reading.partition) !== reading) continue
      this.#takePartition(reading, fetched)
    }
    if (response.errorCode === KAFKA.none) return
    for (const reading of asked) this.#askMetadata(reading, response.errorCode)
  }

  #takePartition(reading: Reading, fetched: FetchedPartition): void {
    const { isolation, fetch } = this.#brokers.options
    const verdict = judgeFetched(reading, fetched, {
      isolation,
      partitionMaxBytesLimit: fetch.partitionMaxBytesLimit,
    })
    switch (verdict.kind) {
      case 'ask-metadata':
        this.#askMetadata(reading, verdict.code)
        return
      case 'ask-leader':
        reading.replica = undefined
        this.#askMetadata(reading, fetched.errorCode)
        return
      case 'over':
        reading.phase = 'over'
        this.#tell(verdict.event)
        return
      case 'more-bytes':
        reading.partitionMaxBytes = verdict.partitionMaxBytes
        return
      case 'records':
        reading.position = verdict.scan.next
        reading.lastEpoch = verdict.scan.leaderEpoch ?? reading.lastEpoch
        reading.partitionMaxBytes = fetch.partitionMaxBytes
        reading.turn = this.#turns++
        this.#tell(verdict.batch)
        break
      case 'nothing':
        break
    }
    this.#followReplica(reading, fetched)
    this.#tellEnd(reading, verdict.kind === 'records' ? verdict.batch.logEnd : verdict.logEnd)
  }

  /** A leader that sends us on has not answered yet: a follower that refuses must not be asked without a pause. */
  #followReplica(reading: Reading, { preferredReadReplica }: FetchedPartition): void {
    if (preferredReadReplica < 0 || reading.replica !== undefined) reading.failures = 0
    else reading.replica = preferredReadReplica
  }

  #tellEnd(reading: Reading, logEnd: bigint): void {
    if (!atEnd(reading, logEnd)) return
    reading.toldEnd = logEnd
    this.#tell({ kind: 'at-end', ...reading.partition, position: reading.position, logEnd })
  }

  #askMetadata(reading: Reading, code: number): void {
    if (reading.phase === 'over') return
    reading.phase = 'waiting'
    reading.failures += 1
    this.#brokers.log('debug', `${partitionText(reading.partition)}: ${kafkaErrorText(code)}`, {
      failures: reading.failures,
    })
    this.#leaders.want(reading.failures)
  }

  // ------------------------------------------------------------------ metadata

  #takeMetadata(metadata: ClusterMetadata): void {
    let again = 0
    for (const reading of this.#readings.values()) {
      // A follower that the leader named before may be another one now.
      reading.replica = undefined
      if (reading.phase === 'over') continue
      if (!this.#settle(reading, metadata)) {
        reading.phase = 'waiting'
        reading.failures += 1
        again = Math.max(again, reading.failures)
      } else if (reading.phase === 'waiting') reading.phase = 'asking'
    }
    if (again > 0) this.#leaders.want(again)
    this.#send()
    if (this.#events.length > 0) this.#wake?.()
  }

  /** False where metadata must be asked again before this can be read. */
  #settle(reading: Reading, metadata: ClusterMetadata): boolean {
    const { topic, partition } = reading.partition
    const found = metadata.topics.get(topic)
    const state = whereabouts(
      reading,
      found === undefined
        ? (metadata.faults.get(topic) ?? KAFKA.unknownTopicOrPartition)
        : { id: found.id, leaderId: found.partitions.get(partition)?.leaderId },
    )
    reading.unknown = state === 'unknown' ? reading.unknown + 1 : 0
    switch (state) {
      case 'readable':
        reading.topicId ??= found?.id
        return true
      case 'no-leader':
        return false
      case 'forbidden':
        this.#fail(reading)
        return true
      case 'unknown':
        if (reading.unknown < GONE_AFTER) return false
        reading.phase = 'over'
        this.#tell({ kind: 'gone', ...reading.partition })
        return true
    }
  }

  #fail(reading: Reading): void {
    const { partition } = reading
    const error = authorizationError(KAFKA.topicAuthorizationFailed, { topic: partition.topic })
    reading.phase = 'over'
    if (error !== undefined) this.#tell({ kind: 'failed', ...partition, error })
  }
}
