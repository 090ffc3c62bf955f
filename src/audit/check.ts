import { partitionText, type TopicPartition } from '../core/offsets.ts'
import type { PositionList } from './position-list.ts'

/**
 * How one check went. `unproven`: nothing wrong was seen, and what the check is for could not be read. `inexact`: the
 * table has what cannot be counted at all. `note`: a fact, and nothing to pass or fail.
 */
export type CheckStatus = 'ok' | 'failed' | 'unproven' | 'inexact' | 'note'

export interface Check {
  /** Stable, for programs. */
  readonly name: string
  readonly status: CheckStatus
  /** A sentence for people. */
  readonly text: string
  /** What exactly is wrong: bounded, with the number of what is left out. */
  readonly differences: readonly string[]
}

/** A check that fails where there are differences. */
export function check(
  name: string,
  texts: { readonly ok: string; readonly failed: string },
  differences: readonly string[],
): Check {
  const failed = differences.length > 0
  return {
    name,
    status: failed ? 'failed' : 'ok',
    text: failed ? texts.failed : texts.ok,
    differences,
  }
}

/** What is neither passed nor failed. */
export function note(name: string, status: CheckStatus, text: string): Check {
  return { name, status, text, differences: [] }
}

const LISTED_MAX = 50

/** The first of a list, and how many there are beside them. */
export function bounded(lines: readonly string[]): readonly string[] {
  if (lines.length <= LISTED_MAX) return lines
  return [...lines.slice(0, LISTED_MAX), `… and ${lines.length - LISTED_MAX} more`]
}

/** `3 positions`, or `one position`. */
export function counted(count: number | bigint, thing: string): string {
  return Number(count) === 1 ? `one ${thing}` : `${count.toLocaleString('en-US')} ${thing}s`
}

/** As many positions as a list has. */
export function positions({ total }: PositionList): string {
  return counted(total, 'position')
}

/** A partition with a reason. */
export function reasonTexts(
  reasons: Iterable<readonly [TopicPartition, string]>,
): readonly string[] {
  return [...reasons].map(([partition, why]) => `${partitionText(partition)}: ${why}`)
}
