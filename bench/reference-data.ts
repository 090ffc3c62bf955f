import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { finished } from 'node:stream/promises'
import type { IcebergField } from '../rig/readers/table.ts'
import { tableEntry } from './table-entry.ts'

/**
 * The reference data of benchmarks and of the exactness tests: JSON records of about 383 bytes, the same on every
 * machine. Record i goes to partition i mod 4, where its offset is i div 4; `event_id` carries i, so that a lost or
 * repeated record shows without a further field.
 */
export const REFERENCE_PARTITIONS = 4
/** The number of records that comparisons between programs use. */
const REFERENCE_COUNT = 3_000_000
/** Of the lines of all `REFERENCE_COUNT` records, each with its line feed. */
const REFERENCE_SHA256 = '4c810c5566fd684277f81672c66977da10a1eb98876380b7890b801bc7b2ef7e'

const FIRST_EVENT_ID = 7_000_000_000_000
const EVENT_IDS_PER_RECORD = 3
const SEED = 0x9e3779b9
const MS_BETWEEN_RECORDS = 86
const FIRST_MS = Date.UTC(2024, 4, 1)

const ACTIONS = ['page_view', 'click', 'purchase', 'add_to_cart', 'search']
const EVENT_TYPES = Array.from({ length: 20 }, (_, i) => `${ACTIONS[i % ACTIONS.length]}_${i}`)
const COUNTRIES =
  'US DE FR GB JP BR IN CN CA AU NL SE PL ES IT MX KR ZA NG EG TR ID VN TH AR'.split(' ')
const SYSTEMS = ['iOS', 'Android', 'Windows', 'macOS', 'Linux']
const TAGS = Array.from({ length: 40 }, (_, i) => `tag-${i}`)

/** The records' columns, in their order, as fields of an Iceberg schema. */
export const REFERENCE_FIELDS: readonly IcebergField[] = [
  { name: 'event_id', type: 'long' },
  { name: 'user_id', type: 'long' },
  { name: 'ts', type: 'timestamptz' },
  { name: 'event_type', type: 'string' },
  { name: 'session_id', type: 'string' },
  { name: 'url', type: 'string' },
  { name: 'amount', type: 'double' },
  { name: 'score', type: 'double' },
  { name: 'mobile', type: 'boolean' },
  { name: 'country', type: 'string' },
  { name: 'day', type: 'date' },
  {
    name: 'device',
    type: {
      type: 'struct',
      fields: [
        { name: 'os', type: 'string' },
        { name: 'version', type: 'string' },
        { name: 'width', type: 'int' },
      ],
    },
  },
  { name: 'tags', type: { type: 'list', element: 'string' } },
]

/** An entry of `tables:` for the records, with more YAML behind it. */
export function referenceTable(table: string, topics: string, more = ''): string {
  return tableEntry({ table, topics, fields: REFERENCE_FIELDS, more })
}

/** Uniform numbers of [0, 1) by the mulberry32 generator. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The JSON of records 0 to `count` - 1, without line feeds. */
export function* referenceRecords(count: number): Generator<string, void> {
  const random = mulberry32(SEED)
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = (values: readonly string[]): string => values[below(values.length)] ?? ''
  const hex = (digits: number): string => {
    let text = ''
    for (let i = 0; i < digits; i += 1) text += below(16).toString(16)
    return text
  }
  for (let index = 0; index < count; index += 1) {
    // The order of these lines is the order in which numbers are drawn: it decides the data.
    const at = new Date(
      FIRST_MS + index * MS_BETWEEN_RECORDS + below(MS_BETWEEN_RECORDS),
    ).toISOString()
    const event_id = FIRST_EVENT_ID + index * EVENT_IDS_PER_RECORD + below(EVENT_IDS_PER_RECORD)
    const user_id = below(200_000)
    const event_type = EVENT_TYPES[below(below(EVENT_TYPES.length) + 1)]
    const session_id = `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
    const url = `https://shop.example.com/c/${below(500)}/p/${below(1e7)}?ref=${hex(6)}`
    const amount = Math.round(random() * 1e5) / 100
    const score = random() < 0.1 ? null : random()
    const mobile = random() < 0.6
    const country = pick(COUNTRIES)
    const device =
      random() < 0.05
        ? null
        : { os: pick(SYSTEMS), version: `${below(20)}.${below(10)}`, width: 320 + below(2000) }
    const tags = random() < 0.1 ? [] : Array.from({ length: 1 + below(4) }, () => pick(TAGS))
    const scored = random() < 0.03 ? {} : { score }
    const action = { event_id, user_id, ts: at, event_type, session_id, url, amount, ...scored }
    yield JSON.stringify({ ...action, mobile, country, day: at.slice(0, 10), device, tags })
  }
}

/** Which record an `event_id` belongs to. */
export function referenceIndex(eventId: bigint): bigint {
  return (eventId - BigInt(FIRST_EVENT_ID)) / BigInt(EVENT_IDS_PER_RECORD)
}

/**
 * Writes the records' lines to a file and returns their sha256. Of `REFERENCE_COUNT` records it must be the published
 * one: else the figures of two programs do not compare.
 */
export async function writeReferenceFile(path: string, count: number): Promise<string> {
  const hash = createHash('sha256')
  const file = createWriteStream(path)
  let lines: string[] = []
  const flush = async (): Promise<void> => {
    const bytes = Buffer.from(lines.join(''))
    lines = []
    hash.update(bytes)
    if (!file.write(bytes)) await once(file, 'drain')
  }
  for (const record of referenceRecords(count)) {
    lines.push(`${record}\n`)
    if (lines.length === 10_000) await flush()
  }
  await flush()
  file.end()
  await finished(file)
  const sum = hash.digest('hex')
  if (count === REFERENCE_COUNT && sum !== REFERENCE_SHA256) {
    throw new Error(`the reference data are not those of other programs: sha256 ${sum}`)
  }
  return sum
}
