import { parquetMetadata, parquetSchema } from 'hyparquet'
import type { ColumnMetaData, FileMetaData, RowGroup } from 'hyparquet/src/types.js'
import type { BatchBuilder } from '../columns/batch-builder.ts'
import { readAll } from '../commit/manifest-lists.ts'
import { assert, required } from '../core/assert.ts'
import { FirnError, messageOf } from '../core/errors.ts'
import type { DataFile } from '../iceberg/data-file.ts'
import type { Schema } from '../iceberg/types.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type FileLayout, type FileLeaf, fileLayout } from './file-layout.ts'
import { LeafAssembler } from './leaf-assembler.ts'
import { leafPages } from './leaf-pages.ts'
import { rawAppender } from './raw-values.ts'

/** Most footers fit: one request tells what is where. */
const TAIL_BYTES = 128 * 1024
const MAGIC_AND_LENGTH = 8
/** Chunks that lie closer are fetched with one request. */
const SPAN_GAP = 64 * 1024

interface ByteRange {
  readonly start: number
  readonly end: number
}

/** A Parquet file in object storage, read back exactly into columns: row group by row group, some columns or all. */
export class ParquetFile {
  readonly path: string
  readonly #store: ObjectStore
  readonly #metadata: FileMetaData

  private constructor(store: ObjectStore, path: string, metadata: FileMetaData) {
    this.#store = store
    this.path = path
    this.#metadata = metadata
  }

  /** Reads the footer. Throws the store's faults, and DATA_FILE_UNREADABLE. */
  static async open(
    store: ObjectStore,
    { filePath, fileSizeInBytes }: Pick<DataFile, 'filePath' | 'fileSizeInBytes'>,
  ): Promise<ParquetFile> {
    const size = Number(fileSizeInBytes)
    const tail = await store.get(filePath, { start: Math.max(0, size - TAIL_BYTES), end: size })
    return readable(filePath, async () => {
      const length = Buffer.from(tail).readUInt32LE(tail.length - MAGIC_AND_LENGTH)
      const whole = length + MAGIC_AND_LENGTH
      const footer =
        whole <= tail.length ? tail : await store.get(filePath, { start: size - whole, end: size })
      return new ParquetFile(store, filePath, parquetMetadata(footer, { geoparquet: false }))
    })
  }

  get rowGroupCount(): number {
    return this.#metadata.row_groups.length
  }

  rowCountOf(rowGroup: number): number {
    return Number(this.#rowGroup(rowGroup).num_rows)
  }

  /** What the file has of a schema. Throws REPLAY_REFUSED where that cannot be told exactly. */
  layout(schema: Schema): FileLayout {
    const root = parquetSchema({ schema: this.#metadata.schema })
    return fileLayout(root, schema, this.path)
  }

  /** Appends the rows of a row group to a builder of the layout's schema. */
  async readRowGroup(rowGroup: number, layout: FileLayout, builder: BatchBuilder): Promise<void> {
    const group = this.#rowGroup(rowGroup)
    const before = builder.rowCount
    const chunks = layout.leaves.map((leaf) => ({ leaf, chunk: this.#chunkOf(group, leaf) }))
    const bytes = await this.#fetch(chunks.map(({ chunk }) => rangeOf(chunk)))
    await readable(this.path, async () => {
      for (const [index, { leaf, chunk }] of chunks.entries()) {
        const append = required(this.#appender(leaf), 'appender')
        const assembler = new LeafAssembler(leaf, append, builder)
        const stored = required(bytes[index], 'bytes of a chunk')
        for (const page of leafPages(stored, leaf, chunk)) assembler.append(page)
      }
    })
    builder.counters[0] = before + Number(group.num_rows)
    for (const column of builder.columns) {
      if (column.length === builder.rowCount) continue
      throw unreadable(this.path, `${column.field.name} has not as many values as there are rows`)
    }
  }

  #rowGroup(index: number): RowGroup {
    const group = this.#metadata.row_groups[index]
    assert(group !== undefined, 'a row group of the file')
    return group
  }

  #chunkOf({ columns }: RowGroup, { path }: FileLeaf): ColumnMetaData {
    const name = path.join('\0')
    const chunk = columns.find(({ meta_data: one }) => one?.path_in_schema.join('\0') === name)
    if (chunk?.meta_data !== undefined && chunk.file_path === undefined) return chunk.meta_data
    throw unreadable(this.path, `it does not hold its column ${path.join('.')}`)
  }

  #appender(leaf: FileLeaf): ReturnType<typeof rawAppender> {
    const append = rawAppender(leaf.type, leaf.element)
    if (append !== undefined) return append
    throw new FirnError(
      'REPLAY_REFUSED',
      `${this.path} cannot be rewritten exactly: it stores ${leaf.path.join('.')} as ${leaf.element.type ?? 'nothing'}, which is not how the table has it`,
      {
        context: { file: this.path },
        help: 'compact the table with another engine (rewrite_data_files), then try again',
      },
    )
  }

  async #fetch(ranges: readonly ByteRange[]): Promise<readonly Uint8Array[]> {
    const spans = spansOf(ranges)
    const fetched = await readAll(spans, async (span) => this.#store.get(this.path, span))
    return ranges.map(({ start, end }) => {
      const index = spans.findIndex((span) => span.start <= start && end <= span.end)
      const span = required(spans[index], 'span of a chunk')
      const bytes = required(fetched[index], 'bytes of a span')
      return bytes.subarray(start - span.start, end - span.start)
    })
  }
}

function rangeOf(chunk: ColumnMetaData): ByteRange {
  const data = Number(chunk.data_page_offset)
  // Some writers state a dictionary at 0 where there is none.
  const dictionary = Number(chunk.dictionary_page_offset ?? 0n)
  const start = dictionary > 0 ? Math.min(dictionary, data) : data
  return { start, end: start + Number(chunk.total_compressed_size) }
}

function spansOf(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const spans: { start: number; end: number }[] = []
  for (const { start, end } of ranges.toSorted((a, b) => a.start - b.start)) {
    const last = spans.at(-1)
    if (last !== undefined && start - last.end <= SPAN_GAP) last.end = Math.max(last.end, end)
    else spans.push({ start, end })
  }
  return spans
}

async function readable<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (fault) {
    if (fault instanceof FirnError) throw fault
    throw unreadable(path, messageOf(fault), fault)
  }
}

function unreadable(path: string, why: string, cause?: unknown): FirnError {
  return new FirnError('DATA_FILE_UNREADABLE', `data file ${path} cannot be read: ${why}`, {
    context: { file: path },
    cause: cause instanceof FirnError ? cause : undefined,
  })
}
