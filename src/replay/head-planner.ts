import type { ReplacedHead } from '../commit/replacement.ts'
import type { ManifestEntry } from '../iceberg/data-file.ts'
import type { FileInspector } from './file-inspector.ts'
import type { SourceFile } from './file-rewriter.ts'
import { type Candidate, Surveyor, type SurveyParts } from './head-survey.ts'
import { deletesOf } from './position-deletes.ts'

/** What becomes of one file that may have rows of the ranges. */
export type FileFate =
  /** None of its rows is in them after all. */
  | { readonly kind: 'stays' }
  /** All of its live rows are. */
  | { readonly kind: 'goes' }
  | { readonly kind: 'rewritten'; readonly rowsKept: bigint }

/** A file with the deletes that apply to it, and what becomes of it. */
export interface PlannedFile extends SourceFile {
  readonly manifestPath: string
  readonly fate: FileFate
}

export interface HeadPlan {
  readonly files: readonly PlannedFile[]
  /** Live rows that do not say their position, as far as the manifests tell. */
  readonly unplacedRows: bigint
  /** Some of the paths that were looked for are in the head. */
  readonly live: boolean
}

/** Decides what becomes of each file of a head: by its bounds, else by the positions of its rows. Writes nothing. */
export class HeadPlanner {
  readonly #surveyor: Surveyor
  readonly #inspector: FileInspector

  constructor(parts: SurveyParts & { readonly inspector: FileInspector }) {
    this.#surveyor = new Surveyor(parts)
    this.#inspector = parts.inspector
  }

  /** Throws REPLAY_REFUSED where it cannot be told. */
  async plan(head: ReplacedHead): Promise<HeadPlan> {
    const { candidates, positionDeletes, unplacedRows, livePaths } =
      await this.#surveyor.survey(head)
    const files: PlannedFile[] = []
    for (const candidate of candidates) files.push(await this.#planFile(candidate, positionDeletes))
    return { files, unplacedRows, live: livePaths.size > 0 }
  }

  async #planFile(
    { manifestPath, entry, standing }: Candidate,
    positionDeletes: readonly ManifestEntry[],
  ): Promise<PlannedFile> {
    const source = { entry, deletes: deletesOf(entry, positionDeletes), manifestPath }
    if (standing === 'inside') return { ...source, fate: { kind: 'goes' } }
    const { liveRows, rowsInRanges } = await this.#inspector.inspect(source)
    const rowsKept = liveRows - rowsInRanges
    if (rowsInRanges === 0n) return { ...source, fate: { kind: 'stays' } }
    return {
      ...source,
      fate: rowsKept === 0n ? { kind: 'goes' } : { kind: 'rewritten', rowsKept },
    }
  }
}
