import * as fc from 'fast-check'
import type { MapType, NestedField, Schema, Type } from '../../../src/iceberg/types.ts'
import { brokenJson } from './arbitraries.ts'
import { primitiveArb, quoted, text } from './json-texts.ts'
import { field, list, map, schemaOf, struct } from './rows.ts'

const NAMES = [
  'a',
  'b',
  'id',
  'ID',
  'name',
  'naïve',
  '日本',
  '😀',
  'a"b',
  'back\\slash',
  'x.y',
  '',
  ' ',
  'key',
  'value',
  '__proto__',
  'constructor',
  'long_name_of_a_column',
  '*/ alert(1) //',
  '\u2028',
  '${S}',
  '`',
  '\u0000',
  "it's",
]

const PRIMITIVES = [
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'decimal(9, 2)',
  'decimal(18, 6)',
  'decimal(38, 10)',
  'decimal(3, 3)',
  'date',
  'time',
  'timestamp',
  'timestamptz',
  'timestamp_ns',
  'timestamptz_ns',
  'string',
  'uuid',
  'fixed[3]',
  'fixed[4]',
  'binary',
]

const typeArb: fc.Memo<Type | string> = fc.memo((depth) =>
  depth <= 1
    ? fc.constantFrom(...PRIMITIVES)
    : fc.oneof(
        { weight: 5, arbitrary: fc.constantFrom(...PRIMITIVES) },
        { weight: 1, arbitrary: fieldsArb(depth - 1).map((fields) => struct(...fields)) },
        {
          weight: 1,
          arbitrary: fc
            .tuple(typeArb(depth - 1), fc.boolean())
            .map(([type, required]) => list(type, required)),
        },
        {
          weight: 1,
          arbitrary: fc
            .tuple(typeArb(depth - 1), fc.boolean())
            .map(([type, required]) => map('string', type, required)),
        },
        {
          weight: 1,
          arbitrary: fc
            .tuple(typeArb(depth - 1), typeArb(depth - 1), fc.boolean())
            .map(([key, type, required]) => map(key, type, required)),
        },
      ),
)

const fieldsArb: fc.Memo<NestedField[]> = fc.memo((depth) =>
  fc
    .uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 5 })
    .chain((names) =>
      fc.tuple(
        ...names.map((name) =>
          fc
            .tuple(typeArb(depth), fc.boolean())
            .map(([type, required]) => field('x', type, { name, required })),
        ),
      ),
    ),
)

/** A schema of any types, nested up to three levels. */
export const schemaArb: fc.Arbitrary<Schema> = fieldsArb(3).map((fields) => schemaOf(...fields))

/** JSON text for a value of a type: mostly one that fits, in any spelling; sometimes something else. */
function valueArb(type: Type, required: boolean): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 60, arbitrary: fittingArb(type) },
    { weight: required ? 0 : 5, arbitrary: fc.constant('null') },
    { weight: 1, arbitrary: fc.json({ maxDepth: 2 }) },
    { weight: 1, arbitrary: fc.constantFrom(...ODD) },
  )
}

const ODD = [
  '1.0',
  '3e2',
  '-0',
  '-0.0',
  '1e400',
  '9223372036854775808',
  '-9223372036854775809',
  '2147483648',
  '01',
  '.5',
  '1.',
  'NaN',
  '"NaN"',
  '"-Infinity"',
  '"\\ud83d"',
  '"\\u00e9"',
  '"a\\/b"',
  'tru',
  'nulll',
  '""',
  '"2024-02-30"',
  '"24:00:00"',
  '123456789012345678901234567890',
  '0.30000000000000004',
  '[[[[[[[[1]]]]]]]]',
  '{"a":{"b":{"c":{"d":{}}}}}',
]

function fittingArb(type: Type): fc.Arbitrary<string> {
  switch (type.kind) {
    case 'struct':
      return objectArb(type.fields)
    case 'list':
      return arrayText(fc.array(valueArb(type.element, type.elementRequired), { maxLength: 4 }))
    case 'map':
      return type.key.kind === 'string'
        ? fc
            .array(fc.tuple(text, valueArb(type.value, type.valueRequired)), { maxLength: 4 })
            .chain((members) => membersText(members))
        : arrayText(fc.array(entryArb(type), { maxLength: 3 }))
    case 'unsupported':
      throw new Error(`no values of ${type.text}`)
    default:
      return primitiveArb(type)
  }
}

function entryArb({ key, value, valueRequired }: MapType): fc.Arbitrary<string> {
  return objectArb([
    { id: 0, name: 'key', type: key, required: true },
    { id: 0, name: 'value', type: value, required: valueRequired },
  ])
}

function arrayText(items: fc.Arbitrary<string[]>): fc.Arbitrary<string> {
  return items.chain((texts) => spaced(['[', ...separated(texts), ']']))
}

function objectArb(fields: readonly NestedField[]): fc.Arbitrary<string> {
  const members = fields.map((each) =>
    fc.tuple(nameArb(each.name), valueArb(each.type, each.required)).map((member) => [member]),
  )
  const missing = fc.constant<[string, string][]>([])
  const present = members.map((member, index) =>
    fc.oneof(
      { weight: 30, arbitrary: member },
      { weight: fields[index]?.required === true ? 0 : 5, arbitrary: missing },
      { weight: 2, arbitrary: fc.tuple(member, member).map((both) => both.flat()) },
    ),
  )
  const others = fc.array(
    fc.tuple(fc.oneof(text, fc.constantFrom('"A"', '"Id"', '"other"')), fc.json({ maxDepth: 3 })),
    { maxLength: 2 },
  )
  return fc
    .tuple(fc.tuple(...present), others, fc.nat({ max: 3 }), fc.array(fc.nat(), { maxLength: 8 }))
    .chain(([own, unknown, order, moves]) => {
      const all = [...own.flat(), ...(order === 0 ? unknown : [])]
      // Most producers keep their order; some do not.
      if (order === 1)
        for (const move of moves) all.push(...all.splice(move % (all.length || 1), 1))
      return membersText(all)
    })
}

function nameArb(name: string): fc.Arbitrary<string> {
  return fc
    .nat({ max: 15 })
    .chain((odd) =>
      odd < 6
        ? fc.infiniteStream(fc.nat({ max: 2 })).map((choices) => quoted(name, choices))
        : fc.constant(JSON.stringify(odd === 7 ? name.toUpperCase() : name)),
    )
}

function membersText(members: readonly (readonly [string, string])[]): fc.Arbitrary<string> {
  const parts = members.flatMap(([key, value], index) => [
    ...(index === 0 ? [] : [',']),
    key,
    ':',
    value,
  ])
  return spaced(['{', ...parts, '}'])
}

function separated(items: readonly string[]): string[] {
  return items.flatMap((item, index) => (index === 0 ? [item] : [',', item]))
}

/** As one text: compact, as Python writes it, or with white space of any kind. */
function spaced(parts: readonly string[]): fc.Arbitrary<string> {
  return fc.nat({ max: 9 }).map((style) => {
    if (style > 2) return parts.join('')
    if (style === 2)
      return parts.map((part) => (part === ',' || part === ':' ? `${part} ` : part)).join('')
    return parts.join(style === 0 ? '\n\t' : ' \r ')
  })
}

/** Records for a schema: mostly good ones, some that do not fit, some that are no JSON or no UTF-8. */
export function recordsArb(schema: Schema): fc.Arbitrary<(Uint8Array | null)[]> {
  const good = objectArb(schema.fields)
  const record = fc.oneof(
    { weight: 30, arbitrary: good.map((json): Uint8Array | null => Buffer.from(json)) },
    { weight: 6, arbitrary: brokenJson(good).map((json) => Buffer.from(json)) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(good, fc.nat(), fc.integer({ min: 0x80, max: 0xff }))
        .map(([json, at, byte]) => withByte(json, at, byte)),
    },
    { weight: 1, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom('', ' ', '\n'),
          good,
          fc.constantFrom('', ' ', '\n', '}', '"', '{}', ','),
        )
        .map((parts) => Buffer.from(parts.join(''))),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(good, fc.nat())
        .map(([json, length]) => Buffer.from(json).subarray(0, length % (json.length + 1))),
    },
  )
  return fc.array(record, { minLength: 1, maxLength: 12 })
}

function withByte(json: string, at: number, byte: number): Uint8Array {
  const bytes = Buffer.from(json)
  bytes[at % bytes.length] = byte
  return bytes
}
