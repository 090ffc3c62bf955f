import { systemClock } from '../../../src/core/clock.ts'
import { topicName } from '../../../src/core/ids.ts'
import {
  PartitionMap,
  partitionText,
  type Position,
  type TopicPartition,
} from '../../../src/core/offsets.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { KafkaRecordSource } from '../../../src/consumer/kafka-record-source.ts'
import type { KafkaOptions } from '../../../src/consumer/options.ts'
import type { AssignmentListener, FetchEvent } from '../../../src/consumer/record-source.ts'
import { FetchedRecords } from '../../../src/record/fetched-records.ts'

export function options(bootstrap: string, changes: Partial<KafkaOptions> = {}): KafkaOptions {
  const brokers = bootstrap.split(',').map((address) => {
    const [host = '', port = ''] = address.split(':')
    return { host, port: Number(port) }
  })
  return {
    brokers,
    clientId: 'test',
    group: 'test',
    groupProtocol: 'classic',
    sessionTimeoutMs: 6_000,
    heartbeatIntervalMs: 200,
    rebalanceTimeoutMs: 20_000,
    instanceId: undefined,
    rack: undefined,
    isolation: 'read_committed',
    tls: undefined,
    sasl: undefined,
    fetch: {
      maxBytes: 8_000_000,
      partitionMaxBytes: 1_000_000,
      partitionMaxBytesLimit: 8_000_000,
      minBytes: 1,
      maxWaitMs: 100,
    },
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 10_000,
    metadataMaxAgeMs: 1_000,
    ...changes,
  }
}

export async function open(
  bootstrap: string,
  changes: Partial<KafkaOptions> = {},
): Promise<KafkaRecordSource> {
  return KafkaRecordSource.open(options(bootstrap, changes), {
    clock: systemClock,
    random: systemRandom,
  })
}

/** Waits until `done` gives something other than false, looking again and again; throws after the deadline. */
export async function until<T>(
  done: () => T | Promise<T>,
  what: string,
  deadlineMs = 30_000,
): Promise<Exclude<T, false | undefined>> {
  const end = systemClock.monotonic() + deadlineMs
  for (;;) {
    const found = await done()
    if (found !== false && found !== undefined) return found as Exclude<T, false | undefined>
    if (systemClock.monotonic() > end) throw new Error(`not within ${deadlineMs} ms: ${what}`)
    await systemClock.sleep(20)
  }
}

export interface ReadRecord {
  readonly offset: bigint
  readonly value: string | null
}

/** Reads partitions of a topic to the end that the source tells, from the given positions. */
export class Reader {
  readonly source: KafkaRecordSource
  readonly records = new Map<string, ReadRecord[]>()
  readonly ended = new PartitionMap<Position>()
  readonly others: FetchEvent[] = []
  readonly #isolation: KafkaOptions['isolation']

  constructor(source: KafkaRecordSource, isolation: KafkaOptions['isolation'] = 'read_committed') {
    this.source = source
    this.#isolation = isolation
  }

  seek(topic: string, partition: number, position: bigint): TopicPartition {
    const key = { topic: topicName(topic), partition }
    this.source.seek(key, { position })
    return key
  }

  async turn(): Promise<void> {
    for (const event of await this.source.poll(100)) this.#take(event)
  }

  /** Until every partition has come to this end. */
  async readTo(ends: readonly (readonly [TopicPartition, bigint])[]): Promise<void> {
    await until(async () => {
      await this.turn()
      return ends.every(([partition, end]) => (this.ended.get(partition) ?? -1n) >= end)
    }, 'the end of the log')
  }

  of(topic: string, partition: number): ReadRecord[] {
    return this.records.get(`${topic}/${partition}`) ?? []
  }

  #take(event: FetchEvent): void {
    if (event.kind === 'at-end') {
      this.ended.set(event, event.position)
      return
    }
    if (event.kind !== 'batch') {
      this.others.push(event)
      return
    }
    const records = new FetchedRecords(event, { isolation: this.#isolation })
    const list = this.records.get(partitionText(event)) ?? []
    this.records.set(partitionText(event), list)
    while (records.next()) {
      const { offset, bytes, valueStart, valueEnd } = records.cursor
      list.push({
        offset,
        value: valueStart < 0 ? null : bytes.toString('utf8', valueStart, valueEnd),
      })
    }
  }
}

/** A member of a group that remembers what it was told. */
export class Member implements AssignmentListener {
  readonly owned = new Set<string>()
  readonly log: string[] = []
  /** Holds every revocation up until it is resolved. */
  revoking: Promise<void> = Promise.resolve()
  failure: Error | undefined

  async assigned(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) this.owned.add(partitionText(partition))
    this.log.push(`assigned ${partitions.map(partitionText).sort().join(' ')}`)
  }

  async revoked(partitions: readonly TopicPartition[]): Promise<void> {
    this.log.push(`revoking ${partitions.map(partitionText).sort().join(' ')}`)
    await this.revoking
    for (const partition of partitions) this.owned.delete(partitionText(partition))
  }

  async lost(partitions: readonly TopicPartition[]): Promise<void> {
    this.log.push(`lost ${partitions.map(partitionText).sort().join(' ')}`)
    for (const partition of partitions) this.owned.delete(partitionText(partition))
  }

  failed(error: Error): void {
    this.failure = error
  }
}
