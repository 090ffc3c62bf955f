import {
  PartitionMap,
  partitionText,
  type PositionRange,
  type TopicPartition,
} from '../core/offsets.ts'

/** A range of positions of one partition. */
export interface PlacedRange {
  readonly partition: TopicPartition
  readonly range: PositionRange
}

/** How many ranges a list keeps: enough to see what is wrong, and bounded. */
const RANGES_MAX = 50

/** Positions that something is wrong with: counted all, and the first ranges of them kept. */
export class PositionList {
  readonly #rangesMax: number
  readonly #ranges: { partition: TopicPartition; start: number; end: number }[] = []
  /** The range of each partition that is being added to. */
  readonly #open = new PartitionMap<{ start: number; end: number }>()
  #total = 0

  constructor(rangesMax = RANGES_MAX) {
    this.#rangesMax = rangesMax
  }

  /** Adds `[start, end)`. Whether a range is listed whole depends on its positions coming in order. */
  add(partition: TopicPartition, start: number, end = start + 1): void {
    this.#total += end - start
    const open = this.#open.get(partition)
    if (open?.end === start) {
      open.end = end
      return
    }
    const range = { partition, start, end }
    this.#open.set(partition, range)
    if (this.#ranges.length < this.#rangesMax) this.#ranges.push(range)
  }

  /** How many positions. */
  get total(): number {
    return this.#total
  }

  get ranges(): readonly PlacedRange[] {
    return this.#ranges.map(({ partition, start, end }) => ({
      partition,
      range: { start: BigInt(start), end: BigInt(end) },
    }))
  }

  /** The ranges as text, and how many positions are in none of them. */
  get texts(): readonly string[] {
    const listed = this.#ranges.reduce((sum, { start, end }) => sum + end - start, 0)
    const texts = this.ranges.map(placedText)
    return listed === this.#total ? texts : [...texts, `… and ${this.#total - listed} more`]
  }
}

/** `orders/3[120,125)`. */
export function placedText({ partition, range }: PlacedRange): string {
  return `${partitionText(partition)}[${range.start},${range.end})`
}
