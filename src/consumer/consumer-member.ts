import { consumerGroupHeartbeatV0 } from '@platformatic/kafka'
import type { Clock } from '../core/clock.ts'
import { FirnError, messageOf } from '../core/errors.ts'
import { topicId } from '../core/ids.ts'
import type { TopicPartition } from '../core/offsets.ts'
import type { Brokers } from './brokers.ts'
import type { Committer, Coordinator } from './coordinator.ts'
import type { GroupMembership, MembershipParts, SubscribedTopics } from './group-membership.ts'
import { answered, authorizationError, KAFKA, kafkaErrorText } from './kafka-errors.ts'
import type { Ownership } from './ownership.ts'

const RETRY_MS = 500
/** Epochs with a meaning of their own. KIP-848. */
const JOINING = 0
const LEAVING = -1
const LEAVING_STATIC = -2
const ASSIGNOR = 'uniform'

type Beat = ReturnType<typeof consumerGroupHeartbeatV0.parseResponse>

/** A member under the new group protocol: the coordinator assigns, and one heartbeat does it all. KIP-848. */
export class ConsumerMember implements GroupMembership {
  readonly #brokers: Brokers
  readonly #coordinator: Coordinator
  readonly #clock: Clock
  readonly #ownership: Ownership
  readonly #topics: SubscribedTopics
  readonly #failed: (error: FirnError) => void
  readonly #stopped = new AbortController()
  #memberId = ''
  #epoch = JOINING
  #intervalMs: number
  /** What the coordinator wants us to hold, as it said last. */
  #target: readonly TopicPartition[] | undefined
  /** Something changed that the next heartbeat must state in full. */
  #tellAll = true
  #lookedAtMs: number
  #applying: Promise<void> | undefined
  #running: Promise<void> | undefined

  constructor(parts: MembershipParts) {
    this.#brokers = parts.brokers
    this.#coordinator = parts.coordinator
    this.#clock = parts.clock
    this.#ownership = parts.ownership
    this.#topics = parts.topics
    this.#failed = parts.failed
    this.#intervalMs = parts.brokers.options.heartbeatIntervalMs
    this.#lookedAtMs = parts.clock.monotonic()
  }

  get committer(): Committer {
    return { memberId: this.#memberId, epoch: this.#epoch }
  }

  start(): void {
    this.#running = this.#run()
  }

  async leave(): Promise<void> {
    this.#stopped.abort()
    await this.#applying
    await this.#ownership.revokeAllBut([])
    await this.#running
    if (this.#memberId === '') return
    this.#epoch = this.#brokers.options.instanceId === undefined ? LEAVING : LEAVING_STATIC
    // Else the session timeout does it.
    await this.#beat().catch(() => undefined)
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        const beat = await this.#beat()
        await this.#take(beat)
        // What was let go, or taken, is told at once: somebody waits for it.
        if (!this.#tellAll) await this.#clock.sleep(this.#intervalMs, this.#stopped.signal)
      } catch (fault) {
        const error =
          fault instanceof FirnError
            ? fault
            : new FirnError('KAFKA_GROUP_FAILED', messageOf(fault), { cause: fault })
        if (error.retry === 'never') {
          await this.#ownership.loseAll()
          this.#failed(error)
          return
        }
        this.#coordinator.forget()
        this.#tellAll = true
        await this.#clock.sleep(RETRY_MS, this.#stopped.signal)
      }
    }
  }

  async #beat(): Promise<Beat> {
    const { group, instanceId, rack, rebalanceTimeoutMs } = this.#brokers.options
    const all = this.#tellAll || this.#epoch === JOINING
    const names = all ? [...(await this.#topics.names())] : null
    const held = all ? this.#heldById() : null
    const connection = await this.#coordinator.connection()
    this.#tellAll = false
    return answered(
      async () =>
        consumerGroupHeartbeatV0.api.async(
          connection,
          group,
          this.#memberId,
          this.#epoch,
          instanceId ?? null,
          all ? (rack ?? null) : null,
          all ? rebalanceTimeoutMs : -1,
          names,
          null,
          all ? ASSIGNOR : null,
          held,
        ),
      isBeat,
      this.#brokers,
    )
  }

  #heldById(): { topicId: string; partitions: number[] }[] {
    if (this.#epoch === JOINING) return []
    return [...Map.groupBy(this.#ownership.owned, ({ topic }) => topic)].flatMap(([topic, own]) => {
      const id = this.#topics.idOf(topic)
      return id === undefined
        ? []
        : [{ topicId: id, partitions: own.map(({ partition }) => partition) }]
    })
  }

  async #take(beat: Beat): Promise<void> {
    switch (beat.errorCode) {
      case KAFKA.none:
        break
      case KAFKA.unknownMemberId:
      case KAFKA.fencedMemberEpoch:
        this.#epoch = JOINING
        this.#tellAll = true
        await this.#ownership.loseAll()
        return
      case KAFKA.unreleasedInstanceId:
        this.#tellAll = true
        await this.#clock.sleep(RETRY_MS, this.#stopped.signal)
        return
      case KAFKA.notCoordinator:
      case KAFKA.coordinatorNotAvailable:
      case 14: // COORDINATOR_LOAD_IN_PROGRESS
        throw new FirnError(
          'KAFKA_UNAVAILABLE',
          `the group's coordinator: ${kafkaErrorText(beat.errorCode)}`,
        )
      default:
        throw this.#refusal(beat)
    }
    this.#memberId = beat.memberId ?? this.#memberId
    this.#epoch = beat.memberEpoch
    this.#intervalMs = beat.heartbeatIntervalMs
    if (beat.assignment !== null)
      this.#target = await this.#namedTarget(beat.assignment.topicPartitions)
    this.#applyTarget()
    await this.#lookForTopics()
  }

  async #namedTarget(
    assigned: readonly { readonly topicId: string; readonly partitions: readonly number[] }[],
  ): Promise<readonly TopicPartition[]> {
    const named = await Promise.all(
      assigned.map(async ({ topicId: id, partitions }) => {
        const topic = await this.#topics.nameOf(topicId(id))
        return topic === undefined ? [] : partitions.map((partition) => ({ topic, partition }))
      }),
    )
    return named.flat()
  }

  /** Lets go and takes beside the heartbeats, which must not wait for a commit. */
  #applyTarget(): void {
    const target = this.#target
    if (target === undefined || this.#applying !== undefined || this.#stopped.signal.aborted) return
    this.#target = undefined
    this.#applying = (async () => {
      const revoked = await this.#ownership.revokeAllBut(target)
      if (revoked.length > 0) this.#tellAll = true
      if (this.#stopped.signal.aborted) return
      await this.#ownership.take(target)
      this.#tellAll = true
    })().finally(() => {
      this.#applying = undefined
    })
  }

  async #lookForTopics(): Promise<void> {
    const now = this.#clock.monotonic()
    if (now - this.#lookedAtMs < this.#brokers.options.metadataMaxAgeMs) return
    this.#lookedAtMs = now
    if (await this.#topics.changed()) this.#tellAll = true
  }

  #refusal({ errorCode, errorMessage }: Beat): FirnError {
    const { group } = this.#brokers.options
    return (
      authorizationError(errorCode, { group }) ??
      new FirnError(
        'KAFKA_GROUP_FAILED',
        `group ${group}: ${kafkaErrorText(errorCode)}${errorMessage === null ? '' : `: ${errorMessage ?? ''}`}`,
        {
          help:
            errorCode === KAFKA.unsupportedVersion
              ? 'these brokers do not speak the new protocol: set `kafka.group_protocol: classic`'
              : 'use a group that no other program is in: `kafka.group`',
        },
      )
    )
  }
}

function isBeat(response: unknown): response is Beat {
  return typeof response === 'object' && response !== null && 'memberEpoch' in response
}
