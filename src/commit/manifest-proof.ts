import { snapshotById } from '../iceberg/ancestry.ts'
import type { ManifestFile } from '../iceberg/data-file.ts'
import { readManifest } from '../iceberg/manifest-reader.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type ManifestLists, readAll } from './manifest-lists.ts'
import { headOf, type ManifestProof } from './read-ledger.ts'

/** Beyond so many candidates the proof is given up: not proven, as if none of them named the snapshot. */
const CANDIDATES_MAX = 500

/** Looks for live files that a snapshot added among the manifests of the branch's head. */
export function manifestProof(
  metadata: TableMetadata,
  ref: string,
  { store, lists }: { readonly store: ObjectStore; readonly lists: ManifestLists },
): ManifestProof {
  return async ({ snapshotId, sequenceNumber }) => {
    const headId = headOf(metadata, ref)
    const head = headId === null ? undefined : snapshotById(metadata, headId)
    if (head === undefined) return false
    const manifests = await lists.of(head)
    const names = manifests.some(
      (manifest) => manifest.addedSnapshotId === snapshotId && manifest.addedFilesCount > 0,
    )
    if (names) return true
    const candidates = manifests.filter((manifest) => mayHold(manifest, sequenceNumber))
    if (candidates.length > CANDIDATES_MAX) return false
    const schema = currentSchema(metadata)
    const found = await readAll(candidates, async (manifest) => {
      const bytes = await store.get(manifest.manifestPath)
      return readManifest(bytes, { manifest, schema }).entries.some(
        (entry) => entry.status !== 'deleted' && entry.snapshotId === snapshotId,
      )
    })
    return found.includes(true)
  }
}

/** Only a manifest that was written after the snapshot, and has files as old as it, can list its files as existing. */
function mayHold(manifest: ManifestFile, sequenceNumber: bigint): boolean {
  return (
    manifest.existingFilesCount > 0 &&
    (manifest.minSequenceNumber ?? 0n) <= sequenceNumber &&
    (manifest.sequenceNumber ?? 0n) >= sequenceNumber
  )
}
