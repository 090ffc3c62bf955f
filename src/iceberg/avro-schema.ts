import type { JsonObject, JsonValue } from '../core/json.ts'
import { decimalByteLength } from './decimal.ts'
import { typeText } from './type-text.ts'
import { FirnError } from '../core/errors.ts'
import type { ListType, MapType, NestedField, Type } from './types.ts'

/**
 * The Avro schema of a record of Iceberg fields, with the ids, logical types and names that readers look for.
 * Spec: Appendix A, "Avro". Throws TYPE_UNSUPPORTED for a type that Firn cannot write.
 */
export function avroSchemaOf(recordName: string, fields: readonly NestedField[]): JsonObject {
  return new AvroSchemaWriter().record(recordName, fields)
}

class AvroSchemaWriter {
  /** Avro wants a named type defined once, and referred to by its name after that. */
  readonly #defined = new Set<string>()

  record(name: string, fields: readonly NestedField[]): JsonObject {
    return { type: 'record', name, fields: fields.map((field) => this.#field(field)) }
  }

  #field(field: NestedField): JsonObject {
    const name = avroName(field.name)
    const type = this.#type(field.type, field.id)
    return {
      name,
      type: field.required ? type : ['null', type],
      doc: field.doc,
      default: field.required ? undefined : null,
      'iceberg-field-name': name === field.name ? undefined : field.name,
      'field-id': field.id,
    }
  }

  #type(type: Type, fieldId: number): JsonValue {
    switch (type.kind) {
      case 'struct':
        return this.record(`r${fieldId}`, type.fields)
      case 'list':
        return this.#list(type)
      case 'map':
        return this.#map(type)
      case 'uuid':
        return this.#named('uuid_fixed', { type: 'fixed', size: 16, logicalType: 'uuid' })
      case 'fixed':
        return this.#named(`fixed_${type.length}`, { type: 'fixed', size: type.length })
      case 'decimal':
        return this.#named(`decimal_${type.precision}_${type.scale}`, {
          type: 'fixed',
          size: decimalByteLength(type.precision),
          logicalType: 'decimal',
          precision: type.precision,
          scale: type.scale,
        })
      default:
        return plainType(type)
    }
  }

  #named(name: string, definition: JsonObject): JsonValue {
    if (this.#defined.has(name)) return name
    this.#defined.add(name)
    return { ...definition, name }
  }

  #list({ elementId, element, elementRequired }: ListType): JsonObject {
    const items = this.#type(element, elementId)
    return {
      type: 'array',
      items: elementRequired ? items : ['null', items],
      'element-id': elementId,
    }
  }

  /** Maps are lists of key-value records; Avro's own maps have only string keys. */
  #map({ keyId, key, valueId, value, valueRequired }: MapType): JsonObject {
    const fields: NestedField[] = [
      { id: keyId, name: 'key', type: key, required: true },
      { id: valueId, name: 'value', type: value, required: valueRequired },
    ]
    return {
      type: 'array',
      items: this.record(`k${keyId}_v${valueId}`, fields),
      logicalType: 'map',
    }
  }
}

function plainType(type: Type): JsonValue {
  switch (type.kind) {
    case 'boolean':
    case 'int':
    case 'long':
    case 'float':
    case 'double':
    case 'string':
      return type.kind
    case 'binary':
      return 'bytes'
    case 'date':
      return { type: 'int', logicalType: 'date' }
    case 'time':
      return { type: 'long', logicalType: 'time-micros' }
    case 'timestamp':
    case 'timestamptz':
      return timestampType('timestamp-micros', type.kind === 'timestamptz')
    case 'timestamp_ns':
    case 'timestamptz_ns':
      return timestampType('timestamp-nanos', type.kind === 'timestamptz_ns')
    default:
      throw new FirnError(
        'TYPE_UNSUPPORTED',
        `Firn cannot write the type ${typeText(type)} to Avro`,
      )
  }
}

function timestampType(logicalType: string, adjustToUtc: boolean): JsonObject {
  return { type: 'long', logicalType, 'adjust-to-utc': adjustToUtc }
}

const NAME_START = /[\p{L}_]/u
const NAME_REST = /[\p{L}\p{Nd}_]/u

/** A column's name as Java makes it fit for Avro: `a.b` → `a_x2Eb`, `1st` → `_1st`. */
export function avroName(name: string): string {
  // Java looks at UTF-16 units, so half of a surrogate pair is no letter.
  return name
    .split('')
    .map((unit, index) =>
      (index === 0 ? NAME_START : NAME_REST).test(unit) ? unit : escaped(unit),
    )
    .join('')
}

function escaped(unit: string): string {
  if (/\p{Nd}/u.test(unit)) return `_${unit}`
  return `_x${unit.charCodeAt(0).toString(16).toUpperCase()}`
}
