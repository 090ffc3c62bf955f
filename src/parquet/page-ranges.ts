import type { Levels } from './levels.ts'
import type { Leaf } from './parquet-schema.ts'

/** What goes into one page: whole rows, their entries, and the values among these. */
export interface PageRange {
  readonly rowStart: number
  readonly rowEnd: number
  readonly entryStart: number
  readonly entryEnd: number
  readonly valueStart: number
  readonly valueEnd: number
}

export interface PageLimits {
  readonly rows: number
  readonly bytes: number
  /** Bytes of the values [start, end) before compression. */
  readonly sizeOf: (range: { readonly start: number; readonly end: number }) => number
}

/** A page may be so much larger than asked for, rather than be measured again. */
const TOLERANCE = 1.25

/** Cuts a chunk into pages. Pages end with rows, which the page index needs. */
export function pageRanges(
  leaf: Leaf,
  levels: Levels,
  rowCount: number,
  limits: PageLimits,
): PageRange[] {
  const pages: PageRange[] = []
  let [rowStart, entryStart, valueStart] = [0, 0, 0]
  while (rowStart < rowCount) {
    const page = nextPage({ rowStart, entryStart, valueStart }, leaf, levels, {
      ...limits,
      rowCount,
    })
    pages.push(page)
    rowStart = page.rowEnd
    entryStart = page.entryEnd
    valueStart = page.valueEnd
  }
  return pages
}

type PageStart = Pick<PageRange, 'rowStart' | 'entryStart' | 'valueStart'>

/** As many rows as the limit allows, and where these take too many bytes, their share of them. */
function nextPage(
  start: PageStart,
  leaf: Leaf,
  levels: Levels,
  limits: PageLimits & { readonly rowCount: number },
): PageRange {
  let rows = Math.min(limits.rows, limits.rowCount - start.rowStart)
  for (;;) {
    const rowEnd = start.rowStart + rows
    const entryEnd = levels.rowStarts === undefined ? rowEnd : (levels.rowStarts[rowEnd] ?? 0)
    const values = presentValues(leaf, levels, start.entryStart, entryEnd)
    const valueEnd = start.valueStart + values
    const size = limits.sizeOf({ start: start.valueStart, end: valueEnd })
    if (size <= limits.bytes * TOLERANCE || rows === 1) {
      return { ...start, rowEnd, entryEnd, valueEnd }
    }
    rows = Math.max(1, Math.floor((rows * limits.bytes) / size))
  }
}

function presentValues(leaf: Leaf, levels: Levels, start: number, end: number): number {
  if (levels.valueCount === 0) return 0
  const { slots, rowStarts } = levels
  const { each } = levels.definition
  if (levels.valueCount === levels.entryCount || each === undefined) return end - start
  // Without a list on the way the slots are rows.
  if (slots !== undefined && rowStarts === undefined) {
    return countBelow(slots, end) - countBelow(slots, start)
  }
  const present = leaf.definitionMax
  let count = 0
  for (let entry = start; entry < end; entry += 1) if (each[entry] === present) count += 1
  return count
}

/** How many of ascending numbers are below another. */
function countBelow(numbers: Int32Array, limit: number): number {
  let low = 0
  let high = numbers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((numbers[middle] ?? 0) < limit) low = middle + 1
    else high = middle
  }
  return low
}
