import { readAll } from '../commit/manifest-lists.ts'
import type { ReplacedHead } from '../commit/replacement.ts'
import { assert } from '../core/assert.ts'
import { refuseOldFormat } from '../commit/load-table.ts'
import { metadataLocation } from '../commit/table-properties.ts'
import type { SnapshotId } from '../core/ids.ts'
import type { Random } from '../core/random.ts'
import type { ManifestEntry, ManifestFile } from '../iceberg/data-file.ts'
import { readManifest } from '../iceberg/manifest-reader.ts'
import { stagedManifest, writeManifest } from '../iceberg/manifest-writer.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/** Files to take out, by the path of the manifest that lists them. */
export type RemovedPaths = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Writes manifests again without some of their files: those stay in it as deleted, which tells incremental readers,
 * and the others as existing, with the numbers that they have. What one attempt wrote, the next one uses again.
 */
export class ManifestFilter {
  readonly #parts: { readonly store: ObjectStore; readonly random: Random }
  readonly #snapshotId: SnapshotId
  /** By the manifest's path and what was taken out of it. */
  readonly #written = new Map<string, ManifestFile>()

  constructor(
    parts: { readonly store: ObjectStore; readonly random: Random },
    snapshotId: SnapshotId,
  ) {
    this.#parts = parts
    this.#snapshotId = snapshotId
  }

  /** The head's manifests for a new list; those without any live file are left out, as in every commit of Firn's. */
  async without(head: ReplacedHead, removed: RemovedPaths): Promise<readonly ManifestFile[]> {
    const live = head.manifests.filter((one) => one.addedFilesCount + one.existingFilesCount > 0)
    const listed = new Set(live.map(({ manifestPath }) => manifestPath))
    for (const path of removed.keys()) assert(listed.has(path), `${path} is in the head`)
    return readAll(live, async (manifest) => {
      const paths = removed.get(manifest.manifestPath)
      return paths === undefined || paths.size === 0
        ? manifest
        : this.#filtered(head, manifest, paths)
    })
  }

  async #filtered(
    head: ReplacedHead,
    manifest: ManifestFile,
    paths: ReadonlySet<string>,
  ): Promise<ManifestFile> {
    const key = [manifest.manifestPath, ...[...paths].sort()].join('\n')
    const known = this.#written.get(key)
    if (known !== undefined) return known
    const written = await this.#write(head, manifest, paths)
    this.#written.set(key, written)
    return written
  }

  async #write(
    { metadata }: ReplacedHead,
    manifest: ManifestFile,
    paths: ReadonlySet<string>,
  ): Promise<ManifestFile> {
    const { store, random } = this.#parts
    const schema = currentSchema(metadata)
    const read = readManifest(await store.get(manifest.manifestPath), { manifest, schema })
    const entries = read.entries.flatMap((entry) => this.#entryAfter(entry, paths))
    const gone = entries.filter(({ status }) => status === 'deleted').length
    // A file that stayed beside the one in its place would be rows twice.
    assert(gone === paths.size, `${manifest.manifestPath} lists what is to be taken out of it`)
    const written = writeManifest({
      formatVersion: refuseOldFormat(metadata),
      schema,
      spec: read.spec,
      content: read.content,
      entries,
    })
    const manifestPath = `${metadataLocation(metadata)}/${random.uuid()}-m0.avro`
    await store.put(manifestPath, written.bytes)
    return stagedManifest(written, { manifestPath, addedSnapshotId: this.#snapshotId })
  }

  /** What an earlier snapshot deleted is forgotten. */
  #entryAfter(entry: ManifestEntry, paths: ReadonlySet<string>): readonly ManifestEntry[] {
    if (entry.status === 'deleted') return []
    return paths.has(entry.dataFile.filePath)
      ? [{ ...entry, status: 'deleted', snapshotId: this.#snapshotId }]
      : [{ ...entry, status: 'existing' }]
  }
}
