import { topicName, type SnapshotId } from '../core/ids.ts'
import { PartitionMap, type PositionRange, type TopicPartition } from '../core/offsets.ts'
import type { LogSpan } from './log-spans.ts'
import type { LiveFile } from './live-files.ts'
import type { TextNumbers } from './parquet-leaf.ts'
import { PositionBitmap } from './position-bitmap.ts'
import type { PositionRows } from './read-positions.ts'
import type { RowFindings } from './row-findings.ts'
import { outsideRanges, type PartitionScope } from './row-scope.ts'

/** One partition's share of a window. */
interface Slot {
  readonly partition: TopicPartition
  readonly scope: PartitionScope
  /** The window, and the whole range, as numbers: offsets are below 2^53. */
  readonly start: number
  readonly end: number
  readonly scopeStart: number
  readonly scopeEnd: number
  readonly rebasedBelow: number
  readonly bitmap: PositionBitmap
}

/** A range whose rows are to be counted. */
export interface CountedRange {
  readonly snapshotId: SnapshotId
  readonly range: PositionRange
}

/** Rows of a file as they come to a window. */
export interface FileRows {
  readonly file: LiveFile
  readonly rows: PositionRows
  /** A file is read in each window that it touches; what belongs to none of them is counted in the first. */
  readonly first: boolean
  readonly deleted: ReadonlySet<number> | undefined
}

/** Which positions of a window have a row. What is wrong with a row is told as it is met. */
export class WindowScan {
  readonly #slots = new PartitionMap<Slot>()
  readonly #topics: TextNumbers
  readonly #findings: RowFindings
  /** By number of the topic and of the partition. */
  readonly #byNumber = new Map<number, Map<number, Slot | undefined>>()

  constructor(
    window: PartitionMap<PositionRange>,
    scopes: PartitionMap<PartitionScope>,
    { topics, findings }: { readonly topics: TextNumbers; readonly findings: RowFindings },
  ) {
    this.#topics = topics
    this.#findings = findings
    for (const [partition, { start, end }] of window) {
      const scope = scopes.get(partition)
      if (scope === undefined) continue
      this.#slots.set(partition, {
        partition,
        scope,
        start: Number(start),
        end: Number(end),
        scopeStart: Number(scope.range.start),
        scopeEnd: Number(scope.range.end),
        rebasedBelow: Number(scope.rebasedBelow),
        bitmap: new PositionBitmap(Number(end - start)),
      })
    }
  }

  take(taken: FileRows): void {
    const { rows, first } = taken
    if (first) this.#findings.rows += rows.rows
    if (rows.columns !== undefined) this.#takeColumns(taken, rows.columns)
    else if (first) this.#findings.rowsWithoutPosition += rows.rows
  }

  #takeColumns(
    { file, rows: { firstRow, rows }, first, deleted }: FileRows,
    { topics, partitions, offsets }: NonNullable<PositionRows['columns']>,
  ): void {
    let slot: Slot | undefined
    let [topic, partition] = [Number.NaN, Number.NaN]
    for (let row = 0; row < rows; row += 1) {
      const offset = numberAt(offsets, row)
      // The rows of one partition mostly follow each other.
      if (topics[row] !== topic || partitions[row] !== partition) {
        topic = numberAt(topics, row)
        partition = numberAt(partitions, row)
        slot = this.#slotOf(topic, partition)
      }
      if (deleted?.has(firstRow + row) === true) {
        if (first) this.#noteDeleted(slot, offset)
      } else if (slot !== undefined && offset >= slot.start && offset < slot.end) {
        if (!slot.bitmap.add(offset - slot.start)) this.#noteAgain(slot, offset, file)
      } else if (first) this.#noteOutside(slot, { topic, partition, offset })
    }
  }

  /** What the log says of positions, against what has a row. */
  compare(partition: TopicPartition, { kind, start, end }: LogSpan): void {
    const slot = this.#slots.get(partition)
    if (slot === undefined) return
    const from = Math.max(Number(start), slot.start)
    const to = Math.min(Number(end), slot.end)
    if (from >= to) return
    this.#findings.compared += to - from
    if (kind === 'records') this.#noteMissing(slot, from, to)
    else if (kind === 'absent') this.#findings.compacted += this.#count(slot, from, to)
    else this.#noteRuns(slot, this.#findings.phantoms, { from, to })
  }

  /** What only the whole window tells: rows in gaps, and how many rows the snapshots' ranges have. */
  finish(counted: PartitionMap<readonly CountedRange[]>): void {
    for (const slot of this.#slots.values()) {
      for (const { range } of slot.scope.gaps) {
        const [from, to] = clipped(slot, range)
        this.#noteRuns(slot, this.#findings.inGaps, { from, to })
      }
      for (const { snapshotId, range } of counted.get(slot.partition) ?? []) {
        const [from, to] = clipped(slot, range)
        if (from >= to) continue
        const known = this.#findings.rowsBySnapshot.get(snapshotId) ?? 0
        this.#findings.rowsBySnapshot.set(snapshotId, known + this.#count(slot, from, to))
      }
    }
  }

  /** Counts the positions of a range that have no row and are in no gap. */
  holes(partition: TopicPartition, range: PositionRange): number {
    const slot = this.#slots.get(partition)
    if (slot === undefined) return 0
    let sum = 0
    for (const part of outsideRanges(range, slot.scope.gaps)) {
      const [from, to] = clipped(slot, part)
      if (from < to) sum += to - from - this.#count(slot, from, to)
    }
    return sum
  }

  #slotOf(topic: number, partition: number): Slot | undefined {
    if (Number.isNaN(topic)) return undefined
    const known = this.#byNumber.get(topic)
    if (known?.has(partition) === true) return known.get(partition)
    const name = this.#topics.text(topic)
    const slot =
      name === undefined ? undefined : this.#slots.get({ topic: topicName(name), partition })
    if (known === undefined) this.#byNumber.set(topic, new Map([[partition, slot]]))
    else known.set(partition, slot)
    return slot
  }

  #count(slot: Slot, from: number, to: number): number {
    return slot.bitmap.count(from - slot.start, to - slot.start)
  }

  #noteRuns(
    slot: Slot,
    list: { add(partition: TopicPartition, start: number, end: number): void },
    { from, to }: { readonly from: number; readonly to: number },
  ): void {
    for (const [start, end] of slot.bitmap.runs(from - slot.start, to - slot.start, true)) {
      list.add(slot.partition, start + slot.start, end + slot.start)
    }
  }

  #noteMissing(slot: Slot, from: number, to: number): void {
    for (const [start, end] of slot.bitmap.runs(from - slot.start, to - slot.start, false)) {
      const range = { start: BigInt(start + slot.start), end: BigInt(end + slot.start) }
      for (const part of outsideRanges(range, slot.scope.gaps)) {
        this.#findings.missing.add(slot.partition, Number(part.start), Number(part.end))
      }
    }
  }

  #noteAgain(slot: Slot, offset: number, file: LiveFile): void {
    if (offset < slot.rebasedBelow) this.#findings.ambiguous.add(slot.partition, offset)
    else this.#findings.addDuplicate(slot.partition, offset, file)
  }

  #noteDeleted(slot: Slot | undefined, offset: number): void {
    this.#findings.rows -= 1
    if (slot !== undefined) this.#findings.deleted.add(slot.partition, offset)
  }

  #noteOutside(
    slot: Slot | undefined,
    { topic, partition, offset }: { topic: number; partition: number; offset: number },
  ): void {
    const findings = this.#findings
    if (Number.isNaN(offset) || Number.isNaN(topic)) findings.rowsWithoutPosition += 1
    else if (slot === undefined) this.#noteUnknown(topic, partition, offset)
    else if (offset >= slot.scopeEnd) findings.aboveLedger.add(slot.partition, offset)
    else if (offset < slot.scopeStart) findings.belowStart.add(slot.partition, offset)
  }

  /** A topic that the ledger does not have, or a partition of one that it has. */
  #noteUnknown(topic: number, partition: number, offset: number): void {
    const name = this.#topics.text(topic) ?? ''
    if (this.#slots.topics.includes(topicName(name))) {
      this.#findings.aboveLedger.add({ topic: topicName(name), partition }, offset)
      return
    }
    const { unknownTopics } = this.#findings
    unknownTopics.set(name, (unknownTopics.get(name) ?? 0) + 1)
  }
}

function numberAt(numbers: Float64Array, index: number): number {
  return numbers[index] ?? Number.NaN
}

function clipped(slot: Slot, { start, end }: PositionRange): readonly [number, number] {
  return [Math.max(Number(start), slot.start), Math.min(Number(end), slot.end)]
}
