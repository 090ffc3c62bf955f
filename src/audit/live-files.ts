import { readAll, type ManifestLists } from '../commit/manifest-lists.ts'
import { FirnError } from '../core/errors.ts'
import type { SnapshotId } from '../core/ids.ts'
import type { DataFile, ManifestEntry, ManifestFile } from '../iceberg/data-file.ts'
import { readManifest } from '../iceberg/manifest-reader.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import type { Snapshot, TableMetadata } from '../iceberg/metadata.ts'
import { valueFromBytes } from '../iceberg/single-value.ts'
import type { PrimitiveType, Value } from '../iceberg/types.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { PositionFields } from './position-fields.ts'

/** The least and the greatest value in a file, as its manifest states them. */
export interface Bounds<T> {
  readonly lowest: T
  readonly highest: T
}

/** A file that a snapshot reads, with no more than what an audit needs: there may be many. */
export interface LiveFile {
  readonly path: string
  readonly format: string
  readonly sizeBytes: number
  readonly rows: bigint
  /** The snapshot that added it. */
  readonly snapshotId: SnapshotId | null
  /** What deletes are compared with. */
  readonly sequenceNumber: bigint
  /** Undefined where the manifest states no bounds, or the file has no such column. */
  readonly partitions: Bounds<number> | undefined
  readonly offsets: Bounds<bigint> | undefined
  /** Which kind of delete file; undefined for data. */
  readonly deletes: 'position' | 'vector' | 'equality' | undefined
}

export interface LiveFiles {
  readonly data: readonly LiveFile[]
  readonly deletes: readonly LiveFile[]
  /** Paths that the snapshot lists more than once. */
  readonly repeated: readonly string[]
  /** Manifests that could not be read, and why. */
  readonly unreadable: readonly FirnError[]
}

/** Beyond so many the list alone would take gigabytes. */
const FILES_MAX = 2_000_000

/**
 * The files of a snapshot, from its manifests, a few at a time. A manifest that is not there or cannot be read is
 * told, and the others are read.
 */
export async function readLiveFiles(
  { store, lists }: { readonly store: ObjectStore; readonly lists: ManifestLists },
  { metadata, snapshot }: { readonly metadata: TableMetadata; readonly snapshot: Snapshot },
  fields: PositionFields,
): Promise<LiveFiles> {
  const manifests = await lists.of(snapshot)
  const schema = currentSchema(metadata)
  const files: { data: LiveFile[]; deletes: LiveFile[]; unreadable: FirnError[] } = {
    data: [],
    deletes: [],
    unreadable: [],
  }
  const seen = new Set<string>()
  const repeated = new Set<string>()
  for (const some of portions(manifests, 8)) {
    const read = await readAll(some, async (manifest) => entriesOf(store, { manifest, schema }))
    for (const entries of read) {
      if (entries instanceof FirnError) {
        files.unreadable.push(entries)
        continue
      }
      for (const file of entries.map((entry) => liveFile(entry, fields))) {
        if (file.deletes !== 'vector') {
          if (seen.has(file.path)) repeated.add(file.path)
          seen.add(file.path)
        }
        ;(file.deletes === undefined ? files.data : files.deletes).push(file)
      }
      refuseMany(seen.size)
    }
  }
  return { ...files, repeated: [...repeated] }
}

function* portions<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size)
}

async function entriesOf(
  store: ObjectStore,
  reading: { readonly manifest: ManifestFile; readonly schema: TableMetadata['schemas'][number] },
): Promise<readonly ManifestEntry[] | FirnError> {
  try {
    const bytes = await store.get(reading.manifest.manifestPath)
    return readManifest(bytes, reading).entries.filter(({ status }) => status !== 'deleted')
  } catch (fault) {
    if (fault instanceof FirnError && fault.retry === 'never') return fault
    throw fault
  }
}

function refuseMany(count: number): void {
  if (count <= FILES_MAX) return
  throw new FirnError('MEMORY_EXCEEDED', `the snapshot has more than ${FILES_MAX} files`, {
    help: 'compact the table first',
  })
}

function liveFile(entry: ManifestEntry, fields: PositionFields): LiveFile {
  const { dataFile } = entry
  return {
    path: dataFile.filePath,
    format: dataFile.fileFormat.toUpperCase(),
    sizeBytes: Number(dataFile.fileSizeInBytes),
    rows: dataFile.recordCount,
    snapshotId: entry.snapshotId,
    sequenceNumber: entry.sequenceNumber ?? 0n,
    partitions: boundsOf(dataFile, fields.partition, { kind: 'int' }, asNumber),
    offsets: boundsOf(dataFile, fields.offset, { kind: 'long' }, asBigint),
    deletes: deletesOf(dataFile),
  }
}

function deletesOf({ content, fileFormat }: DataFile): LiveFile['deletes'] {
  if (content === 'data') return undefined
  if (content === 'equality-deletes') return 'equality'
  return fileFormat.toUpperCase() === 'PUFFIN' ? 'vector' : 'position'
}

function boundsOf<T>(
  { metrics }: DataFile,
  id: number,
  type: PrimitiveType,
  as: (value: Value) => T,
): Bounds<T> | undefined {
  const [lowest, highest] = [metrics.lowerBounds.get(id), metrics.upperBounds.get(id)]
  if (lowest === undefined || highest === undefined) return undefined
  return { lowest: as(valueFromBytes(type, lowest)), highest: as(valueFromBytes(type, highest)) }
}

const asNumber = (value: Value): number => Number(value)
const asBigint = (value: Value): bigint =>
  typeof value === 'bigint' ? value : BigInt(Number(value))
