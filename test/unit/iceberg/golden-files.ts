import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseJson, stringifyJson } from '../../../src/core/json.ts'
import { parseTableMetadata } from '../../../src/iceberg/metadata-json.ts'
import type { TableMetadata } from '../../../src/iceberg/metadata.ts'

const ROOT = resolve(import.meta.dirname, '../../golden/iceberg')

/** The tables of test/golden/iceberg, written by Java. */
export const TABLES = [
  'v1_empty',
  'v1_evolved',
  'v2_empty',
  'v2_upgraded',
  'v2_transforms',
  'v2_nested',
  'v2_fixed',
  'v3_empty',
  'v3_transforms',
  'v3_lineage',
]

export const goldenBytes = (table: string, name: string): Uint8Array =>
  new Uint8Array(readFileSync(join(ROOT, table, name)))

export const goldenJson = (...path: string[]): unknown =>
  JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'))

export const goldenMetadataText = (table: string): string =>
  readFileSync(join(ROOT, table, 'metadata.json'), 'utf8')

export const goldenMetadata = (table: string): TableMetadata =>
  parseTableMetadata(parseJson(goldenMetadataText(table), 'the metadata'))

/** Through text, so that both sides of a comparison have bigints where numbers are too large. */
export const viaText = (json: Parameters<typeof stringifyJson>[0]): unknown =>
  parseJson(stringifyJson(json), 'the JSON')

export interface TwinEntry {
  readonly status: string
  readonly snapshotId: string | null
  readonly sequenceNumber: string | null
  readonly fileSequenceNumber: string | null
  readonly content: string
  readonly path: string
  readonly format: string
  readonly recordCount: number
  readonly fileSize: number
  readonly specId: number
  readonly sortOrderId: number | null
  readonly firstRowId: number | null
  readonly partitionPath: string
  readonly partition: readonly (string | null)[]
  readonly columnSizes: Readonly<Record<string, number>> | null
  readonly valueCounts: Readonly<Record<string, number>> | null
  readonly nullValueCounts: Readonly<Record<string, number>> | null
  readonly nanValueCounts: Readonly<Record<string, number>> | null
  readonly lowerBounds: Readonly<Record<string, string>>
  readonly upperBounds: Readonly<Record<string, string>>
  readonly splitOffsets: readonly number[] | null
  readonly equalityIds: readonly number[] | null
  readonly referencedDataFile?: string | null
  readonly contentOffset?: number | null
  readonly contentSize?: number | null
}

export interface TwinManifest {
  readonly file: string
  readonly path: string
  readonly length: number
  readonly specId: number
  readonly content: string
  readonly sequenceNumber: string
  readonly minSequenceNumber: string
  readonly addedSnapshotId: string
  readonly addedFiles: number
  readonly existingFiles: number
  readonly deletedFiles: number
  readonly addedRows: number
  readonly existingRows: number
  readonly deletedRows: number
  readonly firstRowId: number | null
  readonly partitions: readonly {
    readonly containsNull: boolean
    readonly containsNan: boolean | null
    readonly lower: string | null
    readonly upper: string | null
  }[]
  readonly entries: readonly TwinEntry[]
}

/** What Java's own reader saw in the files. */
export interface Twin {
  readonly snapshots: readonly {
    readonly snapshotId: string
    readonly manifestList: string
    readonly manifests: readonly TwinManifest[]
  }[]
}

export const twinOf = (table: string): Twin => goldenJson(table, 'twin.json') as Twin
