import { appendRange, rangeBytes, type SlotRange } from '../columns/append-range.ts'
import { BatchBuilder } from '../columns/batch-builder.ts'
import type { ColumnBatch } from '../columns/column.ts'
import { appendRows } from '../columns/take-rows.ts'
import { Partitioner } from './partitioner.ts'
import { TupleWriter, type TupleWriterParts } from './tuple-writer.ts'

/** Of the bytes for columns, at which share row groups are encoded ahead of time, and down to which. */
const RELIEVE_AT = 3 / 4
const RELIEVE_TO = 1 / 4
/** What a tuple with rows takes beside them: its place in maps, its slices. */
const TUPLE_BYTES = 1024

/** Rows of one batch, tuple by tuple. Its memory is given up when the last of them has been encoded. */
interface Run {
  readonly rows: BatchBuilder
  readonly batch: ColumnBatch
  readonly bytes: number
  rowsLeft: number
}

/** Rows of one tuple that lie together in a run. */
interface Slice extends SlotRange {
  readonly run: Run
  readonly bytes: number
}

/** A partition tuple that has rows in runs, or an open file, or both. */
interface Tuple {
  readonly key: string
  readonly writer: TupleWriter
  slices: Slice[]
  rowCount: number
  bytes: number
}

/**
 * The rows of a partitioned table, from a batch of all tuples to files of one each. A batch is sorted by tuple and
 * copied as a run; a tuple's rows stay where they are in the runs, and are put together, column by column, only when
 * they are encoded: a thousand tuples cost no more memory than one.
 */
export class FanOut {
  readonly #parts: TupleWriterParts
  readonly #partitioner: Partitioner
  readonly #tuples = new Map<string, Tuple>()
  /** Tuples with an open file; the one whose last row group is the longest ago comes first. */
  readonly #open = new Set<Tuple>()
  /** Where a row group is put together. */
  readonly #gathered: BatchBuilder
  readonly #runs = new Set<Run>()
  #runBytes = 0
  #rowBytes = 0

  constructor(parts: TupleWriterParts) {
    this.#parts = parts
    this.#partitioner = new Partitioner(parts.plan.schema, parts.plan.spec)
    this.#gathered = new BatchBuilder(parts.plan.schema)
  }

  /** Bytes of rows that are not encoded yet. */
  get rowBytes(): number {
    return this.#rowBytes
  }

  get bytesHeld(): number {
    return this.#runBytes + this.#gathered.allocatedBytes + this.#tuples.size * TUPLE_BYTES
  }

  /** Copies the rows; encodes what is full, and more where the columns take too much. */
  append(batch: ColumnBatch): void {
    if (batch.rowCount === 0) return
    const { rowGroupRowsMax, rowGroupBytes } = this.#parts.settings
    const { order, parts } = this.#partitioner.split(batch)
    const sorted = new BatchBuilder(batch.schema)
    if (parts.length > 1) appendRows(sorted, batch, order)
    else appendRange(sorted, batch, { start: 0, end: batch.rowCount })
    const run = this.#newRun(sorted)
    for (const { key, tuple: values, start, end } of parts) {
      const tuple =
        this.#tuples.get(key) ?? this.#newTuple(key, new TupleWriter(values, this.#parts))
      this.#addSlice(tuple, run, { start, end })
      while (tuple.rowCount >= rowGroupRowsMax || tuple.bytes >= rowGroupBytes) this.#flush(tuple)
    }
    if (this.#runBytes > this.#parts.plan.columnBytesMax * RELIEVE_AT) this.#relieve()
  }

  /** Encodes all that is left and ends every file. */
  end(): void {
    for (const tuple of this.#tuples.values()) this.#close(tuple)
    this.forget()
  }

  /** Forgets all rows; files that were begun are never ended, so that their uploads are aborted. */
  forget(): void {
    for (const { writer } of this.#open) writer.forget()
    this.#open.clear()
    this.#tuples.clear()
    this.#gathered.free()
    for (const run of this.#runs) this.#freeRun(run)
    this.#rowBytes = 0
  }

  #newRun(rows: BatchBuilder): Run {
    const run = { rows, batch: rows.seal(), bytes: rows.allocatedBytes, rowsLeft: rows.rowCount }
    this.#runs.add(run)
    this.#runBytes += run.bytes
    return run
  }

  #freeRun(run: Run): void {
    this.#runs.delete(run)
    this.#runBytes -= run.bytes
    run.rows.free()
  }

  #newTuple(key: string, writer: TupleWriter): Tuple {
    const tuple = { key, writer, slices: [], rowCount: 0, bytes: 0 }
    this.#tuples.set(key, tuple)
    return tuple
  }

  #addSlice(tuple: Tuple, run: Run, range: SlotRange): void {
    const bytes = rangeBytes(run.batch, range)
    tuple.slices.push({ run, ...range, bytes })
    tuple.rowCount += range.end - range.start
    tuple.bytes += bytes
    this.#rowBytes += bytes
  }

  /** Takes a tuple's rows out of the books: whoever calls encodes them or puts them back. */
  #takeSlices(tuple: Tuple): readonly Slice[] {
    const { slices } = tuple
    this.#rowBytes -= tuple.bytes
    tuple.slices = []
    tuple.rowCount = 0
    tuple.bytes = 0
    return slices
  }

  /** Encodes a tuple's first rows as a row group: all of them, unless they are more than one takes. */
  #encode(tuple: Tuple): void {
    this.#gathered.reset()
    let room = this.#parts.settings.rowGroupRowsMax
    for (const { run, start, end } of this.#takeSlices(tuple)) {
      const cut = Math.min(end, start + room)
      appendRange(this.#gathered, run.batch, { start, end: cut })
      room -= cut - start
      run.rowsLeft -= cut - start
      if (run.rowsLeft === 0) this.#freeRun(run)
      if (cut < end) this.#addSlice(tuple, run, { start: cut, end })
    }
    tuple.writer.append(this.#gathered.seal())
  }

  #flush(tuple: Tuple): void {
    this.#encode(tuple)
    this.#open.delete(tuple)
    if (tuple.writer.isOpen) this.#open.add(tuple)
    // Bounds the open files: who had no row group for the longest is closed, and may come back with a new file.
    for (const coldest of this.#open) {
      if (this.#open.size <= this.#parts.plan.openTuplesMax) break
      this.#close(coldest)
    }
  }

  #close(tuple: Tuple): void {
    while (tuple.rowCount > 0) this.#encode(tuple)
    tuple.writer.end()
    this.#open.delete(tuple)
    this.#tuples.delete(tuple.key)
  }

  /** Encodes the tuples with the most rows: what is encoded is several times smaller, and small row groups cost. */
  #relieve(): void {
    const wanted = this.#parts.plan.columnBytesMax * RELIEVE_TO
    const tuples = [...this.#tuples.values()].sort((left, right) => right.bytes - left.bytes)
    for (const tuple of tuples) {
      if (this.#rowBytes <= wanted) break
      while (tuple.rowCount > 0) this.#flush(tuple)
    }
    this.#compact()
  }

  /** Puts what is left in many runs into one: a run's memory goes only with its last row. */
  #compact(): void {
    const kept = [...this.#tuples.values()].filter(({ rowCount }) => rowCount > 0)
    const rows = new BatchBuilder(this.#parts.plan.schema)
    rows.reserveRows(kept.reduce((sum, { rowCount }) => sum + rowCount, 0))
    const moved = kept.map((tuple) => {
      const start = rows.rowCount
      for (const slice of this.#takeSlices(tuple)) appendRange(rows, slice.run.batch, slice)
      return { tuple, range: { start, end: rows.rowCount } }
    })
    for (const run of this.#runs) this.#freeRun(run)
    const run = this.#newRun(rows)
    for (const { tuple, range } of moved) this.#addSlice(tuple, run, range)
  }
}
