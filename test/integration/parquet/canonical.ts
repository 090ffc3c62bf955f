import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { civilFromDays, floorDiv } from '../../../src/iceberg/calendar.ts'
import { valueText } from '../../../src/iceberg/single-value-json.ts'
import type { PrimitiveType, Schema, Type, Value } from '../../../src/iceberg/types.ts'
import type { Tree } from '../../unit/columns/tree.ts'

/** A row in the canonical form of `rig/readers/canonical.py`. */
export function canonicalRow({ fields }: Schema, row: readonly Tree[]): Record<string, JsonValue> {
  return Object.fromEntries(
    fields.map(({ name, type }, index) => [name, canonical(type, row[index] ?? null)]),
  )
}

function canonical(type: Type, tree: Tree): JsonValue {
  if (tree === null) return null
  switch (type.kind) {
    case 'struct':
      return Object.fromEntries(
        type.fields.map((field, index) => [
          field.name,
          canonical(field.type, (tree as readonly Tree[])[index] ?? null),
        ]),
      )
    case 'list':
      return (tree as readonly Tree[]).map((element) => canonical(type.element, element))
    case 'map':
      return (tree as { readonly entries: readonly (readonly [Tree, Tree])[] }).entries.map(
        ([key, value]) => [canonical(type.key, key), canonical(type.value, value)],
      )
    case 'unsupported':
      throw new TypeError('Firn writes no such type')
    default:
      return canonicalValue(type, tree as Value)
  }
}

/** A canonical row with the entries of its maps in one order: keys are distinct, and in a map their order says nothing. */
export function inKeyOrder({ fields }: Schema, row: JsonObject): JsonObject {
  return Object.fromEntries(
    fields.flatMap(({ name, type }) => (name in row ? [[name, ordered(type, row[name])]] : [])),
  )
}

function ordered(type: Type, value: JsonValue | undefined): JsonValue {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'struct':
      return inKeyOrder({ ...type, schemaId: 0, identifierFieldIds: [] }, value as JsonObject)
    case 'list':
      return (value as readonly JsonValue[]).map((element) => ordered(type.element, element))
    case 'map':
      return (value as readonly (readonly [JsonValue, JsonValue])[])
        .map(([key, of]) => [ordered(type.key, key), ordered(type.value, of)])
        .toSorted(([left], [right]) => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1))
    default:
      return value
  }
}

export function canonicalValue(type: PrimitiveType, value: Value): string | number | boolean {
  switch (type.kind) {
    case 'boolean':
    case 'int':
      return value as boolean | number
    case 'float':
    case 'double':
      return Number.isFinite(value) ? Number(value) : String(value)
    case 'date':
      return dayText(Number(value))
    case 'time':
      return clockText(value as bigint, 6)
    case 'timestamp':
      return momentText(value as bigint, 6)
    case 'timestamptz':
      return `${momentText(value as bigint, 6)}Z`
    case 'timestamp_ns':
      return momentText(value as bigint, 9)
    case 'timestamptz_ns':
      return `${momentText(value as bigint, 9)}Z`
    default:
      return valueText(type, value)
  }
}

function momentText(since1970: bigint, digits: number): string {
  const day = 86_400n * 10n ** BigInt(digits)
  const days = floorDiv(since1970, day)
  return `${dayText(Number(days))}T${clockText(since1970 - days * day, digits)}`
}

function dayText(since1970: number): string {
  const { year, month, day } = civilFromDays(since1970)
  const years = year < 0 ? `-${pad(-year, 6)}` : year > 9999 ? `+${pad(year, 6)}` : pad(year, 4)
  return `${years}-${pad(month, 2)}-${pad(day, 2)}`
}

function clockText(of: bigint, digits: number): string {
  const second = 10n ** BigInt(digits)
  const seconds = of / second
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n]
  return `${clock.map((part) => pad(part, 2)).join(':')}.${pad(of % second, digits)}`
}

function pad(of: number | bigint, digits: number): string {
  return String(of).padStart(digits, '0')
}
