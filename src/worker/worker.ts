import type { Clock } from '../core/clock.ts'
import type { FirnError } from '../core/errors.ts'
import type { TopicName } from '../core/ids.ts'
import { partitionText, type TopicPartition } from '../core/offsets.ts'
import { passes } from '../core/points.ts'
import type {
  AssignmentListener,
  FetchEvent,
  RecordSource,
  TopicSelection,
} from '../consumer/record-source.ts'
import { decideBudget } from './memory-budget.ts'
import { selects } from './selects.ts'
import type { TableWorker } from './table-worker.ts'
import type { TableReport } from './table-state.ts'

/** A table with the topics that go into it. */
export interface RoutedTable {
  readonly selection: TopicSelection
  readonly worker: TableWorker
}

export interface WorkerOptions {
  readonly memoryBudgetBytes: number
  /** The longest wait for records in one turn of the loop: also the beat at which flushes are looked at. */
  readonly pollWaitMs: number
}

export interface WorkerParts {
  readonly clock: Clock
  readonly source: RecordSource
  readonly tables: readonly RoutedTable[]
}

/** What became of a run. `failed`: the group or the source gave up for good. */
export type RunEnd =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly error: FirnError }

/** The run loop of one process: fetch, hand on, seal what is due, keep within the budget. */
export class Worker {
  readonly #options: WorkerOptions
  readonly #parts: WorkerParts
  #stopping = false
  #paused = false
  #failure: FirnError | undefined
  #lastTurnAtMs: number

  constructor(options: WorkerOptions, parts: WorkerParts) {
    this.#options = options
    this.#parts = parts
    this.#lastTurnAtMs = parts.clock.monotonic()
  }

  /** Runs until `stop` is called or the group session fails. What is complete is committed before it returns. */
  async run(): Promise<RunEnd> {
    const { source, tables } = this.#parts
    const selections = tables.map(({ selection }) => selection)
    try {
      await source.join({ kind: 'any-of', selections }, this.#listener())
      while (!this.#stopping && this.#failure === undefined) await this.turn()
    } finally {
      await this.#close()
    }
    return this.#failure === undefined
      ? { kind: 'stopped' }
      : { kind: 'failed', error: this.#failure }
  }

  /** One turn: at most `pollWaitMs` of waiting. */
  async turn(): Promise<void> {
    const { source, tables } = this.#parts
    const events = await source.poll(this.#options.pollWaitMs)
    const byPartition = Map.groupBy(events, partitionText)
    await Promise.all([...byPartition.values()].map(async (own) => this.#accept(own)))
    for (const { worker } of tables) worker.tick()
    this.#keepBudget()
    this.#lastTurnAtMs = this.#parts.clock.monotonic()
  }

  /** Events of one partition, in their order: where one ends, the next begins. */
  async #accept(events: readonly FetchEvent[]): Promise<void> {
    if (events.some(({ kind }) => kind === 'batch')) passes('fetched')
    for (const event of events) await this.#tableOf(event.topic)?.accept(event)
  }

  /** Monotonic clock: a loop that does not come around hangs. */
  get lastTurnAtMs(): number {
    return this.#lastTurnAtMs
  }

  stop(): void {
    this.#stopping = true
  }

  /** Ends the run: something that it cannot do without is gone. */
  fail(error: FirnError): void {
    this.#failure ??= error
  }

  get reports(): readonly TableReport[] {
    return this.#parts.tables.map(({ worker }) => worker.report)
  }

  #listener(): AssignmentListener {
    return {
      assigned: async (partitions) =>
        this.#forEachTable(partitions, async (table, own) => table.assign(own)),
      revoked: async (partitions) =>
        this.#forEachTable(partitions, async (table, own) => table.release(own)),
      lost: async (partitions) =>
        this.#forEachTable(partitions, async (table, own) => table.lose(own)),
      failed: (error) => {
        this.fail(error)
      },
    }
  }

  async #forEachTable(
    partitions: readonly TopicPartition[],
    act: (table: TableWorker, own: readonly TopicPartition[]) => Promise<void>,
  ): Promise<void> {
    const byTable = Map.groupBy(partitions, ({ topic }) => this.#tableOf(topic))
    await Promise.all(
      [...byTable].map(async ([table, own]) => (table === undefined ? undefined : act(table, own))),
    )
  }

  #tableOf(topic: TopicName): TableWorker | undefined {
    return this.#parts.tables.find(({ selection }) => selects(selection, topic))?.worker
  }

  #keepBudget(): void {
    const { source, tables } = this.#parts
    const decision = decideBudget(
      {
        fetchedBytes: source.bytesHeld,
        tableBytes: new Map(tables.map(({ worker }) => [worker.options.name, worker.bytesHeld])),
      },
      { budgetBytes: this.#options.memoryBudgetBytes, paused: this.#paused },
    )
    this.#paused = decision.fetch === 'pause'
    for (const { worker } of tables) {
      worker.pausedByBudget = this.#paused
      if (worker.options.name === decision.seal) worker.seal('budget')
    }
  }

  async #close(): Promise<void> {
    const { source, tables } = this.#parts
    // Leaving the group revokes what is held, and so commits it; then nothing is left to wait for.
    await source.leave()
    await Promise.all(tables.map(async ({ worker }) => worker.close()))
    await source.close()
  }
}
