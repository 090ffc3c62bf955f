import type { Snapshot, TableMetadata } from '../iceberg/metadata.ts'
import type { Ledger, Origin, OriginTopic, TopicLedger } from './ledger.ts'
import {
  type Evidence,
  type LedgerOwner,
  type LedgerReading,
  type ManifestProof,
  type Membership,
  provenMembership,
  readLedger,
} from './read-ledger.ts'

/** What a table's metadata says about one writer's ledger, concluded. The rows of DESIGN's start table about the table. */
export type LedgerStanding =
  /** The newest ledger that is known is the one on the ancestry. */
  | { readonly kind: 'current'; readonly ledger: Ledger }
  /** Expiry took the newest ledger's snapshot from the ancestry: the mirror, or the tag, has it. */
  | { readonly kind: 'buried'; readonly ledger: Ledger }
  /** The table went back to `ledger`; `newer` is the evidence of where it was. */
  | { readonly kind: 'rolled-back'; readonly ledger: Ledger; readonly newer: Evidence }
  /** The newest ledger may be on the ancestry, or not: expiry hides it. */
  | { readonly kind: 'unproven'; readonly newer: Evidence }
  /** Another root, younger than the writer's beginning: CREATE OR REPLACE. */
  | { readonly kind: 'replaced'; readonly root: Snapshot }
  /** A cherry-pick, or a copied summary. */
  | { readonly kind: 'copied'; readonly snapshot: Snapshot }
  /** The mirror is of another table: this one is a copy of it. */
  | { readonly kind: 'other-table'; readonly uuid: string }
  /** The writer owns another branch of this table. */
  | { readonly kind: 'other-ref'; readonly ref: string }
  /** No trace of a ledger on a cut ancestry: there may have been one. */
  | { readonly kind: 'lost' }
  /** No trace of a ledger, down to the root: this writer has never been here. */
  | { readonly kind: 'none' }

export interface StandingLedger {
  readonly reading: LedgerReading
  readonly standing: LedgerStanding
}

/**
 * A writer's ledger on a branch of a table, and what became of it. Asks `proof`, which reads manifests, only where
 * the metadata cannot decide. Throws LEDGER_CORRUPT.
 */
export async function ledgerOf(
  metadata: TableMetadata,
  owner: LedgerOwner,
  proof: ManifestProof,
): Promise<StandingLedger> {
  const reading = readLedger(metadata, owner)
  const { evidence, newest } = reading
  const decided = newest !== undefined || evidence === undefined
  const membership = decided ? undefined : await provenMembership(reading, evidence, proof)
  return { reading, standing: standingOf(metadata, reading, membership) }
}

/** `membership` is that of the evidence's snapshot; needed only where the walk found no ledger. Pure. */
export function standingOf(
  metadata: TableMetadata,
  reading: LedgerReading,
  membership: Membership | undefined,
): LedgerStanding {
  const { mirror, owner, copied, newest, evidence } = reading
  if (mirror !== undefined && mirror.tableUuid !== metadata.tableUuid) {
    return { kind: 'other-table', uuid: mirror.tableUuid }
  }
  if (mirror !== undefined && mirror.ref !== owner.ref) {
    return { kind: 'other-ref', ref: mirror.ref }
  }
  if (copied !== undefined) return { kind: 'copied', snapshot: copied }
  if (newest !== undefined) return withLedgerFound(newest.record.ledger, reading)
  if (evidence === undefined) return { kind: reading.end.kind === 'cut' ? 'lost' : 'none' }
  return withEvidenceOnly(evidence, reading, membership ?? 'unknown')
}

/** Evidence that is not newer than the ledger on the ancestry says nothing: somebody put it back by hand. */
function withLedgerFound(found: Ledger, { newest, evidence }: LedgerReading): LedgerStanding {
  const ledger = withOrigin(found, evidence?.origin)
  const newer =
    evidence !== undefined &&
    newest !== undefined &&
    evidence.snapshotId !== newest.snapshot.snapshotId &&
    evidence.sequenceNumber > newest.snapshot.sequenceNumber
  return newer ? { kind: 'rolled-back', ledger, newer: evidence } : { kind: 'current', ledger }
}

function withEvidenceOnly(
  evidence: Evidence,
  { end, walk }: LedgerReading,
  membership: Membership,
): LedgerStanding {
  if (membership === 'yes') return { kind: 'buried', ledger: evidence.ledger }
  const { origin } = evidence
  // Rolled back below the cut, to a ledger that nobody knows any more, is as good as unknown.
  if (end.kind === 'cut' || origin === undefined) return { kind: 'unproven', newer: evidence }
  const root = walk.at(-1)
  if (root !== undefined && root.sequenceNumber > origin.sequenceNumber) {
    return { kind: 'replaced', root }
  }
  const nothing = { cluster: evidence.ledger.cluster, topics: new Map() }
  return { kind: 'rolled-back', ledger: withOrigin(nothing, origin), newer: evidence }
}

/**
 * A ledger that was rolled back to before some partition was pinned starts that one at its origin. Where a topic has
 * another id than in its origin, the origin is of another log.
 */
export function withOrigin(ledger: Ledger, origin: Origin | undefined): Ledger {
  if (origin === undefined) return ledger
  const topics = new Map(ledger.topics)
  for (const [name, begun] of origin.topics) {
    const topic = topics.get(name)
    if (topic === undefined) topics.set(name, startedAt(begun))
    else if (topic.id === begun.id) {
      topics.set(name, { ...topic, next: new Map([...begun.start, ...topic.next]) })
    }
  }
  return { ...ledger, topics }
}

function startedAt({ id, start }: OriginTopic): TopicLedger {
  return { id, next: start, epoch: new Map(), through: new Map() }
}
