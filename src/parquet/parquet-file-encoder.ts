import { assert, required } from '../core/assert.ts'
import type { ColumnBatch } from '../columns/column.ts'
import type { ColumnMetrics } from '../iceberg/data-file.ts'
import type { MetricsMode } from '../iceberg/metrics-config.ts'
import type { Schema } from '../iceberg/types.ts'
import { bloomFilter, takesBloomFilter } from './bloom-filter.ts'
import { type ChunkFacts, ChunkEncoder } from './column-chunk.ts'
import { boundBytes, MetricsCollector } from './column-metrics.ts'
import type { EncodingMemory } from './encoding-memory.ts'
import type { FileSchema } from './file-schema.ts'
import { type Extent, FileOutput } from './file-output.ts'
import { footer, type IndexedChunk, type RowGroup } from './footer.ts'
import { columnIndex, offsetIndex } from './page-index.ts'
import type { Leaf } from './parquet-schema.ts'
import type { ParquetSettings } from './settings.ts'
import { ThriftWriter } from './thrift.ts'

export interface ParquetFileOptions {
  readonly schema: Schema
  readonly settings: ParquetSettings
  /** Kept from file to file of a table. */
  readonly memory: EncodingMemory
  /** By field id: which metrics to keep. */
  readonly metricsMode: (fieldId: number) => MetricsMode
  /** `<program> version <version> (build <build>)`: in another form, Java readers distrust the statistics of text. */
  readonly createdBy: string
  /** For the footer, beside `iceberg.schema`. */
  readonly keyValueMetadata?: Readonly<Record<string, string>>
}

/** A finished file: its last bytes, and what a manifest says about it. */
export interface FinishedParquetFile {
  readonly chunks: readonly Uint8Array[]
  readonly fileSize: number
  readonly recordCount: bigint
  readonly metrics: ColumnMetrics
  /** Where row groups begin. */
  readonly splitOffsets: readonly bigint[]
}

const MAGIC = Buffer.from('PAR1')

/**
 * Writes one Parquet file, row group by row group. Bytes are handed on as they are ready, in order; each array owns its
 * memory. Parquet spec: "File Format".
 */
export class ParquetFileEncoder {
  private readonly options: ParquetFileOptions
  private readonly schema: FileSchema
  private readonly output: FileOutput
  private readonly chunks: ChunkEncoder
  private readonly metrics: MetricsCollector
  private readonly rowGroups: PendingRowGroup[] = []
  private readonly thrift = new ThriftWriter()
  private finished = false

  constructor(options: ParquetFileOptions) {
    this.options = options
    this.schema = options.memory.schemaOf(options.schema)
    this.output = new FileOutput(options.memory.scratch.block)
    this.chunks = new ChunkEncoder(this.output, options.settings, options.memory)
    this.metrics = new MetricsCollector(this.schema.parquet.leaves, options.metricsMode)
  }

  /** Bytes of the file so far. */
  get fileSize(): number {
    return this.output.position
  }

  /** Encodes a batch as a row group; a batch without rows adds none. The batch is not looked at again. */
  appendRowGroup(batch: ColumnBatch): Uint8Array[] {
    assert(!this.finished, 'a finished file takes no more row groups')
    if (batch.rowCount === 0) return []
    this.begin()
    const offset = this.output.position
    const { levels } = this.options.memory
    levels.start(batch)
    const encoded = this.schema.parquet.leaves.map((leaf) => this.encodeChunk(leaf, batch))
    levels.forget()
    const chunks = encoded.map(({ facts, bloom }) => ({
      facts,
      bloomFilter: this.writeExtent(bloom),
    }))
    this.rowGroups.push({ offset, rowCount: batch.rowCount, chunks })
    return this.output.take()
  }

  /** Writes page index and footer. Nothing can be appended any more. */
  finish(): FinishedParquetFile {
    assert(!this.finished, 'a file is finished once')
    this.finished = true
    this.begin()
    const rowGroups = this.writePageIndex()
    const bytes = footer({
      schema: this.schema,
      rowGroups,
      createdBy: this.options.createdBy,
      keyValueMetadata: {
        'iceberg.schema': this.schema.json,
        ...this.options.keyValueMetadata,
      },
    })
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    for (const piece of [bytes, length, MAGIC]) this.output.write(piece)
    return {
      chunks: this.output.take(),
      fileSize: this.output.position,
      recordCount: BigInt(rowGroups.reduce((rows, group) => rows + group.rowCount, 0)),
      metrics: this.metrics.metrics(),
      splitOffsets: rowGroups.map((group) => BigInt(group.offset)),
    }
  }

  /** Not before there is more to write: files share the memory in which blocks are put together. */
  private begin(): void {
    if (this.output.position === 0) this.output.write(MAGIC)
  }

  /** A Bloom filter must be made at once: the values lie in scratch memory. It is written behind the row group. */
  private encodeChunk(leaf: Leaf, batch: ColumnBatch): ChunkWithFilter {
    const { settings, metricsMode } = this.options
    const { position } = this.output
    const bounds = boundBytes(metricsMode(leaf.fieldId))
    const { facts, distinctValues } = this.chunks.encode(leaf, batch, bounds)
    // Readers find the pages of a column by this size alone.
    assert(facts.compressedSize === this.output.position - position, 'a chunk is its pages')
    this.metrics.add(facts)
    const wanted = settings.bloomFilters.get(leaf.fieldId)
    if (wanted === undefined || !takesBloomFilter(leaf)) return { facts, bloom: undefined }
    const bytesMax = settings.bloomBytesMax
    return { facts, bloom: bloomFilter(this.thrift, distinctValues, { ...wanted, bytesMax }) }
  }

  /** All column indexes, then all offset indexes: a reader fetches the first kind without the second. */
  private writePageIndex(): RowGroup[] {
    const columnIndexes = this.rowGroups.map(({ chunks }) =>
      chunks.map(({ facts }) => this.writeExtent(columnIndex(this.thrift, facts))),
    )
    return this.rowGroups.map((group, at) => ({
      ...group,
      chunks: group.chunks.map((chunk, index): IndexedChunk => ({
        ...chunk,
        columnIndex: columnIndexes[at]?.[index],
        offsetIndex: required(
          this.writeExtent(offsetIndex(this.thrift, chunk.facts)),
          'offset index',
        ),
      })),
    }))
  }

  private writeExtent(bytes: Uint8Array | undefined): Extent | undefined {
    return bytes === undefined ? undefined : this.output.write(bytes)
  }
}

interface PendingRowGroup {
  readonly offset: number
  readonly rowCount: number
  readonly chunks: readonly Pick<IndexedChunk, 'facts' | 'bloomFilter'>[]
}

interface ChunkWithFilter {
  readonly facts: ChunkFacts
  readonly bloom: Uint8Array | undefined
}
