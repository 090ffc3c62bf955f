import { FirnError } from '../core/errors.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { LiveFile } from './live-files.ts'
import {
  columnsAt,
  encodedBytes,
  leafPath,
  openParquet,
  orInvalid,
  readChunks,
} from './parquet-file.ts'
import { decodeLeaf, integers, type LeafChunk, type TextNumbers } from './parquet-leaf.ts'
import type { PositionFields } from './position-fields.ts'

/** The positions of one row group's rows, column by column; NaN where a row has none. */
export interface PositionRows {
  /** The number of its first row in the file. */
  readonly firstRow: number
  readonly rows: number
  /** By number in the reading's topics. Undefined where the file does not have the metadata column. */
  readonly columns:
    | {
        readonly topics: Float64Array
        readonly partitions: Float64Array
        readonly offsets: Float64Array
      }
    | undefined
}

export interface PositionReading {
  readonly store: ObjectStore
  readonly fields: PositionFields
  readonly topics: TextNumbers
  readonly scratch: Scratch
  /** Bound of what one row group takes: its encoded columns, and 24 bytes a row. */
  readonly rowGroupBytesMax: number
  /** Leaves out row groups whose statistics say that they do not hold a position of interest. */
  readonly mayHold?: (lowest: bigint, highest: bigint) => boolean
}

const BYTES_PER_ROW = 24

/** Memory for the columns of one row group after the other: megabytes each time would wait for the collector. */
export class Scratch {
  readonly #columns: Float64Array[] = []

  column(index: number, rows: number): Float64Array {
    const known = this.#columns[index]
    if (known !== undefined && known.length >= rows) return known.subarray(0, rows)
    const grown = new Float64Array(rows)
    this.#columns[index] = grown
    return grown
  }
}

/** A row group, read and not yet decoded. */
export interface EncodedPositions {
  readonly file: LiveFile
  readonly firstRow: number
  readonly rows: number
  readonly chunks: readonly LeafChunk[] | undefined
}

/**
 * Reads the position columns of a data file, row group by row group, and nothing else of it. Throws
 * STORAGE_NOT_FOUND, DATA_FILE_UNREADABLE, or MEMORY_EXCEEDED.
 */
export async function* readEncoded(
  reading: PositionReading,
  file: LiveFile,
): AsyncGenerator<EncodedPositions> {
  const { store, fields } = reading
  const { metadata, root } = await openParquet(store, file)
  const paths = [fields.topic, fields.partition, fields.offset].map((id) => leafPath(root, id))
  const known = paths.filter((path) => path !== undefined)
  let firstRow = 0
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows)
    const place = { file, firstRow, rows }
    firstRow += rows
    if (known.length < paths.length) {
      yield { ...place, chunks: undefined }
      continue
    }
    const metas = columnsAt(group, known)
    const statistics = metas[2]?.statistics
    if (skips(reading, statistics)) continue
    refuseLarge(reading, file, encodedBytes(metas) + rows * BYTES_PER_ROW)
    const columns = metas.map((meta, index) => ({ meta, schemaPath: known[index] ?? [] }))
    yield {
      ...place,
      chunks: await orInvalid(file.path, async () => readChunks(store, file.path, columns)),
    }
  }
}

/** The rows of a row group, until the next one is decoded. Throws DATA_FILE_UNREADABLE. */
export async function decodePositions(
  { topics, scratch }: PositionReading,
  { file, firstRow, rows, chunks }: EncodedPositions,
): Promise<PositionRows> {
  if (chunks === undefined) return { firstRow, rows, columns: undefined }
  const [topic, partition, offset] = chunks
  return orInvalid(file.path, () => {
    if (topic === undefined || partition === undefined || offset === undefined) {
      throw new RangeError('a position column is missing')
    }
    return {
      firstRow,
      rows,
      columns: {
        topics: decodeLeaf(topic, scratch.column(0, rows), topics.toNumbers),
        partitions: decodeLeaf(partition, scratch.column(1, rows), integers),
        offsets: decodeLeaf(offset, scratch.column(2, rows), integers),
      },
    }
  })
}

function skips(
  { mayHold }: PositionReading,
  statistics: { readonly min_value?: unknown; readonly max_value?: unknown } | undefined,
): boolean {
  const { min_value: lowest, max_value: highest } = statistics ?? {}
  if (mayHold === undefined || typeof lowest !== 'bigint' || typeof highest !== 'bigint')
    return false
  return !mayHold(lowest, highest)
}

function refuseLarge({ rowGroupBytesMax }: PositionReading, file: LiveFile, bytes: number): void {
  if (bytes <= rowGroupBytesMax) return
  throw new FirnError(
    'MEMORY_EXCEEDED',
    `a row group of ${file.path} takes ${mebibytes(bytes)} MB to read; the bound leaves ${mebibytes(rowGroupBytesMax)} MB`,
    { help: 'raise `--memory-max-mb`' },
  )
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20)
}
