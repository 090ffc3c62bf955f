import { childFields } from '../iceberg/schema.ts'
import type { NestedField, Schema, Type } from '../iceberg/types.ts'

/** A column as the configuration declares it, as far as the names of its members go. */
export interface AliasedColumn {
  readonly name: string
  readonly aliases: readonly string[]
  readonly type: AliasedType
}

export type AliasedType =
  | { readonly kind: 'primitive' }
  | { readonly kind: 'struct'; readonly fields: readonly AliasedColumn[] }
  | { readonly kind: 'list'; readonly element: AliasedType }
  | { readonly kind: 'map'; readonly key: AliasedType; readonly value: AliasedType }

/**
 * The declared aliases by the ids that the fields have in the table. Columns are matched by name; one that the table
 * does not have is nobody's.
 */
export function aliasesOf(
  schema: Schema,
  columns: readonly AliasedColumn[],
): Map<number, readonly string[]> {
  const aliases = new Map<number, readonly string[]>()
  collectFields(schema.fields, columns, aliases)
  return aliases
}

function collectFields(
  fields: readonly NestedField[],
  columns: readonly AliasedColumn[],
  aliases: Map<number, readonly string[]>,
): void {
  for (const column of columns) {
    const field = fields.find(({ name }) => name === column.name)
    if (field === undefined) continue
    if (column.aliases.length > 0) aliases.set(field.id, column.aliases)
    collectType(field.type, column.type, aliases)
  }
}

function collectType(
  type: Type,
  declared: AliasedType,
  aliases: Map<number, readonly string[]>,
): void {
  if (declared.kind === 'primitive' || declared.kind !== type.kind) return
  const fields = childFields(type)
  switch (declared.kind) {
    case 'struct':
      collectFields(fields, declared.fields, aliases)
      return
    case 'list':
      collectNamed(fields, { element: declared.element }, aliases)
      return
    default:
      collectNamed(fields, { key: declared.key, value: declared.value }, aliases)
  }
}

function collectNamed(
  fields: readonly NestedField[],
  declared: Readonly<Record<string, AliasedType>>,
  aliases: Map<number, readonly string[]>,
): void {
  for (const { name, type } of fields) {
    const inside = declared[name]
    if (inside !== undefined) collectType(type, inside, aliases)
  }
}
