import { FirnError } from '../core/errors.ts'
import { typeText } from '../iceberg/type-text.ts'
import type { NestedField } from '../iceberg/types.ts'

/**
 * How the values of a column lie in memory, in Arrow's terms. One column has one of:
 * `boolean` bits, least significant first; `int32`, `int64` (two words, low first), `decimal` (four words, low first:
 * Arrow's decimal128) in `words`; `float` in `floats`; `double` in `doubles`; `bytes` (string, binary) in `bytes` cut by
 * `offsets`; `fixed` (fixed, uuid) in `bytes`, `width` each; `struct` in its children, slot by slot; `list` and `map` in
 * children cut by `offsets` (a map's children are its keys and its values).
 */
export type Layout =
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'decimal'
  | 'float'
  | 'double'
  | 'bytes'
  | 'fixed'
  | 'struct'
  | 'list'
  | 'map'

/** The layout of a field's column. A type that Firn does not write is refused with `TYPE_UNSUPPORTED`. */
export function layoutOf(field: NestedField): Layout {
  const { type } = field
  switch (type.kind) {
    case 'int':
    case 'date':
      return 'int32'
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return 'int64'
    case 'string':
    case 'binary':
      return 'bytes'
    case 'uuid':
    case 'fixed':
      return 'fixed'
    case 'unsupported':
      throw new FirnError(
        'TYPE_UNSUPPORTED',
        `column ${field.name} (field id ${field.id}) has type ${typeText(type)}, which cannot be written`,
      )
    default:
      return type.kind
  }
}

const UUID_BYTES = 16
const WORD_BYTES = 4

/** Bytes of one value of a fixed size; 0 for bits, text, bytes and nested columns. */
export function widthOf(field: NestedField): number {
  if (field.type.kind === 'fixed') return field.type.length
  switch (layoutOf(field)) {
    case 'int32':
    case 'float':
      return WORD_BYTES
    case 'int64':
    case 'double':
      return WORD_BYTES * 2
    case 'decimal':
    case 'fixed':
      return UUID_BYTES
    default:
      return 0
  }
}
