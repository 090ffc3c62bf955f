import { heartbeatV4, joinGroupV9, leaveGroupV5, syncGroupV5 } from '@platformatic/kafka'
import type { Clock } from '../core/clock.ts'
import { FirnError, messageOf } from '../core/errors.ts'
import type { TopicPartition } from '../core/offsets.ts'
import { assignPartitions } from './assignment.ts'
import type { Brokers } from './brokers.ts'
import type { Committer, Coordinator } from './coordinator.ts'
import type { GroupMembership, MembershipParts } from './group-membership.ts'
import { answered, authorizationError, KAFKA, kafkaErrorText } from './kafka-errors.ts'
import {
  decodeAssignment,
  decodeMetadata,
  encodeAssignment,
  encodeMetadata,
} from './member-metadata.ts'
import type { Ownership } from './ownership.ts'

const PROTOCOL_TYPE = 'consumer'
/** Our own assignor: a group is of Firn's workers alone, or it cannot be joined. */
const PROTOCOL_NAME = 'firn-cooperative-1'
const RETRY_MS = 500

/** What the coordinator's answer to a heartbeat, a join or a sync asks of us. Total over error codes; pure. */
export type NextStep =
  | 'go-on'
  | 'rejoin'
  | 'start-anew'
  | 'find-coordinator'
  | 'with-given-id'
  | 'give-up'

export function nextStep(code: number): NextStep {
  switch (code) {
    case KAFKA.none:
      return 'go-on'
    case KAFKA.rebalanceInProgress:
      return 'rejoin'
    case KAFKA.illegalGeneration:
    case KAFKA.unknownMemberId:
      return 'start-anew'
    case KAFKA.memberIdRequired:
      return 'with-given-id'
    case KAFKA.fencedInstanceId:
    case KAFKA.groupAuthorizationFailed:
    case 23: // INCONSISTENT_GROUP_PROTOCOL
    case 24: // INVALID_GROUP_ID
    case 26: // INVALID_SESSION_TIMEOUT
    case 81: // GROUP_MAX_SIZE_REACHED
      return 'give-up'
    default:
      return 'find-coordinator'
  }
}

/** A member of a classic consumer group, with a cooperative assignor. KIP-429, KIP-345. */
export class ClassicMember implements GroupMembership {
  readonly #brokers: Brokers
  readonly #coordinator: Coordinator
  readonly #clock: Clock
  readonly #ownership: Ownership
  readonly #topics: MembershipParts['topics']
  readonly #failed: (error: FirnError) => void
  readonly #stopped = new AbortController()
  #memberId = ''
  #generation = -1
  #running: Promise<void> | undefined

  constructor(parts: MembershipParts) {
    this.#brokers = parts.brokers
    this.#coordinator = parts.coordinator
    this.#clock = parts.clock
    this.#ownership = parts.ownership
    this.#topics = parts.topics
    this.#failed = parts.failed
  }

  get committer(): Committer {
    return { memberId: this.#memberId, epoch: this.#generation }
  }

  start(): void {
    this.#running = this.#run()
  }

  async leave(): Promise<void> {
    this.#stopped.abort()
    // Revoking commits what is complete; the group waits for nobody else meanwhile.
    await this.#ownership.revokeAllBut([])
    await this.#sendLeave()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        if (await this.#join()) await this.#stay()
      } catch (fault) {
        const error =
          fault instanceof FirnError
            ? fault
            : new FirnError('KAFKA_GROUP_FAILED', messageOf(fault), { cause: fault })
        if (error.retry === 'never') {
          this.#failed(error)
          return
        }
        this.#coordinator.forget()
        await this.#clock.sleep(RETRY_MS, this.#stopped.signal)
      }
    }
  }

  // ------------------------------------------------------------------ joining

  /** True once an assignment of the present generation is held. */
  async #join(): Promise<boolean> {
    const { options } = this.#brokers
    const topics = await this.#topics.names()
    const connection = await this.#coordinator.connection()
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
          [
            {
              name: PROTOCOL_NAME,
              metadata: encodeMetadata({ topics, owned: this.#ownership.owned }),
            },
          ],
          null,
        ),
      isJoined,
      this.#brokers,
    )
    if (this.#stopped.signal.aborted) return false
    const step = nextStep(joined.errorCode)
    if (step === 'with-given-id') {
      this.#memberId = joined.memberId
      return false
    }
    if (!(await this.#proceeds(step, joined.errorCode))) return false
    this.#memberId = joined.memberId
    this.#generation = joined.generationId
    const leads = joined.leader === joined.memberId && !joined.skipAssignment
    return this.#sync(leads ? await this.#assignmentsFor(joined.members) : [])
  }

  async #assignmentsFor(
    members: readonly { readonly memberId: string; readonly metadata: Buffer }[],
  ): Promise<{ memberId: string; assignment: Buffer }[]> {
    const known = members.map(({ memberId, metadata }) => ({
      id: memberId,
      ...decodeMetadata(metadata),
    }))
    const partitions = await this.#topics.partitionsOf(known.flatMap(({ topics }) => topics))
    return [...assignPartitions(known, partitions)].map(([memberId, own]) => ({
      memberId,
      assignment: encodeAssignment(own),
    }))
  }

  async #sync(assignments: { memberId: string; assignment: Buffer }[]): Promise<boolean> {
    const { group, instanceId } = this.#brokers.options
    const connection = await this.#coordinator.connection()
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
      this.#brokers,
    )
    if (this.#stopped.signal.aborted) return false
    if (!(await this.#proceeds(nextStep(synced.errorCode), synced.errorCode))) return false
    return this.#apply(decodeAssignment(synced.assignment))
  }

  /** Lets go of what moves away, takes what is new. After letting go the group is joined again: somebody waits for it. */
  async #apply(target: readonly TopicPartition[]): Promise<boolean> {
    const revoked = await this.#heartbeatDuring(this.#ownership.revokeAllBut(target))
    if (this.#stopped.signal.aborted) return false
    await this.#heartbeatDuring(this.#ownership.take(target))
    return revoked.length === 0
  }

  // ------------------------------------------------------------------ staying

  /** Heartbeats until the group moves on. */
  async #stay(): Promise<void> {
    const { heartbeatIntervalMs, metadataMaxAgeMs } = this.#brokers.options
    let lookedAtMs = this.#clock.monotonic()
    for (;;) {
      await this.#clock.sleep(heartbeatIntervalMs, this.#stopped.signal)
      if (this.#stopped.signal.aborted) return
      const code = await this.#heartbeat()
      if (!(await this.#proceeds(nextStep(code), code))) return
      if (this.#clock.monotonic() - lookedAtMs < metadataMaxAgeMs) continue
      lookedAtMs = this.#clock.monotonic()
      if (await this.#topics.changed()) return
    }
  }

  async #heartbeat(): Promise<number> {
    const { group, instanceId } = this.#brokers.options
    const connection = await this.#coordinator.connection()
    const response = await answered(
      async () =>
        heartbeatV4.api.async(
          connection,
          group,
          this.#generation,
          this.#memberId,
          instanceId ?? null,
        ),
      isBeat,
      this.#brokers,
    )
    return response.errorCode
  }

  /** Keeps the session alive while the listener commits or loads: nothing that comes back is acted on yet. */
  async #heartbeatDuring<T>(work: Promise<T>): Promise<T> {
    const done = new AbortController()
    const beating = (async () => {
      while (!done.signal.aborted) {
        await this.#clock.sleep(this.#brokers.options.heartbeatIntervalMs, done.signal)
        if (!done.signal.aborted) await this.#heartbeat().catch(() => undefined)
      }
    })()
    try {
      return await work
    } finally {
      done.abort()
      await beating
    }
  }

  async #proceeds(step: NextStep, code: number): Promise<boolean> {
    switch (step) {
      case 'go-on':
        return true
      case 'rejoin':
      case 'with-given-id':
        return false
      case 'start-anew':
        this.#memberId = ''
        this.#generation = -1
        await this.#ownership.loseAll()
        return false
      case 'find-coordinator':
        this.#coordinator.forget()
        await this.#clock.sleep(RETRY_MS, this.#stopped.signal)
        return false
      case 'give-up':
        await this.#ownership.loseAll()
        throw this.#refusal(code)
    }
  }

  #refusal(code: number): FirnError {
    const { group, instanceId } = this.#brokers.options
    const fenced = code === KAFKA.fencedInstanceId
    return (
      authorizationError(code, { group }) ??
      new FirnError('KAFKA_GROUP_FAILED', `group ${group}: ${kafkaErrorText(code)}`, {
        help: fenced
          ? `another process has \`kafka.instance_id\` ${instanceId ?? ''}: give each worker its own`
          : 'use a group that no other program is in: `kafka.group`',
      })
    )
  }

  async #sendLeave(): Promise<void> {
    const { group, instanceId } = this.#brokers.options
    // A static member that restarts within the session timeout keeps its partitions.
    if (this.#memberId === '' || instanceId !== undefined) return
    try {
      // On another connection than the join that may be waiting there for other members.
      const connection = await this.#coordinator.connection('control')
      await leaveGroupV5.api.async(connection, group, [
        { memberId: this.#memberId, groupInstanceId: null, reason: 'stopped' },
      ])
    } catch {
      // The session timeout does it.
    }
  }
}

function hasErrorCode(response: unknown): response is { errorCode: number } {
  return typeof response === 'object' && response !== null && 'errorCode' in response
}

function isJoined(response: unknown): response is ReturnType<typeof joinGroupV9.parseResponse> {
  return hasErrorCode(response)
}

function isSynced(response: unknown): response is ReturnType<typeof syncGroupV5.parseResponse> {
  return hasErrorCode(response)
}

function isBeat(response: unknown): response is ReturnType<typeof heartbeatV4.parseResponse> {
  return hasErrorCode(response)
}
