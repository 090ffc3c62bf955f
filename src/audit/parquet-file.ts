import {
  type ColumnMetaData,
  type FileMetaData,
  parquetMetadataAsync,
  parquetSchema,
  type RowGroup,
  type SchemaTree,
} from 'hyparquet'
import { FirnError, messageOf } from '../core/errors.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { LeafChunk } from './parquet-leaf.ts'

/** A Parquet file in object storage whose footer has been read. */
export interface ParquetFile {
  readonly path: string
  readonly metadata: FileMetaData
  readonly root: SchemaTree
}

/** Most footers are smaller: one request reads them. */
const FOOTER_BYTES = 64 * 1024

/** Reads a file's footer. Throws STORAGE_NOT_FOUND, or DATA_FILE_UNREADABLE. */
export async function openParquet(
  store: ObjectStore,
  { path, sizeBytes }: { readonly path: string; readonly sizeBytes: number },
): Promise<ParquetFile> {
  const file = {
    byteLength: sizeBytes,
    slice: async (start: number, end = sizeBytes) =>
      wholeBuffer(await store.get(path, { start, end })),
  }
  return orInvalid(path, async () => {
    const metadata = await parquetMetadataAsync(file, {
      initialFetchSize: FOOTER_BYTES,
      geoparquet: false,
    })
    return { path, metadata, root: parquetSchema(metadata) }
  })
}

/** Runs what reads a file; whatever is wrong with its bytes becomes DATA_FILE_UNREADABLE. */
export async function orInvalid<T>(path: string, read: () => Promise<T> | T): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof FirnError) throw cause
    throw new FirnError('DATA_FILE_UNREADABLE', `${path} cannot be read: ${messageOf(cause)}`, {
      cause,
      context: { path },
    })
  }
}

/** The path of schema elements to a field: by id, at any depth of structs. Undefined where the file has none. */
export function leafPath(root: SchemaTree, fieldId: number): readonly SchemaTree[] | undefined {
  for (const child of root.children) {
    if (child.element.field_id === fieldId) return [root, child]
    const below = leafPath(child, fieldId)
    if (below !== undefined) return [root, ...below]
  }
  return undefined
}

/** A row group's columns along some paths; `metas` in the order of the paths. */
export function columnsAt(
  { columns }: RowGroup,
  paths: readonly (readonly SchemaTree[])[],
): readonly ColumnMetaData[] {
  return paths.map((path) => {
    const names = path.slice(1).map(({ element }) => element.name)
    const found = columns.find(
      ({ meta_data: meta }) => meta?.path_in_schema.join('\0') === names.join('\0'),
    )
    if (found?.meta_data === undefined) throw new RangeError(`no column ${names.join('.')}`)
    return found.meta_data
  })
}

interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Columns that lie as close as this are read in one request. */
const GAP_BYTES_MAX = 256 * 1024

/** Reads columns of a row group: those that lie side by side in one request. */
export async function readChunks(
  store: ObjectStore,
  path: string,
  columns: readonly { readonly meta: ColumnMetaData; readonly schemaPath: readonly SchemaTree[] }[],
): Promise<readonly LeafChunk[]> {
  const ranges = columns.map(({ meta }) => rangeOf(meta))
  const reads = joined(ranges)
  const parts = await Promise.all(reads.map(async (range) => store.get(path, range)))
  return columns.map((column, index) => {
    const { start, end } = ranges[index] ?? { start: 0, end: 0 }
    const from = reads.findIndex((read) => read.start <= start && end <= read.end)
    const offset = start - (reads[from]?.start ?? 0)
    const bytes = parts[from]?.subarray(offset, offset + end - start)
    if (bytes?.length !== end - start) throw new RangeError(`${path} is shorter than it says`)
    return { ...column, bytes }
  })
}

/** How many bytes of a row group's columns are read. */
export function encodedBytes(metas: readonly ColumnMetaData[]): number {
  return metas.reduce((sum, meta) => sum + Number(meta.total_compressed_size), 0)
}

function rangeOf(meta: ColumnMetaData): ByteRange {
  const { dictionary_page_offset: dictionary, data_page_offset: data } = meta
  const first =
    dictionary === undefined || dictionary === 0n || dictionary > data ? data : dictionary
  return { start: Number(first), end: Number(first + meta.total_compressed_size) }
}

function joined(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const reads: { start: number; end: number }[] = []
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = reads.at(-1)
    if (last !== undefined && start - last.end <= GAP_BYTES_MAX) last.end = Math.max(last.end, end)
    else reads.push({ start, end })
  }
  return reads
}

/** Memory of its own: what storage returns may be a window of a larger buffer. */
function wholeBuffer(bytes: Uint8Array): ArrayBuffer {
  const own = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(own).set(bytes)
  return own
}
