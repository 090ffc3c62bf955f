/** Iceberg's types as data. Spec: "Schemas and Data Types". */

export type PrimitiveType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'int' }
  | { readonly kind: 'long' }
  | { readonly kind: 'float' }
  | { readonly kind: 'double' }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'date' }
  | { readonly kind: 'time' }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'timestamptz' }
  | { readonly kind: 'timestamp_ns' }
  | { readonly kind: 'timestamptz_ns' }
  | { readonly kind: 'string' }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'fixed'; readonly length: number }
  | { readonly kind: 'binary' }

export interface StructType {
  readonly kind: 'struct'
  readonly fields: readonly NestedField[]
}

export interface ListType {
  readonly kind: 'list'
  readonly elementId: number
  readonly element: Type
  readonly elementRequired: boolean
}

export interface MapType {
  readonly kind: 'map'
  readonly keyId: number
  readonly key: Type
  readonly valueId: number
  readonly value: Type
  readonly valueRequired: boolean
}

/**
 * A type that Firn reads past but never writes: v3's `variant`, `unknown`, `geometry`, `geography`, and whatever a
 * later version brings. `text` is the type as the schema states it.
 */
export interface UnsupportedType {
  readonly kind: 'unsupported'
  readonly text: string
}

export type Type = PrimitiveType | StructType | ListType | MapType | UnsupportedType

/** A field of a schema or struct. `id` is unique in the table and is never used again. */
export interface NestedField {
  readonly id: number
  readonly name: string
  readonly type: Type
  readonly required: boolean
  readonly doc?: string
  /** v3 defaults, as single values of the field's type. */
  readonly initialDefault?: Value
  readonly writeDefault?: Value
}

export interface Schema {
  readonly schemaId: number
  readonly fields: readonly NestedField[]
  readonly identifierFieldIds: readonly number[]
}

/**
 * A single value of a primitive type in memory:
 * boolean → boolean; int, float, double → number; date → number (days since the epoch);
 * long → bigint; time → bigint (µs); timestamp, timestamptz → bigint (µs since the epoch);
 * timestamp_ns, timestamptz_ns → bigint (ns since the epoch); decimal → bigint (unscaled);
 * string → string; uuid (16), fixed, binary → Uint8Array.
 */
export type Value = boolean | number | bigint | string | Uint8Array
