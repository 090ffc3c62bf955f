import type { PrimitiveType, StructType, Type } from './types.ts'
import type { NestedField } from './types.ts'

/** The fields of manifests and manifest lists. Spec: "Manifests", "Manifest Lists". */

const INT: PrimitiveType = { kind: 'int' }
const LONG: PrimitiveType = { kind: 'long' }
const STRING: PrimitiveType = { kind: 'string' }
const BINARY: PrimitiveType = { kind: 'binary' }
const BOOLEAN: PrimitiveType = { kind: 'boolean' }

function required(id: number, name: string, type: Type): NestedField {
  return { id, name, type, required: true }
}

function optional(id: number, name: string, type: Type): NestedField {
  return { id, name, type, required: false }
}

function mapOf(keyId: number, valueId: number, value: Type): Type {
  return { kind: 'map', keyId, key: INT, valueId, value, valueRequired: true }
}

function listOf(elementId: number, element: Type): Type {
  return { kind: 'list', elementId, element, elementRequired: true }
}

/** The fields of `manifest_entry` in the order in which they are written. */
export function manifestEntryFields(
  formatVersion: 2 | 3,
  partition: StructType,
): readonly NestedField[] {
  return [
    required(0, 'status', INT),
    optional(1, 'snapshot_id', LONG),
    optional(3, 'sequence_number', LONG),
    optional(4, 'file_sequence_number', LONG),
    required(2, 'data_file', { kind: 'struct', fields: dataFileFields(formatVersion, partition) }),
  ]
}

function dataFileFields(formatVersion: 2 | 3, partition: StructType): readonly NestedField[] {
  return [
    required(134, 'content', INT),
    required(100, 'file_path', STRING),
    required(101, 'file_format', STRING),
    required(102, 'partition', partition),
    required(103, 'record_count', LONG),
    required(104, 'file_size_in_bytes', LONG),
    optional(108, 'column_sizes', mapOf(117, 118, LONG)),
    optional(109, 'value_counts', mapOf(119, 120, LONG)),
    optional(110, 'null_value_counts', mapOf(121, 122, LONG)),
    optional(137, 'nan_value_counts', mapOf(138, 139, LONG)),
    optional(125, 'lower_bounds', mapOf(126, 127, BINARY)),
    optional(128, 'upper_bounds', mapOf(129, 130, BINARY)),
    optional(131, 'key_metadata', BINARY),
    optional(132, 'split_offsets', listOf(133, LONG)),
    optional(135, 'equality_ids', listOf(136, INT)),
    optional(140, 'sort_order_id', INT),
    ...(formatVersion < 3 ? [] : [optional(142, 'first_row_id', LONG)]),
    optional(143, 'referenced_data_file', STRING),
    ...(formatVersion < 3
      ? []
      : [optional(144, 'content_offset', LONG), optional(145, 'content_size_in_bytes', LONG)]),
  ]
}

const FIELD_SUMMARY: StructType = {
  kind: 'struct',
  fields: [
    required(509, 'contains_null', BOOLEAN),
    optional(518, 'contains_nan', BOOLEAN),
    optional(510, 'lower_bound', BINARY),
    optional(511, 'upper_bound', BINARY),
  ],
}

/** The fields of `manifest_file` in the order in which they are written. */
export function manifestFileFields(formatVersion: 2 | 3): readonly NestedField[] {
  return [
    required(500, 'manifest_path', STRING),
    required(501, 'manifest_length', LONG),
    required(502, 'partition_spec_id', INT),
    required(517, 'content', INT),
    required(515, 'sequence_number', LONG),
    required(516, 'min_sequence_number', LONG),
    required(503, 'added_snapshot_id', LONG),
    required(504, 'added_files_count', INT),
    required(505, 'existing_files_count', INT),
    required(506, 'deleted_files_count', INT),
    required(512, 'added_rows_count', LONG),
    required(513, 'existing_rows_count', LONG),
    required(514, 'deleted_rows_count', LONG),
    optional(507, 'partitions', listOf(508, FIELD_SUMMARY)),
    optional(519, 'key_metadata', BINARY),
    ...(formatVersion < 3 ? [] : [optional(520, 'first_row_id', LONG)]),
  ]
}
