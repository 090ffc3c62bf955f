import { FirnError } from '../core/errors.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { LiveFile } from './live-files.ts'
import { columnsAt, leafPath, openParquet, orInvalid, readChunks } from './parquet-file.ts'
import { decodeLeaf, integers, TextNumbers } from './parquet-leaf.ts'

/** Reserved field ids of position delete files. Spec: "Reserved Field IDs". */
const FILE_PATH_ID = 2_147_483_546
const POS_ID = 2_147_483_545

/** Rows that position delete files take out of data files. */
export class DeletedRows {
  readonly #byFile = new Map<
    string,
    { readonly sequenceNumber: bigint; readonly rows: number[] }[]
  >()

  /** Reads position delete files. Throws DATA_FILE_UNREADABLE, or MEMORY_EXCEEDED where they hold too many rows. */
  static async read(
    store: ObjectStore,
    files: readonly LiveFile[],
    rowsMax: number,
  ): Promise<DeletedRows> {
    const deleted = new DeletedRows()
    const count = files.reduce((sum, { rows }) => sum + rows, 0n)
    if (Number(count) > rowsMax) {
      throw new FirnError(
        'MEMORY_EXCEEDED',
        `the table's position deletes are of ${count} rows; the bound leaves room for ${Math.floor(rowsMax)}`,
        { help: 'raise `--memory-max-mb`, or compact the table' },
      )
    }
    for (const file of files) await deleted.#add(store, file)
    return deleted
  }

  /** The numbers of the rows that are deleted from a data file; undefined where none are. */
  of({ path, sequenceNumber }: LiveFile): ReadonlySet<number> | undefined {
    const rows = (this.#byFile.get(path) ?? [])
      // Spec: "Scan Planning": a position delete applies to files that are not younger than it.
      .filter((deletes) => deletes.sequenceNumber >= sequenceNumber)
      .flatMap((deletes) => deletes.rows)
    return rows.length === 0 ? undefined : new Set(rows)
  }

  async #add(store: ObjectStore, file: LiveFile): Promise<void> {
    const { metadata, root } = await openParquet(store, file)
    const paths = [FILE_PATH_ID, POS_ID].map((id) => leafPath(root, id) ?? [])
    for (const group of metadata.row_groups) {
      await orInvalid(file.path, async () => {
        const rows = Number(group.num_rows)
        const columns = columnsAt(group, paths).map((meta, index) => ({
          meta,
          schemaPath: paths[index] ?? [],
        }))
        const [path, pos] = await readChunks(store, file.path, columns)
        if (path === undefined || pos === undefined) throw new RangeError('a column is missing')
        const texts = new TextNumbers()
        const named = decodeLeaf(path, new Float64Array(rows), texts.toNumbers)
        decodeLeaf(pos, new Float64Array(rows), integers).forEach((row, index) => {
          this.#take(file, texts.text(named[index] ?? Number.NaN), row)
        })
      })
    }
  }

  #take({ sequenceNumber }: LiveFile, path: string | undefined, row: number): void {
    if (path === undefined) throw new RangeError('a delete names no file')
    const lists = this.#byFile.get(path) ?? []
    if (lists.length === 0) this.#byFile.set(path, lists)
    const last = lists.at(-1)
    if (last?.sequenceNumber === sequenceNumber) last.rows.push(row)
    else lists.push({ sequenceNumber, rows: [row] })
  }
}
