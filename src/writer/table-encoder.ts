import { BatchBuilder } from '../columns/batch-builder.ts'
import { FirnError, messageOf } from '../core/errors.ts'
import type { FetchedBatch } from '../consumer/record-source.ts'
import { isPartitioned } from '../iceberg/partition-spec.ts'
import { FetchedRecords } from '../record/fetched-records.ts'
import { compileDecoder, type ValueDecoder } from '../record/decoder.ts'
import type { EncoderOutput, EncodingPlan, PushOutcome } from './encoder.ts'
import { FanOut } from './fan-out.ts'
import { fileSettings } from './file-settings.ts'
import type { HaltCause } from './sealed-files.ts'
import { TupleWriter } from './tuple-writer.ts'
import { WriterTally } from './writer-tally.ts'

/**
 * Of the bytes for columns, the share that is decoded before rows are split by tuple, and the most that pays: splitting
 * a batch costs by its tuples as well as by its rows.
 */
const SPLIT_AT = 1 / 8
const SPLIT_BYTES_MAX = 8 * 1024 * 1024

/** When decoded rows are handed on. */
interface Fullness {
  readonly rows: number
  readonly bytes: number
}

/**
 * Turns fetched batches into Parquet bytes of one table: inflate, check, decode, split by partition tuple, encode.
 * Synchronous and without I/O, so that it runs alike on the main thread, in an encoder thread and in the simulation.
 */
export class TableEncoder {
  readonly #plan: EncodingPlan
  readonly #emit: (output: EncoderOutput) => void
  readonly #builder: BatchBuilder
  /** Made for the first batch: a fault in it is then told to whoever pushes. */
  #decoder: ValueDecoder | undefined
  readonly #tally: WriterTally
  /** Who takes the rows of the builder: an unpartitioned table has one tuple, and needs no copy. */
  readonly #rows: TupleWriter | FanOut
  readonly #full: Fullness

  constructor(plan: EncodingPlan, emit: (output: EncoderOutput) => void) {
    const settings = fileSettings(plan)
    this.#plan = plan
    this.#emit = emit
    this.#builder = new BatchBuilder(plan.schema)
    this.#tally = new WriterTally(this.#builder.allColumns.length)
    const parts = { plan, settings, tally: this.#tally, emit }
    const partitioned = isPartitioned(plan.spec)
    this.#rows = partitioned ? new FanOut(parts) : new TupleWriter([], parts)
    this.#full = {
      rows: settings.rowGroupRowsMax,
      bytes: partitioned
        ? Math.min(SPLIT_BYTES_MAX, plan.columnBytesMax * SPLIT_AT)
        : Math.min(settings.rowGroupBytes, plan.columnBytesMax),
    }
  }

  /** Columns, used or kept for the next rows, and what open files keep. */
  get bytesHeld(): number {
    return this.#builder.allocatedBytes + this.#rows.bytesHeld + this.#tally.bytesHeld
  }

  /** What the rows in columns will come to in files, estimated. */
  get bytesToCome(): number {
    // Columns without rows have their first offsets all the same.
    const decoded = this.#builder.rowCount === 0 ? 0 : this.#builder.byteSize
    return this.#tally.estimate(decoded + this.#rows.rowBytes)
  }

  push(batch: FetchedBatch): PushOutcome {
    const { isolation, decoding } = this.#plan
    const builder = this.#builder
    this.#decoder ??= compileDecoder(builder, decoding)
    const records = new FetchedRecords(batch, { isolation })
    const before = builder.rowCount
    const halt = decodeAll(records, builder, this.#decoder)
    const rowCount = builder.rowCount - before
    const full = builder.rowCount >= this.#full.rows || builder.byteSize >= this.#full.bytes
    if (full) this.#handOn()
    return {
      range: { start: batch.position, end: records.position },
      facts: {
        leaderEpoch: records.leaderEpoch,
        timestampMsMax: records.timestampMsMax,
        timestampType: records.timestampType,
        reachedEndAtMs: undefined,
      },
      rowCount,
      halt,
      bytesHeld: this.bytesHeld,
      bytesToCome: this.bytesToCome,
    }
  }

  /** Encodes all that is left and ends every file. */
  seal(): void {
    this.#handOn()
    this.#rows.end()
    this.#builder.free()
    this.#emit({ kind: 'end' })
  }

  /** Forgets all rows; files that were begun are never ended, so that their uploads are aborted. */
  discard(): void {
    this.#builder.free()
    this.#rows.forget()
    this.#emit({ kind: 'end' })
  }

  #handOn(): void {
    this.#rows.append(this.#builder.seal())
    this.#builder.reset()
  }
}

/**
 * Decodes record after record until one does not fit: those before it stay, and it is where reading stands. A fault of
 * our own stops there too, with nothing of its record left: what stays in columns must be in the range that is claimed.
 */
function decodeAll(
  records: FetchedRecords,
  builder: BatchBuilder,
  decoder: ValueDecoder,
): HaltCause | undefined {
  try {
    while (records.next()) {
      const failure = decodeOne(records, builder, decoder)
      if (failure !== undefined) return failure
    }
    return undefined
  } catch (fault) {
    return { kind: 'fault', error: fault instanceof FirnError ? fault : internal(fault, builder) }
  }
}

function decodeOne(
  { cursor }: FetchedRecords,
  builder: BatchBuilder,
  decoder: ValueDecoder,
): HaltCause | undefined {
  try {
    const failure = decoder.decode(cursor)
    return failure === undefined ? undefined : { kind: 'record', failure }
  } catch (fault) {
    builder.rollback()
    return { kind: 'fault', error: internal(fault, builder) }
  }
}

function internal(fault: unknown, builder: BatchBuilder): FirnError {
  return new FirnError('INTERNAL', `decoding failed: ${messageOf(fault)}`, {
    cause: fault,
    context: { rows: builder.rowCount },
  })
}
