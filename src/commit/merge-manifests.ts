import { required } from '../core/assert.ts'
import { FirnError } from '../core/errors.ts'
import type { SnapshotId } from '../core/ids.ts'
import type { ManifestEntry, ManifestFile } from '../iceberg/data-file.ts'
import { readManifest } from '../iceberg/manifest-reader.ts'
import { stagedManifest, writeManifest } from '../iceberg/manifest-writer.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import { partitionWriteProblems } from '../iceberg/partition-spec.ts'
import type { CommitContext } from './context.ts'
import { readAll } from './manifest-lists.ts'
import { type MergeGroup, mergeLimits, planMerge } from './plan-merge.ts'
import { metadataLocation } from './table-properties.ts'

/** Merges small manifests for the snapshot of one staged set; an attempt on the next head uses them again. */
export class ManifestMerger {
  readonly #context: CommitContext
  readonly #snapshotId: SnapshotId
  /** By the paths of what was merged. */
  readonly #merged = new Map<string, ManifestFile>()

  constructor(context: CommitContext, snapshotId: SnapshotId) {
    this.#context = context
    this.#snapshotId = snapshotId
  }

  /**
   * The parent's manifests for the new list: without those that have no live file left, and merged where it is due.
   * A manifest that cannot be read or written again stays as it is: merging is a courtesy, the commit is not.
   */
  async merge(
    metadata: TableMetadata,
    parent: readonly ManifestFile[],
    added: readonly ManifestFile[],
  ): Promise<readonly ManifestFile[]> {
    const live = parent.filter((one) => one.addedFilesCount + one.existingFilesCount > 0)
    const groups = planMerge(live, added, mergeLimits(metadata.properties))
    try {
      const manifests = await readAll(groups, async (group) => this.#mergeGroup(metadata, group))
      return manifests.flat()
    } catch (fault) {
      if (!(fault instanceof FirnError) || fault.retry === 'backoff') throw fault
      this.#context.observe({ kind: 'merge-failed', reason: fault })
      return live
    }
  }

  async #mergeGroup(metadata: TableMetadata, group: MergeGroup): Promise<readonly ManifestFile[]> {
    const spec = metadata.partitionSpecs.find((one) => one.specId === group[0]?.partitionSpecId)
    const schema = currentSchema(metadata)
    // A spec whose column is gone, or whose transform Firn does not know, cannot be written again.
    const writable = spec !== undefined && partitionWriteProblems(spec, schema).length === 0
    if (group.length < 2 || !writable) return group
    const key = group.map(({ manifestPath }) => manifestPath).join('\n')
    const merged = this.#merged.get(key) ?? (await this.#rewrite(metadata, group))
    this.#merged.set(key, merged)
    return [merged]
  }

  async #rewrite(metadata: TableMetadata, group: MergeGroup): Promise<ManifestFile> {
    const { store, random, observe } = this.#context
    const schema = currentSchema(metadata)
    const contents = await readAll(group, async (manifest) =>
      readManifest(await store.get(manifest.manifestPath), { manifest, schema }),
    )
    const { spec } = required(contents[0], 'first manifest of a group')
    const written = writeManifest({
      formatVersion: metadata.formatVersion === 3 ? 3 : 2,
      schema,
      spec,
      content: 'data',
      entries: contents.flatMap(({ entries }) => entries.flatMap(asExisting)),
    })
    const manifestPath = `${metadataLocation(metadata)}/${random.uuid()}-m0.avro`
    await store.put(manifestPath, written.bytes)
    observe({ kind: 'merged', manifests: group.length })
    return stagedManifest(written, { manifestPath, addedSnapshotId: this.#snapshotId })
  }
}

/** Entries keep their snapshot and sequence numbers; files that an earlier snapshot deleted are forgotten. */
function asExisting(entry: ManifestEntry): ManifestEntry[] {
  return entry.status === 'deleted' ? [] : [{ ...entry, status: 'existing' }]
}
