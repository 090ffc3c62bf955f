import type { JsonObject, JsonValue } from '../core/json.ts'
import { JsonPlace } from './json-place.ts'
import type { PartitionField, PartitionSpec, SortField, SortOrder, Transform } from './partition.ts'
import { parseTransform, transformText } from './transform-text.ts'

/** Ids of partition fields start here. Spec: "Partition Evolution". */
export const PARTITION_FIELD_ID_START = 1000

/** Reads a partition spec. Spec: Appendix C, "Partition Specs". Throws METADATA_INVALID with the place. */
export function readPartitionSpec(place: JsonPlace): PartitionSpec {
  return {
    specId: place.field('spec-id').int(),
    fields: readPartitionFields(place.field('fields')),
  }
}

/** Reads only the fields, as v1 metadata and manifests have them. v1 may lack field ids: they count from 1000. */
export function readPartitionFields(place: JsonPlace): PartitionField[] {
  return place.items().map(readPartitionField)
}

function readPartitionField(place: JsonPlace, index: number): PartitionField {
  return {
    ...readSource(place),
    fieldId: place.field('field-id').optional((id) => id.int(), PARTITION_FIELD_ID_START + index),
    name: place.field('name').text(),
  }
}

export function partitionSpecToJson(spec: PartitionSpec): JsonObject {
  return { 'spec-id': spec.specId, fields: partitionFieldsToJson(spec) }
}

/** Only the fields, as manifests carry them. */
export function partitionFieldsToJson(spec: PartitionSpec): JsonObject[] {
  return spec.fields.map((field) => ({
    name: field.name,
    transform: transformText(field.transform),
    'source-id': field.sourceId,
    'field-id': field.fieldId,
  }))
}

/** Reads a sort order. Spec: Appendix C, "Sort Orders". Throws METADATA_INVALID with the place. */
export function sortOrderFromJson(json: JsonValue | undefined, path = 'sort-order'): SortOrder {
  return readSortOrder(new JsonPlace(json, path))
}

/** @see sortOrderFromJson */
export function readSortOrder(place: JsonPlace): SortOrder {
  return {
    orderId: place.field('order-id').int(),
    fields: place.field('fields').items().map(readSortField),
  }
}

export function sortOrderToJson(order: SortOrder): JsonObject {
  return {
    'order-id': order.orderId,
    fields: order.fields.map((field) => ({
      transform: transformText(field.transform),
      'source-id': field.sourceId,
      direction: field.direction,
      'null-order': field.nullOrder,
    })),
  }
}

function readSortField(place: JsonPlace): SortField {
  return {
    ...readSource(place),
    direction: oneOf(place.field('direction'), ['asc', 'desc']),
    nullOrder: oneOf(place.field('null-order'), ['nulls-first', 'nulls-last']),
  }
}

/**
 * The source and transform of a field. A transform of several columns (`source-ids`, v3) is none that Firn knows:
 * the first column stands for them, and the transform comes as `unknown`.
 */
function readSource(place: JsonPlace): { sourceId: number; transform: Transform } {
  const text = place.field('transform').text()
  const single = place.field('source-id')
  if (single.present) return { sourceId: single.int(), transform: parseTransform(text) }
  const sources = place.field('source-ids').items()
  const [first] = sources
  if (first === undefined) throw place.field('source-ids').invalid('at least one column id')
  const transform = parseTransform(text)
  return {
    sourceId: first.int(),
    transform: sources.length === 1 ? transform : { kind: 'unknown', text },
  }
}

function oneOf<T extends string>(place: JsonPlace, allowed: readonly T[]): T {
  const found = place.text().toLowerCase()
  const match = allowed.find((text) => text === found)
  if (match === undefined) throw place.invalid(allowed.join(' or '))
  return match
}
