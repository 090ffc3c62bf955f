import { asFirnError, type FirnError } from '../core/errors.ts'
import { PartitionMap, type Position, type TopicPartition } from '../core/offsets.ts'
import type { FetchEvent, FetchedBatch } from '../consumer/record-source.ts'
import { decideFlush, isFull } from '../writer/flush-policy.ts'
import type { HaltCause, SealedFiles, SealReason } from '../writer/sealed-files.ts'
import { inTime } from './in-time.ts'
import { RetryPace } from './retry-pace.ts'
import { Serial } from './serial.ts'
import { carryRound, type FinalStep } from './carry-round.ts'
import type { StartStep } from './table-session.ts'
import { readingAt, tableReport, type Owned, type TableReport } from './table-state.ts'
import type { TableWorkerOptions, TableWorkerParts } from './table-parts.ts'

/** A round on its way into the table. */
interface InFlight {
  readonly done: Promise<void>
  readonly openedAtMs: number
  readonly abandon: AbortController
}

/**
 * One table in one worker process: partitions come and go, batches go into its buffer, sealed rounds into the table.
 * At most one round is in flight while the next one fills. Whatever happens, the way back is the same: drop what is
 * held, load the table, read again from its ledger.
 */
export class TableWorker {
  readonly options: TableWorkerOptions
  readonly #parts: TableWorkerParts
  readonly #owned = new PartitionMap<Owned>()
  /** Assignments, revocations and restarts, one after the other. Rounds in flight never wait for it. */
  readonly #serial = new Serial()
  readonly #refusals = new Map<string, FirnError>()
  #stuck: FirnError | undefined
  #closed = false
  #inFlight: InFlight | undefined
  #pausedByBudget = false
  #paused = false
  readonly #retry: RetryPace
  #lastLoadMs: number
  #lastCommitMs: number | undefined

  constructor(options: TableWorkerOptions, parts: TableWorkerParts) {
    this.options = options
    this.#parts = parts
    this.#retry = new RetryPace(options.slowRetryMs)
    this.#lastLoadMs = parts.clock.monotonic()
  }

  /** Partitions that the group gave to this worker: read from the ledger on. */
  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    this.#parts.events.group('assigned', partitions)
    // In its turn: a revocation that is still draining must not take away what has come back meanwhile.
    await this.#serial.run(async () => {
      for (const partition of partitions) this.#owned.set(partition, { kind: 'starting' })
      await this.#start(partitions)
    })
  }

  /** Partitions that go to another worker: what is complete is committed first, within the budget. */
  async release(
    partitions: readonly TopicPartition[],
    reason: SealReason = 'revoked',
  ): Promise<void> {
    for (const partition of partitions) this.#parts.source.stop(partition)
    await this.#serial.run(async () => {
      const drained = await this.#drain(partitions, reason)
      for (const partition of partitions) this.#owned.delete(partition)
      this.#parts.events.group('revoked', partitions)
      if (!drained) await this.#startAgain('drain budget used up')
    })
  }

  /** Partitions that are already somebody else's: nothing is kept but what is in flight, on which the table decides. */
  async lose(partitions: readonly TopicPartition[]): Promise<void> {
    for (const partition of partitions) {
      this.#parts.source.stop(partition)
      this.#owned.delete(partition)
    }
    this.#parts.events.group('lost', partitions)
    await this.#serial.run(async () => {
      for (const partition of partitions) this.#owned.delete(partition)
      await this.#parts.session.buffer?.settled()
      if (this.#holdsAny(partitions)) await this.#startAgain('lost')
    })
  }

  async accept(event: FetchEvent): Promise<void> {
    const owned = this.#owned.get(event)
    if (owned === undefined || owned.kind === 'starting') return
    switch (event.kind) {
      case 'batch':
        if (owned.kind === 'reading') await this.#takeBatch(event, owned.position)
        break
      case 'at-end':
        this.#reachedEnd(event, owned)
        break
      case 'out-of-range':
      case 'diverged':
      case 'gone':
        // The start table says what it means and which verb resolves it.
        this.#parts.events.logMoved(event)
        this.#scheduleRestart(`log ${event.kind}`)
        break
      case 'failed':
        this.#halt(event, { kind: 'fault', error: event.error })
        break
    }
  }

  /** Below the position: fetched before the last seek, of a round that was dropped. Above: never to be passed over. */
  async #takeBatch(batch: FetchedBatch, position: Position): Promise<void> {
    if (batch.position === position) await this.#push(batch)
    else if (batch.position > position) this.#scheduleRestart('a hole in what was fetched')
  }

  #reachedEnd(event: Extract<FetchEvent, { kind: 'at-end' }>, owned: Owned): void {
    if (owned.kind !== 'reading') return
    const now = this.#parts.clock.now()
    this.#owned.set(event, { ...owned, logEnd: event.logEnd, atEndSinceMs: now })
    this.#parts.session.reachedEnd(event, now)
  }

  async #push(batch: FetchedBatch): Promise<void> {
    const buffer = this.#parts.session.buffer
    if (buffer === undefined) return
    if (buffer.round.isOfAnotherLog(batch)) {
      this.#scheduleRestart('the topic was created again')
      return
    }
    const bytes = batch.bytes.byteLength
    try {
      const outcome = await buffer.push(batch)
      const owned = this.#owned.get(batch)
      if (owned?.kind === 'reading') {
        this.#owned.set(batch, readingAt(outcome.range.end, batch.logEnd))
      }
      this.#parts.session.pushed(batch, outcome)
      this.#parts.events.pushed(batch, outcome, bytes)
      if (outcome.halt !== undefined) this.#halt(batch, outcome.halt)
    } catch (fault) {
      this.#halt(batch, { kind: 'fault', error: asFirnError(fault) })
    }
  }

  /** Stops one partition: what lies before the halt is committed as always, nothing behind it is. */
  #halt({ topic, partition }: TopicPartition, cause: HaltCause): void {
    const key = { topic, partition }
    this.#parts.source.stop(key)
    this.#owned.set(key, { kind: 'halted', cause })
    this.#parts.events.halted(key, cause)
  }

  /** Called at a steady beat: seals what is due, asks again where a refusal stands, looks at an idle table. */
  tick(): void {
    if (this.#closed) return
    const now = this.#parts.clock.monotonic()
    const { buffer } = this.#parts.session
    if (this.#retry.isDue(now)) this.#scheduleRestart('asking again')
    if (buffer !== undefined && this.#inFlight === undefined) {
      const decision = decideFlush(buffer.level, this.options.flush, now)
      if (decision.kind === 'seal') this.seal(decision.reason)
    }
    this.#applyPause()
    this.#lookWhenIdle(now)
  }

  /** Seals the round being filled, unless one is in flight or there is nothing in it. */
  seal(reason: SealReason): void {
    const { buffer } = this.#parts.session
    if (buffer === undefined || buffer.round.empty || this.#inFlight !== undefined) return
    const { openedAtMs } = buffer.round
    const abandon = new AbortController()
    const sealing = buffer.seal(reason)
    const done = this.#carry(sealing, abandon.signal).finally(() => {
      if (this.#inFlight?.abandon === abandon) this.#inFlight = undefined
    })
    this.#inFlight = { done, openedAtMs: openedAtMs ?? 0, abandon }
  }

  set pausedByBudget(paused: boolean) {
    this.#pausedByBudget = paused
    this.#applyPause()
  }

  /** Fetching rests while there is no room, or the round being filled is full and waits for the one in flight. */
  #applyPause(): void {
    const { buffer } = this.#parts.session
    const waits = this.#inFlight !== undefined && buffer !== undefined
    const full = waits && isFull(buffer.level, this.options.flush)
    const pause = this.#pausedByBudget || this.#stuck !== undefined || full
    if (pause === this.#paused) return
    this.#paused = pause
    this.#parts.source[pause ? 'pause' : 'resume']([...this.#owned.keys()])
  }

  #lookWhenIdle(now: number): void {
    const idle = this.#inFlight === undefined && this.#parts.session.buffer?.round.empty === true
    if (
      !idle ||
      this.#owned.size === 0 ||
      now - this.#lastLoadMs < this.options.idleLoadIntervalMs
    ) {
      return
    }
    this.#lastLoadMs = now
    void this.#serial.run(async () => {
      try {
        this.#apply(await this.#parts.session.look(this.#positions()))
      } catch (fault) {
        this.#parts.events.fault('look', asFirnError(fault))
      }
    })
  }

  /** Where each partition that is being read stands: of an empty round, where the ledger should be. */
  #positions(): PartitionMap<Position> {
    return new PartitionMap(
      [...this.#owned].flatMap(([partition, owned]) =>
        owned.kind === 'reading' ? [[partition, owned.position] as const] : [],
      ),
    )
  }

  /** Never throws and never waits for `#serial`: a revocation that holds it waits for us. */
  async #carry(sealing: Promise<SealedFiles>, abandoned: AbortSignal): Promise<void> {
    const end = await carryRound(sealing, {
      session: this.#parts.session,
      clock: this.#parts.clock,
      slowRetryMs: this.options.slowRetryMs,
      abandoned,
      written: (files) => {
        this.#parts.events.staged(files)
      },
      stuck: (during, reason) => {
        this.#stuck = reason
        this.#parts.events.fault(during, reason)
        this.#applyPause()
      },
    })
    this.#lastLoadMs = this.#parts.clock.monotonic()
    if (end.kind === 'ended') this.#afterCommit(end.step, end.files)
    // The round is lost: its records are read again.
    if (end.kind === 'lost') this.#scheduleRestart(end.error.message)
  }

  #afterCommit(step: FinalStep, files: SealedFiles): void {
    this.#stuck = undefined
    switch (step.kind) {
      case 'committed':
        this.#lastCommitMs = this.#parts.clock.monotonic()
        this.#parts.events.committed(step, files)
        this.#commitGroupOffsets(step.next)
        if (step.restart !== undefined) this.#scheduleRestart(step.restart)
        break
      case 'dropped':
        this.#parts.events.dropped(step.reason, files)
        this.#scheduleRestart(step.reason)
        break
      case 'refused':
        this.#parts.events.dropped(step.refusal.message, files)
        this.#hold(step.refusal)
        this.#scheduleRestart(step.refusal.message)
        break
    }
    this.#applyPause()
  }

  /** Advisory, for lag tools, after the snapshot and never ahead of the ledger. */
  #commitGroupOffsets(next: PartitionMap<Position>): void {
    const mine = new PartitionMap([...next].filter(([partition]) => this.#owned.has(partition)))
    this.#parts.source.commitGroupOffsets(mine).catch((fault: unknown) => {
      this.#parts.events.fault('group-offsets', asFirnError(fault))
    })
  }

  async #start(partitions: readonly TopicPartition[]): Promise<void> {
    if (this.#closed) return
    for (const partition of partitions) {
      if (!this.#owned.has(partition)) continue
      // Read meanwhile, by a restart that overtook this assignment: nothing more of it until we know where to start.
      this.#parts.source.stop(partition)
      this.#owned.set(partition, { kind: 'starting' })
    }
    // All that wait: an earlier start that failed is asked again with this one.
    const mine = [...this.#owned].flatMap(([key, { kind }]) => (kind === 'starting' ? [key] : []))
    if (mine.length === 0) return
    try {
      this.#lastLoadMs = this.#parts.clock.monotonic()
      const step = await this.#parts.session.start(mine)
      // A batch that was still being encoded may be of one of these: whether it is held is known only now.
      await this.#parts.session.buffer?.settled()
      this.#apply(step)
    } catch (fault) {
      this.#stuck = asFirnError(fault)
      this.#parts.events.fault('start', this.#stuck)
      this.#retry.failed(this.#parts.clock.monotonic())
    }
  }

  #apply(step: StartStep): void {
    if (step.kind === 'unchanged') return
    if (step.kind === 'restart') {
      this.#scheduleRestart(step.reason)
      return
    }
    if (this.#holdsAny([...step.positions.keys()])) {
      // What is held would be read twice: it is dropped first.
      this.#scheduleRestart('started while it was being read')
      return
    }
    this.#stuck = undefined
    this.#refusals.clear()
    this.#retry.succeeded()
    for (const refusal of step.refusals) this.#hold(refusal)
    for (const [partition, target] of step.positions) {
      if (!this.#owned.has(partition)) continue
      this.#owned.set(partition, readingAt(target.position))
      this.#parts.source.seek(partition, target)
    }
    this.#parts.events.started(step)
    this.#paused = false
    this.#applyPause()
  }

  #hold(refusal: FirnError): void {
    this.#refusals.set(`${refusal.code} ${refusal.message}`, refusal)
    this.#parts.events.refused(refusal)
    this.#retry.refused(this.#parts.clock.monotonic())
  }

  /** Stops reading at once; the rest in its turn. */
  #scheduleRestart(reason: string): void {
    this.#retry.forget()
    for (const partition of this.#owned.keys()) this.#parts.source.stop(partition)
    void this.#serial.run(async () => this.#startAgain(reason))
  }

  /** Drops all that is held, and reads every partition again from the ledger. */
  async #startAgain(reason: string): Promise<void> {
    if (this.#closed) return
    const partitions = [...this.#owned.keys()]
    for (const partition of partitions) {
      this.#parts.source.stop(partition)
      this.#owned.set(partition, { kind: 'starting' })
    }
    this.#parts.events.restarting(reason)
    await this.#parts.session.buffer?.discard()
    await this.#start(partitions)
  }

  /** Commits everything that holds one of these partitions. False where the budget was used up first. */
  async #drain(partitions: readonly TopicPartition[], reason: SealReason): Promise<boolean> {
    const draining = this.#sealAndWait(partitions, reason)
    if (await inTime(this.#parts.clock, this.options.drainBudgetMs, draining)) return true
    this.#inFlight?.abandon.abort()
    this.#parts.events.dropped('drain budget used up', undefined)
    return false
  }

  async #sealAndWait(partitions: readonly TopicPartition[], reason: SealReason): Promise<void> {
    await this.#inFlight?.done
    await this.#parts.session.buffer?.settled()
    if (!this.#holdsAny(partitions)) return
    this.seal(reason)
    await this.#inFlight?.done
  }

  #holdsAny(partitions: readonly TopicPartition[]): boolean {
    const ranges = this.#parts.session.buffer?.round.ranges
    return ranges !== undefined && partitions.some((partition) => ranges.has(partition))
  }

  /** Commits what is complete within the budget, and lets go of everything. */
  async close(): Promise<void> {
    await this.release([...this.#owned.keys()], 'shutdown')
    this.#closed = true
    this.#inFlight?.abandon.abort()
    await this.#parts.session.close()
  }

  get bytesHeld(): number {
    return this.#parts.session.buffer?.bytesHeld ?? 0
  }

  get report(): TableReport {
    const { buffer } = this.#parts.session
    return tableReport({
      name: this.options.name,
      closed: this.#closed,
      stuck: this.#stuck,
      partitions: [...this.#owned],
      refusals: [...this.#refusals.values()],
      pausedPartitions: this.#pausedByBudget ? this.#positions().size : 0,
      bytesHeld: this.bytesHeld,
      rowsHeld: buffer?.round.rowCount ?? 0,
      oldestHeldAtMs: this.#inFlight?.openedAtMs ?? buffer?.round.openedAtMs,
      lastCommitAtMs: this.#lastCommitMs,
    })
  }
}
