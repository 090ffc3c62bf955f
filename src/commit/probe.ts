import type { Catalog, TableIdentifier } from '../catalog/catalog.ts'
import { FirnError } from '../core/errors.ts'
import { snapshotId, type SnapshotId } from '../core/ids.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { writeManifestList } from '../iceberg/manifest-list.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import type { TableUpdate } from '../iceberg/update.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { CatalogKeeps } from './carriers.ts'
import { metadataLocation } from './table-properties.ts'

export interface ProbeParts {
  readonly catalog: Catalog
  readonly store: ObjectStore
  readonly clock: Clock
  readonly random: Random
}

const TAG = 'firn-probe'
const PROPERTY = 'firn.probe'

/**
 * Tries a catalog on a scratch table of its own, which is dropped again: commits a tag and a property and reads them
 * back, and sends what must not be applied. Whether it was applied is read from the table, not from the answer.
 * Throws the faults of catalog and store. The namespace must be there.
 */
export async function probeCatalog(
  parts: ProbeParts,
  namespace: readonly string[],
): Promise<CatalogKeeps> {
  const name = `firn_probe_${parts.random.uuid().slice(0, 8)}`
  const identifier = { namespace, name }
  const created = await parts.catalog.createTable(identifier, {
    schema: {
      schemaId: 0,
      fields: [{ id: 1, name: 'probe', type: { kind: 'int' }, required: false }],
      identifierFieldIds: [],
    },
    partitionSpec: { specId: 0, fields: [] },
    sortOrder: { orderId: 0, fields: [] },
    properties: {},
    location: null,
    formatVersion: 2,
  })
  if (created.kind === 'unknown') throw created.reason
  const probe = new Probe(parts, identifier)
  try {
    return await probe.run()
  } finally {
    await probe.cleanUp()
  }
}

/** What one request of the probe asserts and says, where it is not simply the next one. */
interface Trial {
  /** The head that it asserts; null: that there is none. */
  readonly asserted: SnapshotId | null
  readonly sequenceNumber?: bigint
  readonly more?: readonly TableUpdate[]
}

class Probe {
  readonly #parts: ProbeParts
  readonly #identifier: TableIdentifier
  readonly #written: string[] = []

  constructor(parts: ProbeParts, identifier: TableIdentifier) {
    this.#parts = parts
    this.#identifier = identifier
  }

  async run(): Promise<CatalogKeeps> {
    const first = await this.#commitFirst()
    const kept = await this.#load()
    await this.#mustLand({ asserted: first })
    const { snapshots } = await this.#load()
    return {
      tags: kept.refs[TAG]?.snapshotId === first,
      properties: kept.properties[PROPERTY] === String(first),
      allSnapshots: snapshots.some((one) => one.snapshotId === first),
      staleHeadRefused: !(await this.#lands({ asserted: first })),
      presentHeadRefused: !(await this.#lands({ asserted: null })),
      // Java looks at the number of a snapshot with a parent only: so this one has the true head as its parent.
      staleSequenceNumberRefused: !(await this.#lands({
        asserted: await this.#head(),
        sequenceNumber: 1n,
      })),
    }
  }

  async cleanUp(): Promise<void> {
    const { catalog, store } = this.#parts
    await catalog.dropTable(this.#identifier, { purge: false })
    for (const location of this.#written) await store.delete(location)
  }

  async #commitFirst(): Promise<SnapshotId> {
    const id = this.#nextId()
    const more: readonly TableUpdate[] = [
      { action: 'set-snapshot-ref', refName: TAG, ref: { type: 'tag', snapshotId: id } },
      { action: 'set-properties', updates: { [PROPERTY]: String(id) } },
    ]
    return this.#mustLand({ asserted: null, more }, id)
  }

  async #mustLand(trial: Trial, id: SnapshotId = this.#nextId()): Promise<SnapshotId> {
    if (await this.#lands(trial, id)) return id
    throw new FirnError(
      'CATALOG_UNAVAILABLE',
      'the catalog did not take a plain commit to a new table',
    )
  }

  /** Sends a snapshot on the head as it is, and looks whether it has become the head. */
  async #lands(trial: Trial, id: SnapshotId = this.#nextId()): Promise<boolean> {
    const { catalog, store, clock } = this.#parts
    const metadata = await this.#load()
    const parent = trial.asserted
    const sequenceNumber = trial.sequenceNumber ?? metadata.lastSequenceNumber + 1n
    const list = writeManifestList({
      formatVersion: 2,
      snapshotId: id,
      parentSnapshotId: parent,
      sequenceNumber,
      firstRowId: 0n,
      manifests: [],
    })
    const manifestList = `${metadataLocation(metadata)}/snap-${id}-1-${this.#parts.random.uuid()}.avro`
    await store.put(manifestList, list.bytes)
    this.#written.push(manifestList)
    const now = BigInt(clock.now())
    const timestampMs = now > metadata.lastUpdatedMs ? now : metadata.lastUpdatedMs
    await catalog.commitTable(this.#identifier, {
      requirements: [
        { type: 'assert-table-uuid', uuid: metadata.tableUuid },
        { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: parent },
      ],
      updates: [
        {
          action: 'add-snapshot',
          snapshot: {
            snapshotId: id,
            parentSnapshotId: parent,
            sequenceNumber,
            timestampMs,
            summary: { operation: 'append' },
            manifestList,
            schemaId: metadata.currentSchemaId,
            firstRowId: null,
            addedRows: null,
          },
        },
        { action: 'set-snapshot-ref', refName: 'main', ref: { type: 'branch', snapshotId: id } },
        ...(trial.more ?? []),
      ],
    })
    return (await this.#head()) === id
  }

  async #head(): Promise<SnapshotId | null> {
    const metadata = await this.#load()
    return metadata.refs['main']?.snapshotId ?? metadata.currentSnapshotId
  }

  async #load(): Promise<TableMetadata> {
    const outcome = await this.#parts.catalog.loadTable(this.#identifier)
    if (outcome.kind === 'loaded') return outcome.table.metadata
    throw new FirnError('CATALOG_UNAVAILABLE', 'the catalog lost a table that it had just created')
  }

  #nextId(): SnapshotId {
    return snapshotId(this.#parts.random.int63())
  }
}
