import { Table, tableToIPC } from 'apache-arrow'
import * as fc from 'fast-check'
import {
  Compression,
  Encoding,
  Table as WasmTable,
  writeParquet,
  WriterPropertiesBuilder,
  WriterVersion,
} from 'parquet-wasm/node'
import { describe, expect, test } from 'vitest'
import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import { FirnError } from '../../../src/core/errors.ts'
import type { NestedField, Schema, Type } from '../../../src/iceberg/types.ts'
import { ParquetFile } from '../../../src/replay/parquet-file.ts'
import { arrowBatch } from '../../support/arrow-batch.ts'
import { FakeObjectStore } from '../../support/fake-object-store.ts'
import { schemaAndRows } from '../columns/schemas.ts'
import { batchOf, rowsOf, type Tree } from '../columns/tree.ts'
import { encodeFile } from '../parquet/parquet-files.ts'

async function readAs(
  schema: Schema,
  bytes: Uint8Array,
): Promise<{ rows: Tree[][]; schema: Schema }> {
  const store = new FakeObjectStore()
  await store.put('mem://f', bytes)
  const file = await ParquetFile.open(store, {
    filePath: 'mem://f',
    fileSizeInBytes: BigInt(bytes.length),
  })
  const layout = file.layout(schema)
  const builder = new BatchBuilder(layout.schema)
  for (let group = 0; group < file.rowGroupCount; group += 1) {
    await file.readRowGroup(group, layout, builder)
  }
  return { rows: rowsOf(builder.seal()), schema: layout.schema }
}

/** The rows as parquet-rs writes them. */
function rustFile(
  schema: Schema,
  rows: readonly (readonly Tree[])[],
  set: (builder: WriterPropertiesBuilder) => WriterPropertiesBuilder,
): Uint8Array {
  const table = new Table([arrowBatch(batchOf(schema, rows))])
  const wasm = WasmTable.fromIPCStream(tableToIPC(table, 'stream'))
  return writeParquet(wasm, set(new WriterPropertiesBuilder()).build())
}

const writings = fc.record({
  version: fc.constantFrom(WriterVersion.V1, WriterVersion.V2),
  dictionary: fc.boolean(),
  compression: fc.constantFrom(
    Compression.UNCOMPRESSED,
    Compression.SNAPPY,
    Compression.ZSTD,
    Compression.LZ4_RAW,
    Compression.GZIP,
    Compression.BROTLI,
  ),
  pageBytes: fc.constantFrom(16, 200, 1_000_000),
  groupRows: fc.constantFrom(3, 1_000_000),
})

describe('files of another writer', () => {
  test('parquet-rs: any schema, any values, pages of both versions', async () => {
    await fc.assert(
      fc.asyncProperty(schemaAndRows, writings, async ({ schema, rows }, how) => {
        fc.pre(rows.length > 0)
        const bytes = rustFile(schema, rows, (builder) =>
          builder
            .setWriterVersion(how.version)
            .setDictionaryEnabled(how.dictionary)
            .setCompression(how.compression)
            .setDataPageSizeLimit(how.pageBytes)
            .setWriteBatchSize(2)
            .setMaxRowGroupSize(how.groupRows),
        )
        expect((await readAs(schema, bytes)).rows).toEqual(rows)
      }),
      { numRuns: 300 },
    )
  })

  test.each([
    ['DELTA_BINARY_PACKED', Encoding.DELTA_BINARY_PACKED, ['int', 'long', 'date', 'timestamptz']],
    ['DELTA_LENGTH_BYTE_ARRAY', Encoding.DELTA_LENGTH_BYTE_ARRAY, ['string', 'binary']],
    ['DELTA_BYTE_ARRAY', Encoding.DELTA_BYTE_ARRAY, ['string', 'binary']],
    ['BYTE_STREAM_SPLIT', Encoding.BYTE_STREAM_SPLIT, ['float', 'double', 'int', 'long']],
  ] as const)('parquet-rs: %s', async (_name, encoding, kinds) => {
    await fc.assert(
      fc.asyncProperty(
        schemaAndRows.filter(({ schema, rows }) => {
          const [first] = schema.fields
          const kind = first?.type.kind ?? ''
          return rows.length > 0 && (kinds as readonly string[]).includes(kind)
        }),
        async ({ schema, rows }) => {
          const only = { ...schema, fields: schema.fields.slice(0, 1) }
          const some = rows.map((row) => row.slice(0, 1))
          const bytes = rustFile(only, some, (builder) =>
            builder.setDictionaryEnabled(false).setEncoding(encoding),
          )
          expect((await readAs(only, bytes)).rows).toEqual(some)
        },
      ),
      { numRuns: 40 },
    )
  })
})

function field(id: number, name: string, type: Type, required = false): NestedField {
  return { id, name, type, required }
}

function schemaOf(...fields: readonly NestedField[]): Schema {
  return { schemaId: 0, fields, identifierFieldIds: [] }
}

const INT: Type = { kind: 'int' }
const LONG: Type = { kind: 'long' }
const TEXT: Type = { kind: 'string' }

async function refusal(schema: Schema, bytes: Uint8Array): Promise<string> {
  try {
    await readAs(schema, bytes)
  } catch (fault) {
    if (fault instanceof FirnError) return `${fault.code}: ${fault.message}`
    throw fault
  }
  return 'read'
}

describe('a table that has changed since its file was written', () => {
  const WRITTEN = schemaOf(field(1, 'a', INT), field(2, 'b', TEXT), field(3, 'c', LONG))
  const { bytes } = encodeFile(WRITTEN, [
    batchOf(WRITTEN, [
      [1, 'one', 10n],
      [null, null, null],
    ]),
  ])

  test('finds columns by their ids: renamed, reordered, dropped', async () => {
    const now = schemaOf(field(3, 'a', LONG), field(1, 'x', INT))
    expect((await readAs(now, bytes)).rows).toEqual([
      [10n, 1],
      [null, null],
    ])
  })

  test('leaves out what the file does not have: its defaults are for readers', async () => {
    const added = { ...field(9, 'added', TEXT), initialDefault: 'was not there' }
    const { rows, schema } = await readAs(schemaOf(field(1, 'a', INT), added), bytes)
    expect(rows).toEqual([[1], [null]])
    expect(schema.fields.map(({ id }) => id)).toEqual([1])
  })

  test('reads promoted types as what they are now', async () => {
    const then = schemaOf(
      field(1, 'a', INT),
      field(2, 'b', { kind: 'float' }),
      field(3, 'c', { kind: 'decimal', precision: 5, scale: 2 }),
      field(4, 'd', { kind: 'decimal', precision: 12, scale: 2 }),
    )
    const old = encodeFile(then, [batchOf(then, [[-7, 1.5, -12345n, -99n]])]).bytes
    const now = schemaOf(
      field(1, 'a', LONG),
      field(2, 'b', { kind: 'double' }),
      field(3, 'c', { kind: 'decimal', precision: 30, scale: 2 }),
      field(4, 'd', { kind: 'decimal', precision: 38, scale: 2 }),
    )
    expect((await readAs(now, old)).rows).toEqual([[-7n, 1.5, -12345n, -99n]])
  })

  test.each<[string, Schema, string]>([
    ['another type', schemaOf(field(1, 'a', TEXT)), 'stores a as INT32'],
    [
      'a struct where there was a value',
      schemaOf(field(1, 'a', { kind: 'struct', fields: [field(7, 'x', INT)] })),
      'no field that the table still has',
    ],
    [
      'a list where there was a value',
      schemaOf(field(1, 'a', { kind: 'list', elementId: 7, element: INT, elementRequired: false })),
      'not laid out as a list',
    ],
    [
      'a type that is not written',
      schemaOf(field(1, 'a', { kind: 'unsupported', text: 'variant' })),
      'is of type variant',
    ],
    ['a required column that has nulls', schemaOf(field(1, 'a', INT, true)), 'is required'],
  ])('is refused with %s', async (_name, now, why) => {
    expect(await refusal(now, bytes)).toContain(why)
  })

  test('is refused where the file has no field ids', async () => {
    const table = new Table([arrowBatch(batchOf(WRITTEN, [[1, 'one', 10n]]))])
    for (const one of table.schema.fields) one.metadata.clear()
    const wasm = WasmTable.fromIPCStream(tableToIPC(table, 'stream'))
    expect(await refusal(WRITTEN, writeParquet(wasm))).toMatch(/^REPLAY_REFUSED: .*no field ids/)
  })

  test('is refused where times are in another unit', async () => {
    const nanos = schemaOf(field(1, 't', { kind: 'timestamp_ns' }))
    const then = encodeFile(nanos, [batchOf(nanos, [[1_000n]])]).bytes
    const micros = schemaOf(field(1, 't', { kind: 'timestamp' }))
    expect(await refusal(micros, then)).toMatch(/^REPLAY_REFUSED: .*stores t as INT64/)
  })

  test('a damaged file is told by its name', async () => {
    const cut = Uint8Array.from(bytes)
    cut.fill(0xff, 4, 40)
    expect(await refusal(WRITTEN, cut)).toMatch(/^DATA_FILE_UNREADABLE: mem:\/\/f/)
    const tail = Uint8Array.from(bytes).fill(0, bytes.length - 4)
    expect(await refusal(WRITTEN, tail)).toMatch(/^DATA_FILE_UNREADABLE: mem:\/\/f/)
  })
})
