import * as fc from 'fast-check'
import type { NestedField, Schema, Type } from '../../../src/iceberg/types.ts'
import { primitiveType, valueOf } from '../iceberg/arbitraries.ts'
import type { Tree } from './tree.ts'

/** Fuzzed schemas of any nesting, and rows of them. */

type Shape =
  | { readonly kind: 'leaf'; readonly type: Type }
  | { readonly kind: 'struct'; readonly fields: readonly Slot[] }
  | { readonly kind: 'list'; readonly element: Slot }
  | { readonly kind: 'map'; readonly key: Shape; readonly value: Slot }
interface Slot {
  readonly shape: Shape
  readonly required: boolean
}

const leaf = primitiveType.map((type): Shape => ({ kind: 'leaf', type }))

const shapes = fc.letrec<{ shape: Shape; slot: Slot }>((tie) => ({
  slot: fc.record({ shape: tie('shape'), required: fc.boolean() }),
  shape: fc.oneof(
    { maxDepth: 4, depthSize: 'small', withCrossShrink: true },
    { weight: 4, arbitrary: leaf },
    {
      weight: 2,
      arbitrary: fc
        .array(tie('slot'), { minLength: 1, maxLength: 3 })
        .map((fields): Shape => ({ kind: 'struct', fields })),
    },
    { weight: 2, arbitrary: tie('slot').map((element): Shape => ({ kind: 'list', element })) },
    {
      weight: 1,
      arbitrary: fc
        .record({ key: leaf, value: tie('slot') })
        .map(({ key, value }): Shape => ({ kind: 'map', key, value })),
    },
  ),
}))

/** Field ids are given from the top, breadth within each type, so that all are distinct. */
function typeOf(shape: Shape, nextId: () => number): Type {
  switch (shape.kind) {
    case 'leaf':
      return shape.type
    case 'struct':
      return { kind: 'struct', fields: fieldsOf(shape.fields, nextId) }
    case 'list':
      return {
        kind: 'list',
        elementId: nextId(),
        element: typeOf(shape.element.shape, nextId),
        elementRequired: shape.element.required,
      }
    default:
      return {
        kind: 'map',
        keyId: nextId(),
        key: typeOf(shape.key, nextId),
        valueId: nextId(),
        value: typeOf(shape.value.shape, nextId),
        valueRequired: shape.value.required,
      }
  }
}

function fieldsOf(slots: readonly Slot[], nextId: () => number): NestedField[] {
  return slots.map((slot, index) => ({
    id: nextId(),
    name: `f${index}`,
    required: slot.required,
    type: typeOf(slot.shape, nextId),
  }))
}

const schema: fc.Arbitrary<Schema> = fc
  .array(shapes.slot, { minLength: 1, maxLength: 4 })
  .map((slots) => {
    let id = 0
    return { schemaId: 0, identifierFieldIds: [], fields: fieldsOf(slots, () => (id += 1)) }
  })

/** Fields a struct, elements a list: what a type may hold, null where it may be. */
function treeOf(type: Type, required: boolean): fc.Arbitrary<Tree> {
  const present = presentTreeOf(type)
  return required ? present : fc.option(present, { freq: 3 })
}

function presentTreeOf(type: Type): fc.Arbitrary<Tree> {
  switch (type.kind) {
    case 'struct':
      return fc.tuple(...type.fields.map((field) => treeOf(field.type, field.required)))
    case 'list':
      return fc.array(treeOf(type.element, type.elementRequired), { maxLength: 4 })
    case 'map':
      return fc
        .array(fc.tuple(treeOf(type.key, true), treeOf(type.value, type.valueRequired)), {
          maxLength: 3,
        })
        .map((entries) => ({ entries }))
    case 'unsupported':
      throw new Error('no schema here has an unsupported type')
    default:
      return valueOf(type)
  }
}

function rowsOfSchema(of: Schema, rowsMax = 30): fc.Arbitrary<Tree[][]> {
  return fc.array(fc.tuple(...of.fields.map((field) => treeOf(field.type, field.required))), {
    maxLength: rowsMax,
  })
}

export const schemaAndRows = schema.chain((of) =>
  rowsOfSchema(of).map((rows) => ({ schema: of, rows })),
)
