import type { PartitionMap, PositionRange } from '../core/offsets.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type FilePositions, filePositions } from './file-positions.ts'
import { rewriteKey, type SourceFile } from './file-rewriter.ts'
import type { KafkaPlace } from './kafka-place.ts'
import { ParquetFile } from './parquet-file.ts'
import { deletedRows } from './position-deletes.ts'

/** Reads what files hold of some ranges, each file once: data files never change. */
export class FileInspector {
  readonly #parts: {
    readonly store: ObjectStore
    readonly place: KafkaPlace
    readonly ranges: PartitionMap<PositionRange>
  }
  readonly #known = new Map<string, FilePositions>()

  constructor(parts: {
    readonly store: ObjectStore
    readonly place: KafkaPlace
    readonly ranges: PartitionMap<PositionRange>
  }) {
    this.#parts = parts
  }

  async inspect(source: SourceFile): Promise<FilePositions> {
    const key = rewriteKey(source, this.#parts.ranges)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const { store, place, ranges } = this.#parts
    const { dataFile } = source.entry
    const file = await ParquetFile.open(store, dataFile)
    const isDeleted = await deletedRows(store, dataFile, source.deletes)
    const found = await filePositions(file, { place, ranges, isDeleted })
    this.#known.set(key, found)
    return found
  }
}
