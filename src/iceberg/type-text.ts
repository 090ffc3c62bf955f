import type { PrimitiveType, Type, UnsupportedType } from './types.ts'

/** The greatest precision of a decimal. Spec: "Primitive Types". */
const DECIMAL_PRECISION_MAX = 38

const PLAIN = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'timestamp_ns',
  'timestamptz_ns',
  'string',
  'uuid',
  'binary',
] as const
type PlainKind = (typeof PLAIN)[number]

const BY_NAME = new Map<string, PrimitiveType>(PLAIN.map((kind: PlainKind) => [kind, { kind }]))
const FIXED = /^fixed\s*\[\s*(\d{1,9})\s*\]$/
const DECIMAL = /^decimal\s*\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/

/**
 * The type that a text names, as `decimal(10,2)`. Total: what is not a primitive type that Firn knows comes back
 * as `unsupported` with its text, for whoever must refuse it by name.
 */
export function parseType(text: string): PrimitiveType | UnsupportedType {
  const name = text.trim().toLowerCase()
  const plain = BY_NAME.get(name)
  if (plain !== undefined) return plain
  const fixed = FIXED.exec(name)
  if (fixed !== null) return { kind: 'fixed', length: Number(fixed[1]) }
  const decimal = DECIMAL.exec(name)
  const precision = Number(decimal?.[1])
  const scale = Number(decimal?.[2])
  if (precision >= 1 && precision <= DECIMAL_PRECISION_MAX && scale <= precision) {
    return { kind: 'decimal', precision, scale }
  }
  return { kind: 'unsupported', text }
}

/** A type as text: a primitive one as Iceberg's JSON has it, a nested one for people. */
export function typeText(type: Type): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision}, ${type.scale})`
    case 'fixed':
      return `fixed[${type.length}]`
    case 'unsupported':
      return type.text
    case 'struct':
      return `struct<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(', ')}>`
    case 'list':
      return `list<${typeText(type.element)}>`
    case 'map':
      return `map<${typeText(type.key)}, ${typeText(type.value)}>`
    default:
      return type.kind
  }
}

/** Whether a type is one of those that hold a single value. */
export function isPrimitive(type: Type): type is PrimitiveType {
  return !['struct', 'list', 'map', 'unsupported'].includes(type.kind)
}

/** Whether two types are the same, field ids and names included. */
export function sameType(left: Type, right: Type): boolean {
  if (left.kind === 'struct' && right.kind === 'struct') {
    return (
      left.fields.length === right.fields.length &&
      left.fields.every((field, index) => {
        const other = right.fields[index]
        return (
          other !== undefined &&
          field.id === other.id &&
          field.name === other.name &&
          field.required === other.required &&
          sameType(field.type, other.type)
        )
      })
    )
  }
  if (left.kind === 'list' && right.kind === 'list') {
    return (
      left.elementId === right.elementId &&
      left.elementRequired === right.elementRequired &&
      sameType(left.element, right.element)
    )
  }
  if (left.kind === 'map' && right.kind === 'map') {
    return (
      left.keyId === right.keyId &&
      left.valueId === right.valueId &&
      left.valueRequired === right.valueRequired &&
      sameType(left.key, right.key) &&
      sameType(left.value, right.value)
    )
  }
  return left.kind === right.kind && typeText(left) === typeText(right)
}
