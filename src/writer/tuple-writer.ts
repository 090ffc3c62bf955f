import type { ColumnBatch } from '../columns/column.ts'
import type { PartitionTuple } from '../iceberg/partition.ts'
import { ParquetFileEncoder } from '../parquet/parquet-file-encoder.ts'
import type { EncoderOutput, EncodingPlan } from './encoder.ts'
import type { FileSettings } from './file-settings.ts'
import { sortedRows } from './sort-rows.ts'
import type { WriterTally } from './writer-tally.ts'

/** What all tuples of one encoder share. */
export interface TupleWriterParts {
  readonly plan: EncodingPlan
  readonly settings: FileSettings
  readonly tally: WriterTally
  readonly emit: (output: EncoderOutput) => void
}

interface OpenFile {
  readonly number: number
  readonly parquet: ParquetFileEncoder
  sizeBytes: number
  rowGroups: number
}

/** The files of one partition tuple: row groups go into the open one, which ends once it has its size. */
export class TupleWriter {
  /** Rows are encoded as they come, so that none are held here. */
  readonly rowBytes = 0
  readonly bytesHeld = 0
  readonly #tuple: PartitionTuple
  readonly #parts: TupleWriterParts
  #file: OpenFile | undefined

  constructor(tuple: PartitionTuple, parts: TupleWriterParts) {
    this.#tuple = tuple
    this.#parts = parts
  }

  get isOpen(): boolean {
    return this.#file !== undefined
  }

  /** Encodes rows as a row group. The batch is not looked at again. */
  append(batch: ColumnBatch): void {
    if (batch.rowCount === 0) return
    const { plan, settings, tally } = this.#parts
    const file = this.#file ?? this.#openFile()
    const before = file.sizeBytes
    this.#put(file, file.parquet.appendRowGroup(sortedRows(batch, plan.sortOrder)))
    file.rowGroups += 1
    tally.encoded(batch.byteSize, file.sizeBytes - before)
    if (file.sizeBytes >= settings.targetFileBytes) this.end()
  }

  /** Ends the file, if one is open; the next rows start another one. */
  end(): void {
    const file = this.#file
    if (file === undefined) return
    const finished = file.parquet.finish()
    this.#put(file, finished.chunks)
    this.forget()
    this.#parts.emit({
      kind: 'finish',
      file: file.number,
      encoded: {
        partition: this.#tuple,
        recordCount: finished.recordCount,
        sizeBytes: file.sizeBytes,
        metrics: finished.metrics,
        splitOffsets: finished.splitOffsets,
        sortOrderId: this.#parts.plan.sortOrder.orderId,
      },
    })
  }

  /** Leaves the file without its end, so that its upload is aborted. */
  forget(): void {
    if (this.#file !== undefined) this.#parts.tally.closed(this.#file.rowGroups)
    this.#file = undefined
  }

  #openFile(): OpenFile {
    const { settings, tally, emit } = this.#parts
    const number = tally.opened()
    const parquet = new ParquetFileEncoder(settings.parquet)
    const file = { number, parquet, sizeBytes: 0, rowGroups: 0 }
    this.#file = file
    emit({ kind: 'open', file: number, partition: this.#tuple })
    return file
  }

  #put(file: OpenFile, chunks: readonly Uint8Array[]): void {
    for (const bytes of chunks) {
      file.sizeBytes += bytes.byteLength
      this.#parts.emit({ kind: 'chunk', file: file.number, bytes })
    }
  }
}
