import type { FileMetaData, RowGroup, SchemaTree } from 'hyparquet'
import {
  columnsAt,
  openParquet,
  orInvalid,
  type ParquetFile as OpenedParquet,
  readChunks,
} from '../audit/parquet-file.ts'
import type { BatchBuilder } from '../columns/batch-builder.ts'
import { assert, required } from '../core/assert.ts'
import { FirnError } from '../core/errors.ts'
import type { DataFile } from '../iceberg/data-file.ts'
import type { Schema } from '../iceberg/types.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type FileLayout, type FileLeaf, fileLayout } from './file-layout.ts'
import { LeafAssembler } from './leaf-assembler.ts'
import { leafPages } from './leaf-pages.ts'
import { type RawAppender, rawAppender } from './raw-values.ts'

/** A Parquet file in object storage, read back exactly into columns: row group by row group, some columns or all. */
export class ParquetFile {
  readonly path: string
  readonly #store: ObjectStore
  readonly #metadata: FileMetaData
  readonly #root: SchemaTree

  private constructor(store: ObjectStore, { path, metadata, root }: OpenedParquet) {
    this.#store = store
    this.path = path
    this.#metadata = metadata
    this.#root = root
  }

  /** Reads the footer. Throws the store's faults, and DATA_FILE_UNREADABLE. */
  static async open(
    store: ObjectStore,
    { filePath, fileSizeInBytes }: Pick<DataFile, 'filePath' | 'fileSizeInBytes'>,
  ): Promise<ParquetFile> {
    const at = { path: filePath, sizeBytes: Number(fileSizeInBytes) }
    return new ParquetFile(store, await openParquet(store, at))
  }

  get rowGroupCount(): number {
    return this.#metadata.row_groups.length
  }

  rowCountOf(rowGroup: number): number {
    return Number(this.#rowGroup(rowGroup).num_rows)
  }

  /** What the file has of a schema. Throws REPLAY_REFUSED where that cannot be told exactly. */
  layout(schema: Schema): FileLayout {
    return fileLayout(this.#root, schema, this.path)
  }

  /** Appends the rows of a row group to a builder of the layout's schema. */
  async readRowGroup(rowGroup: number, layout: FileLayout, builder: BatchBuilder): Promise<void> {
    const group = this.#rowGroup(rowGroup)
    const before = builder.rowCount
    await orInvalid(this.path, async () => {
      const metas = columnsAt(
        group,
        layout.leaves.map(({ schemaPath }) => schemaPath),
      )
      const columns = metas.map((meta, index) => ({
        meta,
        schemaPath: layout.leaves[index]?.schemaPath ?? [],
      }))
      const chunks = await readChunks(this.#store, this.path, columns)
      for (const [index, leaf] of layout.leaves.entries()) {
        const { meta, bytes } = required(chunks[index], 'chunk of a leaf')
        const assembler = new LeafAssembler(leaf, this.#appender(leaf), builder)
        for (const page of leafPages(bytes, leaf, meta)) assembler.append(page)
      }
    })
    builder.counters[0] = before + Number(group.num_rows)
    for (const column of builder.columns) {
      if (column.length === builder.rowCount) continue
      throw new FirnError(
        'DATA_FILE_UNREADABLE',
        `${this.path}: ${column.field.name} has not as many values as there are rows`,
        { context: { path: this.path } },
      )
    }
  }

  #rowGroup(index: number): RowGroup {
    const group = this.#metadata.row_groups[index]
    assert(group !== undefined, 'a row group of the file')
    return group
  }

  #appender(leaf: FileLeaf): RawAppender {
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
}
