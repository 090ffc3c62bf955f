import type { BatchBuilder } from '../columns/batch-builder.ts'
import type { PartitionTuple } from '../iceberg/partition.ts'
import { ParquetFileEncoder } from '../parquet/parquet-file-encoder.ts'
import type { EncoderOutput, EncodingPlan } from './encoder.ts'
import type { FileSettings } from './file-settings.ts'
import { sortedRows } from './sort-rows.ts'

export interface TupleWriterParts {
  readonly plan: EncodingPlan
  readonly settings: FileSettings
  readonly emit: (output: EncoderOutput) => void
  /** Numbers files across all tuples of one encoder. */
  readonly nextFile: () => number
}

interface OpenFile {
  readonly number: number
  readonly parquet: ParquetFileEncoder
  sizeBytes: number
}

/** The rows of one partition tuple: gathered in columns, encoded by row groups, cut into files of the target size. */
export class TupleWriter {
  readonly tuple: PartitionTuple
  readonly builder: BatchBuilder
  /** When rows came last, by the encoder's own count: the coldest tuple is closed first. */
  lastUse = 0
  readonly #parts: TupleWriterParts
  #file: OpenFile | undefined

  constructor(tuple: PartitionTuple, builder: BatchBuilder, parts: TupleWriterParts) {
    this.tuple = tuple
    this.builder = builder
    this.#parts = parts
  }

  /** Bytes of the rows that are not encoded yet. */
  get columnBytes(): number {
    return this.builder.allocatedBytes
  }

  /** Encodes a row group once the columns are full, and ends the file once it has its size. */
  flushWhenFull(): void {
    const { settings } = this.#parts
    if (this.builder.rowCount === 0) return
    const full =
      this.builder.rowCount >= settings.rowGroupRowsMax ||
      this.builder.byteSize >= settings.rowGroupBytes
    if (full) this.flushRowGroup()
  }

  /** Encodes what is in columns. */
  flushRowGroup(): void {
    if (this.builder.rowCount === 0) return
    const { plan, settings } = this.#parts
    const file = this.#file ?? this.#openFile()
    const batch = sortedRows(this.builder.seal(), plan.sortOrder)
    this.#put(file, file.parquet.appendRowGroup(batch))
    this.builder.reset()
    if (file.sizeBytes >= settings.targetFileBytes) this.#endFile(file)
  }

  /** Ends the file; the next rows start another one. Gives the columns' memory up. */
  close(): void {
    this.flushRowGroup()
    if (this.#file !== undefined) this.#endFile(this.#file)
    this.builder.release()
  }

  #openFile(): OpenFile {
    const { settings, emit, nextFile } = this.#parts
    const number = nextFile()
    const file = { number, parquet: new ParquetFileEncoder(settings.parquet), sizeBytes: 0 }
    this.#file = file
    emit({ kind: 'open', file: number, partition: this.tuple })
    return file
  }

  #put(file: OpenFile, chunks: readonly Uint8Array[]): void {
    for (const bytes of chunks) {
      file.sizeBytes += bytes.byteLength
      this.#parts.emit({ kind: 'chunk', file: file.number, bytes })
    }
  }

  #endFile(file: OpenFile): void {
    const finished = file.parquet.finish()
    this.#put(file, finished.chunks)
    this.#file = undefined
    this.#parts.emit({
      kind: 'finish',
      file: file.number,
      encoded: {
        partition: this.tuple,
        recordCount: finished.recordCount,
        sizeBytes: file.sizeBytes,
        metrics: finished.metrics,
        splitOffsets: finished.splitOffsets,
        sortOrderId: this.#parts.plan.sortOrder.orderId,
      },
    })
  }
}
