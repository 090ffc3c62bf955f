import { appendStruct, appendValue, endList } from '../columns/append.ts'
import type { ColumnBuilder } from '../columns/column-builder.ts'
import { FirnError } from '../core/errors.ts'
import { typeText } from '../iceberg/type-text.ts'
import type { NestedField, PrimitiveType } from '../iceberg/types.ts'
import type { DecodingOptions } from './decoding.ts'
import { nodeText, type JsonNode } from './json-node.ts'
import { expectedText, valueOf } from './json-value.ts'
import { hasEqualSlots } from './map-keys.ts'
import { MemberNames } from './member-names.ts'
import { inElement, inField, type Misfit } from './record-failure.ts'

/**
 * Appends one JSON value to a column, or says why it does not fit (and leaves the column half filled: the row is undone
 * as a whole). `undefined` is a member that is not there.
 */
export type JsonAppender = (node: JsonNode | undefined) => Misfit | undefined

/** The appender of a column of any type. Throws TYPE_UNSUPPORTED and CONFIG_INVALID. */
export function jsonAppender(column: ColumnBuilder, options: DecodingOptions): JsonAppender {
  const { field } = column
  const present = presentAppender(column, options)
  return (node) => {
    if (node === undefined && field.writeDefault !== undefined) {
      appendValue(column, field.writeDefault)
      return undefined
    }
    if (node === undefined || node.kind === 'null') {
      if (field.required) return absent(field, node)
      column.appendNull()
      return undefined
    }
    return present(node)
  }
}

type PresentAppender = (node: JsonNode) => Misfit | undefined

function presentAppender(column: ColumnBuilder, options: DecodingOptions): PresentAppender {
  const { type } = column.field
  switch (type.kind) {
    case 'struct':
      return structAppender(column, options)
    case 'list':
      return listAppender(column, options)
    case 'map':
      return type.key.kind === 'string'
        ? textMapAppender(column, options)
        : entryMapAppender(column, options)
    case 'unsupported':
      throw new FirnError(
        'TYPE_UNSUPPORTED',
        `column ${column.field.name} has type ${type.text}, which cannot be written`,
      )
    default:
      return (node) => appendPrimitive(column, type, node)
  }
}

function appendPrimitive(
  column: ColumnBuilder,
  type: PrimitiveType,
  node: JsonNode,
): Misfit | undefined {
  const value = valueOf(type, node)
  if (value === undefined) return misfit(expectedText(type), node)
  appendValue(column, value)
  return undefined
}

/** The appender of an object's members to columns, one for each field. */
export function membersAppender(
  columns: readonly ColumnBuilder[],
  options: DecodingOptions,
): (members: ReadonlyMap<string, JsonNode>) => Misfit | undefined {
  const fields = columns.map(({ field }) => field)
  const names = new MemberNames(fields, options)
  const appenders = columns.map((column) => jsonAppender(column, options))
  return (members) => {
    const chosen = chooseMembers(members, names)
    for (const [index, append] of appenders.entries()) {
      const found = append(chosen.get(index)?.node)
      if (found !== undefined) return inField(fields[index]?.name ?? '', found)
    }
    return undefined
  }
}

interface ChosenMember {
  readonly node: JsonNode
  readonly rank: number
}

function chooseMembers(
  members: ReadonlyMap<string, JsonNode>,
  names: MemberNames,
): ReadonlyMap<number, ChosenMember> {
  const chosen = new Map<number, ChosenMember>()
  for (const [key, node] of members) {
    const named = names.lookup(key)
    if (named === undefined) continue
    const before = chosen.get(named.index)
    if (before === undefined || named.rank <= before.rank) {
      chosen.set(named.index, { node, rank: named.rank })
    }
  }
  return chosen
}

function structAppender(column: ColumnBuilder, options: DecodingOptions): PresentAppender {
  const append = membersAppender(column.children, options)
  return (node) => {
    if (node.kind !== 'object') return misfit('struct: an object', node)
    appendStruct(column)
    return append(node.members)
  }
}

function listAppender(column: ColumnBuilder, options: DecodingOptions): PresentAppender {
  const append = jsonAppender(column.child(0), options)
  return (node) => {
    if (node.kind !== 'array') return misfit('list: an array', node)
    for (const [index, item] of node.items.entries()) {
      const found = append(item)
      if (found !== undefined) return inElement(index, found)
    }
    endList(column)
    return undefined
  }
}

/** A map with text as its keys is an object. */
function textMapAppender(column: ColumnBuilder, options: DecodingOptions): PresentAppender {
  const appendKey = jsonAppender(column.child(0), options)
  const append = jsonAppender(column.child(1), options)
  return (node) => {
    if (node.kind !== 'object') return misfit('map: an object', node)
    for (const [key, value] of node.members) {
      const found = appendKey({ kind: 'string', text: key }) ?? append(value)
      if (found !== undefined) return inElement(key, found)
    }
    endList(column)
    return undefined
  }
}

const ENTRY = { expected: 'map: an array of {"key": …, "value": …}', key: 'key', value: 'value' }

/** Any other map is an array of its entries, since an object's keys are text. */
function entryMapAppender(column: ColumnBuilder, options: DecodingOptions): PresentAppender {
  const [keys, values] = [column.child(0), column.child(1)]
  const [appendKey, appendItem] = [jsonAppender(keys, options), jsonAppender(values, options)]
  const appendEntry = (item: JsonNode): Misfit | undefined => {
    if (item.kind !== 'object') return misfit(ENTRY.expected, item)
    const key = appendKey(item.members.get(ENTRY.key))
    if (key !== undefined) return inField(ENTRY.key, key)
    const value = appendItem(item.members.get(ENTRY.value))
    return value && inField(ENTRY.value, value)
  }
  return (node) => {
    if (node.kind !== 'array') return misfit(ENTRY.expected, node)
    const start = keys.length
    for (const [index, item] of node.items.entries()) {
      const found = appendEntry(item)
      if (found !== undefined) return inElement(index, found)
    }
    if (hasEqualSlots(keys, start)) {
      return { path: '', expected: 'map: each key once', found: 'a key that comes twice' }
    }
    endList(column)
    return undefined
  }
}

function misfit(expected: string, node: JsonNode): Misfit {
  return { path: '', expected, found: nodeText(node) }
}

function absent(field: NestedField, node: JsonNode | undefined): Misfit {
  const { type } = field
  const primitive = type.kind !== 'struct' && type.kind !== 'list' && type.kind !== 'map'
  const expected = primitive && type.kind !== 'unsupported' ? expectedText(type) : typeText(type)
  return {
    path: '',
    expected: `${expected}, which is required`,
    found: node === undefined ? 'nothing' : 'null',
  }
}
