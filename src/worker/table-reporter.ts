import type { CommitEvent } from '../commit/commit-events.ts'
import type { Clock } from '../core/clock.ts'
import { passes } from '../core/points.ts'
import { FirnError } from '../core/errors.ts'
import { PartitionMap, partitionText, type Position, type TopicPartition } from '../core/offsets.ts'
import type { FetchedBatch, LogBounds } from '../consumer/record-source.ts'
import { WaitingTime } from '../telemetry/freshness.ts'
import type { TableHealth } from '../telemetry/health.ts'
import type { Log } from '../telemetry/log.ts'
import { forgetPartition, type Metrics } from '../telemetry/metrics.ts'
import type { PushOutcome } from '../writer/encoder.ts'
import type { HaltCause, SealedFiles } from '../writer/sealed-files.ts'
import type { TableEvents } from './table-events.ts'
import type { CommitStep, StartStep } from './table-session.ts'
import type { TableReport } from './table-state.ts'

/** Turns what a table worker tells into log lines, metrics and health. */
export class TableReporter implements TableEvents {
  readonly #table: string
  readonly #log: Log
  readonly #metrics: Metrics
  readonly #clock: Clock
  readonly #waiting = new PartitionMap<WaitingTime>()
  readonly #ledger = new PartitionMap<Position>()
  readonly #ends = new PartitionMap<LogBounds>()
  #stuckSinceMs: number | undefined
  #lastRefusal = ''

  constructor(parts: { table: string; log: Log; metrics: Metrics; clock: Clock }) {
    this.#table = parts.table
    this.#log = parts.log.child({ table: parts.table })
    this.#metrics = parts.metrics
    this.#clock = parts.clock
  }

  group(event: 'assigned' | 'revoked' | 'lost', partitions: readonly TopicPartition[]): void {
    if (event === 'assigned') passes('assigned')
    this.#metrics.rebalances.inc({ event }, partitions.length)
    this.#log.info(`${event}: ${partitions.map(partitionText).join(' ')}`)
    if (event !== 'assigned') for (const partition of partitions) this.#forget(partition)
  }

  started(step: Extract<StartStep, { kind: 'started' }>): void {
    passes('started')
    this.#lastRefusal = ''
    if (step.rollback !== undefined)
      this.#metrics.rollbacks.inc({ table: this.#table, policy: step.rollback })
    for (const note of step.notes) this.#log.warn(note)
    if (step.created) this.#log.info('table created')
    for (const [partition, { position }] of step.positions) {
      this.#waiting.set(partition, new WaitingTime(position))
      this.#ledger.set(partition, position)
      this.#log.info(`reading ${partitionText(partition)} from ${position}`, {
        ...partition,
        position,
      })
    }
  }

  restarting(reason: string): void {
    this.#log.info(`reading again from the ledger: ${reason}`)
  }

  pushed(batch: FetchedBatch, outcome: PushOutcome, bytes: number): void {
    passes('pushed')
    const { topic } = batch
    this.#metrics.recordsRead.inc({ table: this.#table, topic }, outcome.rowCount)
    this.#metrics.readBytes.inc({ table: this.#table, topic }, bytes)
    this.#waiting.get(batch)?.observe(batch.logEnd, this.#clock.now())
    this.#ends.set(batch, { logStart: batch.logStart, logEnd: batch.logEnd })
    this.#gauge(batch)
  }

  staged(files: SealedFiles): void {
    this.#metrics.stagedFiles.set({ table: this.#table }, files.files.length)
  }

  committed(step: Extract<CommitStep, { kind: 'committed' }>, files: SealedFiles): void {
    passes('committed')
    const { table, metrics } = { table: this.#table, metrics: this.#metrics }
    const now = this.#clock.now()
    this.#stuckSinceMs = undefined
    const bytes = files.files.reduce((sum, file) => sum + Number(file.fileSizeInBytes), 0)
    // What somebody else had committed already is not counted twice.
    if (step.snapshotId !== undefined) {
      metrics.committedRows.inc({ table }, Number(files.rowCount))
      metrics.committedFiles.inc({ table }, files.files.length)
      metrics.committedBytes.inc({ table }, bytes)
    }
    metrics.seals.inc({ table, reason: files.reason })
    metrics.lastCommit.set({ table }, now / 1_000)
    metrics.stagedFiles.set({ table }, 0)
    metrics.tableSnapshots.set({ table }, step.snapshotCount)
    if (step.metadataBytes !== undefined) metrics.metadataBytes.set({ table }, step.metadataBytes)
    if (step.completeThroughMs !== undefined) {
      metrics.completeThrough.set({ table }, step.completeThroughMs / 1_000)
    }
    for (const [partition, next] of step.next) {
      const waiting = this.#waiting.get(partition)
      if (waiting === undefined) continue
      waiting.committed(next, now)
      this.#ledger.set(partition, next)
      this.#gauge(partition)
    }
    this.#log.info(`committed ${files.rowCount} rows in ${files.files.length} files`, {
      snapshot: step.snapshotId,
      rows: files.rowCount,
      bytes,
      reason: files.reason,
      attempts: step.attempts,
      ranges: rangesText(files),
    })
  }

  /** What the commit loop tells while it works. */
  attempt(event: CommitEvent): void {
    const table = this.#table
    switch (event.kind) {
      case 'answered':
        this.#metrics.commitAttempts.inc({ table, outcome: event.response })
        this.#metrics.commitSeconds.observe({ table }, event.tookMs / 1_000)
        break
      case 'failed':
        this.#log.warn(`commit attempt ${event.attempt} failed`, { error: event.reason })
        break
      case 'waiting':
        this.#log.debug(`commit attempt ${event.attempt + 1} in ${event.waitMs} ms`)
        break
      case 'merged':
        this.#log.debug(`merged ${event.manifests} manifests`)
        break
      case 'merge-failed':
        this.#log.warn('merging manifests failed; committing without', { error: event.reason })
        break
      case 'loaded':
        break
    }
  }

  dropped(reason: string, files: SealedFiles | undefined): void {
    this.#metrics.commitAttempts.inc({ table: this.#table, outcome: 'rejected' })
    this.#metrics.stagedFiles.set({ table: this.#table }, 0)
    this.#log.warn(
      `gave up a round: ${reason}`,
      files === undefined ? {} : { ranges: rangesText(files) },
    )
  }

  refused(refusal: FirnError): void {
    this.#metrics.failures.inc({ code: refusal.code })
    // Asked again at a slow pace: the same answer is not news.
    if (refusal.message === this.#lastRefusal) return
    this.#lastRefusal = refusal.message
    if (refusal.code === 'TABLE_ROLLED_BACK')
      this.#metrics.rollbacks.inc({ table: this.#table, policy: 'hold' })
    this.#log.error('refused: this table stands still', { error: refusal })
  }

  halted(partition: TopicPartition, cause: HaltCause): void {
    const error = haltError(partition, cause)
    this.#metrics.failures.inc({ code: error.code })
    this.#metrics.haltedPartitions.inc({ table: this.#table })
    this.#log.error(`${partitionText(partition)} stands still`, { error })
  }

  logMoved(event: TopicPartition & { readonly kind: string }): void {
    this.#log.warn(`the log of ${partitionText(event)} is ${event.kind}: asking where to start`)
  }

  fault(during: 'start' | 'look' | 'stage' | 'commit' | 'group-offsets', error: FirnError): void {
    this.#metrics.failures.inc({ code: error.code })
    if (during === 'commit' || during === 'stage' || during === 'start') {
      this.#stuckSinceMs ??= this.#clock.now()
    }
    this.#log.error(`failed: ${during}`, { error })
  }

  /** A partition that is no longer this worker's: another one shows it from now on. */
  #forget(partition: TopicPartition): void {
    this.#waiting.delete(partition)
    this.#ledger.delete(partition)
    this.#ends.delete(partition)
    forgetPartition(this.#metrics, { table: this.#table, ...partition })
  }

  health(report: TableReport): TableHealth {
    const [refusal] = report.refusals
    const halted = report.partitions.flatMap(([partition, owned]) => {
      if (owned.kind !== 'halted') return []
      const { code, message } = haltError(partition, owned.cause)
      return [{ partition: partitionText(partition), code, message }]
    })
    const owned = new PartitionMap(report.partitions)
    const waits = [...this.#waiting].flatMap(([partition, { sinceMs }]) =>
      sinceMs === undefined || !owned.has(partition) ? [] : [sinceMs],
    )
    return {
      refusal:
        refusal === undefined
          ? undefined
          : { code: refusal.code, message: refusal.message, help: refusal.help },
      halted,
      exhaustedSinceMs:
        report.state.kind === 'stuck' ? (this.#stuckSinceMs ?? this.#clock.now()) : undefined,
      waitingSinceMs: waits.length === 0 ? undefined : Math.min(...waits),
    }
  }

  #gauge(partition: TopicPartition): void {
    const at = labels(this.#table, partition)
    const next = this.#ledger.get(partition)
    const ends = this.#ends.get(partition)
    if (ends !== undefined) this.#metrics.logEndPosition.set(at, Number(ends.logEnd))
    if (next === undefined) return
    this.#metrics.ledgerPosition.set(at, Number(next))
    if (ends === undefined) return
    this.#metrics.lagPositions.set(at, Number(ends.logEnd - next))
    this.#metrics.retainedPositions.set(at, Number(next - ends.logStart))
  }
}

/** The error of a partition that stands still, for people. */
export function haltError({ topic, partition }: TopicPartition, cause: HaltCause): FirnError {
  if (cause.kind === 'fault') return cause.error
  const { offset, fieldPath, expected, found } = cause.failure
  const field = fieldPath === '' ? 'the value' : `field ${fieldPath}`
  return new FirnError(
    'RECORD_MISFIT',
    `${topic}/${partition}@${offset}: ${field}: expected ${expected}, found ${found}`,
    {
      context: { topic, partition, offset, field: fieldPath },
      help: 'correct the table or its `columns` so that the record fits, then restart; nothing behind it is committed before',
    },
  )
}

function rangesText({ ranges }: SealedFiles): readonly string[] {
  return [...ranges].map(
    ([partition, { start, end }]) => `${partitionText(partition)}[${start},${end})`,
  )
}

function labels(
  table: string,
  { topic, partition }: TopicPartition,
): { table: string; topic: string; partition: string } {
  return { table, topic, partition: String(partition) }
}
