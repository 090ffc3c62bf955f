import type { Value } from './types.ts'

/** A partition transform. Spec: "Partition Transforms". */
export type Transform =
  | { readonly kind: 'identity' }
  | { readonly kind: 'bucket'; readonly buckets: number }
  | { readonly kind: 'truncate'; readonly width: number }
  | { readonly kind: 'year' | 'month' | 'day' | 'hour' }
  | { readonly kind: 'void' }
  | { readonly kind: 'unknown'; readonly text: string }

export interface PartitionField {
  readonly sourceId: number
  readonly fieldId: number
  readonly name: string
  readonly transform: Transform
}

export interface PartitionSpec {
  readonly specId: number
  readonly fields: readonly PartitionField[]
}

export interface SortField {
  readonly sourceId: number
  readonly transform: Transform
  readonly direction: 'asc' | 'desc'
  readonly nullOrder: 'nulls-first' | 'nulls-last'
}

export interface SortOrder {
  readonly orderId: number
  readonly fields: readonly SortField[]
}

/** The values of one partition tuple, in the order of the spec's fields. */
export type PartitionTuple = readonly (Value | null)[]
