import type { Position } from '../core/offsets.ts'

interface Seen {
  readonly end: Position
  readonly atMs: number
}

const SEEN_MAX = 128

/**
 * Since when the oldest position that the table lacks has been in one partition's log, told from log ends as they
 * were seen. Bounded: of many ends between two commits some are forgotten, never the first, so that a wait is
 * overstated rather than understated.
 */
export class WaitingTime {
  #seen: Seen[] = []
  #ledger: Position

  /** `ledger`: the next position that the table does not have. */
  constructor(ledger: Position) {
    this.#ledger = ledger
  }

  /** The log ended here at this time. */
  observe(end: Position, nowMs: number): void {
    const last = this.#seen.at(-1)
    if (last !== undefined && end <= last.end) return
    if (end <= this.#ledger) return
    if (this.#seen.length === SEEN_MAX) this.#thin()
    this.#seen.push({ end, atMs: nowMs })
  }

  /** The table now has everything below this. It may go back: then what lies behind is waiting from now on. */
  committed(ledger: Position, nowMs: number): void {
    const previous = this.#ledger
    this.#ledger = ledger
    if (ledger < previous) {
      const end = this.#seen.at(-1)?.end ?? previous
      this.#seen = [{ end, atMs: nowMs }]
    }
    this.#seen = this.#seen.filter(({ end }) => end > ledger)
  }

  /** Undefined: the table has all that was ever seen. */
  get sinceMs(): number | undefined {
    return this.#seen[0]?.atMs
  }

  /** Every second one goes; an end keeps the earlier of two times. */
  #thin(): void {
    const thinned: Seen[] = []
    for (let index = 0; index < this.#seen.length; index += 2) {
      const [first, second] = this.#seen.slice(index, index + 2)
      if (first !== undefined) thinned.push({ end: (second ?? first).end, atMs: first.atMs })
    }
    this.#seen = thinned
  }
}
