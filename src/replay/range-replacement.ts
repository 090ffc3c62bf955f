import type { HeadReplacement, ReplacedHead, Replacement } from '../commit/replacement.ts'
import type { AddedFiles, RemovedFiles } from '../commit/snapshot-summary.ts'
import { tupleKey, writeDataManifest } from '../commit/stage.ts'
import type { SnapshotId } from '../core/ids.ts'
import type { DataFile, ManifestEntry, ManifestFile } from '../iceberg/data-file.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import { FileInspector } from './file-inspector.ts'
import {
  keyInName,
  rewriteFile,
  rewriteKey,
  type RewriteParts,
  type SourceFile,
} from './file-rewriter.ts'
import { type Candidate, Surveyor } from './head-survey.ts'
import { ManifestFilter, type RemovedPaths } from './manifest-filter.ts'
import { deletesOf } from './position-deletes.ts'

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

/** What becomes of one file that has rows of the ranges. */
export type FileFate =
  /** None of its rows is in them after all. */
  | { readonly kind: 'stays' }
  /** All of its live rows are. */
  | { readonly kind: 'goes' }
  | { readonly kind: 'rewritten'; readonly rowsKept: bigint }

/** A candidate with its deletes, and what becomes of it. */
export interface PlannedFile extends SourceFile {
  readonly manifestPath: string
  readonly fate: FileFate
}

export interface HeadPlan {
  readonly files: readonly PlannedFile[]
  readonly unplacedRows: bigint
  /** The staged files are in the head. */
  readonly live: boolean
}

/**
 * Takes the ranges' rows out of whatever files a head has them in, and puts the staged files in. Everything is asked
 * anew on every head; a file that was rewritten for one is used again for the next, as long as its source is there.
 */
export class RangeReplacement implements Replacement {
  readonly newBranch: string | undefined
  readonly #parts: RangeReplacementParts
  readonly #surveyor: Surveyor
  readonly #filter: ManifestFilter
  readonly #rewritten = new Map<string, DataFile>()
  readonly #manifests = new Map<string, ManifestFile>()

  constructor(parts: RangeReplacementParts) {
    this.#parts = parts
    this.newBranch = parts.newBranch
    const paths = new Set(parts.staged.files.map(({ filePath }) => filePath))
    this.#surveyor = new Surveyor({ ...parts, paths })
    this.#filter = new ManifestFilter(parts, parts.staged.snapshotId)
    for (const file of parts.rewritten) {
      const key = keyInName(file.filePath)
      if (key !== undefined) this.#rewritten.set(key, file)
    }
  }

  async on(head: ReplacedHead): Promise<HeadReplacement> {
    const plan = await this.plan(head)
    if (plan.live) return { kind: 'live' }
    const { staged } = this.#parts
    const rewritten: DataFile[] = []
    for (const file of plan.files) {
      if (file.fate.kind === 'rewritten') rewritten.push(await this.#rewrite(file, head.metadata))
    }
    const removed = plan.files.filter(({ fate }) => fate.kind !== 'stays')
    const added = [...staged.files, ...rewritten]
    const partitions = new Set(
      [...added, ...removed.map(({ entry }) => entry.dataFile)].map(partitionKey),
    ).size
    return {
      kind: 'replaced',
      manifests: [
        ...staged.manifests,
        ...(await this.#manifestsOf(rewritten, head.metadata)),
        ...(await this.#filter.without(head, pathsByManifest(removed))),
      ],
      added: { ...countFiles(added), partitions },
      removed: countFiles(removed.map(({ entry }) => entry.dataFile)),
    }
  }

  /** What would be done on a head; reads positions where bounds do not decide, and writes nothing. */
  async plan(head: ReplacedHead): Promise<HeadPlan> {
    const { candidates, positionDeletes, unplacedRows, livePaths } =
      await this.#surveyor.survey(head)
    const files: PlannedFile[] = []
    for (const candidate of candidates) {
      files.push(await this.#planFile(candidate, positionDeletes))
    }
    return { files, unplacedRows, live: livePaths.size > 0 }
  }

  async #planFile(
    { manifestPath, entry, standing }: Candidate,
    positionDeletes: readonly ManifestEntry[],
  ): Promise<PlannedFile> {
    const source = { entry, deletes: deletesOf(entry, positionDeletes) }
    if (standing === 'inside') return { ...source, manifestPath, fate: { kind: 'goes' } }
    const { liveRows, rowsInRanges } = await this.#parts.inspector.inspect(source)
    const rowsKept = liveRows - rowsInRanges
    if (rowsInRanges === 0n) return { ...source, manifestPath, fate: { kind: 'stays' } }
    if (rowsKept === 0n) return { ...source, manifestPath, fate: { kind: 'goes' } }
    return { ...source, manifestPath, fate: { kind: 'rewritten', rowsKept } }
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
