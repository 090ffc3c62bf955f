import { snapshotId as asSnapshotId, type SnapshotId } from '../../src/core/ids.ts'
import type { Random } from '../../src/core/random.ts'
import { snapshotById } from '../../src/iceberg/ancestry.ts'
import type { DataFile, ManifestFile } from '../../src/iceberg/data-file.ts'
import { readManifestList, writeManifestList } from '../../src/iceberg/manifest-list.ts'
import { readManifest } from '../../src/iceberg/manifest-reader.ts'
import { stagedManifest, writeManifest } from '../../src/iceberg/manifest-writer.ts'
import { currentSchema } from '../../src/iceberg/metadata-json.ts'
import type { TableMetadata } from '../../src/iceberg/metadata.ts'
import type { TableIdentifier } from '../../src/catalog/catalog.ts'
import type { FakeCatalog } from './fake-catalog.ts'
import type { FakeObjectStore } from './fake-object-store.ts'

/** What other engines do to the table: appends, compactions, cherry-picks. */
export class ForeignEngine {
  readonly catalog: FakeCatalog
  readonly store: FakeObjectStore
  readonly random: Random
  readonly table: TableIdentifier
  /** A data file of another writer, as its manifest describes it. */
  readonly #file: (path: string) => DataFile
  #foreign = 0

  constructor(parts: {
    readonly catalog: FakeCatalog
    readonly store: FakeObjectStore
    readonly random: Random
    readonly table: TableIdentifier
    readonly file: (path: string) => DataFile
  }) {
    this.catalog = parts.catalog
    this.store = parts.store
    this.random = parts.random
    this.table = parts.table
    this.#file = parts.file
  }

  get metadata(): TableMetadata {
    return this.catalog.metadata(this.table)
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
      const { entries } = readManifest(bytes, { manifest, schema: currentSchema(this.metadata) })
      files.push(
        ...entries.filter(({ status }) => status !== 'deleted').map(({ dataFile: file }) => file),
      )
    }
    return files
  }

  /** Another engine appends a file of its own. */
  async append(): Promise<SnapshotId> {
    return this.#foreignSnapshot('append', async (before, snapshotId) => {
      const file = this.#file(`foreign-${this.#foreign}.parquet`)
      return [await this.#manifest([file], 'added', snapshotId), ...before]
    })
  }

  /** Another engine rewrites every file: nothing in the head names who added a row first. */
  async compact(): Promise<SnapshotId> {
    const live = await this.liveFiles()
    for (const { filePath } of live) this.#copy(filePath)
    return this.#foreignSnapshot('replace', async (_before, snapshotId) => [
      await this.#manifest(
        live.map((file) => Object.assign({}, file, { filePath: compacted(file.filePath) })),
        'added',
        snapshotId,
      ),
    ])
  }

  /** The rows go along; what stands only in a manifest has none. */
  #copy(path: string): void {
    const body = this.store.objects.get(path)
    if (body !== undefined) this.store.objects.set(compacted(path), body)
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
    for (;;) {
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
      // As another engine's commit: somebody was faster, so it is made anew on the new head.
      if (this.metadata.currentSnapshotId !== head) continue
      return this.catalog.addForeign(this.table, {
        snapshotId: id,
        manifestList,
        summary: { operation, ...summary },
        ...(metadata.formatVersion === 3 ? { addedRows: list.addedRows } : {}),
      })
    }
  }

  async #manifest(
    files: readonly DataFile[],
    status: 'added' | 'deleted',
    addedSnapshotId: SnapshotId,
  ): Promise<ManifestFile> {
    const written = writeManifest({
      formatVersion: this.metadata.formatVersion === 3 ? 3 : 2,
      schema: currentSchema(this.metadata),
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

function compacted(path: string): string {
  return path.replace('.parquet', '.c.parquet')
}
