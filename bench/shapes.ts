import type { IcebergField } from '../rig/readers/table.ts'
import { githubFields, githubRecords } from './github-events.ts'
import {
  mulberry32,
  REFERENCE_FIELDS,
  REFERENCE_PARTITIONS,
  referenceRecords,
} from './reference-data.ts'

/** A topic and the table that it becomes. */
export interface Shape {
  readonly what: string
  readonly fields: readonly IcebergField[]
  /** The column that no two records share. */
  readonly key: string
  /** The JSON of records 0 to `count` - 1, the same on every machine. */
  readonly records: (count: number) => Iterable<string>
  /** Of how many records it is made where the reference shape has one. */
  readonly share: number
  readonly partitions: number
  readonly codec: 'none' | 'lz4' | 'zstd'
  readonly partitionBy: readonly string[]
}

const REFERENCE: Shape = {
  what: 'records of 383 bytes, 13 fields',
  fields: REFERENCE_FIELDS,
  key: 'event_id',
  records: referenceRecords,
  share: 1,
  partitions: REFERENCE_PARTITIONS,
  codec: 'zstd',
  partitionBy: [],
}

const SMALL_FIELDS: readonly IcebergField[] = [
  { name: 'id', type: 'long' },
  { name: 'at', type: 'timestamptz' },
  { name: 'device', type: 'string' },
  { name: 'value', type: 'double' },
  { name: 'ok', type: 'boolean' },
]

const WIDE_COLUMNS = 200
const WIDE_TYPES = ['long', 'double', 'string', 'boolean', 'timestamptz'] as const
const FIRST_MS = Date.UTC(2026, 0, 1)

/** A table of so many columns, the first of them the key. */
function wideShape(columns: number): Shape {
  const fields: IcebergField[] = [{ name: 'id', type: 'long' }]
  for (let index = 1; index < columns; index += 1) {
    fields.push({ name: `column_${index}`, type: WIDE_TYPES[index % WIDE_TYPES.length] ?? 'long' })
  }
  return {
    ...REFERENCE,
    what: `${columns} columns`,
    fields,
    key: 'id',
    records: (count) => wideRecords(fields, count),
    share: Math.min(1, 8 / columns),
  }
}

export const SHAPES: Readonly<Record<string, Shape>> = {
  reference: REFERENCE,
  uncompressed: { ...REFERENCE, what: 'the same, uncompressed topic', codec: 'none' },
  lz4: { ...REFERENCE, what: 'the same, lz4 topic', codec: 'lz4' },
  small: {
    ...REFERENCE,
    what: 'records of 100 bytes, 5 fields',
    fields: SMALL_FIELDS,
    key: 'id',
    records: smallRecords,
  },
  github: {
    ...REFERENCE,
    what: 'GitHub’s issues events, 12 KB, nested',
    fields: githubFields,
    key: 'seq',
    records: githubRecords,
    share: 1 / 25,
  },
  columns: wideShape(WIDE_COLUMNS),
  tuples: {
    ...REFERENCE,
    what: 'reference records, 1,000 partition tuples',
    partitionBy: ['bucket(1000, user_id)'],
  },
  partitions: { ...REFERENCE, what: 'reference records, 64 Kafka partitions', partitions: 64 },
}

/** One of `SHAPES`, or `columns-50` and `partitions-8` for these with other numbers. */
export function shapeOf(name: string): Shape {
  const [, kind, number] = /^(columns|partitions)-([1-9]\d{0,3})$/.exec(name) ?? []
  if (kind === 'columns') return wideShape(Number(number))
  if (kind === 'partitions') return { ...REFERENCE, what: name, partitions: Number(number) }
  const shape = SHAPES[name]
  if (shape === undefined) throw new Error(`no shape ${name}: ${Object.keys(SHAPES).join(', ')}`)
  return shape
}

function* smallRecords(count: number): Generator<string, void> {
  const random = mulberry32(1)
  for (let id = 0; id < count; id += 1) {
    const at = new Date(FIRST_MS + id * 10).toISOString()
    const device = `sensor-${Math.floor(random() * 5_000)}`
    const value = Math.round(random() * 1e6) / 1e3
    yield JSON.stringify({ id, at, device, value, ok: random() < 0.9 })
  }
}

function* wideRecords(fields: readonly IcebergField[], count: number): Generator<string, void> {
  const random = mulberry32(2)
  for (let id = 0; id < count; id += 1) {
    const members = fields.slice(1).map(({ name, type }) => [name, wideValue(type, random)])
    yield JSON.stringify({ id, ...Object.fromEntries(members) })
  }
}

function wideValue(type: IcebergField['type'], random: () => number): unknown {
  switch (type) {
    case 'long':
      return Math.floor(random() * 1e9)
    case 'double':
      return random() < 0.05 ? null : Math.round(random() * 1e8) / 1e4
    case 'string':
      return `value ${Math.floor(random() * 10_000)}`
    case 'boolean':
      return random() < 0.5
    default:
      return new Date(FIRST_MS + Math.floor(random() * 1e10)).toISOString()
  }
}
