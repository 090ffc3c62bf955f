import {
  findCoordinatorV4,
  offsetCommitV8,
  offsetCommitV9,
  listGroupsV4,
  offsetFetchV8,
  type Connection,
} from '@platformatic/kafka'
import { FirnError } from '../core/errors.ts'
import { topicName } from '../core/ids.ts'
import { PartitionMap, type Position, type TopicPartition } from '../core/offsets.ts'
import type { Brokers, ConnectionUse } from './brokers.ts'
import { answered, authorizationError, KAFKA, kafkaErrorText } from './kafka-errors.ts'
import type { BrokerAddress } from './options.ts'

const GROUP_KEY = 0

/** Who commits: a member of the group as it is now, or nobody (an empty group takes it from anyone). */
export interface Committer {
  readonly memberId: string
  /** The generation (classic) or the member epoch (consumer protocol). */
  readonly epoch: number
}

/** The broker that coordinates the group. */
export class Coordinator {
  readonly #brokers: Brokers
  #address: BrokerAddress | undefined

  constructor(brokers: Brokers) {
    this.#brokers = brokers
  }

  /** Asks once: a member has a pace of its own. Throws KAFKA_UNAVAILABLE, KAFKA_AUTHORIZATION. */
  async connection(use: ConnectionUse = 'group'): Promise<Connection> {
    this.#address ??= await this.#find()
    try {
      return await this.#brokers.to(this.#address, use)
    } catch (fault) {
      this.forget()
      throw fault
    }
  }

  /** The coordinator has moved, or its connection was lost: the next call asks again. */
  forget(): void {
    this.#address = undefined
  }

  async #find(): Promise<BrokerAddress> {
    const { group } = this.#brokers.options
    const connection = await this.#brokers.any()
    const response = await answered(
      async () => findCoordinatorV4.api.async(connection, GROUP_KEY, [group]),
      isCoordinators,
      this.#brokers,
    )
    const [found] = response.coordinators
    if (found === undefined)
      throw new FirnError('KAFKA_UNAVAILABLE', `no coordinator for group ${group}`)
    if (found.errorCode !== KAFKA.none) throw this.#error(found.errorCode)
    return { host: found.host, port: found.port }
  }

  /** The group's committed offsets of these partitions; those without one are left out. */
  async offsets(partitions: readonly TopicPartition[]): Promise<PartitionMap<Position>> {
    const { group } = this.#brokers.options
    const topics = [...Map.groupBy(partitions, ({ topic }) => topic)].map(([name, own]) => ({
      name,
      partitionIndexes: own.map(({ partition }) => partition),
    }))
    return this.#brokers.retrying('group offsets', async () => {
      const connection = await this.connection('control')
      const response = await answered(
        async () =>
          offsetFetchV8.api.async(connection, [{ groupId: group, memberEpoch: -1, topics }], true),
        isGroups,
        this.#brokers,
      )
      const offsets = new PartitionMap<Position>()
      for (const { errorCode, topics: answers } of response.groups) {
        if (errorCode !== KAFKA.none) throw this.#error(errorCode)
        for (const { name, partitions: own } of answers) {
          for (const { partitionIndex, committedOffset } of own) {
            if (committedOffset < 0n) continue
            offsets.set({ topic: topicName(name), partition: partitionIndex }, committedOffset)
          }
        }
      }
      return offsets
    })
  }

  /** The group's state in Kafka's words (`Stable`, `Empty`, …); undefined where there is no such group. */
  async state(): Promise<string | undefined> {
    const { group } = this.#brokers.options
    return this.#brokers.retrying('group state', async () => {
      const connection = await this.connection('control')
      const response = await answered(
        async () => listGroupsV4.api.async(connection, [], []),
        isGroupList,
        this.#brokers,
      )
      if (response.errorCode !== KAFKA.none) throw this.#error(response.errorCode)
      return response.groups.find(({ groupId }) => groupId === group)?.groupState
    })
  }

  /** Throws KAFKA_GROUP_FAILED for the first partition that was not taken. Sent once: it is advisory. */
  async commit(offsets: PartitionMap<Position>, committer: Committer): Promise<void> {
    if (offsets.size === 0) return
    const { group, groupProtocol, instanceId } = this.#brokers.options
    const { api } = groupProtocol === 'consumer' ? offsetCommitV9 : offsetCommitV8
    const topics = offsets.topics.map((name) => ({
      name,
      partitions: [...offsets.ofTopic(name)].map(([partitionIndex, committedOffset]) => ({
        partitionIndex,
        committedOffset,
        committedLeaderEpoch: -1,
        committedMetadata: null,
      })),
    }))
    // Not behind a join that waits for other members.
    const connection = await this.connection('control')
    const response = await answered(
      async () =>
        api.async(
          connection,
          group,
          committer.epoch,
          committer.memberId,
          // Whoever is no member of the group is nobody's instance either.
          committer.memberId === '' ? null : (instanceId ?? null),
          topics,
        ),
      isCommitted,
      this.#brokers,
    )
    const failed = response.topics
      .flatMap(({ partitions }) => partitions)
      .find(({ errorCode }) => errorCode !== KAFKA.none)
    if (failed !== undefined) throw this.#error(failed.errorCode)
  }

  #error(code: number): FirnError {
    const { group } = this.#brokers.options
    if (code === KAFKA.notCoordinator || code === KAFKA.coordinatorNotAvailable) this.forget()
    const known = authorizationError(code, { group })
    if (known !== undefined) return known
    const passing: readonly number[] = [KAFKA.notCoordinator, KAFKA.coordinatorNotAvailable, 14]
    return new FirnError(
      passing.includes(code) ? 'KAFKA_UNAVAILABLE' : 'KAFKA_GROUP_FAILED',
      `group ${group}: ${kafkaErrorText(code)}`,
    )
  }
}

function isCoordinators(
  response: unknown,
): response is ReturnType<typeof findCoordinatorV4.parseResponse> {
  return typeof response === 'object' && response !== null && 'coordinators' in response
}

function isGroups(response: unknown): response is ReturnType<typeof offsetFetchV8.parseResponse> {
  return typeof response === 'object' && response !== null && 'groups' in response
}

function isGroupList(response: unknown): response is ReturnType<typeof listGroupsV4.parseResponse> {
  return typeof response === 'object' && response !== null && 'groups' in response
}

function isCommitted(
  response: unknown,
): response is ReturnType<typeof offsetCommitV8.parseResponse> {
  return typeof response === 'object' && response !== null && 'topics' in response
}
