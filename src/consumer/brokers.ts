import { isIP } from 'node:net'
import {
  ConnectionPool,
  metadataV12,
  type Connection,
  type ConnectionOptions,
  type SASLOptions,
} from '@platformatic/kafka'
import { backoffMs } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import { FirnError } from '../core/errors.ts'
import {
  clusterId,
  topicId,
  topicName,
  type ClusterId,
  type TopicId,
  type TopicName,
} from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import { KAFKA, kafkaFault, responseIn } from './kafka-errors.ts'
import {
  REQUEST_RETRY,
  type BrokerAddress,
  type KafkaOptions,
  type SaslOptions,
  type SourceLog,
  type SourceParts,
  type TlsOptions,
} from './options.ts'

export interface PartitionLeader {
  readonly leaderId: number
  readonly leaderEpoch: number
}

export interface TopicMetadata {
  readonly name: TopicName
  readonly id: TopicId
  readonly partitions: ReadonlyMap<number, PartitionLeader>
  readonly internal: boolean
}

export interface ClusterMetadata {
  readonly clusterId: ClusterId
  readonly brokers: ReadonlyMap<number, BrokerAddress>
  readonly topics: ReadonlyMap<TopicName, TopicMetadata>
  /** Topics that were not answered, by the name that was asked for, with the error code. */
  readonly faults: ReadonlyMap<string, number>
}

type MetadataResponse = ReturnType<typeof metadataV12.parseResponse>

/**
 * What connections are for: a broker answers the requests of one connection in turn. A fetch waits there for records, a
 * join for other members, and nothing else may wait behind them; a heartbeat may wait behind nothing at all.
 */
export type ConnectionUse = 'control' | 'group' | 'heartbeat' | 'fetch'

/** Connections to the brokers of one cluster, and what they say of it. */
export class Brokers {
  readonly options: KafkaOptions
  readonly log: SourceLog
  readonly #clock: Clock
  readonly #random: Random
  readonly #pools: Readonly<Record<ConnectionUse, ConnectionPool>>
  readonly #asked = new Map<string, Promise<ClusterMetadata>>()
  #known: ReadonlyMap<number, BrokerAddress> = new Map()
  #cluster: ClusterId | undefined
  #closed = false

  constructor(options: KafkaOptions, { clock, random, log }: SourceParts) {
    this.options = options
    this.log = log ?? (() => undefined)
    this.#clock = clock
    this.#random = random
    const pool = (requestTimeout: number): ConnectionPool =>
      new ConnectionPool(options.clientId, { ...connectionOptions(options), requestTimeout })
    this.#pools = {
      control: pool(options.requestTimeoutMs),
      // A join is answered when every member has joined, or has used up its time.
      group: pool(options.requestTimeoutMs + options.rebalanceTimeoutMs),
      heartbeat: pool(Math.min(options.requestTimeoutMs, options.sessionTimeoutMs)),
      fetch: pool(options.requestTimeoutMs + options.fetch.maxWaitMs),
    }
  }

  get closed(): boolean {
    return this.#closed
  }

  /** A connection to any broker that answers. Throws KAFKA_UNAVAILABLE or KAFKA_AUTHENTICATION. */
  async any(use: ConnectionUse = 'control'): Promise<Connection> {
    const addresses = [...this.#known.values(), ...this.options.brokers]
    try {
      return await this.#pools[use].getFirstAvailable(addresses)
    } catch (fault) {
      throw kafkaFault(fault, 'connecting', addresses)
    }
  }

  async to(address: BrokerAddress, use: ConnectionUse): Promise<Connection> {
    try {
      return await this.#pools[use].get(address)
    } catch (fault) {
      throw kafkaFault(fault, 'connecting', [address])
    }
  }

  async toNode(node: number, use: ConnectionUse): Promise<Connection> {
    const address = this.#known.get(node)
    if (address === undefined)
      throw new FirnError('KAFKA_UNAVAILABLE', `broker ${node} is not known`)
    return this.to(address, use)
  }

  /** An open connection to a broker, at once; undefined where there is none yet. */
  established(node: number, use: ConnectionUse): Connection | undefined {
    const address = this.#known.get(node)
    const connection = address && this.#pools[use].getEstablishedConnection(address)
    return connection?.isConnected() === true ? connection : undefined
  }

  /** The cluster as its brokers named it last. */
  get cluster(): ClusterId | undefined {
    return this.#cluster
  }

  /** Asks for topics by name, or for all of them; again, within bounds, where no broker answers. */
  async metadata(topics: readonly string[] | null): Promise<ClusterMetadata> {
    return this.retrying('metadata', async () => this.metadataOnce(topics))
  }

  /** Asks once. Who asks the same at the same time shares the answer. */
  async metadataOnce(topics: readonly string[] | null): Promise<ClusterMetadata> {
    const key = JSON.stringify(topics)
    const running = this.#asked.get(key)
    if (running !== undefined) return running
    const asked = this.#askMetadata(topics).finally(() => this.#asked.delete(key))
    this.#asked.set(key, asked)
    return asked
  }

  async #askMetadata(topics: readonly string[] | null): Promise<ClusterMetadata> {
    const response = await this.#metadataResponse(await this.any(), topics)
    const metadata = readMetadata(response)
    if (metadata.brokers.size > 0) this.#known = metadata.brokers
    if (this.#cluster !== undefined && this.#cluster !== metadata.clusterId) {
      this.log('warn', 'the brokers name another cluster', {
        was: this.#cluster,
        is: metadata.clusterId,
      })
    }
    this.#cluster = metadata.clusterId
    return metadata
  }

  async #metadataResponse(
    connection: Connection,
    topics: readonly string[] | null,
  ): Promise<MetadataResponse> {
    try {
      return await metadataV12.api.async(
        connection,
        topics === null ? null : [...topics],
        false,
        false,
      )
    } catch (fault) {
      // Error codes of single topics: the rest of the answer is good.
      const response = responseIn(fault)
      if (isMetadata(response)) return response
      throw kafkaFault(fault, 'metadata', this.options.brokers)
    }
  }

  /** Tries again, within bounds, what may pass a moment later. */
  async retrying<T>(what: string, act: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await act()
      } catch (fault) {
        const error = kafkaFault(fault, what, this.options.brokers)
        if (error.retry === 'never' || attempt >= REQUEST_RETRY.attemptsMax || this.#closed)
          throw error
        await this.#clock.sleep(backoffMs(REQUEST_RETRY, attempt, this.#random))
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(Object.values(this.#pools).map(async (pool) => pool.close()))
  }
}

function isMetadata(response: unknown): response is MetadataResponse {
  return (
    typeof response === 'object' &&
    response !== null &&
    'brokers' in response &&
    'topics' in response
  )
}

function readMetadata(response: MetadataResponse): ClusterMetadata {
  const topics = new Map<TopicName, TopicMetadata>()
  const faults = new Map<string, number>()
  for (const topic of response.topics) {
    const name = topic.name ?? ''
    if (topic.errorCode !== KAFKA.none || name === '') {
      faults.set(name, topic.errorCode)
      continue
    }
    const partitions = topic.partitions
      .map(
        ({ partitionIndex, leaderId, leaderEpoch }) =>
          [partitionIndex, { leaderId, leaderEpoch }] as const,
      )
      .sort(([a], [b]) => a - b)
    topics.set(topicName(name), {
      name: topicName(name),
      id: topicId(topic.topicId),
      partitions: new Map(partitions),
      internal: topic.isInternal,
    })
  }
  const brokers = new Map(
    response.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]),
  )
  return { clusterId: clusterId(response.clusterId ?? ''), brokers, topics, faults }
}

function connectionOptions(options: KafkaOptions): ConnectionOptions {
  return {
    connectTimeout: options.connectTimeoutMs,
    requestTimeout: options.requestTimeoutMs,
    ...(options.tls === undefined ? {} : tlsOptions(options.tls, options.brokers)),
    ...(options.sasl === undefined ? {} : { sasl: saslOptions(options.sasl) }),
  }
}

function tlsOptions(
  tls: TlsOptions,
  brokers: readonly BrokerAddress[],
): Pick<ConnectionOptions, 'tls' | 'tlsServerName'> {
  // TLS knows names only, no addresses (RFC 6066).
  const named = brokers.some(({ host }) => isIP(host) === 0)
  return {
    tls: {
      rejectUnauthorized: !tls.insecureSkipVerify,
      ...(tls.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: tls.key() }),
    },
    tlsServerName: tls.serverName ?? named,
  }
}

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const

function saslOptions(sasl: SaslOptions): SASLOptions {
  if (sasl.mechanism === 'oauthbearer') return { mechanism: 'OAUTHBEARER', token: sasl.token }
  return { mechanism: MECHANISMS[sasl.mechanism], username: sasl.username, password: sasl.password }
}
