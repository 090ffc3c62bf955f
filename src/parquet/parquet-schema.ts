import { FirnError } from '../core/errors.ts'
import { avroName } from '../iceberg/avro-schema.ts'
import { childFields } from '../iceberg/schema.ts'
import { typeText } from '../iceberg/type-text.ts'
import type { NestedField, PrimitiveType, Schema } from '../iceberg/types.ts'
import { CONVERTED, type Converted, PHYSICAL, REPETITION, type Repetition } from './format.ts'
import { type LogicalType, type Storage, storageOf, writeLogicalType } from './logical-type.ts'
import { ThriftWriter } from './thrift.ts'

/** A node of a Parquet schema: parents before children, as the footer lists them. */
interface SchemaElement {
  readonly name: string
  readonly repetition?: Repetition
  readonly childCount?: number
  readonly fieldId?: number
  readonly storage?: Storage
  readonly logical?: LogicalType
  readonly converted?: Converted
}

/** A column of a Parquet file: a primitive field and the way to it. */
export interface Leaf {
  readonly fieldId: number
  readonly type: PrimitiveType
  readonly storage: Storage
  /** Names in the file, with the groups in between that lists and maps have. */
  readonly path: readonly string[]
  /** From the batch's columns down: which child at each step. */
  readonly steps: readonly number[]
  /** Levels: how many optional or repeated nodes, and how many repeated ones, are on the way. */
  readonly definitionMax: number
  readonly repetitionMax: number
}

export interface ParquetSchema {
  readonly elements: readonly SchemaElement[]
  readonly leaves: readonly Leaf[]
}

interface Place {
  readonly path: readonly string[]
  readonly steps: readonly number[]
  readonly definition: number
  readonly repetition: number
}

/**
 * A table's schema as Iceberg has it in Parquet: field ids on every field, lists and maps with three levels. Names are
 * made fit for Avro as all of Iceberg's own writers do; readers go by field id. Iceberg spec: Appendix A.
 */
export function parquetSchema(schema: Schema): ParquetSchema {
  const elements: SchemaElement[] = [{ name: 'table', childCount: schema.fields.length }]
  const leaves: Leaf[] = []

  const visit = (field: NestedField, at: Place): void => {
    const { type } = field
    const name = avroName(field.name)
    const path = [...at.path, name]
    const definition = at.definition + (field.required ? 0 : 1)
    const node = { name, repetition: repetitionOf(field), fieldId: field.id } as const
    switch (type.kind) {
      case 'struct':
        elements.push({ ...node, childCount: type.fields.length })
        visitChildren(field, { ...at, path, definition })
        return
      case 'list':
        elements.push({ ...node, childCount: 1, logical: { kind: 'LIST' }, converted: 'LIST' })
        visitRepeated(field, 'list', { ...at, path, definition })
        return
      case 'map':
        elements.push({ ...node, childCount: 1, logical: { kind: 'MAP' }, converted: 'MAP' })
        visitRepeated(field, 'key_value', { ...at, path, definition })
        return
      case 'unsupported':
        throw new FirnError(
          'TYPE_UNSUPPORTED',
          `column ${field.name} (field id ${field.id}) has type ${typeText(type)}, which cannot be written`,
        )
      default: {
        const storage = storageOf(type)
        elements.push({ ...node, ...storage, storage })
        leaves.push({
          fieldId: field.id,
          type,
          storage,
          path,
          steps: at.steps,
          definitionMax: definition,
          repetitionMax: at.repetition,
        })
      }
    }
  }
  const visitChildren = (field: NestedField, at: Place): void => {
    childFields(field.type).forEach((child, index) =>
      visit(child, { ...at, steps: [...at.steps, index] }),
    )
  }
  const visitRepeated = (field: NestedField, group: string, at: Place): void => {
    elements.push({
      name: group,
      repetition: 'REPEATED',
      childCount: childFields(field.type).length,
    })
    visitChildren(field, {
      path: [...at.path, group],
      steps: at.steps,
      definition: at.definition + 1,
      repetition: at.repetition + 1,
    })
  }

  schema.fields.forEach((field, index) =>
    visit(field, { path: [], steps: [index], definition: 0, repetition: 0 }),
  )
  return { elements, leaves }
}

function repetitionOf(field: NestedField): Repetition {
  return field.required ? 'REQUIRED' : 'OPTIONAL'
}

/** The elements of the list of `SchemaElement` of parquet.thrift. */
export function schemaElements({ elements }: Pick<ParquetSchema, 'elements'>): Uint8Array {
  const thrift = new ThriftWriter()
  for (const element of elements) thrift.structElement(() => writeElement(thrift, element))
  return thrift.takeElements()
}

function writeElement(thrift: ThriftWriter, element: SchemaElement): void {
  const { storage, logical, repetition, converted } = element
  if (storage !== undefined) {
    thrift.int32(1, PHYSICAL[storage.physical])
    thrift.int32(2, storage.typeLength > 0 ? storage.typeLength : undefined)
  }
  if (repetition !== undefined) thrift.int32(3, REPETITION[repetition])
  thrift.binary(4, element.name)
  thrift.int32(5, element.childCount)
  if (converted !== undefined) thrift.int32(6, CONVERTED[converted])
  if (logical?.kind === 'DECIMAL') {
    thrift.int32(7, logical.scale)
    thrift.int32(8, logical.precision)
  }
  thrift.int32(9, element.fieldId)
  if (logical !== undefined) writeLogicalType(thrift, 10, logical)
}
