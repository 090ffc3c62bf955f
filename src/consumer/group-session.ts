import { backoffMs, type BackoffPolicy } from '../core/backoff.ts'
import { FirnError, messageOf } from '../core/errors.ts'
import {
  replyOf,
  transition,
  type Effect,
  type GroupEvent,
  type GroupProtocol,
  type Phase,
} from './group-state.ts'
import { authorizationError, KAFKA, kafkaErrorText } from './kafka-errors.ts'
import type { KafkaOptions, SourceLog, SourceParts } from './options.ts'
import type { Ownership } from './ownership.ts'

/** The pace of trying again: for as long as we run, since a group that cannot be reached now can be later. */
const PACE: BackoffPolicy = { attemptsMax: Infinity, waitMsMin: 100, waitMsMax: 2_000 }

/** An answer of the coordinator that carries an error code. */
export interface Answer {
  readonly errorCode: number
  readonly errorMessage?: string | null | undefined
}

/** What a session needs of the rest. */
export interface SessionParts extends SourceParts {
  readonly options: Pick<KafkaOptions, 'group' | 'instanceId' | 'sessionTimeoutMs'>
  readonly log: SourceLog
  readonly coordinator: { forget(): void }
  readonly ownership: Ownership
  readonly failed: (error: FirnError) => void
}

/** The requests of one protocol. When they are sent, and what follows from an answer, is the session's. */
export interface MemberProtocol {
  readonly name: GroupProtocol
  /** How long to wait between heartbeats, ms. */
  readonly intervalMs: number
  /** The next step in this phase, its waiting included. */
  turn(phase: Phase): Promise<void>
  /** A heartbeat and nothing else: while the listener commits, or loads. */
  beat(): Promise<void>
  /** What was assigned is void; with `member` the member id is, too. */
  forget(what: 'assignment' | 'member'): void
  sendLeave(): Promise<void>
}

/** Being in a group: the phase, what it asks of us, and the heartbeats that go on meanwhile. */
export class GroupSession {
  readonly #parts: SessionParts
  readonly #protocol: MemberProtocol
  readonly #stopped = new AbortController()
  #phase: Phase = 'joining'
  #pause = new AbortController()
  #answer: Answer = { errorCode: KAFKA.none }
  #fault: FirnError | undefined
  /** Times in a row that something did not go on. */
  #failures = 0
  #contactAtMs: number
  #running: Promise<void> | undefined

  constructor(parts: SessionParts, protocol: MemberProtocol) {
    this.#parts = parts
    this.#protocol = protocol
    this.#contactAtMs = parts.clock.monotonic()
  }

  get phase(): Phase {
    return this.#phase
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Revokes what is held, heartbeats going on, then leaves. */
  async leave(): Promise<void> {
    const waiting = this.#phase === 'joining' || this.#phase === 'syncing'
    const inGroup = this.#phase !== 'failed' && this.#phase !== 'left'
    await this.happened('leave')
    this.#stopped.abort()
    this.wake()
    const closing = this.#parts.ownership.close()
    await (inGroup ? this.beatingDuring(closing) : closing)
    // The session timeout does it otherwise.
    if (inGroup) await this.#protocol.sendLeave().catch(() => undefined)
    // A join that waits for other members ends with its connection.
    if (!waiting) await this.#running
  }

  /** Waits as long, or until `wake`. */
  async rest(ms: number): Promise<void> {
    if (this.#stopped.signal.aborted) return
    this.#pause = new AbortController()
    await this.#parts.clock.sleep(ms, this.#pause.signal)
  }

  /** Ends the present rest: there is something to tell. */
  wake(): void {
    this.#pause.abort()
  }

  /** Takes an answer of the coordinator; true where it is a good one. */
  async took(answer: Answer): Promise<boolean> {
    this.#answer = answer
    this.#contactAtMs = this.#parts.clock.monotonic()
    const reply = replyOf(answer.errorCode)
    if (reply === 'ok') this.#failures = 0
    else this.#log('debug', kafkaErrorText(answer.errorCode))
    await this.happened(reply)
    return reply === 'ok'
  }

  async happened(event: GroupEvent): Promise<void> {
    const { phase, effects } = transition(this.#protocol.name, this.#phase, event)
    this.#phase = phase
    for (const effect of effects) await this.#do(effect)
  }

  /** Keeps the session alive while the listener commits or loads. What comes back is acted on at once. */
  async beatingDuring<T>(work: Promise<T>): Promise<T> {
    const done = new AbortController()
    const beating = this.#beatUntil(done.signal)
    try {
      return await work
    } finally {
      done.abort()
      await beating
    }
  }

  async #beatUntil(done: AbortSignal): Promise<void> {
    const left = this.#phase === 'left'
    for (;;) {
      await this.#parts.clock.sleep(this.#protocol.intervalMs, done)
      // Once the coordinator says anything but "go on", the next step is not a heartbeat.
      if (done.aborted || this.#phase !== (left ? 'left' : 'steady')) return
      try {
        await this.#protocol.beat()
      } catch (fault) {
        this.#log('debug', messageOf(fault))
        this.#parts.coordinator.forget()
        await this.#expire()
      }
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted && this.#phase !== 'failed') {
      try {
        await this.#protocol.turn(this.#phase)
      } catch (fault) {
        await this.#failed(fault)
      }
    }
  }

  async #failed(fault: unknown): Promise<void> {
    if (this.#stopped.signal.aborted) return
    const error =
      fault instanceof FirnError
        ? fault
        : new FirnError('INTERNAL', messageOf(fault), { cause: fault })
    this.#log('warn', error.message)
    if (error.retry === 'never') {
      this.#fault = error
      await this.happened('refused')
      return
    }
    await this.#expire()
    await this.#do('find-coordinator')
  }

  /** After so long without an answer the coordinator has given what we hold to others. */
  async #expire(): Promise<void> {
    const silentMs = this.#parts.clock.monotonic() - this.#contactAtMs
    if (this.#phase !== 'steady' || silentMs < this.#parts.options.sessionTimeoutMs) return
    this.#log('warn', 'no answer of the coordinator within the session timeout')
    await this.happened('session-expired')
  }

  async #do(effect: Effect): Promise<void> {
    switch (effect) {
      case 'lose':
        this.#protocol.forget('assignment')
        await this.#parts.ownership.loseAll()
        break
      case 'forget-member':
        this.#protocol.forget('member')
        break
      case 'find-coordinator':
        this.#parts.coordinator.forget()
        await this.#slowDown()
        break
      case 'pause':
        await this.#slowDown()
        break
      case 'fail':
        this.#parts.failed(this.#fault ?? this.#refusal())
        break
    }
  }

  async #slowDown(): Promise<void> {
    this.#failures += 1
    await this.rest(backoffMs(PACE, this.#failures, this.#parts.random))
  }

  #refusal(): FirnError {
    const { group, instanceId } = this.#parts.options
    const { errorCode, errorMessage } = this.#answer
    const told = errorMessage === null || errorMessage === undefined ? '' : `: ${errorMessage}`
    return (
      authorizationError(errorCode, { group }) ??
      new FirnError('KAFKA_GROUP_FAILED', `group ${group}: ${kafkaErrorText(errorCode)}${told}`, {
        help: helpFor(errorCode, instanceId),
      })
    )
  }

  #log(level: 'debug' | 'warn', message: string): void {
    const { log, options } = this.#parts
    log(level, `group ${options.group}: ${message}`, { phase: this.#phase })
  }
}

function helpFor(code: number, instanceId: string | undefined): string {
  switch (code) {
    case KAFKA.fencedInstanceId:
      return `another process has \`kafka.instance_id\` ${instanceId ?? ''}: give each worker its own`
    case KAFKA.unsupportedVersion:
      return 'these brokers do not speak the new protocol: set `kafka.group_protocol: classic`'
    case KAFKA.invalidSessionTimeout:
      return "`kafka.session_timeout_ms` lies outside the brokers' group.min/max.session.timeout.ms"
    default:
      return 'use a group that no other program is in: `kafka.group`'
  }
}
