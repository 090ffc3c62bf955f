import type { FirnError } from '../core/errors.ts'
import type { SnapshotId } from '../core/ids.ts'

/** What the commit loop tells while it works: metrics and logs are made of it, nothing depends on it. */
export type CommitEvent =
  | { readonly kind: 'loaded'; readonly attempt: number; readonly tookMs: number }
  | {
      readonly kind: 'answered'
      readonly attempt: number
      readonly response: 'committed' | 'conflict' | 'unknown' | 'refused'
      readonly snapshotId: SnapshotId
      readonly tookMs: number
    }
  | { readonly kind: 'failed'; readonly attempt: number; readonly reason: FirnError }
  | { readonly kind: 'waiting'; readonly attempt: number; readonly waitMs: number }
  | { readonly kind: 'merged'; readonly manifests: number }
  /** Merging small manifests failed; the commit goes on without. */
  | { readonly kind: 'merge-failed'; readonly reason: FirnError }

/** Called synchronously; must not throw. */
export type CommitObserver = (event: CommitEvent) => void
