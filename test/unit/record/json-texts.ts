import * as fc from 'fast-check'
import type { PrimitiveType } from '../../../src/iceberg/types.ts'

/** Nearly always the first: a record is only taken if all of its values fit. */
function mostly(usual: fc.Arbitrary<string>, odd: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: odd })
}

const digits = (max: number) =>
  fc.string({
    unit: fc.constantFrom(...Array.from('0123456789')),
    minLength: 1,
    maxLength: Math.max(max, 1),
  })
const fraction = (max: number) =>
  max < 1
    ? fc.constant('')
    : fc.option(
        digits(max).map((text) => `.${text}`),
        { nil: '' },
      )
const spareZeros = fc.constantFrom('', '', '', '', '0', '0000')
const wide = fc.oneof(
  fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map(String),
  fc.integer({ min: -99, max: 99 }).map((value) => `${value}.0`),
)
const int = mostly(
  fc.oneof(
    fc.integer().map(String),
    fc.integer({ min: -99, max: 99 }).map(String),
    fc.constantFrom('2147483647', '-2147483648', '-0'),
  ),
  wide,
)
const long = mostly(
  fc.oneof(
    fc.integer().map(String),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc
      .tuple(fc.integer({ min: 0, max: 62 }), fc.integer({ min: -3, max: 3 }))
      .map(([power, more]) => String(2n ** BigInt(power) + BigInt(more))),
    fc
      .tuple(fc.integer({ min: 0, max: 18 }), fc.integer({ min: -3, max: 3 }))
      .map(([power, more]) => String(-(10n ** BigInt(power)) + BigInt(more))),
    fc.constantFrom('9223372036854775807', '-9223372036854775808', '-0'),
  ),
  wide,
)
const real = fc.oneof(
  fc
    .double({ noNaN: true, noDefaultInfinity: true, min: -1e38, max: 1e38 })
    .map((value) => (value === 0 ? '0' : String(value))),
  fc
    .float({ noNaN: true, noDefaultInfinity: true })
    .map((value) => (value === 0 ? '-0' : String(value))),
  fc
    .tuple(
      fc.boolean(),
      digits(20),
      fraction(22),
      fc.option(fc.integer({ min: -60, max: 15 }), { nil: undefined }),
    )
    .map(
      ([negative, whole, rest, power]) =>
        `${negative ? '-' : ''}${whole.replace(/^0+(?=\d)/, '')}${rest}${power === undefined ? '' : `e${power}`}`,
    ),
)
const two = (min: number, max: number) =>
  fc.integer({ min, max }).map((value) => String(value).padStart(2, '0'))
const year = (min: number, max: number) =>
  fc.integer({ min, max }).map((value) => String(value).padStart(4, '0'))

function dateArb(years: readonly [number, number]): fc.Arbitrary<string> {
  return mostly(
    fc
      .tuple(year(...years), two(1, 12), fc.oneof(two(1, 28), two(1, 28), two(1, 28), two(29, 30)))
      .map((parts) => parts.join('-')),
    fc.tuple(year(0, 9999), two(0, 13), two(0, 32)).map((parts) => parts.join('-')),
  )
}

function clockArb(precision: number): fc.Arbitrary<string> {
  const seconds = fc
    .tuple(two(0, 59), fraction(precision), spareZeros)
    .map(([second, rest, zeros]) => `:${second}${rest}${rest === '' ? '' : zeros}`)
  return mostly(
    fc
      .tuple(two(0, 23), two(0, 59), fc.option(seconds, { nil: '' }))
      .map(([hour, minute, rest]) => `${hour}:${minute}${rest}`),
    fc
      .tuple(two(0, 25), two(0, 61), two(0, 61), fraction(12))
      .map(([hour, minute, second, rest]) => `${hour}:${minute}:${second}${rest}`),
  )
}

const offset = mostly(
  fc.oneof(
    fc.constantFrom('Z', '+00:00', '-08', '+0530', '-18:00'),
    fc
      .tuple(fc.constantFrom('+', '-'), two(0, 17), two(0, 59))
      .map(([sign, hour, minute]) => `${sign}${hour}:${minute}`),
  ),
  fc.constantFrom('z', '+19:00', '+01:02:03', '', '+1:00', '+18:30'),
)
const between = fc.constantFrom('T', 'T', 'T', 'T', 'T', ' ', 't')

function timestampArb(kind: string): fc.Arbitrary<string> {
  const nanos = kind.endsWith('_ns')
  const zone = kind.startsWith('timestamptz') ? offset : mostly(fc.constant(''), fc.constant('Z'))
  return fc
    .tuple(dateArb(nanos ? [1678, 2261] : [0, 9999]), between, clockArb(nanos ? 9 : 6), zone)
    .map((parts) => `"${parts.join('')}"`)
}

/** A JSON string of any characters, escaped or not. */
export const text = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary', maxLength: 5 }),
    fc.constantFrom('', 'null', 'plain ascii text that is longer than a word'),
  )
  .chain((value) => fc.infiniteStream(fc.nat({ max: 9 })).map((choices) => quoted(value, choices)))

/** A JSON string with some of its characters escaped for no reason. */
export function quoted(value: string, choices: Iterator<number>): string {
  let json = '"'
  for (const character of value) {
    const plain = JSON.stringify(character).slice(1, -1)
    const escaped = Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join('')
    json += choices.next().value === 0 ? escaped : plain
  }
  return `${json}"`
}

function bytesArb(length?: number): fc.Arbitrary<string> {
  const any = fc.uint8Array({ maxLength: 9 })
  const usual = length === undefined ? any : fc.uint8Array({ minLength: length, maxLength: length })
  return mostly(usual.map(base64), any.map(base64))
}

function base64(bytes: Uint8Array): string {
  return JSON.stringify(Buffer.from(bytes).toString('base64'))
}

function decimalArb({
  precision,
  scale,
}: {
  precision: number
  scale: number
}): fc.Arbitrary<string> {
  const whole = precision === scale ? fc.constant('0') : digits(precision - scale)
  const rest = fc
    .tuple(fraction(scale), spareZeros)
    .map(([part, zeros]) => (part === '' ? '' : `${part}${zeros}`))
  return fc
    .tuple(fc.boolean(), whole, mostly(rest, fraction(scale + 2)), fc.boolean())
    .map(([negative, before, behind, quote]) => {
      const number = `${negative ? '-' : ''}${before.replace(/^0+(?=\d)/, '')}${behind}`
      return quote ? `"${number}"` : number
    })
}

const uuid = fc
  .tuple(fc.uuid(), fc.boolean())
  .map(([value, upper]) => `"${upper ? value.toUpperCase() : value}"`)

/** Of the types without parameters. */
const PLAIN: Readonly<Record<string, fc.Arbitrary<string>>> = {
  boolean: fc.constantFrom('true', 'false'),
  int,
  long,
  float: real,
  double: real,
  date: dateArb([0, 9999]).map((day) => `"${day}"`),
  time: clockArb(6).map((time) => `"${time}"`),
  timestamp: timestampArb('timestamp'),
  timestamptz: timestampArb('timestamptz'),
  timestamp_ns: timestampArb('timestamp_ns'),
  timestamptz_ns: timestampArb('timestamptz_ns'),
  string: text,
  uuid,
  binary: bytesArb(),
}

/** JSON text that a column of the type takes, nearly always, in any spelling. */
export function primitiveArb(type: PrimitiveType): fc.Arbitrary<string> {
  if (type.kind === 'decimal') return decimalArb(type)
  return type.kind === 'fixed' ? bytesArb(type.length) : PLAIN[type.kind]!
}
