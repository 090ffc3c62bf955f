import { FirnError } from '../core/errors.ts'
import { fieldByName } from '../iceberg/schema.ts'
import type { NestedField, Schema } from '../iceberg/types.ts'

/** The field ids of the metadata column and of what in it says which record a row is. */
export interface PositionFields {
  readonly struct: number
  readonly topic: number
  readonly partition: number
  readonly offset: number
}

/** Fields that no file has: for who looks at files, and not at positions. */
export const NO_POSITIONS: PositionFields = { struct: -1, topic: -1, partition: -1, offset: -1 }

/** Finds the metadata column by its name. Throws POSITIONS_MISSING where the table has none. */
export function positionFields(schema: Schema, column: string): PositionFields {
  const struct = fieldByName(schema.fields, column)
  if (struct?.type.kind !== 'struct') throw missing(column, 'no such struct')
  const { fields } = struct.type
  return {
    struct: struct.id,
    topic: idOf(fields, column, ['topic', 'string']),
    partition: idOf(fields, column, ['partition', 'int']),
    offset: idOf(fields, column, ['offset', 'long']),
  }
}

function idOf(
  fields: readonly NestedField[],
  column: string,
  [name, kind]: readonly [string, string],
): number {
  const field = fieldByName(fields, name)
  if (field === undefined) throw missing(column, `no ${name} in it`)
  if (field.type.kind !== kind) throw missing(column, `its ${name} is no ${kind}`)
  return field.id
}

function missing(column: string, found: string): FirnError {
  return new FirnError(
    'POSITIONS_MISSING',
    `the table has no metadata column ${column} of topic, partition and offset: ${found}`,
    { help: 'name the column under `metadata_column`; without one, rows cannot be told apart' },
  )
}
