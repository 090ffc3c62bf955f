import { FirnError } from '../core/errors.ts'
import { typeText } from '../iceberg/type-text.ts'
import type { NestedField, PrimitiveType, Schema, Type } from '../iceberg/types.ts'
import type { SchemaElement, SchemaTree } from 'hyparquet/src/types.js'

/**
 * A column on the way to a leaf, in levels of the file: where in them it has a slot, and where there is something in
 * the slot.
 */
export interface PathColumn {
  readonly kind: 'struct' | 'list' | 'map' | 'leaf'
  /** From the batch's columns down: which child at each step. */
  readonly steps: readonly number[]
  /** Repeated groups above it: an entry that repeats at this level or a lower one starts a slot. */
  readonly repetition: number
  /** The definition level from which there is a slot: the lists above it have an element. */
  readonly slotAt: number
  /** The definition level from which the struct around it is there. */
  readonly parentAt: number
  /** The definition level from which it is not null itself. */
  readonly presentAt: number
}

/** A leaf column of a Parquet file that the table's schema has as well. */
export interface FileLeaf {
  readonly field: NestedField
  readonly type: PrimitiveType
  /** As the file has it. */
  readonly element: SchemaElement
  /** Names in the file, groups included. */
  readonly path: readonly string[]
  /** The root and what leads to the leaf. */
  readonly schemaPath: readonly SchemaTree[]
  readonly definitionMax: number
  readonly repetitionMax: number
  /** The columns whose slots follow from this leaf: itself, and those above it of which it is the first leaf. */
  readonly fills: readonly PathColumn[]
}

/** What a file has of a table's schema. */
export interface FileLayout {
  /** The table's columns that the file has, in the table's types: what it lacks stays for readers to fill. */
  readonly schema: Schema
  readonly leaves: readonly FileLeaf[]
}

interface Place {
  readonly node: SchemaTree
  readonly schemaPath: readonly SchemaTree[]
  readonly steps: readonly number[]
  readonly repetition: number
  readonly slotAt: number
  readonly parentAt: number
  /** Columns above that still have no leaf. */
  readonly unfilled: readonly PathColumn[]
}

/**
 * Finds a table's columns in a file by field id. Throws REPLAY_REFUSED for a file that is not laid out as Iceberg's
 * specification has it: its rows could not be told apart exactly.
 */
export function fileLayout(root: SchemaTree, schema: Schema, file: string): FileLayout {
  return new LayoutReader(file).read(root, schema)
}

class LayoutReader {
  readonly #file: string
  readonly #leaves: FileLeaf[] = []

  constructor(file: string) {
    this.#file = file
  }

  read(root: SchemaTree, schema: Schema): FileLayout {
    if (root.children.every(({ element }) => element.field_id === undefined)) {
      throw this.#refused('its columns have no field ids')
    }
    const at = { schemaPath: [root], repetition: 0, slotAt: 0, parentAt: 0 }
    const fields = this.#fields(schema.fields, root, { ...at, steps: [], unfilled: [] })
    return { schema: { ...schema, fields, identifierFieldIds: [] }, leaves: this.#leaves }
  }

  #fields(
    fields: readonly NestedField[],
    parent: SchemaTree,
    at: Omit<Place, 'node'>,
  ): readonly NestedField[] {
    const found: NestedField[] = []
    for (const field of fields) {
      const node = parent.children.find(({ element }) => element.field_id === field.id)
      if (node === undefined) continue
      const type = this.#type(field, {
        ...at,
        node,
        schemaPath: [...at.schemaPath, node],
        steps: [...at.steps, found.length],
        // The first field of a struct says where the struct itself is.
        unfilled: found.length === 0 ? at.unfilled : [],
      })
      found.push({ ...field, type })
    }
    return found
  }

  #type(field: NestedField, at: Place): Type {
    const { node } = at
    const { repetition_type: repetition } = node.element
    if (repetition === 'REPEATED') throw this.#misplaced(field)
    const { steps, slotAt, parentAt } = at
    const presentAt = parentAt + (repetition === 'OPTIONAL' ? 1 : 0)
    const column = { steps, slotAt, parentAt, presentAt, repetition: at.repetition }
    switch (field.type.kind) {
      case 'struct': {
        const fields = this.#fields(field.type.fields, node, {
          ...at,
          parentAt: presentAt,
          unfilled: [...at.unfilled, { ...column, kind: 'struct' }],
        })
        if (fields.length === 0) {
          throw this.#refused(`of ${field.name} it has no field that the table still has`)
        }
        return { ...field.type, fields }
      }
      case 'list': {
        const { elementId: id, element: type, elementRequired: required } = field.type
        const [element] = this.#repeated(field, at, { ...column, kind: 'list' }, [
          { id, name: 'element', type, required },
        ])
        return { ...field.type, element: element?.type ?? type }
      }
      case 'map': {
        const { keyId, key, valueId, value, valueRequired } = field.type
        const [foundKey, foundValue] = this.#repeated(field, at, { ...column, kind: 'map' }, [
          { id: keyId, name: 'key', type: key, required: true },
          { id: valueId, name: 'value', type: value, required: valueRequired },
        ])
        return { ...field.type, key: foundKey?.type ?? key, value: foundValue?.type ?? value }
      }
      case 'unsupported':
        throw this.#refused(`${field.name} is of type ${typeText(field.type)}`)
      default:
        this.#leaf(field, field.type, at, { ...column, kind: 'leaf' })
        return field.type
    }
  }

  /** Lists and maps have three levels: the group, a repeated one in it, and in that what is repeated. */
  #repeated(
    field: NestedField,
    at: Place,
    column: PathColumn,
    within: readonly NestedField[],
  ): readonly NestedField[] {
    const [group, ...others] = at.node.children
    const fits =
      group?.element.repetition_type === 'REPEATED' &&
      others.length === 0 &&
      group.children.length === within.length
    if (!fits) throw this.#misplaced(field)
    const level = column.presentAt + 1
    const found = this.#fields(within, group, {
      schemaPath: [...at.schemaPath, group],
      steps: at.steps,
      repetition: at.repetition + 1,
      slotAt: level,
      parentAt: level,
      unfilled: [...at.unfilled, column],
    })
    if (found.length !== within.length) throw this.#misplaced(field)
    return found
  }

  #leaf(field: NestedField, type: PrimitiveType, at: Place, column: PathColumn): void {
    if (at.node.children.length > 0) throw this.#misplaced(field)
    this.#leaves.push({
      field,
      type,
      element: at.node.element,
      path: at.node.path,
      schemaPath: at.schemaPath,
      definitionMax: column.presentAt,
      repetitionMax: at.repetition,
      fills: [...at.unfilled, column],
    })
  }

  #misplaced(field: NestedField): FirnError {
    return this.#refused(
      `${field.name} (field id ${field.id}) is not laid out as a ${typeText(field.type)}`,
    )
  }

  #refused(why: string): FirnError {
    return new FirnError('REPLAY_REFUSED', `${this.#file} cannot be rewritten exactly: ${why}`, {
      context: { file: this.#file },
      help: 'compact the table with another engine (rewrite_data_files), then try again',
    })
  }
}
