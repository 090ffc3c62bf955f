import type { JsonObject, JsonValue } from '../core/json.ts'
import { JsonPlace } from './json-place.ts'
import { valueFromJson, valueToJson } from './single-value-json.ts'
import { isPrimitive, parseType, typeText } from './type-text.ts'
import type { NestedField, Schema, StructType, Type, Value } from './types.ts'

/** Reads a schema. Spec: Appendix C, "Schemas". Throws METADATA_INVALID with the place of what is wrong. */
export function schemaFromJson(json: JsonValue | undefined, path = 'schema'): Schema {
  return readSchema(new JsonPlace(json, path))
}

/** @see schemaFromJson */
export function readSchema(place: JsonPlace): Schema {
  return {
    schemaId: place.field('schema-id').optional((id) => id.int(), 0),
    fields: readStruct(place).fields,
    identifierFieldIds: place
      .field('identifier-field-ids')
      .optional((ids) => ids.items().map((id) => id.int()), []),
  }
}

/** A schema as JSON: what metadata, manifests and REST requests carry. */
export function schemaToJson(schema: Schema): JsonObject {
  return {
    type: 'struct',
    'schema-id': schema.schemaId,
    ...(schema.identifierFieldIds.length === 0
      ? {}
      : { 'identifier-field-ids': schema.identifierFieldIds }),
    fields: schema.fields.map(fieldToJson),
  }
}

/** Reads a type, primitive (text) or nested (object). A type that Firn does not know comes as `unsupported`. */
export function readType(place: JsonPlace): Type {
  if (typeof place.value === 'string') return parseType(place.value)
  const kind = place.field('type').text()
  switch (kind) {
    case 'struct':
      return readStruct(place)
    case 'list':
      return {
        kind,
        elementId: place.field('element-id').int(),
        element: readType(place.field('element')),
        elementRequired: place.field('element-required').boolean(),
      }
    case 'map':
      return {
        kind,
        keyId: place.field('key-id').int(),
        key: readType(place.field('key')),
        valueId: place.field('value-id').int(),
        value: readType(place.field('value')),
        valueRequired: place.field('value-required').boolean(),
      }
    default:
      return { kind: 'unsupported', text: kind }
  }
}

export function typeToJson(type: Type): JsonValue {
  switch (type.kind) {
    case 'struct':
      return { type: 'struct', fields: type.fields.map(fieldToJson) }
    case 'list':
      return {
        type: 'list',
        'element-id': type.elementId,
        element: typeToJson(type.element),
        'element-required': type.elementRequired,
      }
    case 'map':
      return {
        type: 'map',
        'key-id': type.keyId,
        key: typeToJson(type.key),
        'value-id': type.valueId,
        value: typeToJson(type.value),
        'value-required': type.valueRequired,
      }
    default:
      return typeText(type)
  }
}

function readStruct(place: JsonPlace): StructType {
  return { kind: 'struct', fields: place.field('fields').items().map(readField) }
}

function readField(place: JsonPlace): NestedField {
  const type = readType(place.field('type'))
  const readDefault = (value: JsonPlace): Value => {
    if (!isPrimitive(type)) throw value.invalid(`no default for the type ${typeText(type)}`)
    return valueFromJson(type, value)
  }
  const doc = place.field('doc').optional((text) => text.text(), undefined)
  const initialDefault = place.field('initial-default').optional(readDefault, undefined)
  const writeDefault = place.field('write-default').optional(readDefault, undefined)
  return {
    id: place.field('id').int(),
    name: place.field('name').text(),
    type,
    required: place.field('required').boolean(),
    ...(doc === undefined ? {} : { doc }),
    ...(initialDefault === undefined ? {} : { initialDefault }),
    ...(writeDefault === undefined ? {} : { writeDefault }),
  }
}

function fieldToJson(field: NestedField): JsonObject {
  return {
    id: field.id,
    name: field.name,
    required: field.required,
    type: typeToJson(field.type),
    doc: field.doc,
    'initial-default': defaultToJson(field.type, field.initialDefault),
    'write-default': defaultToJson(field.type, field.writeDefault),
  }
}

function defaultToJson(type: Type, value: Value | undefined): JsonValue | undefined {
  return value === undefined || !isPrimitive(type) ? undefined : valueToJson(type, value)
}
