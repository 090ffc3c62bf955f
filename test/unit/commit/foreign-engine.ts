import { snapshotId as asSnapshotId, type SnapshotId } from '../../../src/core/ids.ts'
import type { Random } from '../../../src/core/random.ts'
import { snapshotById } from '../../../src/iceberg/ancestry.ts'
import type { DataFile, ManifestFile } from '../../../src/iceberg/data-file.ts'
import { readManifestList, writeManifestList } from '../../../src/iceberg/manifest-list.ts'
import { readManifest } from '../../../src/iceberg/manifest-reader.ts'
import { stagedManifest, writeManifest } from '../../../src/iceberg/manifest-writer.ts'
import type { TableMetadata } from '../../../src/iceberg/metadata.ts'
import type { FakeCatalog } from '../../support/fake-catalog.ts'
import type { FakeObjectStore } from '../../support/fake-object-store.ts'
import { dataFile, SCHEMA, TABLE } from './fixtures.ts'

/** What other engines do to the table: appends, compactions, cherry-picks. */
export class ForeignEngine {
  readonly catalog: FakeCatalog
  readonly store: FakeObjectStore
  readonly random: Random
  #foreign = 0

  constructor(catalog: FakeCatalog, store: FakeObjectStore, random: Random) {
    this.catalog = catalog
    this.store = store
    this.random = random
  }

  get metadata(): TableMetadata {
    return this.catalog.metadata(TABLE)
  }

  /** The live files of main, read from its manifests. */
  async liveFiles(): Promise<readonly DataFile[]> {
    const head = this.metadata.currentSnapshotId
    if (head === null) return []
    const snapshot = snapshotById(this.metadata, head)!
    return this.#filesOf(readManifestList(await this.store.get(snapshot.manifestList)))
  }

  async #filesOf(manifests: readonly ManifestFile[]): Promise<readonly DataFile[]> {
    const files: DataFile[] = []
    for (const manifest of manifests) {
      const bytes = await this.store.get(manifest.manifestPath)
      const { entries } = readManifest(bytes, { manifest, schema: SCHEMA })
      files.push(
        ...entries.filter(({ status }) => status !== 'deleted').map(({ dataFile: file }) => file),
      )
    }
    return files
  }

  /** Another engine appends a file of its own. */
  async append(): Promise<SnapshotId> {
    return this.#foreignSnapshot('append', async (before, snapshotId) => {
      const file = dataFile(`foreign-${this.#foreign}.parquet`, 1)
      return [await this.#manifest([file], 'added', snapshotId), ...before]
    })
  }

  /** Another engine rewrites every file: nothing in the head names who added a row first. */
  async compact(): Promise<SnapshotId> {
    const live = await this.liveFiles()
    return this.#foreignSnapshot('replace', async (_before, snapshotId) => [
      await this.#manifest(
        live.map((file) =>
          Object.assign({}, file, { filePath: file.filePath.replace('.parquet', '.c.parquet') }),
        ),
        'added',
        snapshotId,
      ),
    ])
  }

  /** A delete of the files that the newest snapshot added: their manifest is rewritten with them as deleted. */
  async deleteNewest(): Promise<SnapshotId> {
    const newest = this.metadata.currentSnapshotId
    return this.#foreignSnapshot('delete', async (before, snapshotId) => {
      const gone = before.filter((one) => one.addedSnapshotId === newest)
      const kept = before.filter((one) => one.addedSnapshotId !== newest)
      return [await this.#manifest(await this.#filesOf(gone), 'deleted', snapshotId), ...kept]
    })
  }

  /** Java's cherry-pick: a new snapshot with the files of another, which says of which. */
  async cherryPick(source: SnapshotId): Promise<SnapshotId> {
    const picked = snapshotById(this.metadata, source)!
    const list = readManifestList(await this.store.get(picked.manifestList))
    const added = list.filter((one) => one.addedSnapshotId === source)
    const files = await this.#filesOf(added)
    return this.#foreignSnapshot(
      'append',
      async (before, snapshotId) => [await this.#manifest(files, 'added', snapshotId), ...before],
      { 'source-snapshot-id': String(source) },
    )
  }

  async #foreignSnapshot(
    operation: string,
    manifests: (before: readonly ManifestFile[], id: SnapshotId) => Promise<ManifestFile[]>,
    summary: Record<string, string> = {},
  ): Promise<SnapshotId> {
    this.#foreign += 1
    const { metadata } = this
    const head = metadata.currentSnapshotId
    const parent = head === null ? undefined : snapshotById(metadata, head)
    const before =
      parent === undefined ? [] : readManifestList(await this.store.get(parent.manifestList))
    const id = asSnapshotId(BigInt(7_000 + this.#foreign))
    const list = writeManifestList({
      formatVersion: metadata.formatVersion === 3 ? 3 : 2,
      snapshotId: id,
      parentSnapshotId: head,
      sequenceNumber: metadata.lastSequenceNumber + 1n,
      firstRowId: metadata.nextRowId,
      manifests: await manifests(before, id),
    })
    const manifestList = `mem://foreign/snap-${id}.avro`
    await this.store.put(manifestList, list.bytes)
    return this.catalog.addForeign(TABLE, {
      snapshotId: id,
      manifestList,
      summary: { operation, ...summary },
      ...(metadata.formatVersion === 3 ? { addedRows: list.addedRows } : {}),
    })
  }

  async #manifest(
    files: readonly DataFile[],
    status: 'added' | 'deleted',
    addedSnapshotId: SnapshotId,
  ): Promise<ManifestFile> {
    const written = writeManifest({
      formatVersion: this.metadata.formatVersion === 3 ? 3 : 2,
      schema: SCHEMA,
      spec: { specId: 0, fields: [] },
      content: 'data',
      entries: files.map((file) => ({
        status,
        snapshotId: null,
        sequenceNumber: status === 'added' ? null : 1n,
        fileSequenceNumber: null,
        dataFile: file,
      })),
    })
    const manifestPath = `mem://foreign/${this.random.uuid()}-m0.avro`
    await this.store.put(manifestPath, written.bytes)
    return stagedManifest(written, { manifestPath, addedSnapshotId })
  }
}
