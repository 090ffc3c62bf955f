import { readAll } from '../commit/manifest-lists.ts'
import type { ReplacedHead } from '../commit/replacement.ts'
import { FirnError } from '../core/errors.ts'
import type { PartitionMap, PositionRange } from '../core/offsets.ts'
import type { ManifestEntry, ManifestFile } from '../iceberg/data-file.ts'
import { readManifest } from '../iceberg/manifest-reader.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type FileStanding, fileStanding } from './file-standing.ts'
import type { KafkaPlace } from './kafka-place.ts'

/** A live data file that has, or may have, rows of the ranges. */
export interface Candidate {
  readonly manifestPath: string
  readonly entry: ManifestEntry
  readonly standing: Exclude<FileStanding, 'outside'>
}

/** What the manifests of a head say about some ranges. */
export interface HeadSurvey {
  readonly candidates: readonly Candidate[]
  /** Live delete files that name rows by position. */
  readonly positionDeletes: readonly ManifestEntry[]
  /** Live rows that do not say their position, as far as the manifests tell. */
  readonly unplacedRows: bigint
  /** Of the paths that were asked for: those that are live. */
  readonly livePaths: ReadonlySet<string>
}

interface ManifestSurvey {
  readonly candidates: readonly Candidate[]
  readonly deletes: readonly ManifestEntry[]
  readonly unplacedRows: bigint
  readonly livePaths: readonly string[]
}

export interface SurveyParts {
  readonly store: ObjectStore
  readonly place: KafkaPlace
  readonly ranges: PartitionMap<PositionRange>
  /** Files to look for. */
  readonly paths: ReadonlySet<string>
}

/** Looks through the manifests of heads; one that was looked through before, as most of the next head's, is not read again. */
export class Surveyor {
  readonly #parts: SurveyParts
  #known = new Map<string, ManifestSurvey>()

  constructor(parts: SurveyParts) {
    this.#parts = parts
  }

  /** Throws REPLAY_REFUSED where rows are deleted by their values. */
  async survey({ metadata, manifests }: ReplacedHead): Promise<HeadSurvey> {
    const live = manifests.filter((one) => one.addedFilesCount + one.existingFilesCount > 0)
    const surveys = await readAll(live, async (manifest) => ({
      path: manifest.manifestPath,
      found:
        this.#known.get(manifest.manifestPath) ?? (await this.#surveyManifest(metadata, manifest)),
    }))
    // Of this head only: what others have merged or dropped is not looked at again.
    this.#known = new Map(surveys.map(({ path, found }) => [path, found]))
    const all = surveys.map(({ found }) => found)
    const positionDeletes = all.flatMap(({ deletes }) => deletes)
    const byValue = positionDeletes.find(({ dataFile }) => dataFile.content === 'equality-deletes')
    if (byValue !== undefined) throw equalityDeletes(byValue)
    return {
      candidates: all.flatMap(({ candidates }) => candidates),
      positionDeletes,
      unplacedRows: all.reduce((sum, { unplacedRows }) => sum + unplacedRows, 0n),
      livePaths: new Set(all.flatMap(({ livePaths }) => livePaths)),
    }
  }

  async #surveyManifest(metadata: TableMetadata, manifest: ManifestFile): Promise<ManifestSurvey> {
    const { store, place, ranges, paths } = this.#parts
    const bytes = await store.get(manifest.manifestPath)
    const read = readManifest(bytes, { manifest, schema: currentSchema(metadata) })
    const entries = read.entries.filter(({ status }) => status !== 'deleted')
    if (manifest.content === 'deletes') {
      return { candidates: [], deletes: entries, unplacedRows: 0n, livePaths: [] }
    }
    const candidates = entries.flatMap((entry): Candidate[] => {
      const standing = fileStanding(entry.dataFile, place, ranges)
      return standing === 'outside'
        ? []
        : [{ manifestPath: manifest.manifestPath, entry, standing }]
    })
    return {
      candidates,
      deletes: [],
      unplacedRows: entries.reduce((sum, entry) => sum + unplacedIn(entry, place), 0n),
      livePaths: entries.map(({ dataFile }) => dataFile.filePath).filter((one) => paths.has(one)),
    }
  }
}

/** A file that says nothing of the column may lack it. */
function unplacedIn({ dataFile }: ManifestEntry, { offsetId }: KafkaPlace): bigint {
  return dataFile.metrics.nullValueCounts.get(offsetId) ?? dataFile.recordCount
}

function equalityDeletes({ dataFile }: ManifestEntry): FirnError {
  return new FirnError(
    'REPLAY_REFUSED',
    `the table has equality deletes (${dataFile.filePath}): what they delete of the rows that are put back cannot be told`,
    {
      context: { file: dataFile.filePath },
      help: 'compact the table (rewrite_data_files with delete-file-threshold 1 in Spark), then try again',
    },
  )
}
