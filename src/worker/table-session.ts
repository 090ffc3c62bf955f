import type { Catalog, LoadedTable } from '../catalog/catalog.ts'
import { ALL_CARRIERS } from '../commit/carriers.ts'
import { commitStaged, type CommitOutcome } from '../commit/committer.ts'
import type { CommitObserver } from '../commit/commit-events.ts'
import type { CommitContext } from '../commit/context.ts'
import { readRecord } from '../commit/ledger-text.ts'
import { positionsOf } from '../commit/ledger.ts'
import { lookAtTable } from '../commit/look.ts'
import type { IdlePartition } from '../commit/plan-commit.ts'
import { ManifestLists } from '../commit/manifest-lists.ts'
import { stageFiles, type StagedAppend } from '../commit/stage.ts'
import { startTable, type StartOutcome } from '../commit/start.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import { required } from '../core/assert.ts'
import type { Clock } from '../core/clock.ts'
import type { FirnError } from '../core/errors.ts'
import type { TopicId, TopicName } from '../core/ids.ts'
import { PartitionMap, type Position, type TopicPartition } from '../core/offsets.ts'
import type { Random } from '../core/random.ts'
import type { RecordSource, SeekTarget } from '../consumer/record-source.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import type { PushOutcome } from '../writer/encoder.ts'
import type { SealedFiles } from '../writer/sealed-files.ts'
import { TableBuffer, type EncoderFactory } from '../writer/table-buffer.ts'
import { encodingPlan, samePlan, type EncodingConfig } from './encoding-plan.ts'
import { ensureTable } from './ensure-table.ts'
import { logReader } from './log-reader.ts'
import { selectionOf, selects } from './selects.ts'
import type { RenewableStore } from './table-store.ts'

export type StartStep =
  | {
      readonly kind: 'started'
      readonly positions: PartitionMap<SeekTarget>
      readonly refusals: readonly FirnError[]
      readonly notes: readonly string[]
      readonly created: boolean
      /** What was done about a rollback that this start noticed. */
      readonly rollback: 'follow' | 'skip' | undefined
    }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'restart'; readonly reason: string }

export type CommitStep =
  | {
      readonly kind: 'committed'
      /** Undefined where somebody had committed the same ranges before. */
      readonly snapshotId: bigint | undefined
      readonly next: PartitionMap<Position>
      readonly attempts: number
      readonly completeThroughMs: number | undefined
      /** Snapshots that the table's metadata lists now. */
      readonly snapshotCount: number
      /** Undefined where the catalog does not tell. */
      readonly metadataBytes: number | undefined
      /** Why everything is to be read again; undefined: go on. */
      readonly restart: string | undefined
    }
  | { readonly kind: 'dropped'; readonly reason: string }
  | { readonly kind: 'refused'; readonly refusal: FirnError }
  | { readonly kind: 'exhausted'; readonly reason: FirnError }

export type SessionConfig = Pick<Config, 'writer' | 'commit'> &
  EncodingConfig & {
    readonly table: TableConfig
    readonly version: string
  }

export interface SessionParts {
  readonly clock: Clock
  readonly random: Random
  readonly catalog: Catalog
  readonly source: RecordSource
  readonly store: RenewableStore
  readonly encoders: readonly EncoderFactory[]
  readonly observe: CommitObserver
}

/**
 * One table as this process knows it: its commit context, the buffer that fits its present schema, and what the log's
 * ends told. What is known of the ledger is never kept: every start and every commit load it.
 */
export class TableSession {
  readonly #config: SessionConfig
  readonly #parts: SessionParts
  readonly #lists: ManifestLists
  readonly #idle = new PartitionMap<IdlePartition>()
  readonly #timestampTypes = new PartitionMap<'create' | 'log-append'>()
  #context: CommitContext | undefined
  #buffer: TableBuffer | undefined
  #metadata: TableMetadata | undefined

  constructor(config: SessionConfig, parts: SessionParts) {
    this.#config = config
    this.#parts = parts
    this.#lists = new ManifestLists(parts.store)
  }

  /** Undefined until the first start. */
  get buffer(): TableBuffer | undefined {
    return this.#buffer
  }

  /** Loads the table, created where it is missing, and asks the start table about these partitions. */
  async start(partitions: readonly TopicPartition[]): Promise<StartStep> {
    const { catalog, source } = this.#parts
    const { table: config } = this.#config
    const { table, created } = await ensureTable(catalog, config)
    this.#parts.store.renew(table.config)
    this.#context ??= this.#newContext(table)
    const log = logReader(source, config.start)
    const topicIds = new Map<TopicName, TopicId>()
    const outcome = await startTable(this.#context, {
      partitions,
      found: table,
      log: {
        ...log,
        facts: async (topics, epochs) => {
          const facts = await log.facts(topics, epochs)
          for (const [topic, { id }] of facts.topics) topicIds.set(topic, id)
          return facts
        },
      },
    })
    switch (outcome.kind) {
      case 'exhausted':
        throw outcome.reason
      case 'refused':
        return started({ refusals: [outcome.refusal], created })
      case 'started':
        await this.#fitBuffer(outcome.table)
        for (const partition of partitions) this.#idle.delete(partition)
        return started({
          // By id: a topic that was deleted and created again since is another log.
          positions: outcome.positions.map((target, { topic }) => {
            const id = topicIds.get(topic)
            return id === undefined ? target : { ...target, topicId: id }
          }),
          refusals: outcome.refusals,
          notes: outcome.warnings.map(({ message }) => message),
          created,
          rollback: rollbackOf(outcome),
        })
    }
  }

  /** A look at a table that has nothing to commit: is it still where we left it? */
  async look(held: PartitionMap<Position>): Promise<StartStep> {
    const context = required(this.#context, 'context of a started table')
    const outcome = await lookAtTable(context, { held, idle: this.#idle })
    switch (outcome.kind) {
      case 'unchanged':
        this.#parts.store.renew(outcome.table.config)
        return this.#outgrown(outcome.table)
          ? { kind: 'restart', reason: 'the table has another schema, spec or write properties' }
          : { kind: 'unchanged' }
      case 'moved':
        return {
          kind: 'restart',
          reason: 'the ledger is elsewhere: a rollback, a verb, or another worker',
        }
      case 'refused':
        return { kind: 'restart', reason: outcome.refusal.message }
    }
  }

  /** Writes the manifests of a sealed round, once; it may then be committed as often as it takes. */
  async stage(files: SealedFiles): Promise<StagedAppend> {
    const cluster = await this.#parts.source.clusterId()
    return stageFiles(required(this.#context, 'context of a started table'), {
      files,
      cluster,
      metadata: required(this.#metadata, 'metadata of a started table'),
    })
  }

  async commit(staged: StagedAppend, signal: AbortSignal): Promise<CommitStep> {
    const context = required(this.#context, 'context of a started table')
    return this.#stepOf(await commitStaged(context, staged, { idle: this.#idle, signal }))
  }

  /** The partition was read to its end at this time of the worker's wall clock. */
  reachedEnd(at: TopicPartition & { readonly position: Position }, nowMs: number): void {
    const { topic, partition, position } = at
    const key = { topic, partition }
    const timestampType = this.#timestampTypes.get(key) ?? 'create'
    this.#idle.set(key, { position, reachedEndAtMs: nowMs, timestampType })
  }

  pushed(partition: TopicPartition, { facts }: PushOutcome): void {
    this.#idle.delete(partition)
    this.#timestampTypes.set(partition, facts.timestampType)
  }

  async close(): Promise<void> {
    await this.#buffer?.close()
    await this.#parts.store.close()
  }

  #stepOf(outcome: CommitOutcome): CommitStep {
    switch (outcome.kind) {
      case 'committed':
      case 'already-committed': {
        this.#parts.store.renew(outcome.table.config)
        const outgrown = this.#outgrown(outcome.table)
        return {
          kind: 'committed',
          snapshotId: outcome.kind === 'committed' ? outcome.snapshotId : undefined,
          next: positionsOf(outcome.ledger),
          attempts: outcome.kind === 'committed' ? outcome.attempts : 1,
          completeThroughMs: completeThroughOf(outcome.table),
          snapshotCount: outcome.table.metadata.snapshots.length,
          metadataBytes: outcome.table.metadataBytes,
          restart: outgrown ? 'the table has another schema, spec or write properties' : undefined,
        }
      }
      case 'rejected':
        return {
          kind: 'dropped',
          reason: 'the ledger is elsewhere: overtaken by another worker, or rolled back',
        }
      case 'stale':
        return { kind: 'dropped', reason: `the staged files are stale: ${outcome.why}` }
      case 'refused':
        return { kind: 'refused', refusal: outcome.refusal }
      case 'exhausted':
        return { kind: 'exhausted', reason: outcome.reason }
    }
  }

  #newContext({ metadata }: LoadedTable): CommitContext {
    const { clock, random, catalog, store, observe } = this.#parts
    const { writer, table, commit, version } = this.#config
    const selection = selectionOf(table)
    return {
      table: table.table,
      owner: { writer, ref: table.branch },
      tableUuid: metadata.tableUuid,
      onRollback: table.onRollback,
      passesHold: false,
      carriers: ALL_CARRIERS,
      limits: { allowedLatenessMs: commit.allowedLatenessMs, maxSkewMs: commit.maxSkewMs },
      isRouted: (topic) => selects(selection, topic),
      stagedMaxAgeMs: commit.stagedMaxAgeMs,
      liftAfterSnapshots: commit.liftAfterSnapshots,
      engineVersion: version,
      catalog,
      store,
      clock,
      random,
      observe,
      lists: this.#lists,
    }
  }

  /** The buffer is made anew only where files would come out differently; the caller has discarded its round. */
  async #fitBuffer({ metadata }: LoadedTable): Promise<void> {
    const plan = encodingPlan(this.#config, this.#config.table, metadata)
    this.#metadata = metadata
    if (this.#buffer !== undefined && samePlan(this.#buffer.plan, plan)) return
    await this.#buffer?.close()
    const { store, clock, random, encoders } = this.#parts
    this.#buffer = new TableBuffer({
      plan,
      tableLocation: metadata.location,
      store,
      clock,
      fileName: () => `${this.#config.writer}-${random.uuid()}.parquet`,
      encoders,
    })
  }

  #outgrown({ metadata }: LoadedTable): boolean {
    if (this.#buffer === undefined) return false
    return !samePlan(this.#buffer.plan, encodingPlan(this.#config, this.#config.table, metadata))
  }
}

function started(step: {
  readonly positions?: PartitionMap<SeekTarget>
  readonly refusals?: readonly FirnError[]
  readonly notes?: readonly string[]
  readonly created: boolean
  readonly rollback?: 'follow' | 'skip' | undefined
}): StartStep {
  const { positions = new PartitionMap<SeekTarget>(), refusals = [], notes = [], created } = step
  return { kind: 'started', positions, refusals, notes, created, rollback: step.rollback }
}

/** What the newest snapshot with a ledger says. */
function completeThroughOf({ metadata }: LoadedTable): number | undefined {
  const { currentSnapshotId, snapshots } = metadata
  const head = snapshots.find(({ snapshotId }) => snapshotId === currentSnapshotId)
  return head === undefined ? undefined : readRecord(head)?.completeThroughMs
}

function rollbackOf(
  outcome: Extract<StartOutcome, { kind: 'started' }>,
): 'follow' | 'skip' | undefined {
  if (outcome.moves.includes('skip')) return 'skip'
  return outcome.warnings.some(({ kind }) => kind === 'rollback-followed') ? 'follow' : undefined
}
