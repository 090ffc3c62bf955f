import type { TableCommit } from '../../src/catalog/catalog.ts'
import { holdProperty } from '../../src/commit/hold.ts'
import type { Ledger } from '../../src/commit/ledger.ts'
import { readMirror, readRecord } from '../../src/commit/ledger-text.ts'
import { writerName, type SnapshotId } from '../../src/core/ids.ts'
import type { PartitionMap, Position } from '../../src/core/offsets.ts'
import type { Snapshot, TableMetadata } from '../../src/iceberg/metadata.ts'
import { placeOf } from './sim-log.ts'
import type { SimWorld } from './sim-world.ts'

const WRITER = writerName('sim')
/** A reading that the encoders may hold besides: what one fetch brings. */
const SLACK_BYTES = 2_000_000

/** Sees everything as it happens: what can be judged only at that moment, and what expiry will take away. */
export class SimWitness {
  readonly #world: SimWorld
  /** Per place, the highest ledger that ever was. */
  readonly #highest = new Map<string, Position>()
  /** Snapshots that set the ledger elsewhere, as a person or the policy wanted. */
  readonly sets = new Set<SnapshotId>()
  /** Snapshots with which a person took the table back: their parent is not the head. */
  readonly rollbacks = new Set<SnapshotId>()

  constructor(world: SimWorld) {
    this.#world = world
    world.catalog.onApply = (commit, before) => {
      this.#applied(commit, before)
    }
  }

  /** From the newest on, expired ones too. */
  ancestry(head: SnapshotId | null): Snapshot[] {
    const { history } = this.#world.catalog
    const walk: Snapshot[] = []
    let id = head
    while (id !== null) {
      const snapshot = history.get(id)
      if (snapshot === undefined) break
      walk.push(snapshot)
      id = snapshot.parentSnapshotId
    }
    return walk
  }

  /** The newest ledger on the whole ancestry, by nothing but the snapshots' own summaries. */
  ledger(): Ledger | undefined {
    for (const snapshot of this.ancestry(this.#world.metadata.currentSnapshotId)) {
      const record = readRecord(snapshot)
      if (record?.namedSnapshotId === snapshot.snapshotId) return record.ledger
    }
    return undefined
  }

  #applied({ updates }: TableCommit, before: TableMetadata): void {
    for (const update of updates) {
      if (update.action !== 'add-snapshot') continue
      if (this.rollbacks.has(update.snapshot.snapshotId)) continue
      this.#checkPolicy(update.snapshot, before)
      const byOperator = this.sets.has(update.snapshot.snapshotId)
      if (!byOperator && before.properties[holdProperty(WRITER)] !== undefined) {
        this.#world.problems.push(`P3: ${update.snapshot.snapshotId} was committed on a held table`)
      }
      if (update.snapshot.parentSnapshotId !== before.currentSnapshotId) {
        this.#world.problems.push(
          `I2: ${update.snapshot.snapshotId} pushes ${before.currentSnapshotId} off main`,
        )
      }
      this.#note(update.snapshot)
    }
  }

  /** P3: what was rolled back stays so under `hold`; under `skip` the first snapshot after it passes the gap. */
  #checkPolicy(snapshot: Snapshot, before: TableMetadata): void {
    const mirror = readMirror(before.properties, WRITER)
    const { onRollback } = this.#world
    if (mirror === undefined || onRollback === 'follow') return
    const standing = this.ancestry(before.currentSnapshotId)
    if (standing.some(({ snapshotId }) => snapshotId === mirror.snapshotId)) return
    const record = readRecord(snapshot)
    // On to where the table was, be it forward or, where a rebase was rolled back, not.
    const skips = record?.ranges.size === 0 && sameNext(record.ledger, mirror.ledger)
    if (skips) this.sets.add(snapshot.snapshotId)
    if (onRollback === 'hold' || !skips) {
      this.#world.problems.push(
        `P3: ${snapshot.snapshotId} was committed on a rolled-back table under ${onRollback}`,
      )
    }
  }

  #note(snapshot: Snapshot): void {
    for (const { id, next } of readRecord(snapshot)?.ledger.topics.values() ?? []) {
      for (const [partition, position] of next) {
        const key = placeOf(id, partition, 0n)
        if (position > (this.#highest.get(key) ?? 0n)) this.#highest.set(key, position)
      }
    }
  }

  /** I4: a group offset is never ahead of a ledger that was. */
  groupOffsets(offsets: PartitionMap<Position>): void {
    const highest = new Map<number, Position>()
    for (const [key, position] of this.#highest) {
      const partition = Number(/\/(\d+)@/.exec(key)?.[1])
      if (position > (highest.get(partition) ?? 0n)) highest.set(partition, position)
    }
    for (const [{ partition }, position] of offsets) {
      const most = highest.get(partition) ?? 0n
      if (position > most) {
        this.#world.problems.push(`I4: group offset ${position} above ledger ${most}`)
      }
    }
  }

  /** I7, looked at now and then. */
  memory(): void {
    const { bytesHeld, memoryBudgetBytes } = this.#world
    for (const bytes of bytesHeld) {
      if (bytes > memoryBudgetBytes + SLACK_BYTES) {
        this.#world.problems.push(`I7: ${bytes} bytes held of a budget of ${memoryBudgetBytes}`)
      }
    }
  }
}

function sameNext(one: Ledger, other: Ledger): boolean {
  return [...other.topics].every(([topic, { id, next }]) => {
    const found = one.topics.get(topic)
    return (
      found?.id === id &&
      [...next].every(([partition, position]) => found.next.get(partition) === position)
    )
  })
}
