import { inspect } from 'node:util'
import type { PrimitiveType, Type, Value } from '../../../src/iceberg/types.ts'
import type { Seeded } from '../../support/seeded.ts'
import type { Tree } from '../../unit/columns/tree.ts'

const INT64_MAX = 2n ** 63n - 1n
const DAY_MICROS = 86_400_000_000n
const FLOATS = [NaN, Infinity, -Infinity, -0, 0, 1, -1.5]
const LETTERS = ['a', 'B', '9', ' ', '_', 'é', '世', '😀']
const LONG_TEXT = 'a long text, of which statistics keep the beginning; '.repeat(40)
const TEXTS = ['', ' ', 'Grüße, 世界 😀', '\u{10FFFF}\uFFFF', '\uFEFFmark', 'a\u0000b', LONG_TEXT]
/** How many different values a column has, and in which order: what encodings are chosen by. */
const SPREADS = ['one', 'few', 'many', 'rising'] as const

type Make<T> = () => T

/** What makes one row's value of a type, null where it may be. */
export function treesOf(random: Seeded, type: Type, required: boolean): Make<Tree> {
  const present = presentTreesOf(random, type)
  if (required) return present
  const [of, nulls] = random.pick([
    [10, 1],
    [10, 5],
    [100, 98],
    [100, 100],
  ] as const)
  return () => (random.below(of) < nulls ? null : present())
}

function presentTreesOf(random: Seeded, type: Type): Make<Tree> {
  switch (type.kind) {
    case 'struct': {
      const fields = type.fields.map((field) => treesOf(random, field.type, field.required))
      return () => fields.map((make) => make())
    }
    case 'list': {
      const element = treesOf(random, type.element, type.elementRequired)
      return () => Array.from({ length: random.below(4) }, element)
    }
    case 'map': {
      const key = treesOf(random, type.key, true)
      const value = treesOf(random, type.value, type.valueRequired)
      return () => ({ entries: distinctKeys(random, key).map((one) => [one, value()] as const) })
    }
    case 'unsupported':
      throw new TypeError('Firn writes no such type')
    default:
      return valuesOf(random, type)
  }
}

/** Readers take the two zeros for one key. */
function distinctKeys(random: Seeded, key: Make<Tree>): Tree[] {
  const keys = new Map<string, Tree>()
  for (let left = random.below(4); left > 0; left -= 1) {
    const one = key()
    keys.set(inspect(one === 0 ? 0 : one), one)
  }
  return [...keys.values()]
}

function valuesOf(random: Seeded, type: PrimitiveType): Make<Value> {
  const any = (): Value =>
    random.below(8) === 0 ? random.pick(remarkable(type)) : ordinary(random, type)
  const spread = random.pick(SPREADS)
  switch (spread) {
    case 'one':
    case 'few': {
      const pool = Array.from({ length: spread === 'one' ? 1 : 2 + random.below(12) }, any)
      return () => random.pick(pool)
    }
    case 'many':
      return any
    default:
      return risingOf(random, type) ?? any
  }
}

/** Numbers that differ little from one row to the next: what delta encoding is for. */
function risingOf(random: Seeded, type: PrimitiveType): Make<Value> | undefined {
  let at = random.below(1000)
  const next = (): number => (at += random.below(20))
  switch (type.kind) {
    case 'int':
    case 'date':
      return next
    case 'float':
    case 'double':
      return () => 20 + next() / 64
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'timestamp_ns':
    case 'timestamptz_ns': {
      const base = type.kind === 'time' ? 0n : 1_700_000_000_000_000n
      return () => base + BigInt(next())
    }
    default:
      return undefined
  }
}

/** Ends of ranges, and what has bitten some writer. */
function remarkable(type: PrimitiveType): readonly Value[] {
  switch (type.kind) {
    case 'boolean':
      return [true, false]
    case 'int':
    case 'date':
      return [-(2 ** 31), 2 ** 31 - 1, 0, -1]
    case 'float':
      return [...FLOATS, Math.fround(3.4028234663852886e38), Math.fround(1.401298464324817e-45)]
    case 'double':
      return [...FLOATS, Number.MAX_VALUE, Number.MIN_VALUE]
    case 'decimal': {
      const most = 10n ** BigInt(type.precision) - 1n
      return [-most, most, 0n, -1n]
    }
    case 'time':
      return [0n, DAY_MICROS - 1n]
    case 'string':
      return TEXTS
    case 'uuid':
      return [new Uint8Array(16), new Uint8Array(16).fill(255)]
    case 'fixed':
      return [new Uint8Array(type.length), new Uint8Array(type.length).fill(255)]
    case 'binary':
      return [new Uint8Array(0), new Uint8Array(1), new Uint8Array(2000).fill(255)]
    default:
      return [-INT64_MAX - 1n, INT64_MAX, 0n, -1n]
  }
}

/** Floating point of one magnitude, as measured values are: this is what splitting the bytes is for. */
function ordinary(random: Seeded, type: PrimitiveType): Value {
  switch (type.kind) {
    case 'boolean':
      return random.below(2) === 1
    case 'int':
    case 'date':
      return random.below(2 ** 32) - 2 ** 31
    case 'float':
      return Math.fround(20 + random.below(2 ** 20) / 2 ** 16)
    case 'double':
      return 20 + random.below(2 ** 32) / 2 ** 28
    case 'decimal': {
      const most = 10n ** BigInt(type.precision)
      return bits(random, 128) % most
    }
    case 'time':
      return BigInt.asUintN(64, bits(random, 64)) % DAY_MICROS
    case 'string':
      return Array.from({ length: random.below(20) }, () => random.pick(LETTERS)).join('')
    case 'uuid':
      return bytes(random, 16)
    case 'fixed':
      return bytes(random, type.length)
    case 'binary':
      return bytes(random, random.below(30))
    default:
      return bits(random, 64)
  }
}

function bits(random: Seeded, count: number): bigint {
  let all = 0n
  for (let bit = 0; bit < count; bit += 32) all = (all << 32n) | BigInt(random.below(2 ** 32))
  return BigInt.asIntN(count, all)
}

function bytes(random: Seeded, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}
