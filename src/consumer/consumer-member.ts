import { consumerGroupHeartbeatV1 } from '@platformatic/kafka'
import { messageOf } from '../core/errors.ts'
import { topicId } from '../core/ids.ts'
import type { TopicPartition } from '../core/offsets.ts'
import type { Committer } from './coordinator.ts'
import type { GroupMembership, MembershipParts } from './group-membership.ts'
import { GroupSession, type MemberProtocol } from './group-session.ts'
import type { Phase } from './group-state.ts'
import { answered } from './kafka-errors.ts'

/** Epochs with a meaning of their own. KIP-848. */
const JOINING = 0
const LEAVING = -1
const LEAVING_STATIC = -2
const ASSIGNOR = 'uniform'

type Beat = ReturnType<typeof consumerGroupHeartbeatV1.parseResponse>

/** What the coordinator wants us to hold: by topic ids, which may be newer than the metadata that we have. */
type Target = readonly { readonly topicId: string; readonly partitions: readonly number[] }[]

/** A member under the new group protocol: the coordinator assigns, and one heartbeat does it all. KIP-848, KIP-1082. */
export class ConsumerMember implements GroupMembership, MemberProtocol {
  readonly name = 'consumer'
  readonly #parts: MembershipParts
  readonly #session: GroupSession
  /** Ours to choose: a join whose answer is lost is the same member's when it is sent again. */
  readonly #memberId: string
  #epoch = JOINING
  #intervalMs: number
  /** As it was told last, until it is reached. */
  #target: Target | undefined
  /** Something changed that the next heartbeat must state in full. */
  #tellAll = true
  #lookedAtMs: number
  #applying: Promise<void> | undefined

  constructor(parts: MembershipParts) {
    this.#parts = parts
    this.#session = new GroupSession(parts, this)
    this.#memberId = parts.random.uuid()
    this.#intervalMs = parts.options.heartbeatIntervalMs
    this.#lookedAtMs = parts.clock.monotonic()
  }

  get committer(): Committer {
    return { memberId: this.#memberId, epoch: this.#epoch }
  }

  get intervalMs(): number {
    return this.#intervalMs
  }

  start(): void {
    this.#session.start()
  }

  async leave(): Promise<void> {
    await this.#session.leave()
  }

  forget(): void {
    this.#epoch = JOINING
    this.#target = undefined
    this.#tellAll = true
  }

  async turn(phase: Phase): Promise<void> {
    if (phase !== 'joining' && phase !== 'steady') return
    await this.beat()
    if (this.#session.phase !== 'steady') return
    this.#applyTarget()
    await this.#lookForTopics()
    // What was let go, or taken, is told at once: somebody waits for it.
    if (!this.#tellAll) await this.#session.rest(this.#intervalMs)
  }

  async beat(): Promise<void> {
    const told = this.#tellAll
    this.#tellAll = false
    let beat: Beat
    try {
      beat = await this.#send(this.#epoch, told || this.#epoch === JOINING)
    } catch (fault) {
      this.#tellAll = true
      throw fault
    }
    if (!(await this.#session.took(beat))) {
      this.#tellAll = true
      return
    }
    this.#epoch = beat.memberEpoch
    this.#intervalMs = beat.heartbeatIntervalMs
    if (beat.assignment !== null) this.#target = beat.assignment.topicPartitions
  }

  async #send(epoch: number, all: boolean): Promise<Beat> {
    const { group, instanceId, rack, rebalanceTimeoutMs } = this.#parts.options
    const names = all ? [...(await this.#parts.topics.names())] : null
    const connection = await this.#parts.coordinator.connection('heartbeat')
    return answered(
      async () =>
        consumerGroupHeartbeatV1.api.async(
          connection,
          group,
          this.#memberId,
          epoch,
          instanceId ?? null,
          all ? (rack ?? null) : null,
          all ? rebalanceTimeoutMs : -1,
          names,
          null,
          all ? ASSIGNOR : null,
          all ? this.#heldById(epoch) : null,
        ),
      isBeat,
      this.#parts.brokers,
    )
  }

  #heldById(epoch: number): { topicId: string; partitions: number[] }[] {
    if (epoch === JOINING) return []
    const byTopic = Map.groupBy(this.#parts.ownership.owned, ({ topic }) => topic)
    return [...byTopic].flatMap(([topic, own]) => {
      const id = this.#parts.topics.idsOf(topic).at(-1)
      return id === undefined
        ? []
        : [{ topicId: id, partitions: own.map(({ partition }) => partition) }]
    })
  }

  /** Lets go and takes beside the heartbeats, which must not wait for a commit. */
  #applyTarget(): void {
    const target = this.#target
    if (target === undefined || this.#applying !== undefined) return
    this.#applying = this.#apply(target)
      .catch((fault: unknown) => {
        this.#parts.log('warn', `assignment: ${messageOf(fault)}`, {})
      })
      .finally(() => {
        this.#applying = undefined
      })
  }

  async #apply(target: Target): Promise<void> {
    const { ownership } = this.#parts
    const { losses } = ownership
    const named = await this.#named(target)
    const before = ownership.owned
    await ownership.revokeAllBut(named.partitions)
    await ownership.take(named.partitions, losses)
    // What has no name yet is looked up with the next heartbeat.
    if (named.complete && this.#target === target) this.#target = undefined
    if (ownership.owned === before) return
    this.#tellAll = true
    this.#session.wake()
  }

  async #named(
    target: Target,
  ): Promise<{ partitions: readonly TopicPartition[]; complete: boolean }> {
    const named = await Promise.all(
      target.map(async ({ topicId: id, partitions }) => {
        const topic = await this.#parts.topics.nameOf(topicId(id))
        return topic && partitions.map((partition) => ({ topic, partition }))
      }),
    )
    return {
      partitions: named.flatMap((own) => own ?? []),
      complete: !named.includes(undefined),
    }
  }

  async #lookForTopics(): Promise<void> {
    const now = this.#parts.clock.monotonic()
    if (now - this.#lookedAtMs < this.#parts.options.metadataMaxAgeMs) return
    this.#lookedAtMs = now
    if (await this.#parts.topics.changed()) this.#tellAll = true
  }

  /** A static member's partitions wait for it, up to the session timeout, unless it is told to leave for good. */
  async sendLeave(): Promise<void> {
    const { instanceId, leaveStatic } = this.#parts.options
    if (this.#epoch === JOINING) return
    const stays = instanceId !== undefined && leaveStatic !== true
    await this.#send(stays ? LEAVING_STATIC : LEAVING, false)
  }
}

function isBeat(response: unknown): response is Beat {
  return typeof response === 'object' && response !== null && 'memberEpoch' in response
}
