import type { LiveFile } from '../../../src/audit/live-files.ts'
import type { PositionFields } from '../../../src/audit/position-fields.ts'
import { snapshotId } from '../../../src/core/ids.ts'
import type { Schema } from '../../../src/iceberg/types.ts'
import type { FakeObjectStore } from '../../support/fake-object-store.ts'
import { batchOf, type Tree } from '../columns/tree.ts'
import { encodeFile, type EncodingOptions } from '../parquet/parquet-files.ts'

export const FIELDS: PositionFields = { struct: 2, topic: 3, partition: 4, offset: 5 }

export const POSITION_SCHEMA: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    { id: 1, name: 'n', type: { kind: 'long' }, required: false },
    {
      id: 2,
      name: '_kafka',
      required: false,
      type: {
        kind: 'struct',
        fields: [
          { id: 3, name: 'topic', type: { kind: 'string' }, required: true },
          { id: 4, name: 'partition', type: { kind: 'int' }, required: true },
          { id: 5, name: 'offset', type: { kind: 'long' }, required: true },
        ],
      },
    },
  ],
}

/** A row's position; null for another writer's row. */
export type Positioned = readonly [topic: string, partition: number, offset: number] | null

/** Writes a data file of row groups, and returns it as a manifest would list it. */
export async function putFile(
  store: FakeObjectStore,
  path: string,
  groups: readonly (readonly Positioned[])[],
  options: EncodingOptions & { readonly sequenceNumber?: bigint } = {},
): Promise<LiveFile> {
  const trees = groups.map((rows) =>
    rows.map((row): Tree[] => [1n, row === null ? null : [row[0], row[1], BigInt(row[2])]]),
  )
  const batches = trees.map((rows) => batchOf(POSITION_SCHEMA, rows))
  const file = encodeFile(POSITION_SCHEMA, batches, options)
  await store.put(path, file.bytes)
  const placed = groups.flat().filter((row) => row !== null)
  const offsets = placed.map(([, , offset]) => offset)
  const partitions = placed.map(([, partition]) => partition)
  return {
    path,
    format: 'PARQUET',
    sizeBytes: file.bytes.length,
    rows: BigInt(groups.flat().length),
    snapshotId: snapshotId(1n),
    sequenceNumber: options.sequenceNumber ?? 1n,
    partitions:
      placed.length === 0
        ? undefined
        : { lowest: Math.min(...partitions), highest: Math.max(...partitions) },
    offsets:
      placed.length === 0
        ? undefined
        : { lowest: BigInt(Math.min(...offsets)), highest: BigInt(Math.max(...offsets)) },
    deletes: undefined,
  }
}

const DELETE_SCHEMA: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    { id: 2_147_483_546, name: 'file_path', type: { kind: 'string' }, required: true },
    { id: 2_147_483_545, name: 'pos', type: { kind: 'long' }, required: true },
  ],
}

/** Writes a position delete file. */
export async function putDeletes(
  store: FakeObjectStore,
  path: string,
  rows: readonly (readonly [path: string, row: number])[],
  sequenceNumber: bigint,
): Promise<LiveFile> {
  const trees = rows.map(([of, row]): Tree[] => [of, BigInt(row)])
  const file = encodeFile(DELETE_SCHEMA, [batchOf(DELETE_SCHEMA, trees)])
  await store.put(path, file.bytes)
  return {
    path,
    format: 'PARQUET',
    sizeBytes: file.bytes.length,
    rows: BigInt(rows.length),
    snapshotId: snapshotId(2n),
    sequenceNumber,
    partitions: undefined,
    offsets: undefined,
    deletes: 'position',
  }
}
