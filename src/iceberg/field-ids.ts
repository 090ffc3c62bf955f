import { required } from '../core/assert.ts'
import { childFields } from './schema.ts'
import type { NestedField, Schema, Type } from './types.ts'

export interface FreshSchema {
  readonly schema: Schema
  /** The greatest id assigned: the table's `last-column-id`. */
  readonly lastColumnId: number
  /** Old id → new id, for partition specs and sort orders that name columns by id. */
  readonly newIds: ReadonlyMap<number, number>
}

/**
 * Numbers all fields anew from 1, as a catalog does with the schema of a table that it creates: all fields of a
 * struct first, then what they hold. Doing it beforehand lets us know the ids that will come back.
 */
export function assignFreshIds(schema: Schema): FreshSchema {
  let lastColumnId = 0
  const newIds = new Map<number, number>()
  const next = (oldId: number): number => {
    lastColumnId += 1
    newIds.set(oldId, lastColumnId)
    return lastColumnId
  }
  const fields = withFreshFieldIds(schema.fields, next)
  const identifierFieldIds = schema.identifierFieldIds.map((id) =>
    required(newIds.get(id), `field with the identifier field id ${id}`),
  )
  return { schema: { ...schema, fields, identifierFieldIds }, lastColumnId, newIds }
}

/** The fields, numbered by `next` in the same order: for columns that are added to a schema. */
export function withFreshFieldIds(
  fields: readonly NestedField[],
  next: (oldId: number) => number,
): NestedField[] {
  const ids = fields.map((field) => next(field.id))
  return fields.map((field, index) => {
    const id = required(ids[index], 'id of a field')
    return renumbered(field, id, withFreshTypeIds(field.type, next))
  })
}

function renumbered(field: NestedField, id: number, type: Type): NestedField {
  return { ...field, id, type }
}

/** A type whose nested fields are numbered by `next`. */
export function withFreshTypeIds(type: Type, next: (oldId: number) => number): Type {
  switch (type.kind) {
    case 'struct':
      return { ...type, fields: withFreshFieldIds(type.fields, next) }
    case 'list': {
      const elementId = next(type.elementId)
      return { ...type, elementId, element: withFreshTypeIds(type.element, next) }
    }
    case 'map': {
      const [keyId, valueId] = [next(type.keyId), next(type.valueId)]
      const key = withFreshTypeIds(type.key, next)
      return { ...type, keyId, key, valueId, value: withFreshTypeIds(type.value, next) }
    }
    default:
      return type
  }
}

/** Field ids that occur more than once; ids are unique in a table. */
export function duplicateFieldIds(schema: Schema): readonly number[] {
  const seen = new Set<number>()
  const twice = new Set<number>()
  const visit = (fields: readonly NestedField[]): void => {
    for (const { id, type } of fields) {
      if (seen.has(id)) twice.add(id)
      seen.add(id)
      visit(childFields(type))
    }
  }
  visit(schema.fields)
  return [...twice]
}
