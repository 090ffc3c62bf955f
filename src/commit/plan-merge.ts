import type { ManifestFile } from '../iceberg/data-file.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import { wholeProperty } from './table-properties.ts'

export interface MergeLimits {
  readonly enabled: boolean
  readonly countMin: number
  readonly targetBytes: bigint
}

const TARGET_BYTES_DEFAULT = 8 * 1024 * 1024

/** The table's `commit.manifest*` properties, with Iceberg's defaults. */
export function mergeLimits(properties: TableMetadata['properties']): MergeLimits {
  return {
    enabled: properties['commit.manifest-merge.enabled'] !== 'false',
    countMin: wholeProperty(properties, 'commit.manifest.min-count-to-merge', 100),
    targetBytes: BigInt(
      wholeProperty(properties, 'commit.manifest.target-size-bytes', TARGET_BYTES_DEFAULT),
    ),
  }
}

/** Manifests in the order of the new list: one as it is, or several to be merged into one. */
export type MergeGroup = readonly ManifestFile[]

/**
 * Which of the parent's data manifests to merge, as Iceberg's own merging append decides: of one spec, neighbours
 * packed from the oldest up to the target size; the youngest pack only once it has the minimal count. The manifests
 * of this commit (`added` of them, at the front of the youngest pack) count, but stay as they were staged. So each
 * manifest is rewritten once per so many commits, and never again once it is full: the cost of a commit stays flat. Pure.
 */
export function planMerge(
  manifests: readonly ManifestFile[],
  added: readonly ManifestFile[],
  limits: MergeLimits,
): readonly MergeGroup[] {
  if (!limits.enabled) return manifests.map((manifest) => [manifest])
  const kept = manifests.filter((manifest) => !isMergeable(manifest)).map((one) => [one])
  const specs = new Set(manifests.filter(isMergeable).map((one) => one.partitionSpecId))
  const merged = [...specs].flatMap((spec) => {
    const inSpec = (manifest: ManifestFile): boolean => manifest.partitionSpecId === spec
    const group = manifests.filter((manifest) => isMergeable(manifest) && inSpec(manifest))
    return packSpec(group, added.filter(inSpec).length, limits)
  })
  return [...merged, ...kept]
}

/** Delete manifests stay as they are, and so do encrypted ones. */
function isMergeable({ content, keyMetadata }: ManifestFile): boolean {
  return content === 'data' && (keyMetadata ?? null) === null
}

function packSpec(
  group: readonly ManifestFile[],
  added: number,
  { countMin, targetBytes }: MergeLimits,
): readonly MergeGroup[] {
  const packs = packFromEnd(group, targetBytes)
  return packs.flatMap((pack, index) => {
    const tooFew = index === 0 && pack.length + added < countMin
    return tooFew ? pack.map((manifest) => [manifest]) : [pack]
  })
}

/** Neighbours stay neighbours; the pack that is not full is the first, with the youngest. */
function packFromEnd(group: readonly ManifestFile[], targetBytes: bigint): ManifestFile[][] {
  const packs: ManifestFile[][] = []
  let bytes = 0n
  for (const manifest of [...group].reverse()) {
    const current = packs[0]
    if (current === undefined || bytes + manifest.manifestLength > targetBytes) {
      packs.unshift([manifest])
      bytes = manifest.manifestLength
    } else {
      current.unshift(manifest)
      bytes += manifest.manifestLength
    }
  }
  return packs
}
