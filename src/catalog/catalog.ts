import type { FirnError } from '../core/errors.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import type { PartitionSpec, SortOrder } from '../iceberg/partition.ts'
import type { Schema } from '../iceberg/types.ts'
import type { TableRequirement, TableUpdate } from '../iceberg/update.ts'

/** A table's name: a namespace of one or more levels, and the name in it. */
export interface TableIdentifier {
  readonly namespace: readonly string[]
  readonly name: string
}

/** How an identifier is written for people: `lake.sales.orders`. */
export function tableText({ namespace, name }: TableIdentifier): string {
  return [...namespace, name].join('.')
}

export interface LoadedTable {
  readonly identifier: TableIdentifier
  readonly metadata: TableMetadata
  /** Where the metadata file lies; null where the catalog does not say. */
  readonly metadataLocation: string | null
  /**
   * About the size of the metadata: of the catalog's answer, which is little else. Undefined where it is not known.
   */
  readonly metadataBytes?: number
  /** Table-specific client configuration, vended credentials among it. */
  readonly config: Readonly<Record<string, string>>
}

export type LoadOutcome =
  | { readonly kind: 'loaded'; readonly table: LoadedTable }
  | { readonly kind: 'missing' }

export interface TableCreation {
  readonly schema: Schema
  readonly partitionSpec: PartitionSpec
  readonly sortOrder: SortOrder
  readonly properties: Readonly<Record<string, string>>
  /** The catalog chooses where null. */
  readonly location: string | null
  readonly formatVersion: 2 | 3
}

export interface TableCommit {
  readonly requirements: readonly TableRequirement[]
  readonly updates: readonly TableUpdate[]
}

/**
 * How a commit request ended. `conflict`: certainly not applied, the table moved. `unknown`: it may have been
 * applied, or may still be. `refused`: certainly not applied, and the same request will not be either.
 */
export type CommitResponse =
  | { readonly kind: 'committed'; readonly table: LoadedTable }
  | { readonly kind: 'conflict'; readonly reason: FirnError }
  | { readonly kind: 'unknown'; readonly reason: FirnError }
  | { readonly kind: 'refused'; readonly reason: FirnError }

export type CreateOutcome =
  | { readonly kind: 'created'; readonly table: LoadedTable }
  | { readonly kind: 'exists' }
  /** May have been created: load to see. */
  | { readonly kind: 'unknown'; readonly reason: FirnError }

/**
 * The Iceberg catalog, one of the five ports. Reads retry by themselves within their bounds and then throw a
 * `FirnError`; a commit is sent exactly once per call, because only the caller knows how to read what became of it.
 */
export interface Catalog {
  loadTable(identifier: TableIdentifier): Promise<LoadOutcome>
  createTable(identifier: TableIdentifier, creation: TableCreation): Promise<CreateOutcome>
  commitTable(identifier: TableIdentifier, commit: TableCommit): Promise<CommitResponse>
  /** False where it was there already. */
  createNamespace(namespace: readonly string[]): Promise<boolean>
  namespaceExists(namespace: readonly string[]): Promise<boolean>
  listTables(namespace: readonly string[]): Promise<readonly TableIdentifier[]>
  /** Drops the table, never its files unless `purge`. False where there was none. */
  dropTable(identifier: TableIdentifier, options: { readonly purge: boolean }): Promise<boolean>
  close(): Promise<void>
}
