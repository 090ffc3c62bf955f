import type { Clock } from '../core/clock.ts'
import { passes } from '../core/points.ts'
import { asFirnError, type FirnError } from '../core/errors.ts'
import type { SealedFiles } from '../writer/sealed-files.ts'
import type { CommitStep, TableSession } from './table-session.ts'

/** A step that needs no further attempt. */
export type FinalStep = Exclude<CommitStep, { kind: 'exhausted' }>

/** What became of a round. `lost`: a fault before its files were staged, after a pause. */
export type RoundEnd =
  | { readonly kind: 'ended'; readonly step: FinalStep; readonly files: SealedFiles }
  | { readonly kind: 'lost'; readonly error: FirnError }
  | { readonly kind: 'abandoned' }

export interface CarryParts {
  readonly session: Pick<TableSession, 'stage' | 'commit'>
  readonly clock: Clock
  /** The pace of attempts once the bounded ones are used up. */
  readonly slowRetryMs: number
  readonly abandoned: AbortSignal
  readonly written: (files: SealedFiles) => void
  /** The catalog or the store does not take what was sealed, for now. */
  readonly stuck: (during: 'stage' | 'commit', reason: FirnError) => void
}

/**
 * Takes a sealed round into the table: stage once, then commit for as long as it takes. While the catalog is away the
 * files stay staged and Kafka keeps the records. Never throws.
 */
export async function carryRound(
  sealing: Promise<SealedFiles>,
  { session, clock, slowRetryMs, abandoned, written, stuck }: CarryParts,
): Promise<RoundEnd> {
  try {
    const files = await sealing
    passes('uploaded')
    const staged = await session.stage(files)
    passes('staged')
    written(files)
    while (!abandoned.aborted) {
      const step = await session.commit(staged, abandoned)
      if (step.kind !== 'exhausted') return { kind: 'ended', step, files }
      // Nobody waits for it any more: whoever abandoned it reads again, and must not be told to stand still.
      if (abandoned.aborted) break
      stuck('commit', step.reason)
      await clock.sleep(slowRetryMs, abandoned)
    }
    return { kind: 'abandoned' }
  } catch (fault) {
    const error = asFirnError(fault)
    stuck('stage', error)
    await clock.sleep(slowRetryMs, abandoned)
    return { kind: 'lost', error }
  }
}
