import type { NestedField, PrimitiveType, Schema, Type, UnsupportedType } from './types.ts'

/** A field anywhere in a schema, with where it stands. A list's element and a map's key and value are fields too. */
export interface PlacedField {
  readonly field: NestedField
  /** Names from the top, as `address.lines.element`. */
  readonly path: string
  /** The id of the field that holds it; null at the top. */
  readonly parentId: number | null
}

/** A column that holds values: a path that ends in no struct, list or map. */
export interface LeafColumn {
  readonly id: number
  readonly path: string
  readonly type: PrimitiveType | UnsupportedType
}

interface SchemaIndex {
  readonly byId: ReadonlyMap<number, PlacedField>
  readonly byPath: ReadonlyMap<string, PlacedField>
  readonly byShortPath: ReadonlyMap<string, PlacedField>
}

const indexes = new WeakMap<Schema, SchemaIndex>()

/** The field with an id, at any depth. */
export function fieldById(schema: Schema, id: number): PlacedField | undefined {
  return indexOf(schema).byId.get(id)
}

/**
 * The field at a dotted path, at any depth. A struct in a list or in a map's values may be passed without naming
 * `element` or `value`, as Iceberg's own lookup allows: `items.price` is `items.element.price`.
 */
export function fieldByPath(schema: Schema, path: string): PlacedField | undefined {
  const { byPath, byShortPath } = indexOf(schema)
  return byPath.get(path) ?? byShortPath.get(path)
}

/** A field of a struct or of a schema's top by its name; `caseSensitive` as Iceberg is, unless asked otherwise. */
export function fieldByName(
  fields: readonly NestedField[],
  name: string,
  { caseSensitive }: { readonly caseSensitive: boolean } = { caseSensitive: true },
): NestedField | undefined {
  if (caseSensitive) return fields.find((field) => field.name === name)
  const wanted = name.toLowerCase()
  return fields.find((field) => field.name.toLowerCase() === wanted)
}

/** Every field at any depth, each before those it holds. */
export function allFields(schema: Schema): readonly PlacedField[] {
  return [...indexOf(schema).byId.values()]
}

/** The fields that hold a field, from the nearest to the top. */
export function parentsOf(schema: Schema, id: number): readonly PlacedField[] {
  const parents: PlacedField[] = []
  let parentId = fieldById(schema, id)?.parentId ?? null
  while (parentId !== null) {
    const parent = fieldById(schema, parentId)
    if (parent === undefined) break
    parents.push(parent)
    parentId = parent.parentId
  }
  return parents
}

/** The leaf columns in the schema's order: the order of the columns in a Parquet file. */
export function leafColumns(schema: Schema): readonly LeafColumn[] {
  return allFields(schema).flatMap(({ field, path }) => {
    const { type } = field
    return type.kind === 'struct' || type.kind === 'list' || type.kind === 'map'
      ? []
      : [{ id: field.id, path, type }]
  })
}

/** The greatest field id in a schema, 0 where it has no field. */
export function highestFieldId(schema: Schema): number {
  return Math.max(0, ...indexOf(schema).byId.keys())
}

/** The fields directly in a type: a struct's fields, a list's `element`, a map's `key` and `value`. */
export function childFields(type: Type): readonly NestedField[] {
  switch (type.kind) {
    case 'struct':
      return type.fields
    case 'list':
      return [
        { id: type.elementId, name: 'element', type: type.element, required: type.elementRequired },
      ]
    case 'map':
      return [
        { id: type.keyId, name: 'key', type: type.key, required: true },
        { id: type.valueId, name: 'value', type: type.value, required: type.valueRequired },
      ]
    default:
      return []
  }
}

/** Schemas never change, so each is indexed once. */
function indexOf(schema: Schema): SchemaIndex {
  const known = indexes.get(schema)
  if (known !== undefined) return known
  const byId = new Map<number, PlacedField>()
  const byPath = new Map<string, PlacedField>()
  const byShortPath = new Map<string, PlacedField>()
  const place = (field: NestedField, at: Omit<PlacedField, 'field'> & { shortPath: string }) => {
    const placed = { field, path: at.path, parentId: at.parentId }
    byId.set(field.id, placed)
    byPath.set(at.path, placed)
    byShortPath.set(at.shortPath, placed)
    for (const child of childFields(field.type)) {
      place(child, {
        path: `${at.path}.${child.name}`,
        shortPath: isImplied(field.type, child) ? at.shortPath : `${at.shortPath}.${child.name}`,
        parentId: field.id,
      })
    }
  }
  for (const field of schema.fields) {
    place(field, { path: field.name, shortPath: field.name, parentId: null })
  }
  const index = { byId, byPath, byShortPath }
  indexes.set(schema, index)
  return index
}

/** A struct as a list's element or a map's value adds no name to a short path. */
function isImplied(parent: Type, child: NestedField): boolean {
  const implied = parent.kind === 'list' || (parent.kind === 'map' && child.name === 'value')
  return implied && child.type.kind === 'struct'
}
