import { heartbeatV4, joinGroupV9, leaveGroupV5, syncGroupV5 } from '@platformatic/kafka'
import type { TopicPartition } from '../core/offsets.ts'
import { assignPartitions } from './assignment.ts'
import type { Committer } from './coordinator.ts'
import type { GroupMembership, MembershipParts } from './group-membership.ts'
import { GroupSession, type Answer, type MemberProtocol } from './group-session.ts'
import type { Phase } from './group-state.ts'
import { answered } from './kafka-errors.ts'
import {
  decodeAssignment,
  decodeMetadata,
  encodeAssignment,
  encodeMetadata,
} from './member-metadata.ts'

const PROTOCOL_TYPE = 'consumer'
/** Our own assignor: a group is of Firn's workers alone, or it cannot be joined. */
const PROTOCOL_NAME = 'firn-cooperative-1'
const NO_GENERATION = -1

type JoinedMembers = ReturnType<typeof joinGroupV9.parseResponse>['members']

/** A member of a classic consumer group, with a cooperative assignor. KIP-429, KIP-345. */
export class ClassicMember implements GroupMembership, MemberProtocol {
  readonly name = 'classic'
  readonly #parts: MembershipParts
  readonly #session: GroupSession
  #memberId = ''
  #generation = NO_GENERATION
  /** All members, where this one leads the group and so assigns. */
  #led: JoinedMembers | undefined
  #lookedAtMs: number

  constructor(parts: MembershipParts) {
    this.#parts = parts
    this.#session = new GroupSession(parts, this)
    this.#lookedAtMs = parts.clock.monotonic()
  }

  get committer(): Committer {
    return { memberId: this.#memberId, epoch: this.#generation }
  }

  get intervalMs(): number {
    return this.#parts.options.heartbeatIntervalMs
  }

  start(): void {
    this.#session.start()
  }

  async leave(): Promise<void> {
    await this.#session.leave()
  }

  forget(what: 'assignment' | 'member'): void {
    this.#generation = NO_GENERATION
    if (what === 'member') this.#memberId = ''
  }

  async turn(phase: Phase): Promise<void> {
    switch (phase) {
      case 'joining':
        await this.#join()
        break
      case 'syncing':
        await this.#sync()
        break
      case 'steady':
        await this.#stay()
        break
      case 'left':
      case 'failed':
        break
    }
  }

  // ------------------------------------------------------------------ joining

  async #join(): Promise<void> {
    const { options } = this.#parts
    const topics = await this.#parts.topics.names()
    const { owned } = this.#parts.ownership
    const metadata = encodeMetadata({ topics, owned, generation: this.#generation })
    const connection = await this.#parts.coordinator.connection()
    const joined = await answered(
      async () =>
        joinGroupV9.api.async(
          connection,
          options.group,
          options.sessionTimeoutMs,
          options.rebalanceTimeoutMs,
          this.#memberId,
          options.instanceId ?? null,
          PROTOCOL_TYPE,
          [{ name: PROTOCOL_NAME, metadata }],
          null,
        ),
      isJoined,
      this.#parts.brokers,
    )
    // Given with a good answer, and with the one that asks to join again under it.
    if (joined.memberId !== '') this.#memberId = joined.memberId
    if (!(await this.#session.took(joined)) || this.#session.phase !== 'syncing') return
    this.#generation = joined.generationId
    const leads = joined.leader === joined.memberId && !joined.skipAssignment
    this.#led = leads ? joined.members : undefined
    if (!leads) this.#parts.topics.follow()
  }

  async #assignmentsFor(
    members: JoinedMembers,
  ): Promise<{ memberId: string; assignment: Buffer }[]> {
    const known = members.map(({ memberId, metadata }) => ({
      id: memberId,
      ...decodeMetadata(metadata),
    }))
    const names = [...new Set(known.flatMap(({ topics }) => topics))].sort()
    const partitions = await this.#parts.topics.lead(names)
    return [...assignPartitions(known, partitions)].map(([memberId, own]) => ({
      memberId,
      assignment: encodeAssignment(own),
    }))
  }

  async #sync(): Promise<void> {
    const { group, instanceId } = this.#parts.options
    // Where this fails the group waits, and is never given an empty assignment for it.
    const assignments = this.#led === undefined ? [] : await this.#assignmentsFor(this.#led)
    const connection = await this.#parts.coordinator.connection()
    const synced = await answered(
      async () =>
        syncGroupV5.api.async(
          connection,
          group,
          this.#generation,
          this.#memberId,
          instanceId ?? null,
          PROTOCOL_TYPE,
          PROTOCOL_NAME,
          assignments,
        ),
      isSynced,
      this.#parts.brokers,
    )
    if (await this.#session.took(synced)) await this.#apply(decodeAssignment(synced.assignment))
  }

  /** Lets go of what moves away, takes what is new. After letting go the group is joined again: somebody waits for it. */
  async #apply(target: readonly TopicPartition[]): Promise<void> {
    const { ownership } = this.#parts
    const { losses } = ownership
    const revoked = await this.#session.beatingDuring(
      (async () => {
        const moved = await ownership.revokeAllBut(target)
        await ownership.take(target, losses)
        return moved
      })(),
    )
    if (revoked.length > 0) await this.#session.happened('let-go')
  }

  // ------------------------------------------------------------------ staying

  async #stay(): Promise<void> {
    await this.#session.rest(this.intervalMs)
    if (this.#session.phase !== 'steady') return
    await this.beat()
    const now = this.#parts.clock.monotonic()
    if (now - this.#lookedAtMs < this.#parts.options.metadataMaxAgeMs) return
    this.#lookedAtMs = now
    if (await this.#parts.topics.changed()) await this.#session.happened('topics-changed')
  }

  async beat(): Promise<void> {
    const { group, instanceId } = this.#parts.options
    if (this.#memberId === '') return
    const connection = await this.#parts.coordinator.connection('heartbeat')
    const answer = await answered(
      async () =>
        heartbeatV4.api.async(
          connection,
          group,
          this.#generation,
          this.#memberId,
          instanceId ?? null,
        ),
      isAnswer,
      this.#parts.brokers,
    )
    await this.#session.took(answer)
  }

  /** A static member that restarts within the session timeout keeps its partitions: it leaves only if told to. */
  async sendLeave(): Promise<void> {
    const { group, instanceId, leaveStatic } = this.#parts.options
    if (instanceId === undefined ? this.#memberId === '' : leaveStatic !== true) return
    // On another connection than the join that may be waiting there for other members.
    const connection = await this.#parts.coordinator.connection('control')
    await leaveGroupV5.api.async(connection, group, [
      { memberId: this.#memberId, groupInstanceId: instanceId ?? null, reason: 'stopped' },
    ])
  }
}

function isAnswer(response: unknown): response is Answer & { throttleTimeMs: number } {
  return typeof response === 'object' && response !== null && 'errorCode' in response
}

function isJoined(response: unknown): response is ReturnType<typeof joinGroupV9.parseResponse> {
  return isAnswer(response)
}

function isSynced(response: unknown): response is ReturnType<typeof syncGroupV5.parseResponse> {
  return isAnswer(response)
}
