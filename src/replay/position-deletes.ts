import { BatchBuilder } from '../columns/batch-builder.ts'
import { valueAt } from '../columns/value-at.ts'
import { required } from '../core/assert.ts'
import { FirnError } from '../core/errors.ts'
import type { DataFile, ManifestEntry } from '../iceberg/data-file.ts'
import type { Schema } from '../iceberg/types.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { type IsDeleted, NONE_DELETED } from './file-positions.ts'
import { ParquetFile } from './parquet-file.ts'

/** Spec: "Reserved Field IDs". */
const FILE_PATH_ID = 2147483546
const POS_ID = 2147483545

const DELETE_SCHEMA: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    { id: FILE_PATH_ID, name: 'file_path', type: { kind: 'string' }, required: true },
    { id: POS_ID, name: 'pos', type: { kind: 'long' }, required: true },
  ],
}

/** The delete files of a head that may delete rows of a data file, by position. Spec: "Scan Planning". */
export function deletesOf(
  data: ManifestEntry,
  deletes: readonly ManifestEntry[],
): readonly ManifestEntry[] {
  const { filePath } = data.dataFile
  return deletes.filter((one) => {
    if ((one.sequenceNumber ?? 0n) < (data.sequenceNumber ?? 0n)) return false
    const { referencedDataFile } = one.dataFile
    if (referencedDataFile !== null && referencedDataFile !== undefined) {
      return referencedDataFile === filePath
    }
    return mayName(one.dataFile, filePath)
  })
}

/** By the bounds of the paths that it names. */
function mayName({ metrics }: DataFile, path: string): boolean {
  const wanted = Buffer.from(path)
  const lower = metrics.lowerBounds.get(FILE_PATH_ID)
  const upper = metrics.upperBounds.get(FILE_PATH_ID)
  return (
    (lower === undefined || Buffer.compare(lower, wanted) <= 0) &&
    (upper === undefined || Buffer.compare(upper, wanted) >= 0)
  )
}

/** Which rows of a data file are deleted. Throws REPLAY_REFUSED for deletes in a form that Firn does not read. */
export async function deletedRows(
  store: ObjectStore,
  data: DataFile,
  deletes: readonly ManifestEntry[],
): Promise<IsDeleted> {
  if (deletes.length === 0) return NONE_DELETED
  const deleted = new Set<number>()
  for (const { dataFile } of deletes) {
    if (dataFile.fileFormat.toUpperCase() !== 'PARQUET') throw unreadableDeletes(dataFile)
    await readDeletes(await ParquetFile.open(store, dataFile), data.filePath, deleted)
  }
  return (row) => deleted.has(row)
}

async function readDeletes(file: ParquetFile, path: string, into: Set<number>): Promise<void> {
  const layout = file.layout(DELETE_SCHEMA)
  const builder = new BatchBuilder(layout.schema)
  for (let group = 0; group < file.rowGroupCount; group += 1) {
    await file.readRowGroup(group, layout, builder)
    const { rowCount, columns } = builder.seal()
    const paths = required(columns[0], 'paths of deletes')
    const places = required(columns[1], 'places of deletes')
    for (let row = 0; row < rowCount; row += 1) {
      if (valueAt(paths, row) === path) into.add(Number(valueAt(places, row)))
    }
    builder.reset()
  }
}

function unreadableDeletes({ filePath, fileFormat }: DataFile): FirnError {
  return new FirnError(
    'REPLAY_REFUSED',
    `${filePath} holds deletes as ${fileFormat}, which Firn does not read: rows that it deletes could come back`,
    {
      context: { file: filePath },
      help: 'compact the table (rewrite_data_files with delete-file-threshold 1 in Spark), then try again',
    },
  )
}
