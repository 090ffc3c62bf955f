import {
  type Catalog,
  type CommitResponse,
  type CreateOutcome,
  type LoadedTable,
  type LoadOutcome,
  type TableCommit,
  type TableCreation,
  type TableIdentifier,
  tableText,
} from '../../src/catalog/catalog.ts'
import { FirnError } from '../../src/core/errors.ts'
import { snapshotId, tableUuid, type SnapshotId } from '../../src/core/ids.ts'
import type { Snapshot, SnapshotRef, TableMetadata } from '../../src/iceberg/metadata.ts'
import type { TableRequirement, TableUpdate } from '../../src/iceberg/update.ts'

/** What the catalog keeps and checks; a conforming one does all of it. */
export interface CatalogManners {
  tags: boolean
  properties: boolean
  /** Off: metadata lists the current snapshot only. */
  allSnapshots: boolean
  assertHead: boolean
  assertNull: boolean
  assertSequenceNumber: boolean
}

const CONFORMING: CatalogManners = {
  tags: true,
  properties: true,
  allSnapshots: true,
  assertHead: true,
  assertNull: true,
  assertSequenceNumber: true,
}

/**
 * What happens to one commit request. `lost`: it never arrives. `answer-lost`: applied, and the client hears nothing.
 * `late`: the client hears nothing, and it is applied when `deliverLate` is called. `conflict`, `server-error`: not
 * applied, and the client hears so. `hold-on`: the promise stays open until `deliverLate`.
 */
export type CommitFault = 'lost' | 'answer-lost' | 'late' | 'conflict' | 'server-error'

interface FakeTable {
  metadata: TableMetadata
  version: number
}

interface LateRequest {
  readonly identifier: TableIdentifier
  readonly commit: TableCommit
}

/** A commit request as it arrived. */
export interface CommitRecord {
  readonly commit: TableCommit
  readonly applied: boolean
  /** Main, when it arrived. */
  readonly head: SnapshotId | null
}

/**
 * An Iceberg REST catalog in memory, with a model of requirements and updates of its own (nothing of src/iceberg
 * applies them, so that a bug cannot be shared), faults, and the things that others do to a table.
 */
export class FakeCatalog implements Catalog {
  readonly manners: CatalogManners
  readonly tables = new Map<string, FakeTable>()
  /** Asked once per commit request. */
  fault: (commit: TableCommit) => CommitFault | undefined = () => undefined
  /** Called before each operation; what it throws is the operation's fault. */
  before: (call: 'load' | 'commit' | 'create') => void | Promise<void> = () => {}
  /** Called after each load, before the caller has its answer: for races. */
  afterLoad: () => void | Promise<void> = () => {}
  readonly late: LateRequest[] = []
  readonly commits: CommitRecord[] = []
  /** Every snapshot that ever was, expired ones too. */
  readonly history = new Map<SnapshotId, Snapshot>()
  /** Called with a request that is about to be applied, and the table before it. */
  onApply: (commit: TableCommit, before: TableMetadata) => void = () => {}
  loads = 0
  nowMs = 1_000
  #ids = 0n

  constructor(manners: Partial<CatalogManners> = {}) {
    this.manners = { ...CONFORMING, ...manners }
  }

  // ---------------------------------------------------------------- the port

  async loadTable(identifier: TableIdentifier): Promise<LoadOutcome> {
    await this.before('load')
    this.loads += 1
    const found = this.tables.get(tableText(identifier))
    const outcome: LoadOutcome =
      found === undefined
        ? { kind: 'missing' }
        : { kind: 'loaded', table: loaded(identifier, found) }
    await this.afterLoad()
    return outcome
  }

  async createTable(identifier: TableIdentifier, creation: TableCreation): Promise<CreateOutcome> {
    await this.before('create')
    const name = tableText(identifier)
    if (this.tables.has(name)) return { kind: 'exists' }
    const fake = { metadata: newTable(name, creation, this.#nextUuid()), version: 0 }
    this.tables.set(name, fake)
    return { kind: 'created', table: loaded(identifier, fake) }
  }

  async commitTable(identifier: TableIdentifier, commit: TableCommit): Promise<CommitResponse> {
    await this.before('commit')
    const lost: CommitResponse = {
      kind: 'unknown',
      reason: new FirnError('CATALOG_UNAVAILABLE', 'no answer'),
    }
    switch (this.fault(commit)) {
      case 'lost':
        return lost
      case 'late':
        this.late.push({ identifier, commit })
        return lost
      case 'answer-lost':
        this.#apply(identifier, commit)
        return lost
      case 'server-error':
        return { kind: 'unknown', reason: new FirnError('CATALOG_UNAVAILABLE', '503') }
      case 'conflict':
        return { kind: 'conflict', reason: new FirnError('CATALOG_UNAVAILABLE', 'conflict') }
      case undefined:
        return this.#apply(identifier, commit)
    }
  }

  async createNamespace(): Promise<boolean> {
    return true
  }

  async namespaceExists(): Promise<boolean> {
    return true
  }

  async listTables(): Promise<readonly TableIdentifier[]> {
    return []
  }

  async dropTable(identifier: TableIdentifier): Promise<boolean> {
    return this.tables.delete(tableText(identifier))
  }

  async close(): Promise<void> {}

  // ---------------------------------------------------------------- what a test does

  /** Requests that were thought lost arrive now; how each was answered, to nobody. */
  deliverLate(): readonly CommitResponse['kind'][] {
    return this.late.splice(0).map(({ identifier, commit }) => this.#apply(identifier, commit).kind)
  }

  metadata(identifier: TableIdentifier): TableMetadata {
    return this.#table(identifier).metadata
  }

  edit(identifier: TableIdentifier, change: (metadata: TableMetadata) => TableMetadata): void {
    const table = this.#table(identifier)
    table.metadata = { ...change(table.metadata), lastUpdatedMs: this.#updatedMs(table.metadata) }
    table.version += 1
  }

  /** Another writer's snapshot on main, with a manifest list that the test has written. */
  addForeign(
    identifier: TableIdentifier,
    snapshot: Partial<Snapshot> & { readonly manifestList: string },
  ): SnapshotId {
    const id = snapshot.snapshotId ?? snapshotId(900_000n + (this.#ids += 1n))
    this.edit(identifier, (metadata) => {
      const sequenceNumber = metadata.lastSequenceNumber + 1n
      const added: Snapshot = {
        snapshotId: id,
        parentSnapshotId: metadata.currentSnapshotId,
        sequenceNumber,
        timestampMs: BigInt(this.nowMs),
        summary: { operation: 'append' },
        schemaId: metadata.currentSchemaId,
        firstRowId: metadata.formatVersion < 3 ? null : metadata.nextRowId,
        addedRows: metadata.formatVersion < 3 ? null : 0n,
        ...snapshot,
      }
      this.history.set(id, added)
      return this.#listed({
        ...metadata,
        lastSequenceNumber: sequenceNumber,
        nextRowId: metadata.nextRowId + (added.addedRows ?? 0n),
        snapshots: [...metadata.snapshots, added],
        currentSnapshotId: id,
        refs: { ...metadata.refs, main: { type: 'branch', snapshotId: id } },
      })
    })
    return id
  }

  /** Main goes back; null: to before the first snapshot. */
  rollback(identifier: TableIdentifier, to: SnapshotId | null): void {
    this.edit(identifier, (metadata) => {
      const { main: _gone, ...others } = metadata.refs
      return this.#listed({
        ...metadata,
        currentSnapshotId: to,
        refs: to === null ? others : { ...others, main: { type: 'branch', snapshotId: to } },
      })
    })
  }

  /** Expiry: keeps what refs point to, and what `keep` names. */
  expire(identifier: TableIdentifier, keep: readonly SnapshotId[] = []): void {
    this.edit(identifier, (metadata) => {
      const kept = new Set([...keep, ...Object.values(metadata.refs).map((ref) => ref.snapshotId)])
      const snapshots = metadata.snapshots.filter((one) => kept.has(one.snapshotId))
      return { ...metadata, snapshots }
    })
  }

  // ---------------------------------------------------------------- the model

  /** As in Java: the time of the snapshot that was added, whose writer's clock may be ahead. */
  #updatedMs({ snapshots, lastUpdatedMs }: TableMetadata): bigint {
    const times = [BigInt(this.nowMs), lastUpdatedMs, ...snapshots.map((one) => one.timestampMs)]
    return times.reduce((latest, time) => (time > latest ? time : latest))
  }

  #table(identifier: TableIdentifier): FakeTable {
    const found = this.tables.get(tableText(identifier))
    if (found === undefined) throw new Error(`no table ${tableText(identifier)}`)
    return found
  }

  #apply(identifier: TableIdentifier, commit: TableCommit): CommitResponse {
    const table = this.tables.get(tableText(identifier))
    const head = table?.metadata.currentSnapshotId ?? null
    const response = table === undefined ? refused('no such table') : this.#tryApply(table, commit)
    const applied = response === undefined
    this.commits.push({ commit, applied, head })
    return response ?? { kind: 'committed', table: loaded(identifier, this.#table(identifier)) }
  }

  #tryApply(table: FakeTable, { requirements, updates }: TableCommit): CommitResponse | undefined {
    const failed = requirements.find((one) => !this.#holds(one, table.metadata))
    if (failed !== undefined) {
      return {
        kind: 'conflict',
        reason: new FirnError('CATALOG_UNAVAILABLE', `requirement failed: ${failed.type}`),
      }
    }
    try {
      const next = updates.reduce(
        (metadata, update) => this.#update(metadata, update),
        table.metadata,
      )
      this.onApply({ requirements, updates }, table.metadata)
      table.metadata = this.#listed({ ...next, lastUpdatedMs: this.#updatedMs(next) })
      table.version += 1
      for (const snapshot of next.snapshots) this.history.set(snapshot.snapshotId, snapshot)
      return undefined
    } catch (fault) {
      return refused(String(fault))
    }
  }

  #holds(requirement: TableRequirement, metadata: TableMetadata): boolean {
    switch (requirement.type) {
      case 'assert-create':
        return false
      case 'assert-table-uuid':
        return requirement.uuid === metadata.tableUuid
      case 'assert-ref-snapshot-id': {
        const actual = metadata.refs[requirement.ref]?.snapshotId
        if (requirement.snapshotId === null) {
          return actual === undefined || !this.manners.assertNull
        }
        return actual === requirement.snapshotId || !this.manners.assertHead
      }
      case 'assert-last-assigned-field-id':
        return requirement.lastAssignedFieldId === metadata.lastColumnId
      case 'assert-current-schema-id':
        return requirement.currentSchemaId === metadata.currentSchemaId
      case 'assert-last-assigned-partition-id':
        return requirement.lastAssignedPartitionId === metadata.lastPartitionId
      case 'assert-default-spec-id':
        return requirement.defaultSpecId === metadata.defaultSpecId
      case 'assert-default-sort-order-id':
        return requirement.defaultSortOrderId === metadata.defaultSortOrderId
    }
  }

  #update(metadata: TableMetadata, update: TableUpdate): TableMetadata {
    switch (update.action) {
      case 'add-snapshot':
        return this.#addSnapshot(metadata, update.snapshot)
      case 'set-snapshot-ref':
        return this.#setRef(metadata, update.refName, update.ref)
      case 'remove-snapshot-ref': {
        const { [update.refName]: _gone, ...refs } = metadata.refs
        return { ...metadata, refs }
      }
      case 'set-properties':
        return this.manners.properties
          ? { ...metadata, properties: { ...metadata.properties, ...update.updates } }
          : metadata
      case 'remove-properties': {
        const gone = new Set(update.removals)
        const kept = Object.entries(metadata.properties).filter(([key]) => !gone.has(key))
        return { ...metadata, properties: Object.fromEntries(kept) }
      }
      default:
        throw new Error(`the fake catalog does not know ${update.action}`)
    }
  }

  #addSnapshot(metadata: TableMetadata, snapshot: Snapshot): TableMetadata {
    const { snapshots, lastSequenceNumber, formatVersion, nextRowId } = metadata
    if (snapshots.some((one) => one.snapshotId === snapshot.snapshotId)) {
      throw new Error(`snapshot ${snapshot.snapshotId} is there already`)
    }
    const stale = snapshot.sequenceNumber <= lastSequenceNumber
    // As Java has it: a first snapshot's number is not looked at.
    if (stale && snapshot.parentSnapshotId !== null && this.manners.assertSequenceNumber) {
      throw new Error(`stale sequence number ${snapshot.sequenceNumber}`)
    }
    if (snapshot.timestampMs < metadata.lastUpdatedMs - 60_000n) throw new Error('too old')
    if (formatVersion === 3) {
      if (snapshot.firstRowId === null || snapshot.addedRows === null) throw new Error('no row ids')
      if (snapshot.firstRowId < nextRowId) throw new Error(`stale row id ${snapshot.firstRowId}`)
    }
    return {
      ...metadata,
      snapshots: [...snapshots, snapshot],
      lastSequenceNumber:
        snapshot.sequenceNumber > lastSequenceNumber ? snapshot.sequenceNumber : lastSequenceNumber,
      nextRowId: nextRowId + (snapshot.addedRows ?? 0n),
    }
  }

  #setRef(metadata: TableMetadata, name: string, ref: SnapshotRef): TableMetadata {
    if (ref.type === 'tag' && !this.manners.tags) return metadata
    if (!metadata.snapshots.some((one) => one.snapshotId === ref.snapshotId)) {
      throw new Error(`ref ${name} would dangle`)
    }
    return {
      ...metadata,
      refs: { ...metadata.refs, [name]: ref },
      currentSnapshotId: name === 'main' ? ref.snapshotId : metadata.currentSnapshotId,
    }
  }

  #listed(metadata: TableMetadata): TableMetadata {
    if (this.manners.allSnapshots) return metadata
    const kept = new Set(Object.values(metadata.refs).map((ref) => ref.snapshotId))
    return { ...metadata, snapshots: metadata.snapshots.filter((one) => kept.has(one.snapshotId)) }
  }

  #nextUuid(): string {
    this.#ids += 1n
    return `00000000-0000-4000-8000-${String(this.#ids).padStart(12, '0')}`
  }
}

function loaded(identifier: TableIdentifier, { metadata, version }: FakeTable): LoadedTable {
  const metadataLocation = `${metadata.location}/metadata/v${version}.json`
  return { identifier, metadata, metadataLocation, config: {} }
}

function refused(text: string): CommitResponse {
  return { kind: 'refused', reason: new FirnError('CATALOG_UNAVAILABLE', text) }
}

function newTable(name: string, creation: TableCreation, uuid: string): TableMetadata {
  const { schema, partitionSpec, sortOrder } = creation
  return {
    formatVersion: creation.formatVersion,
    tableUuid: tableUuid(uuid),
    location: creation.location ?? `mem://lake/${name}`,
    lastSequenceNumber: 0n,
    lastUpdatedMs: 0n,
    lastColumnId: 1_000,
    currentSchemaId: schema.schemaId,
    schemas: [schema],
    defaultSpecId: partitionSpec.specId,
    partitionSpecs: [partitionSpec],
    lastPartitionId: 1_000,
    defaultSortOrderId: sortOrder.orderId,
    sortOrders: [sortOrder],
    properties: creation.properties,
    currentSnapshotId: null,
    snapshots: [],
    snapshotLog: [],
    refs: {},
    nextRowId: 0n,
  }
}
