import type { NestedField, Schema, Type } from '../iceberg/types.ts'

/**
 * Why files written with one schema cannot be committed to a table that has another one now; empty where they can.
 * Readers find columns by field id, so that columns which were added as optional, dropped, renamed, reordered, made
 * optional or promoted do not matter. A column that is required now must have been required then (or, in v3, have a
 * default), and no type may have become another than the one it is promoted to.
 */
export function schemaMisfits(written: Schema, current: Schema): readonly string[] {
  return written.schemaId === current.schemaId
    ? []
    : fieldMisfits(written.fields, current.fields, '')
}

function fieldMisfits(
  written: readonly NestedField[],
  current: readonly NestedField[],
  parent: string,
): readonly string[] {
  const byId = new Map(written.map((field) => [field.id, field]))
  return current.flatMap((field) => {
    const path = `${parent}${field.name}`
    const then = byId.get(field.id)
    if (then === undefined) {
      const missing = field.required && field.initialDefault === undefined
      return missing ? [`${path} is required, and the files do not have it`] : []
    }
    return [
      ...(field.required && !then.required ? [`${path} was made required`] : []),
      ...typeMisfits(then.type, field.type, path),
    ]
  })
}

function typeMisfits(written: Type, current: Type, path: string): readonly string[] {
  if (written.kind === 'struct' && current.kind === 'struct') {
    return fieldMisfits(written.fields, current.fields, `${path}.`)
  }
  if (written.kind === 'list' && current.kind === 'list') {
    return fieldMisfits([elementOf(written)], [elementOf(current)], `${path}.`)
  }
  if (written.kind === 'map' && current.kind === 'map') {
    return fieldMisfits(keyAndValueOf(written), keyAndValueOf(current), `${path}.`)
  }
  return isReadableAs(written, current) ? [] : [`${path} has another type now`]
}

function elementOf(list: Extract<Type, { kind: 'list' }>): NestedField {
  const { elementId, element, elementRequired } = list
  return { id: elementId, name: 'element', type: element, required: elementRequired }
}

function keyAndValueOf(map: Extract<Type, { kind: 'map' }>): readonly NestedField[] {
  return [
    { id: map.keyId, name: 'key', type: map.key, required: true },
    { id: map.valueId, name: 'value', type: map.value, required: map.valueRequired },
  ]
}

/** Same type, or a promotion. Spec: "Schema Evolution". */
function isReadableAs(written: Type, current: Type): boolean {
  switch (written.kind) {
    case 'int':
      return current.kind === 'int' || current.kind === 'long'
    case 'float':
      return current.kind === 'float' || current.kind === 'double'
    case 'date':
      return (
        current.kind === 'date' || current.kind === 'timestamp' || current.kind === 'timestamp_ns'
      )
    case 'decimal':
      return (
        current.kind === 'decimal' &&
        current.scale === written.scale &&
        current.precision >= written.precision
      )
    case 'fixed':
      return current.kind === 'fixed' && current.length === written.length
    case 'unsupported':
      return current.kind === 'unsupported' && current.text === written.text
    default:
      return current.kind === written.kind
  }
}
