import type { Catalog, TableIdentifier } from '../catalog/catalog.ts'
import type { Clock } from '../core/clock.ts'
import type { TableUuid, TopicName } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { LedgerCarriers } from './carriers.ts'
import type { CommitObserver } from './commit-events.ts'
import type { ManifestLists } from './manifest-lists.ts'
import type { OnRollback } from './plan-table.ts'
import type { LedgerOwner } from './read-ledger.ts'
import type { ThroughLimits } from './through.ts'

/** One writer's business with one table: what every function of this folder that does I/O takes first. */
export interface CommitContext {
  readonly table: TableIdentifier
  readonly owner: LedgerOwner
  /** As it was at start. */
  readonly tableUuid: TableUuid
  readonly onRollback: OnRollback
  /** A verb works on a table that is held; a worker does not. */
  readonly passesHold: boolean
  readonly carriers: LedgerCarriers
  readonly limits: ThroughLimits
  /** The topics that `firn.complete-through` is about. */
  readonly isRouted: (topic: TopicName) => boolean
  /** Staged files older than this are not committed: an orphan sweep may have taken them. */
  readonly stagedMaxAgeMs: number
  /** When so many snapshots of others lie above the ledger, it is brought to the head. */
  readonly liftAfterSnapshots: number
  /** Firn's own version, for the snapshots' summaries. */
  readonly engineVersion: string
  readonly catalog: Catalog
  readonly store: ObjectStore
  readonly clock: Clock
  readonly random: Random
  readonly observe: CommitObserver
  readonly lists: ManifestLists
}
