import { withOrigin, type LedgerStanding, ledgerOf } from '../commit/standing.ts'
import type { Ledger, Origin } from '../commit/ledger.ts'
import { writerOf } from '../commit/ledger-text.ts'
import {
  type LedgerOwner,
  type LedgerReading,
  type ManifestProof,
  readLedger,
} from '../commit/read-ledger.ts'
import { lost, tableRefusal, unproven } from '../commit/refusals.ts'
import { FirnError } from '../core/errors.ts'
import type { SnapshotId } from '../core/ids.ts'
import { snapshotById } from '../iceberg/ancestry.ts'
import type { Snapshot, TableMetadata } from '../iceberg/metadata.ts'
import { type LedgerChain, ledgerChain } from './ledger-chain.ts'

/** Which state of a table is looked at. */
export interface TableState {
  /** For messages. */
  readonly name: string
  readonly metadata: TableMetadata
  /** Whose ledger, and the branch that the writer owns. */
  readonly owner: LedgerOwner
  /** The branch that is looked at: the writer's own, unless asked otherwise. */
  readonly branch: string
  /** Undefined: the branch's head. */
  readonly snapshotId: SnapshotId | undefined
}

/** A state of a table, and what its ledger says. */
export interface AuditedTable {
  readonly metadata: TableMetadata
  /** Undefined where the table went back to before its first snapshot. */
  readonly snapshot: Snapshot | undefined
  readonly reading: LedgerReading
  readonly ledger: Ledger
  readonly origin: Origin | undefined
  readonly chain: LedgerChain
  /** How the ledger stands against mirror and tag; undefined where it is not the head of the writer's own branch. */
  readonly standing: LedgerStanding | undefined
}

/** The ledger of a state of a table. Throws the refusals of the start table, LEDGER_MISSING and USAGE. */
export async function auditedTable(
  state: TableState,
  proofOf: (metadata: TableMetadata, ref: string) => ManifestProof,
): Promise<AuditedTable> {
  const { owner, branch, snapshotId } = state
  const metadata = metadataAt(state)
  const own = snapshotId === undefined && branch === owner.ref
  const view = { writer: owner.writer, ref: branch }
  const { reading, standing } = own
    ? await ledgerOf(metadata, view, proofOf(metadata, branch))
    : { reading: readLedger(metadata, view), standing: undefined }
  const origin = reading.evidence?.origin ?? reading.newest?.record.origin
  const ledger = withOrigin(ledgerIn(state, reading, standing), origin)
  const chain = ledgerChain({
    writer: owner.writer,
    walk: reading.walk,
    end: reading.end,
    own: ownSnapshots(metadata, owner),
    origin,
  })
  return { metadata, snapshot: reading.walk[0], reading, ledger, origin, chain, standing }
}

/** Every snapshot of the writer that is listed, and the one that the mirror names. */
function ownSnapshots(metadata: TableMetadata, owner: LedgerOwner): ReadonlySet<bigint> {
  return new Set(
    metadata.snapshots
      .filter((snapshot) => writerOf(snapshot) === owner.writer)
      .map(({ snapshotId }) => snapshotId),
  )
}

/** The metadata as if the branch ended at the snapshot that was asked for. */
function metadataAt({ metadata, branch, snapshotId, name }: TableState): TableMetadata {
  if (snapshotId === undefined) {
    if (branch === 'main' || metadata.refs[branch]?.type === 'branch') return metadata
    const known = Object.entries(metadata.refs).flatMap(([ref, { type }]) =>
      type === 'branch' ? [ref] : [],
    )
    throw new FirnError('USAGE', `table ${name} has no branch ${branch}`, {
      help: `it has: ${known.join(', ')}`,
    })
  }
  if (snapshotById(metadata, snapshotId) === undefined) {
    throw new FirnError('USAGE', `table ${name} has no snapshot ${snapshotId}, or it has expired`, {
      help: `firn history ${name} lists the snapshots of its branch`,
    })
  }
  return {
    ...metadata,
    currentSnapshotId: branch === 'main' ? snapshotId : metadata.currentSnapshotId,
    refs: { ...metadata.refs, [branch]: { snapshotId, type: 'branch' } },
  }
}

function ledgerIn(
  state: TableState,
  reading: LedgerReading,
  standing: LedgerStanding | undefined,
): Ledger {
  if (standing === undefined || standing.kind === 'copied') return ledgerOnWalk(state, reading)
  switch (standing.kind) {
    case 'current':
    case 'buried':
    case 'rolled-back':
      return standing.ledger
    case 'none':
      throw missing(state)
    case 'lost':
      throw lost(state.name)
    default:
      throw tableRefusal(state.name, standing)
  }
}

/** Without a look at mirror and tag: they are about the head of the writer's own branch. */
function ledgerOnWalk(state: TableState, { newest, end, evidence }: LedgerReading): Ledger {
  if (newest !== undefined) return newest.record.ledger
  throw end.kind === 'cut' && evidence !== undefined
    ? unproven(state.name, evidence)
    : missing(state)
}

function missing({ name, owner, branch }: TableState): FirnError {
  return new FirnError(
    'LEDGER_MISSING',
    `writer ${owner.writer} has no ledger on branch ${branch} of table ${name}`,
    { help: 'there is nothing of this writer to check; `firn run` begins one' },
  )
}
