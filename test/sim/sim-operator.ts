import {
  type CommitResponse,
  type TableCommit,
  type TableIdentifier,
  tableText,
} from '../../src/catalog/catalog.ts'
import { ALL_CARRIERS } from '../../src/commit/carriers.ts'
import { commitMove } from '../../src/commit/committer.ts'
import type { CommitContext } from '../../src/commit/context.ts'
import type { LedgerMove } from '../../src/commit/ledger-moves.ts'
import type { TopicLedger } from '../../src/commit/ledger.ts'
import { ManifestLists } from '../../src/commit/manifest-lists.ts'
import { clusterId, type SnapshotId } from '../../src/core/ids.ts'
import type { Position, PositionRange } from '../../src/core/offsets.ts'
import type { SimPartition } from './sim-log.ts'
import { SimCatalog, SimStore } from './sim-ports.ts'
import { SimProcess } from './sim-process.ts'
import type { SimWorld } from './sim-world.ts'

const LOOK_MS = 3_000

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

  async #look(): Promise<void> {
    const { refusals, onRollback } = this.#world
    if (refusals.size === 0) return
    // Whoever held it decides that it be followed, and starts the workers with that.
    if (refusals.has('TABLE_ROLLED_BACK') && onRollback === 'hold') this.#restartFollowing()
    const move = this.#moveFor()
    if (move === undefined) return
    try {
      const outcome = await commitMove(this.#context(), move)
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
    const held = this.#heldTopic()
    if (held === undefined) return undefined
    const elsewhere = held.id !== topic.id || this.#isTruncated(held)
    if (elsewhere) {
      return {
        kind: 'rebase',
        cluster: clusterId(cluster.id),
        topic: topic.name,
        from: held,
        to: { id: topic.id, positions: this.#positions(held) },
      }
    }
    const gaps = this.#expired(held)
    return gaps.size === 0
      ? undefined
      : { kind: 'accept-gap', topic: topic.name, id: topic.id, gaps }
  }

  /** The ledger's entry under the topic's name, be it of another topic of that name. */
  #heldTopic(): TopicLedger | undefined {
    return this.#world.exists ? this.#world.ledger() : undefined
  }

  #isTruncated(held: TopicLedger): boolean {
    return this.#world.topic.partitions.some(
      (log, partition) => commonEnd(log, held, partition) < (held.next.get(partition) ?? 0n),
    )
  }

  /** Of another topic all from its start; of the same one those that were truncated, to what is left of them. */
  #positions(held: TopicLedger): ReadonlyMap<number, Position> {
    const { topic } = this.#world
    const entries = [...topic.partitions.entries()]
    if (held.id !== topic.id) {
      return new Map(entries.map(([partition, log]) => [partition, log.logStart]))
    }
    return new Map(
      entries.flatMap(([partition, log]) => {
        const common = commonEnd(log, held, partition)
        const position = held.next.get(partition) ?? 0n
        if (common >= position) return []
        return [[partition, common < log.logStart ? log.logStart : common] as const]
      }),
    )
  }

  #expired({ next }: TopicLedger): ReadonlyMap<number, PositionRange> {
    return new Map(
      this.#world.topic.partitions.flatMap(({ logStart }, partition) => {
        const start = next.get(partition) ?? 0n
        return start < logStart ? [[partition, { start, end: logStart }] as const] : []
      }),
    )
  }

  #context(): CommitContext {
    const { config, table, metadata, catalog, random, weather, witness } = this.#world
    return {
      table,
      owner: { writer: config.writer, ref: 'main' },
      tableUuid: metadata.tableUuid,
      onRollback: this.#world.onRollback,
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
      ).noting((id) => witness.sets.add(id)),
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

/** Up to where a log still is the one that was read. */
function commonEnd(log: SimPartition, { epoch }: TopicLedger, partition: number): Position {
  const leader = epoch.get(partition)
  const end = leader === undefined ? log.logEnd : log.epochEnd(leader)
  return end < log.logEnd ? end : log.logEnd
}
