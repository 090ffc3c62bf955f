/**
 * What it costs to encode a shape's records as Parquet, columns given: CPU µs per record, all threads.
 *
 *     node --no-use-osr bench/parquet-encode.ts [records] [--shape reference] [--kafka] [--rows N] [--rounds 12]
 *         [--out FILE] [property=value …]
 *
 * `--kafka` adds the metadata column that the service writes. `--rows`: row groups of so many rows, a file each, as
 * partition tuples have them. `--no-use-osr` is how the service runs. The first round is cold, as a process begins.
 */
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { ColumnBatch } from '../src/columns/column.ts'
import { EncodingMemory } from '../src/parquet/encoding-memory.ts'
import { ParquetFileEncoder } from '../src/parquet/parquet-file-encoder.ts'
import { parquetSettings } from '../src/parquet/settings.ts'
import { columnBatches, tableSchema } from './column-batches.ts'
import { shapeOf } from './shapes.ts'

const ROW_GROUP_ROWS = 122_880
const ROW_GROUP_BYTES = 64 * 1024 * 1024

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    shape: { type: 'string', default: 'reference' },
    kafka: { type: 'boolean', default: false },
    rows: { type: 'string' },
    rounds: { type: 'string', default: '12' },
    out: { type: 'string' },
  },
})
const properties = Object.fromEntries(
  positionals
    .filter((text) => text.includes('='))
    .map((text) => text.split('=', 2) as [string, string]),
)
const shape = shapeOf(options.shape)
const schema = tableSchema(shape, options)
const batches = [
  ...columnBatches(shape, schema, {
    records: Number(positionals.find((text) => /^\d+$/.test(text)) ?? 245_760),
    rows: Number(options.rows ?? ROW_GROUP_ROWS),
    bytes: ROW_GROUP_BYTES,
  }),
]
const files: readonly (readonly ColumnBatch[])[] =
  options.rows === undefined ? [batches] : batches.map((batch) => [batch])
const records = batches.reduce((rows, batch) => rows + batch.rowCount, 0)
const columnBytes = batches.reduce((bytes, batch) => bytes + batch.byteSize, 0)
console.log(
  `${options.shape}: ${records} records, ${(columnBytes / records).toFixed(1)} bytes of columns each, ${batches.length} row groups`,
)

const memory = new EncodingMemory()
const settings = parquetSettings(schema, properties)

function encode(rowGroups: readonly ColumnBatch[]): readonly Uint8Array[] {
  const encoder = new ParquetFileEncoder({
    schema,
    settings,
    memory,
    metricsMode: () => ({ kind: 'truncate', length: 16 }),
    createdBy: 'firn version 0.0.0 (build bench)',
  })
  const chunks = rowGroups.flatMap((batch) => encoder.appendRowGroup(batch))
  return [...chunks, ...encoder.finish().chunks]
}

const figures: number[] = []
for (let round = 0; round < Number(options.rounds); round += 1) {
  let fileBytes = 0
  const before = process.cpuUsage()
  for (const rowGroups of files) {
    const chunks = encode(rowGroups)
    for (const chunk of chunks) fileBytes += chunk.byteLength
    if (options.out !== undefined) writeFileSync(options.out, Buffer.concat(chunks))
  }
  const { user, system } = process.cpuUsage(before)
  figures.push((user + system) / records)
  if (round === 0) console.log(`${(fileBytes / records).toFixed(2)} bytes/record in files`)
}
const [cold = 0] = figures
const sorted = figures.toSorted((left, right) => left - right)
const [least = 0] = sorted
const median = sorted[sorted.length >> 1] ?? 0
const perGroup = (least * records) / batches.length / 1000
console.log(
  `CPU µs/record: first round ${cold.toFixed(3)}, median ${median.toFixed(3)}, least ${least.toFixed(3)} (${perGroup.toFixed(3)} ms a row group)`,
)
