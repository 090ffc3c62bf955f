import { createHash } from 'node:crypto'
import { BatchBuilder } from '../columns/batch-builder.ts'
import { takeRows } from '../columns/take-rows.ts'
import { required } from '../core/assert.ts'
import type { PartitionMap, PositionRange } from '../core/offsets.ts'
import type { Random } from '../core/random.ts'
import type { DataFile, ManifestEntry } from '../iceberg/data-file.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import { metricsConfig, type MetricsMode } from '../iceberg/metrics-config.ts'
import type { Schema } from '../iceberg/types.ts'
import { EncodingMemory } from '../parquet/encoding-memory.ts'
import { ParquetFileEncoder } from '../parquet/parquet-file-encoder.ts'
import { parquetSettings } from '../parquet/settings.ts'
import type { ObjectStore, Upload } from '../storage/object-store.ts'
import { dataFileLocation } from '../writer/file-location.ts'
import { CREATED_BY } from '../writer/file-settings.ts'
import type { FileLayout } from './file-layout.ts'
import { type IsDeleted, rowsInRanges } from './file-positions.ts'
import type { KafkaPlace } from './kafka-place.ts'
import { ParquetFile } from './parquet-file.ts'
import { deletedRows } from './position-deletes.ts'
import { LINEAGE_IDS, lineageWritten, withLineage } from './row-lineage.ts'

const NO_METRICS: MetricsMode = { kind: 'none' }

export interface RewriteParts {
  readonly store: ObjectStore
  readonly random: Random
  /** Of the new files' names. */
  readonly writer: string
  readonly place: KafkaPlace
  readonly ranges: PartitionMap<PositionRange>
}

/** A live data file of a head, and the deletes that apply to it. */
export interface SourceFile {
  readonly entry: ManifestEntry
  readonly deletes: readonly ManifestEntry[]
}

/** Names a source and what it is rewritten without: the same for the same result. */
export function rewriteKey(
  { entry, deletes }: SourceFile,
  ranges: PartitionMap<PositionRange>,
): string {
  const hash = createHash('sha256')
  hash.update(entry.dataFile.filePath)
  for (const path of deletes.map(({ dataFile }) => dataFile.filePath).sort()) {
    hash.update(`\n${path}`)
  }
  const texts = [...ranges].map(([{ topic, partition }, { start, end }]) =>
    JSON.stringify([topic, partition, String(start), String(end)]),
  )
  for (const text of texts.sort()) hash.update(`\n${text}`)
  return hash.digest('hex').slice(0, 32)
}

const REWRITTEN_NAME = /-rewrite-([0-9a-f]{32})-[^/]*$/

/** The key in a rewritten file's name; undefined for any other file. */
export function keyInName(path: string): string | undefined {
  return REWRITTEN_NAME.exec(path)?.[1]
}

/**
 * Writes a data file again without the rows of the ranges and those that are deleted: the same columns, exactly the
 * same values, under the file's own spec and partition tuple. Rows keep their order, and in v3 their lineage.
 */
export async function rewriteFile(
  source: SourceFile,
  metadata: TableMetadata,
  parts: RewriteParts,
): Promise<DataFile> {
  const { store, random, writer, ranges } = parts
  const { dataFile } = source.entry
  const file = await ParquetFile.open(store, dataFile)
  const isDeleted = await deletedRows(store, dataFile, source.deletes)
  const key = rewriteKey(source, ranges)
  const filePath = locationOf(
    metadata,
    dataFile,
    `${writer}-rewrite-${key}-${random.uuid()}.parquet`,
  )
  const upload = store.upload(filePath)
  try {
    const output = new RewrittenFile(file, metadata, { ...parts, entry: source.entry, isDeleted })
    const written = await output.writeTo(upload)
    await upload.complete()
    return { ...dataFile, ...written, filePath, fileFormat: 'PARQUET', firstRowId: null }
  } catch (fault) {
    await upload.abort()
    throw fault
  }
}

function locationOf(
  metadata: TableMetadata,
  { specId, partition }: DataFile,
  name: string,
): string {
  const spec = required(
    metadata.partitionSpecs.find((one) => one.specId === specId),
    'spec of a data file',
  )
  const { location: tableLocation, properties } = metadata
  const layout = { tableLocation, properties, schema: currentSchema(metadata), spec }
  return dataFileLocation(layout, partition, name)
}

interface RewriteOf extends RewriteParts {
  readonly entry: ManifestEntry
  readonly isDeleted: IsDeleted
}

type WrittenContent = Pick<DataFile, 'recordCount' | 'fileSizeInBytes' | 'metrics' | 'splitOffsets'>

class RewrittenFile {
  readonly #file: ParquetFile
  readonly #of: RewriteOf
  readonly #keepsLineage: boolean
  readonly #layout: FileLayout
  readonly #encoder: ParquetFileEncoder

  constructor(file: ParquetFile, metadata: TableMetadata, of: RewriteOf) {
    this.#file = file
    this.#of = of
    this.#keepsLineage = metadata.formatVersion >= 3
    const schema = currentSchema(metadata)
    this.#layout = file.layout(this.#keepsLineage ? withLineage(schema) : schema)
    this.#encoder = encoderOf(
      this.#keepsLineage ? withLineage(this.#layout.schema) : this.#layout.schema,
      metadata,
    )
  }

  async writeTo(upload: Upload): Promise<WrittenContent> {
    const builder = new BatchBuilder(this.#layout.schema)
    let base = 0
    for (let group = 0; group < this.#file.rowGroupCount; group += 1) {
      await this.#file.readRowGroup(group, this.#layout, builder)
      for (const chunk of this.#encodeKept(builder, base)) await upload.write(chunk)
      base += builder.rowCount
      builder.reset()
    }
    const { chunks, fileSize, recordCount, metrics, splitOffsets } = this.#encoder.finish()
    for (const chunk of chunks) await upload.write(chunk)
    return { recordCount, fileSizeInBytes: BigInt(fileSize), metrics, splitOffsets }
  }

  #encodeKept(builder: BatchBuilder, base: number): readonly Uint8Array[] {
    const { place, ranges, entry, isDeleted } = this.#of
    const batch = builder.seal()
    const goes = rowsInRanges(batch, place, ranges)
    const kept: number[] = []
    for (let row = 0; row < batch.rowCount; row += 1) {
      if (goes[row] === 0 && !isDeleted(base + row)) kept.push(row)
    }
    const taken = takeRows(batch, Int32Array.from(kept))
    if (!this.#keepsLineage) return this.#encoder.appendRowGroup(taken)
    const rowInFile = (row: number): number => base + (kept[row] ?? 0)
    return this.#encoder.appendRowGroup(lineageWritten({ batch: taken, rowInFile }, entry))
  }
}

function encoderOf(schema: Schema, { properties }: TableMetadata): ParquetFileEncoder {
  const { modeOf } = metricsConfig(schema, properties)
  return new ParquetFileEncoder({
    schema,
    settings: parquetSettings(schema, properties),
    memory: new EncodingMemory(),
    metricsMode: (id) => (LINEAGE_IDS.has(id) ? NO_METRICS : modeOf(id)),
    createdBy: CREATED_BY,
  })
}
