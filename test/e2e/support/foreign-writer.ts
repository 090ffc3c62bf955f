import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { type LoadedTable, type TableIdentifier, tableText } from '../../../src/catalog/catalog.ts'
import { RestCatalog } from '../../../src/catalog/rest-catalog.ts'
import { systemClock } from '../../../src/core/clock.ts'
import type { SnapshotId } from '../../../src/core/ids.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { snapshotId } from '../../../src/core/ids.ts'
import { snapshotById } from '../../../src/iceberg/ancestry.ts'
import type { DataFile, ManifestFile } from '../../../src/iceberg/data-file.ts'
import { readManifestList, writeManifestList } from '../../../src/iceberg/manifest-list.ts'
import { readManifest } from '../../../src/iceberg/manifest-reader.ts'
import { stagedManifest, writeManifest } from '../../../src/iceberg/manifest-writer.ts'
import { currentSchema } from '../../../src/iceberg/metadata-json.ts'
import type { Snapshot } from '../../../src/iceberg/metadata.ts'
import type { TableUpdate } from '../../../src/iceberg/update.ts'
import { LocalObjectStore } from '../../../src/storage/local-object-store.ts'
import { readersVenv } from '../../../rig/artefacts.ts'
import { ensure } from '../../../rig/cache.ts'
import { pythonOf } from '../../../rig/clients.ts'
import { runGuarded } from '../../../rig/guarded.ts'
import type { RestCatalog as RigCatalog } from '../../../rig/services/fixture-catalog.ts'

const NO_TLS = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  insecureSkipVerify: false,
}

/** Somebody else who changes a table in a local directory, through the catalog as any tool does. */
export class ForeignWriter {
  readonly #catalog: RigCatalog
  readonly #table: TableIdentifier
  readonly #store = new LocalObjectStore()

  constructor(catalog: RigCatalog, table: TableIdentifier) {
    this.#catalog = catalog
    this.#table = table
  }

  async load(): Promise<LoadedTable['metadata']> {
    return this.#with(async (catalog) => {
      const loaded = await catalog.loadTable(this.#table)
      if (loaded.kind !== 'loaded') throw new Error(`no ${tableText(this.#table)}`)
      return loaded.table.metadata
    })
  }

  /** The snapshots of main, newest first. */
  async ancestry(): Promise<readonly Snapshot[]> {
    const metadata = await this.load()
    const snapshots: Snapshot[] = []
    let id = metadata.currentSnapshotId
    while (id !== null) {
      const snapshot = snapshotById(metadata, id)
      if (snapshot === undefined) break
      snapshots.push(snapshot)
      id = snapshot.parentSnapshotId
    }
    return snapshots
  }

  /** The live data files of main. */
  async files(): Promise<readonly DataFile[]> {
    const metadata = await this.load()
    const files: DataFile[] = []
    for (const manifest of await this.#manifests()) {
      const bytes = await this.#store.get(manifest.manifestPath)
      const { entries } = readManifest(bytes, { manifest, schema: currentSchema(metadata) })
      files.push(...entries.flatMap((one) => (one.status === 'deleted' ? [] : [one.dataFile])))
    }
    return files
  }

  /** Moves main to a snapshot. */
  async rollBack(to: SnapshotId): Promise<void> {
    await this.change([
      { action: 'set-snapshot-ref', refName: 'main', ref: { type: 'branch', snapshotId: to } },
    ])
  }

  /** Appends a copy of a data file that is in the table already. Returns the copy's location. */
  async appendCopy(of: DataFile): Promise<string> {
    const metadata = await this.load()
    const [spec] = metadata.partitionSpecs
    if (spec === undefined) throw new Error('no partition spec')
    const filePath = of.filePath.replace(/\.parquet$/, '-copy.parquet')
    await copyFile(fileURLToPath(of.filePath), fileURLToPath(filePath))
    const id = snapshotId(systemRandom.int63())
    const manifestPath = `${metadata.location}/metadata/copy-${id}-m0.avro`
    const written = writeManifest({
      formatVersion: 2,
      schema: currentSchema(metadata),
      spec,
      content: 'data',
      entries: [
        {
          status: 'added',
          snapshotId: id,
          sequenceNumber: null,
          fileSequenceNumber: null,
          dataFile: { ...of, filePath },
        },
      ],
    })
    await this.#store.put(manifestPath, written.bytes)
    const added = stagedManifest(written, { manifestPath, addedSnapshotId: id })
    await this.#append(id, [added, ...(await this.#manifests())])
    return filePath
  }

  /** A snapshot with the files that are there, and no more. */
  async appendNothing(): Promise<void> {
    const [head] = await this.ancestry()
    const totals = Object.entries(head?.summary ?? {}).filter(([key]) => key.startsWith('total-'))
    const id = snapshotId(systemRandom.int63())
    await this.#append(id, await this.#manifests(), Object.fromEntries(totals))
  }

  async #append(
    id: SnapshotId,
    manifests: readonly ManifestFile[],
    totals: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const metadata = await this.load()
    const sequenceNumber = metadata.lastSequenceNumber + 1n
    const list = writeManifestList({
      formatVersion: 2,
      snapshotId: id,
      parentSnapshotId: metadata.currentSnapshotId,
      sequenceNumber,
      firstRowId: 0n,
      manifests,
    })
    const manifestList = `${metadata.location}/metadata/snap-${id}.avro`
    await this.#store.put(manifestList, list.bytes)
    await this.change([
      {
        action: 'add-snapshot',
        snapshot: {
          snapshotId: id,
          parentSnapshotId: metadata.currentSnapshotId,
          sequenceNumber,
          timestampMs: BigInt(Date.now()),
          summary: { operation: 'append', 'engine-name': 'somebody', ...totals },
          manifestList,
          schemaId: metadata.currentSchemaId,
          firstRowId: null,
          addedRows: null,
        },
      },
      { action: 'set-snapshot-ref', refName: 'main', ref: { type: 'branch', snapshotId: id } },
    ])
  }

  /** PyIceberg deletes rows: it writes their files anew without them. */
  async deleteRows(filter: string): Promise<void> {
    const { uri, warehouse } = this.#catalog
    const script = join(import.meta.dirname, 'delete_rows.py')
    const { status, stderr } = await runGuarded({
      program: pythonOf(await ensure(readersVenv)),
      args: [script, uri, warehouse, tableText(this.#table), filter],
    })
    expect(status, stderr).toBe(0)
  }

  async #manifests(): Promise<readonly ManifestFile[]> {
    const [head] = await this.ancestry()
    return head === undefined ? [] : readManifestList(await this.#store.get(head.manifestList))
  }

  /** One request of one's own, under the table's uuid alone. */
  async change(updates: readonly TableUpdate[]): Promise<void> {
    const { tableUuid } = await this.load()
    const outcome = await this.#with(async (catalog) =>
      catalog.commitTable(this.#table, {
        requirements: [{ type: 'assert-table-uuid', uuid: tableUuid }],
        updates,
      }),
    )
    expect(outcome.kind).toBe('committed')
  }

  async #with<T>(act: (catalog: RestCatalog) => Promise<T>): Promise<T> {
    const catalog = await RestCatalog.open(
      {
        uri: this.#catalog.uri,
        warehouse: this.#catalog.warehouse,
        auth: { type: 'none' },
        headers: {},
        tls: NO_TLS,
        accessDelegation: 'none',
        connectTimeoutMs: 5_000,
        requestTimeoutMs: 30_000,
        retry: { attemptsMax: 3, waitMsMin: 10, waitMsMax: 100 },
      },
      { clock: systemClock, random: systemRandom },
    )
    try {
      return await act(catalog)
    } finally {
      await catalog.close()
    }
  }
}
