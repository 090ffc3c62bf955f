import { LevelReader } from './levels.ts'
import { Scratch } from './scratch.ts'

/** After so many row groups without one, a dictionary is tried again: the data may have changed. */
const SKIPPED_MAX = 16

/**
 * What the encoders of a table's files share on one thread: what was learnt about its columns from one row group and
 * one file to the next (which had no use for a dictionary), and scratch memory, of which none holds any between calls.
 */
export class EncodingMemory {
  readonly scratch = new Scratch()
  readonly levels = new LevelReader()
  private readonly skips = new Map<number, number>()

  /** Whether to try a dictionary for a column. */
  wantsDictionary(fieldId: number): boolean {
    const left = this.skips.get(fieldId) ?? 0
    if (left === 0) return true
    this.skips.set(fieldId, left - 1)
    return false
  }

  /** That a dictionary was tried, and whether it paid. */
  learn(fieldId: number, paid: boolean): void {
    this.skips.set(fieldId, paid ? 0 : SKIPPED_MAX)
  }
}
