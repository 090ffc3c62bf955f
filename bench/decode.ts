/**
 * What it costs to turn record batches of the reference data into columns: CPU µs per record, one thread, the ways
 * taken in turn so that a noisy machine is noisy for all of them. Each figure is the median of the rounds, with the
 * least beside it.
 *
 *     node --no-use-osr bench/decode.ts [records] [--print]
 *
 * `--no-use-osr`: the engine's on-stack replacement compiles long loops at a moment of its choice, which makes the same
 * code half as fast in some processes.
 */
import { BatchBuilder } from '../src/columns/batch-builder.ts'
import { assignFreshIds } from '../src/iceberg/field-ids.ts'
import type { FetchedBatch } from '../src/consumer/record-source.ts'
import type { NestedField, Schema } from '../src/iceberg/types.ts'
import { CompiledJsonDecoder } from '../src/record/compiled-json-decoder.ts'
import type { ValueDecoder } from '../src/record/decoder.ts'
import { FetchedRecords } from '../src/record/fetched-records.ts'
import { kafkaField } from '../src/record/kafka-column.ts'
import { SlowJsonDecoder } from '../src/record/slow-json-decoder.ts'
import { compressed, fetched } from '../test/unit/record/batches.ts'
import { field, list, struct } from '../test/unit/record/rows.ts'
import { recordBatch } from '../test/support/record-batch.ts'
import { DECODING } from './column-batches.ts'
import { referenceRecords } from './reference-data.ts'

const ROUNDS = 9
/** As a producer with the usual limits fills them. */
const BATCH_RECORDS = 500

const COLUMNS = [
  field('event_id', 'long'),
  field('user_id', 'long'),
  field('ts', 'timestamptz'),
  field('event_type', 'string'),
  field('session_id', 'string'),
  field('url', 'string'),
  field('amount', 'double'),
  field('score', 'double'),
  field('mobile', 'boolean'),
  field('country', 'string'),
  field('day', 'date'),
  field('device', struct(field('os', 'string'), field('version', 'string'), field('width', 'int'))),
  field('tags', list('string')),
]

const KAFKA = kafkaField({ name: '_kafka', key: false, headers: false })

function schemaOf(fields: readonly NestedField[]): Schema {
  return assignFreshIds({ schemaId: 0, fields, identifierFieldIds: [] }).schema
}

function batchesOf(count: number): { plain: FetchedBatch[]; zstd: FetchedBatch[] } {
  const plain: Uint8Array[] = []
  let records: { offset: bigint; timestampMs: number; value: Buffer }[] = []
  let next = 0n
  const flush = (): void => {
    if (records.length === 0) return
    plain.push(recordBatch({ baseOffset: records[0]!.offset, lastOffset: next - 1n, records }))
    records = []
  }
  for (const record of referenceRecords(count)) {
    records.push({ offset: next, timestampMs: 1_714_521_600_000, value: Buffer.from(record) })
    next += 1n
    if (records.length === BATCH_RECORDS) flush()
  }
  flush()
  return { plain: fetches(plain), zstd: fetches(plain.map((batch) => compressed(batch, 'zstd'))) }
}

type Way = { readonly name: string; readonly count: number; readonly run: () => void }

function decoding(
  name: string,
  batches: readonly FetchedBatch[],
  make: () => { builder: BatchBuilder; decoder: ValueDecoder },
): Way {
  const { builder, decoder } = make()
  let count = 0
  const run = (): void => {
    builder.reset()
    count = 0
    for (const records of readings(batches)) {
      while (records.next()) {
        const failure = decoder.decode(records.cursor)
        if (failure !== undefined) throw new Error(`${failure.fieldPath}: ${failure.expected}`)
        count += 1
      }
    }
  }
  run()
  return { name, count, run }
}

/** As several fetches brought them. */
function fetches(batches: readonly Uint8Array[]): FetchedBatch[] {
  const FETCHED_BATCHES = 5
  const result: FetchedBatch[] = []
  for (let at = 0; at < batches.length; at += FETCHED_BATCHES) {
    const position = BigInt(at * BATCH_RECORDS)
    result.push(fetched(batches.slice(at, at + FETCHED_BATCHES), { position, logEnd: 2n ** 60n }))
  }
  return result
}

function* readings(batches: readonly FetchedBatch[]): Generator<FetchedRecords> {
  for (const batch of batches) yield new FetchedRecords(batch, { isolation: 'read_committed' })
}

function passing(
  name: string,
  batches: readonly FetchedBatch[],
  visit: (records: FetchedRecords) => void,
): Way {
  let count = 0
  const run = (): void => {
    count = 0
    for (const records of readings(batches)) {
      while (records.next()) {
        visit(records)
        count += 1
      }
    }
  }
  run()
  return { name, count, run }
}

const withColumns =
  (fields: readonly NestedField[], make: (builder: BatchBuilder) => ValueDecoder) => () => {
    const builder = new BatchBuilder(schemaOf(fields))
    return { builder, decoder: make(builder) }
  }

const count = Number(process.argv.slice(2).find((argument) => /^\d+$/.test(argument)) ?? 100_000)
const { plain, zstd } = batchesOf(count)
const compiled = (builder: BatchBuilder): ValueDecoder => new CompiledJsonDecoder(builder, DECODING)
const slow = (builder: BatchBuilder): ValueDecoder => new SlowJsonDecoder(builder, DECODING)
const fewer = plain.slice(0, 4)

if (process.argv.includes('--print')) {
  const builder = new BatchBuilder(schemaOf(COLUMNS))
  console.log(new CompiledJsonDecoder(builder, DECODING).source)
  process.exit()
}

const ways: readonly Way[] = [
  passing('split, uncompressed', plain, () => {}),
  passing('split, zstd', zstd, () => {}),
  passing('split, and JSON.parse', plain, ({ cursor }) => {
    JSON.parse(cursor.bytes.toString('utf8', cursor.valueStart, cursor.valueEnd))
  }),
  decoding('split, and decode', plain, withColumns(COLUMNS, compiled)),
  decoding('split, and decode with _kafka', plain, withColumns([...COLUMNS, KAFKA], compiled)),
  decoding('split zstd, and decode with _kafka', zstd, withColumns([...COLUMNS, KAFKA], compiled)),
  decoding('split, and decode on the slow path', fewer, withColumns(COLUMNS, slow)),
]

const figures = new Map(ways.map(({ name }) => [name, [] as number[]]))
for (let round = 0; round < ROUNDS; round += 1) {
  for (const way of ways) {
    const before = process.cpuUsage()
    way.run()
    const used = process.cpuUsage(before)
    figures.get(way.name)!.push((used.user + used.system) / way.count)
  }
}

console.log(`${count} records; CPU µs per record: median (least) of ${ROUNDS} rounds`)
for (const [name, values] of figures) {
  const sorted = values.toSorted((a, b) => a - b)
  const [median, least] = [sorted[Math.floor(sorted.length / 2)]!, sorted[0]!]
  console.log(`${name.padEnd(40)} ${median.toFixed(3)} (${least.toFixed(3)})`)
}
