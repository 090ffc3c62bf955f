import { BatchBuilder } from '../columns/batch-builder.ts'
import { appendRows } from '../columns/take-rows.ts'
import { FirnError, messageOf } from '../core/errors.ts'
import type { FetchedBatch } from '../consumer/record-source.ts'
import type { PartitionTuple } from '../iceberg/partition.ts'
import { isPartitioned } from '../iceberg/partition-spec.ts'
import { FetchedRecords } from '../record/fetched-records.ts'
import { compileDecoder, type ValueDecoder } from '../record/decoder.ts'
import type { EncoderOutput, EncodingPlan, PushOutcome } from './encoder.ts'
import { fileSettings, type FileSettings } from './file-settings.ts'
import { Partitioner } from './partitioner.ts'
import type { HaltCause } from './sealed-files.ts'
import { TupleWriter } from './tuple-writer.ts'

/** The key of an unpartitioned table's only tuple. */
const ALL_ROWS = ''

/** Where rows are decoded to, and the decoder that is bound to those columns. */
interface Decoding {
  readonly builder: BatchBuilder
  readonly decoder: ValueDecoder
}

/**
 * Turns fetched batches into Parquet bytes of one table: inflate, check, decode, split by partition tuple, encode.
 * Synchronous and without I/O, so that it runs alike on the main thread, in an encoder thread and in the simulation.
 */
export class TableEncoder {
  readonly #plan: EncodingPlan
  readonly #settings: FileSettings
  readonly #emit: (output: EncoderOutput) => void
  readonly #partitioner: Partitioner | undefined
  readonly #tuples = new Map<string, TupleWriter>()
  /** For good: what the engine has learnt of generated code is lost with it, and costs a second to learn again. */
  #decoding: Decoding | undefined
  #files = 0
  #uses = 0

  constructor(plan: EncodingPlan, emit: (output: EncoderOutput) => void) {
    this.#plan = plan
    this.#settings = fileSettings(plan)
    this.#emit = emit
    this.#partitioner = isPartitioned(plan.spec)
      ? new Partitioner(plan.schema, plan.spec)
      : undefined
  }

  /** Bytes of columns, used or kept for the next rows. */
  get bytesHeld(): number {
    let bytes = this.#partitioner === undefined ? 0 : (this.#decoding?.builder.allocatedBytes ?? 0)
    for (const tuple of this.#tuples.values()) bytes += tuple.columnBytes
    return bytes
  }

  push(batch: FetchedBatch): PushOutcome {
    const { isolation } = this.#plan
    const records = new FetchedRecords(batch, { isolation })
    const { builder, decoder } = this.#decodingNow()
    const before = builder.rowCount
    const halt = decodeAll(records, builder, decoder)
    const rowCount = builder.rowCount - before
    this.#takeRows()
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
    }
  }

  /** Encodes all that is left and ends every file. */
  seal(): void {
    for (const tuple of this.#tuples.values()) tuple.close()
    this.#forget()
  }

  /** Forgets all rows; files that were begun are never ended, so that their uploads are aborted. */
  discard(): void {
    for (const tuple of this.#tuples.values()) tuple.builder.release()
    this.#forget()
  }

  #forget(): void {
    this.#tuples.clear()
    this.#decoding?.builder.release()
    this.#emit({ kind: 'end' })
  }

  /** Throws where the columns cannot be decoded to: to whoever pushes, not to whoever makes the encoder. */
  #decodingNow(): Decoding {
    if (this.#decoding === undefined) {
      const builder = new BatchBuilder(this.#plan.schema)
      this.#decoding = { builder, decoder: compileDecoder(builder, this.#plan.decoding) }
    }
    return this.#decoding
  }

  #takeRows(): void {
    if (this.#partitioner === undefined) this.#tuple(ALL_ROWS, []).flushWhenFull()
    else this.#splitRows(this.#partitioner)
  }

  #splitRows(partitioner: Partitioner): void {
    const { builder } = this.#decodingNow()
    if (builder.rowCount === 0) return
    const batch = builder.seal()
    for (const { key, tuple, rows } of partitioner.split(batch)) {
      const writer = this.#tuple(key, tuple)
      appendRows(writer.builder, batch, rows)
      writer.lastUse = ++this.#uses
      writer.flushWhenFull()
    }
    builder.reset()
    this.#closeColdest()
  }

  #tuple(key: string, tuple: PartitionTuple): TupleWriter {
    const known = this.#tuples.get(key)
    if (known !== undefined) return known
    // The rows of an unpartitioned table need not be gathered: they are decoded to where they are encoded from.
    const builder =
      this.#partitioner === undefined
        ? this.#decodingNow().builder
        : new BatchBuilder(this.#plan.schema)
    const writer = new TupleWriter(tuple, builder, {
      plan: this.#plan,
      settings: this.#settings,
      emit: this.#emit,
      nextFile: () => ++this.#files,
    })
    this.#tuples.set(key, writer)
    return writer
  }

  /** Bounds the open files: whoever has had no rows for the longest is closed, and may come back with a new file. */
  #closeColdest(): void {
    while (this.#tuples.size > this.#plan.openTuplesMax) {
      let coldest: [string, TupleWriter] | undefined
      for (const entry of this.#tuples) {
        if (coldest === undefined || entry[1].lastUse < coldest[1].lastUse) coldest = entry
      }
      if (coldest === undefined) return
      coldest[1].close()
      this.#tuples.delete(coldest[0])
    }
  }
}

/** Decodes record after record until one does not fit: those before it stay, and it is where reading stands. */
function decodeAll(
  records: FetchedRecords,
  builder: BatchBuilder,
  decoder: ValueDecoder,
): HaltCause | undefined {
  try {
    while (records.next()) {
      const failure = decoder.decode(records.cursor)
      if (failure !== undefined) return { kind: 'record', failure }
    }
    return undefined
  } catch (fault) {
    if (fault instanceof FirnError) return { kind: 'fault', error: fault }
    throw new FirnError('INTERNAL', `decoding failed: ${messageOf(fault)}`, {
      cause: fault,
      context: { rows: builder.rowCount },
    })
  }
}
