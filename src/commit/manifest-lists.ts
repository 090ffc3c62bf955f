import { FirnError } from '../core/errors.ts'
import type { ManifestFile } from '../iceberg/data-file.ts'
import { readManifestList } from '../iceberg/manifest-list.ts'
import type { Snapshot } from '../iceberg/metadata.ts'
import type { ObjectStore } from '../storage/object-store.ts'

/**
 * Reads manifest lists, and remembers the last one: they never change, and the head's is mostly the one that this
 * worker wrote itself.
 */
export class ManifestLists {
  readonly #store: ObjectStore
  #last: { readonly location: string; readonly manifests: readonly ManifestFile[] } | undefined

  constructor(store: ObjectStore) {
    this.#store = store
  }

  /** The manifests of a snapshot. Throws MANIFEST_INVALID for an old v1 snapshot without a manifest list. */
  async of({ snapshotId, manifestList }: Snapshot): Promise<readonly ManifestFile[]> {
    if (manifestList === '') {
      throw new FirnError(
        'MANIFEST_INVALID',
        `snapshot ${snapshotId} lists its manifests itself, as only old v1 snapshots do`,
        {
          help: 'rewrite the manifests of the table (rewrite_manifests in Spark), then start again',
        },
      )
    }
    if (this.#last?.location === manifestList) return this.#last.manifests
    const manifests = readManifestList(await this.#store.get(manifestList))
    this.remember(manifestList, manifests)
    return manifests
  }

  /** What was just written need not be read again. */
  remember(location: string, manifests: readonly ManifestFile[]): void {
    this.#last = { location, manifests }
  }
}

const PARALLEL_READS = 8

/** What `read` makes of each, in order, a bounded number at a time. */
export async function readAll<T, R>(
  items: readonly T[],
  read: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  for (let start = 0; start < items.length; start += PARALLEL_READS) {
    results.push(...(await Promise.all(items.slice(start, start + PARALLEL_READS).map(read))))
  }
  return results
}
