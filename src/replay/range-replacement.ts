import type { HeadReplacement, ReplacedHead, Replacement } from '../commit/replacement.ts'
import type { AddedFiles, RemovedFiles } from '../commit/snapshot-summary.ts'
import { tupleKey, writeDataManifest } from '../commit/stage.ts'
import type { SnapshotId } from '../core/ids.ts'
import type { DataFile, ManifestFile } from '../iceberg/data-file.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import type { FileInspector } from './file-inspector.ts'
import {
  keyInName,
  rewriteFile,
  rewriteKey,
  type RewriteParts,
  type SourceFile,
} from './file-rewriter.ts'
import { HeadPlanner, type PlannedFile } from './head-planner.ts'
import { ManifestFilter, type RemovedPaths } from './manifest-filter.ts'

/** What was staged once: the files that were read again, and their manifests. */
export interface StagedFiles {
  readonly snapshotId: SnapshotId
  readonly manifests: readonly ManifestFile[]
  readonly files: readonly DataFile[]
}

export interface RangeReplacementParts extends RewriteParts {
  readonly staged: StagedFiles
  readonly newBranch: string | undefined
  readonly inspector: FileInspector
  /** Rewritten files of an earlier replay of the same ranges: a promotion uses them again. */
  readonly rewritten: readonly DataFile[]
}

/** A file that was rewritten, and what it stands in the place of. */
export interface Rewriting {
  readonly source: PlannedFile
  readonly file: DataFile
}

/** What was done on the head of the last attempt. */
export interface ReplacedFiles {
  readonly removed: readonly PlannedFile[]
  readonly rewritten: readonly Rewriting[]
}

/**
 * Takes the ranges' rows out of whatever files a head has them in, and puts the staged files in. Everything is asked
 * anew on every head; a file that was rewritten for one is used again for the next, as long as its source is there.
 */
export class RangeReplacement implements Replacement {
  readonly newBranch: string | undefined
  readonly #parts: RangeReplacementParts
  readonly #planner: HeadPlanner
  readonly #filter: ManifestFilter
  readonly #rewritten = new Map<string, DataFile>()
  readonly #manifests = new Map<string, ManifestFile>()
  #replaced: ReplacedFiles = { removed: [], rewritten: [] }

  constructor(parts: RangeReplacementParts) {
    this.#parts = parts
    this.newBranch = parts.newBranch
    const paths = new Set(parts.staged.files.map(({ filePath }) => filePath))
    this.#planner = new HeadPlanner({ ...parts, paths })
    this.#filter = new ManifestFilter(parts, parts.staged.snapshotId)
    for (const file of parts.rewritten) {
      const key = keyInName(file.filePath)
      if (key !== undefined) this.#rewritten.set(key, file)
    }
  }

  /** What the last attempt that was sent has replaced. */
  get replaced(): ReplacedFiles {
    return this.#replaced
  }

  async on(head: ReplacedHead): Promise<HeadReplacement> {
    const plan = await this.#planner.plan(head)
    if (plan.live) return { kind: 'live' }
    const { staged } = this.#parts
    const removed = plan.files.filter(({ fate }) => fate.kind !== 'stays')
    const rewritten: Rewriting[] = []
    for (const source of removed) {
      if (source.fate.kind !== 'rewritten') continue
      rewritten.push({ source, file: await this.#rewrite(source, head.metadata) })
    }
    this.#replaced = { removed, rewritten }
    const rewrittenFiles = rewritten.map(({ file }) => file)
    const added = [...staged.files, ...rewrittenFiles]
    const gone = removed.map(({ entry }) => entry.dataFile)
    return {
      kind: 'replaced',
      manifests: [
        ...staged.manifests,
        ...(await this.#manifestsOf(rewrittenFiles, head.metadata)),
        ...(await this.#filter.without(head, pathsByManifest(removed))),
      ],
      added: {
        ...countFiles(added),
        partitions: new Set([...added, ...gone].map(partitionKey)).size,
      },
      removed: countFiles(gone),
    }
  }

  async #rewrite(source: SourceFile, metadata: TableMetadata): Promise<DataFile> {
    const key = rewriteKey(source, this.#parts.ranges)
    const known = this.#rewritten.get(key)
    if (known !== undefined) return known
    const written = await rewriteFile(source, metadata, this.#parts)
    this.#rewritten.set(key, written)
    return written
  }

  async #manifestsOf(
    files: readonly DataFile[],
    metadata: TableMetadata,
  ): Promise<readonly ManifestFile[]> {
    const manifests: ManifestFile[] = []
    for (const specId of new Set(files.map((file) => file.specId))) {
      const ofSpec = files.filter((file) => file.specId === specId)
      const key = ofSpec.map(({ filePath }) => filePath).join('\n')
      const { staged } = this.#parts
      const known = this.#manifests.get(key)
      const manifest =
        known ??
        (await writeDataManifest(this.#parts, metadata, {
          files: ofSpec,
          specId,
          snapshotId: staged.snapshotId,
        }))
      this.#manifests.set(key, manifest)
      manifests.push(manifest)
    }
    return manifests
  }
}

function partitionKey({ specId, partition }: DataFile): string {
  return `${specId} ${tupleKey(partition)}`
}

function countFiles(files: readonly DataFile[]): RemovedFiles & Omit<AddedFiles, 'partitions'> {
  return {
    files: files.length,
    records: files.reduce((sum, { recordCount }) => sum + recordCount, 0n),
    bytes: files.reduce((sum, { fileSizeInBytes }) => sum + fileSizeInBytes, 0n),
  }
}

function pathsByManifest(files: readonly PlannedFile[]): RemovedPaths {
  const paths = new Map<string, Set<string>>()
  for (const { manifestPath, entry } of files) {
    const known = paths.get(manifestPath) ?? new Set<string>()
    paths.set(manifestPath, known.add(entry.dataFile.filePath))
  }
  return paths
}
