import { FirnError } from '../core/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'

/** An Avro schema, resolved: names are gone, and every field knows its Iceberg id. */
export type AvroType =
  | { readonly kind: 'null' | 'boolean' | 'int' | 'long' | 'bytes' | 'string' }
  | { readonly kind: 'float' }
  | { readonly kind: 'double' }
  | { readonly kind: 'fixed'; readonly size: number; readonly decimal: boolean }
  | { readonly kind: 'enum'; readonly symbols: readonly string[] }
  | { readonly kind: 'array'; readonly items: AvroType }
  | { readonly kind: 'map'; readonly values: AvroType }
  | AvroRecordType
  | { readonly kind: 'union'; readonly branches: readonly AvroType[] }

export interface AvroRecordType {
  readonly kind: 'record'
  readonly fields: readonly AvroField[]
}

export interface AvroField {
  readonly name: string
  /** Iceberg's `field-id`; null where the writer left it out. */
  readonly id: number | null
  readonly type: AvroType
}

/** How deep schemas may nest: far beyond what Iceberg's files need, and short of the stack's end. */
const DEPTH_MAX = 64

/** Reads the schema of an Avro file's header. Throws MANIFEST_INVALID. */
export function parseAvroType(json: JsonValue | undefined): AvroType {
  return new AvroTypeReader('plain').read(json, 0)
}

/**
 * The schema as Iceberg's Java library up to 1.11 wrote it: values of plain fixed types have a length before them
 * (apache/iceberg issue 17501).
 */
export function parseJavaAvroType(json: JsonValue | undefined): AvroType {
  return new AvroTypeReader('prefixed').read(json, 0)
}

class AvroTypeReader {
  /** Named types may be referred to by name after their definition. */
  readonly #named = new Map<string, AvroType>()
  readonly #fixed: 'plain' | 'prefixed'

  constructor(fixed: 'plain' | 'prefixed') {
    this.#fixed = fixed
  }

  read(json: JsonValue | undefined, depth: number): AvroType {
    if (depth > DEPTH_MAX) throw invalid('it nests too deeply')
    if (typeof json === 'string') return this.#byName(json)
    if (Array.isArray(json)) {
      return {
        kind: 'union',
        branches: json.map((branch: JsonValue) => this.read(branch, depth + 1)),
      }
    }
    if (!isJsonObject(json)) throw invalid('a type is neither text, list nor object')
    return this.#complex(json, depth + 1)
  }

  #byName(name: string): AvroType {
    switch (name) {
      case 'null':
      case 'boolean':
      case 'int':
      case 'long':
      case 'float':
      case 'double':
      case 'bytes':
      case 'string':
        return { kind: name }
      default: {
        const named = this.#named.get(name)
        if (named === undefined) throw invalid(`the type ${name} is not defined`)
        return named
      }
    }
  }

  #complex(json: JsonObject, depth: number): AvroType {
    const kind = json['type']
    switch (kind) {
      case 'record':
        return this.#name(json, { kind, fields: this.#fields(json, depth) })
      case 'fixed': {
        const size = json['size']
        if (typeof size !== 'number' || size < 0) throw invalid('a fixed type has no size')
        if (this.#fixed === 'prefixed' && json['logicalType'] === undefined) {
          return this.#name(json, { kind: 'bytes' })
        }
        return this.#name(json, { kind, size, decimal: json['logicalType'] === 'decimal' })
      }
      case 'enum': {
        const symbols = Array.isArray(json['symbols']) ? json['symbols'] : []
        return this.#name(json, { kind, symbols: symbols.map(String) })
      }
      case 'array':
        return { kind, items: this.read(json['items'], depth) }
      case 'map':
        return { kind, values: this.read(json['values'], depth) }
      default:
        // A logical type: {type: 'int', logicalType: 'date'}, or a type in one object more than needed.
        return this.read(kind, depth)
    }
  }

  #fields(json: JsonObject, depth: number): AvroField[] {
    const fields = json['fields']
    if (!Array.isArray(fields)) throw invalid('a record has no fields')
    return fields.map((field: JsonValue) => {
      if (!isJsonObject(field)) throw invalid('a field is no object')
      const id = field['field-id']
      return {
        name: typeof field['name'] === 'string' ? field['name'] : '',
        id: typeof id === 'number' ? id : null,
        type: this.read(field['type'], depth),
      }
    })
  }

  #name(json: JsonObject, type: AvroType): AvroType {
    const { name, namespace } = json
    if (typeof name === 'string') {
      this.#named.set(name, type)
      if (typeof namespace === 'string') this.#named.set(`${namespace}.${name}`, type)
    }
    return type
  }
}

function invalid(what: string): FirnError {
  return new FirnError('MANIFEST_INVALID', `the Avro schema of the file cannot be read: ${what}`)
}
