import {
  type CommitResponse,
  type TableCommit,
  type TableIdentifier,
  tableText,
} from '../../src/catalog/catalog.ts'
import { ALL_CARRIERS } from '../../src/commit/carriers.ts'
import { changeTable } from '../../src/commit/change-table.ts'
import { commitMove, commitRollback } from '../../src/commit/committer.ts'
import type { CommitContext } from '../../src/commit/context.ts'
import { holdProperty } from '../../src/commit/hold.ts'
import type { LedgerMove } from '../../src/commit/ledger-moves.ts'
import type { TopicLedger } from '../../src/commit/ledger.ts'
import type { TopicFacts } from '../../src/commit/plan-start.ts'
import { gapsToAccept, planRebase } from '../../src/commit/plan-ledger-verbs.ts'
import type { RollbackThen } from '../../src/commit/plan-rollback.ts'
import { ManifestLists } from '../../src/commit/manifest-lists.ts'
import { clusterId, type SnapshotId } from '../../src/core/ids.ts'
import { SimCatalog, SimStore } from './sim-ports.ts'
import { SimProcess } from './sim-process.ts'
import type { SimWorld } from './sim-world.ts'

const LOOK_MS = 3_000
const HOLD_MS = 8_000

/** What only more than one look at the table can tell: a person has to read the rows. */
export const NEEDS_A_PERSON: ReadonlySet<string> = new Set([
  'LEDGER_UNPROVEN',
  'LEDGER_LOST',
  'LEDGER_COPIED',
  'TABLE_REPLACED',
])

/** The person on call: looks now and then at what is refused, and uses the verb that the refusal names. */
export class SimOperator {
  readonly #world: SimWorld
  readonly #process: SimProcess
  readonly #lists: ManifestLists
  readonly #store: SimStore
  /** What was done, in its order. */
  readonly acted: string[] = []
  #resumeAtMs = 0

  constructor(world: SimWorld) {
    this.#world = world
    this.#process = new SimProcess('operator', world.clock)
    const random = world.random.fork('operator')
    this.#store = new SimStore(world.store, this.#process, random, world.weather)
    this.#lists = new ManifestLists(this.#store)
    const look = (): void => {
      void this.#look().finally(() => {
        world.clock.after(LOOK_MS, look)
      })
    }
    world.clock.after(LOOK_MS, look)
  }

  /** Takes the table back with the verb, whatever the workers are doing. */
  async rollback(to: SnapshotId, records: RollbackThen): Promise<void> {
    const hold = { sinceMs: this.#world.clock.nowMs, reason: 'drill' }
    if (records === 'hold') this.#resumeAtMs = this.#world.clock.nowMs + HOLD_MS
    try {
      const context = this.#context((id) => this.#world.witness.rollbacks.add(id))
      const outcome = await commitRollback(context, { to, records, hold })
      this.acted.push(`rollback: ${outcome.kind}`)
      this.#world.tell(`operator rollback to ${to}, ${records}: ${outcome.kind}`)
    } catch (fault) {
      this.#world.tell(`operator rollback: ${String(fault)}`)
    }
  }

  async #resume(): Promise<void> {
    const key = holdProperty(this.#world.config.writer)
    if (this.#world.clock.nowMs < this.#resumeAtMs) return
    if (!this.#world.exists || this.#world.metadata.properties[key] === undefined) return
    try {
      await changeTable(this.#context(), { remove: [key] })
      this.#world.tell('operator resumes')
    } catch (fault) {
      this.#world.tell(`operator resume: ${String(fault)}`)
    }
  }

  async #look(): Promise<void> {
    await this.#resume()
    const { refusals, onRollback } = this.#world
    if (refusals.size === 0) return
    // Whoever held it decides that it be followed, and starts the workers with that.
    if (refusals.has('TABLE_ROLLED_BACK') && onRollback === 'hold') this.#restartFollowing()
    const move = this.#moveFor()
    if (move === undefined) return
    try {
      const context = this.#context((id) => this.#world.witness.sets.add(id))
      const outcome = await commitMove(context, move)
      this.#world.tell(`operator ${move.kind}: ${outcome.kind}`)
      this.acted.push(`${move.kind}: ${outcome.kind}`)
    } catch (fault) {
      this.#world.tell(`operator ${move.kind}: ${String(fault)}`)
    }
  }

  #restartFollowing(): void {
    this.#world.tell('operator: on_rollback is follow from now on')
    this.#world.onRollback = 'follow'
    for (const process of this.#world.alive) process.kill()
    this.#world.startWorker()
    this.#world.startWorker()
  }

  #moveFor(): LedgerMove | undefined {
    const { topic, cluster } = this.#world
    const held = this.#world.exists ? this.#world.ledger() : undefined
    if (held === undefined) return undefined
    const facts = this.#factsOf(held)
    const gaps = held.id === topic.id ? gapsToAccept(held, facts) : new Map<never, never>()
    const from = { kind: held.id === topic.id ? 'common' : 'earliest' } as const
    const plan = planRebase(held, facts, { from, sameCluster: true })
    if (plan.kind === 'rebase') {
      const to = { id: topic.id, positions: plan.positions }
      return { kind: 'rebase', cluster: clusterId(cluster.id), topic: topic.name, from: held, to }
    }
    return gaps.size === 0
      ? undefined
      : { kind: 'accept-gap', topic: topic.name, id: topic.id, gaps }
  }

  /** What the brokers would say. */
  #factsOf({ epoch }: TopicLedger): TopicFacts {
    const { topic } = this.#world
    const partitions = topic.partitions.map((log, partition) => {
      const leader = epoch.get(partition)
      const end = leader === undefined ? undefined : log.epochEnd(leader)
      return [partition, { logStart: log.logStart, logEnd: log.logEnd, epochEnd: end }] as const
    })
    return { id: topic.id, partitions: new Map(partitions) }
  }

  #context(note: (id: SnapshotId) => void = () => undefined): CommitContext {
    const { config, table, metadata, catalog, random, weather } = this.#world
    return {
      table,
      owner: { writer: config.writer, ref: 'main' },
      tableUuid: metadata.tableUuid,
      onRollback: this.#world.onRollback,
      passesHold: true,
      carriers: ALL_CARRIERS,
      limits: { allowedLatenessMs: 0, maxSkewMs: 0 },
      isRouted: () => true,
      stagedMaxAgeMs: config.commit.stagedMaxAgeMs,
      liftAfterSnapshots: config.commit.liftAfterSnapshots,
      engineVersion: 'sim',
      catalog: new OperatorCatalog(
        catalog,
        this.#process,
        random.fork(tableText(table)),
        weather,
      ).noting(note),
      store: this.#store,
      clock: this.#process.clock,
      random: random.fork('move'),
      observe: () => undefined,
      lists: this.#lists,
    }
  }
}

/** Notes which snapshots a person has asked for, whatever became of the requests. */
class OperatorCatalog extends SimCatalog {
  #note: (id: SnapshotId) => void = () => undefined

  noting(note: (id: SnapshotId) => void): this {
    this.#note = note
    return this
  }

  override async commitTable(
    identifier: TableIdentifier,
    commit: TableCommit,
  ): Promise<CommitResponse> {
    for (const update of commit.updates) {
      if (update.action === 'add-snapshot') this.#note(update.snapshot.snapshotId)
    }
    return super.commitTable(identifier, commit)
  }
}
