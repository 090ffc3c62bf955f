import avsc from 'avsc'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ManifestEntry } from '../../../src/iceberg/data-file.ts'
import { readManifest } from '../../../src/iceberg/manifest-reader.ts'
import { writeManifest } from '../../../src/iceberg/manifest-writer.ts'
import type { PartitionSpec } from '../../../src/iceberg/partition.ts'
import {
  added,
  anyEntry,
  dataFile,
  everySpec,
  existing,
  noMetrics,
  schema,
  write,
} from './manifest-fixtures.ts'

const uuid = (byte: number): Uint8Array => Uint8Array.from({ length: 16 }, () => byte)
const double = (value: number): Uint8Array => new Uint8Array(new Float64Array([value]).buffer)

describe('a manifest', () => {
  test.each([
    [2, 'data'],
    [3, 'data'],
    [2, 'equality-deletes'],
    [3, 'position-deletes'],
  ] as const)('of version %i with %s entries comes back as it was', (formatVersion, content) => {
    const entries = fc.array(anyEntry(content, formatVersion), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(entries, fc.constantFrom('deflate', 'null'), (written, codec) => {
        const kind = content === 'data' ? 'data' : 'deletes'
        const options = { formatVersion, schema, spec: everySpec, content: kind, codec } as const
        const manifest = writeManifest({ ...options, entries: written })
        const read = readManifest(manifest.bytes, { manifest: null, schema })
        expect(read.entries).toEqual(written)
        expect(read.spec).toEqual(everySpec)
        expect(read).toMatchObject({ formatVersion, content: kind, schemaId: 3 })
        expect(manifest.summary.manifestLength).toBe(BigInt(manifest.bytes.length))
      }),
      { numRuns: 50 },
    )
  })

  test('the same content gives the same bytes', () => {
    expect(write([added()]).bytes).toEqual(write([added()]).bytes)
  })

  test('many entries take many blocks', () => {
    const entries = Array.from({ length: 2000 }, (_, index) =>
      added({ filePath: `s3://bucket/table/data/${index}-${'x'.repeat(60)}.parquet` }),
    )
    const read = readManifest(write(entries).bytes, { manifest: null, schema })
    expect(read.entries).toEqual(entries)
  })

  test('avsc, which shares no code with us, reads it and its header', async () => {
    const lowerBounds = new Map([[1, new Uint8Array([1, 2])]])
    const file = dataFile({ metrics: { ...noMetrics, lowerBounds }, splitOffsets: [4n] })
    const { bytes: written } = write([{ ...added(), dataFile: file }], 3)
    const decoder = new avsc.streams.BlockDecoder()
    const rows: unknown[] = []
    const header = new Promise<{ meta: Record<string, Buffer> }>((resolve) => {
      decoder.on('metadata', (_type, _codec, found) => resolve(found as never))
    })
    decoder.on('data', (row) => rows.push(row))
    const end = new Promise((resolve) => decoder.on('end', resolve))
    decoder.end(Buffer.from(written))
    await end
    const { meta } = await header
    expect(Object.keys(meta).sort()).toEqual([
      'avro.codec',
      'avro.schema',
      'content',
      'format-version',
      'partition-spec',
      'partition-spec-id',
      'schema',
      'schema-id',
    ])
    expect(rows).toMatchObject([
      {
        status: 1,
        snapshot_id: null,
        data_file: {
          file_path: file.filePath,
          record_count: 10,
          split_offsets: [4],
          lower_bounds: [{ key: 1, value: Buffer.from([1, 2]) }],
        },
      },
    ])
  })

  test('its header keeps the ids that readers look for', () => {
    const head = Buffer.from(write([added()]).bytes).toString('latin1')
    for (const id of [0, 1, 2, 3, 4, 134, 100, 101, 102, 117, 118, 132]) {
      expect(head).toContain(`"field-id":${id}`)
    }
    expect(head).toContain('"element-id":133')
    expect(head).toContain('"logicalType":"map"')
    expect(head).not.toContain('"field-id":105,')
  })

  test('counts, rows and the least sequence number go into the summary', () => {
    const deleted: ManifestEntry = { ...existing(2n), status: 'deleted' }
    const { summary } = write([added(), added(), existing(9n), existing(5n), deleted])
    expect(summary).toMatchObject({
      addedFilesCount: 2,
      existingFilesCount: 2,
      deletedFilesCount: 1,
      addedRowsCount: 20n,
      existingRowsCount: 20n,
      deletedRowsCount: 10n,
      minSequenceNumber: 5n,
    })
    expect(write([added()]).summary.minSequenceNumber).toBeNull()
  })

  test('a field summary leaves NaN out and tells -0 from 0', () => {
    const specs: PartitionSpec = {
      specId: 1,
      fields: [{ sourceId: 5, fieldId: 1000, name: 'd', transform: { kind: 'identity' } }],
    }
    const summaryOf = (values: (number | null)[]) =>
      writeManifest({
        formatVersion: 2,
        schema,
        spec: specs,
        content: 'data',
        entries: values.map((value) => added({ specId: 1, partition: [value] })),
      }).summary.partitions
    expect(summaryOf([0, Number.NaN, -0, null])).toEqual([
      { containsNull: true, containsNan: true, lowerBound: double(-0), upperBound: double(0) },
    ])
    expect(summaryOf([Number.NaN])).toEqual([
      { containsNull: false, containsNan: true, lowerBound: null, upperBound: null },
    ])
  })

  test('no summary where readers would not agree on the bounds of uuids', () => {
    const spec: PartitionSpec = {
      specId: 1,
      fields: [{ sourceId: 15, fieldId: 1000, name: 'u', transform: { kind: 'identity' } }],
    }
    const summaryOf = (...values: (Uint8Array | null)[]) => {
      const entries = values.map((value) => added({ specId: 1, partition: [value] }))
      const content = { formatVersion: 2, schema, spec, content: 'data' } as const
      return writeManifest({ ...content, entries }).summary.partitions
    }
    const bounds = { containsNull: false, containsNan: false }
    expect(summaryOf(uuid(1), uuid(2))).toEqual([
      { ...bounds, lowerBound: uuid(1), upperBound: uuid(2) },
    ])
    expect(summaryOf(uuid(0x90), uuid(0x80))).toMatchObject([{ lowerBound: uuid(0x80) }])
    expect(summaryOf(uuid(1), uuid(0x80))).toEqual([])
    expect(summaryOf(null)).toEqual([
      { containsNull: true, containsNan: false, lowerBound: null, upperBound: null },
    ])
  })

  test('an unknown transform is not written under', () => {
    const spec: PartitionSpec = {
      specId: 0,
      fields: [
        {
          sourceId: 1,
          fieldId: 1000,
          name: 'z',
          transform: { kind: 'unknown', text: 'zorder[2]' },
        },
      ],
    }
    const entries = [added({ partition: [null] })]
    const attempt = () =>
      writeManifest({ formatVersion: 2, schema, spec, content: 'data', entries })
    expect(attempt).toThrow(/partition field z: .*zorder\[2\] of boolean/)
  })

  test('fixed values are not written as partition values: no form is read by all', () => {
    const field = {
      sourceId: 16,
      fieldId: 1000,
      name: 'f',
      transform: { kind: 'identity' },
    } as const
    const spec: PartitionSpec = { specId: 0, fields: [field] }
    const entries = [added({ partition: [new Uint8Array(5)] })]
    const attempt = () =>
      writeManifest({ formatVersion: 2, schema, spec, content: 'data', entries })
    expect(attempt).toThrow(/partition field f: .*identity of fixed\[5\]/)
  })

  test('what cannot be right is a bug', () => {
    expect(() => write([])).toThrow(/at least one file/)
    expect(() => write([added({ content: 'equality-deletes' })])).toThrow(/either data files or/)
    expect(() => write([added({ specId: 9 })])).toThrow(/its spec/)
    expect(() => write([{ ...added(), status: 'existing' }])).toThrow(/sequence number/)
  })
})

describe('damaged files', () => {
  const good = write([added(), existing(1n)]).bytes

  test('any cut is reported, never taken for less data', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: good.length - 1 }), (length) => {
        const cut = () => readManifest(good.subarray(0, length), { manifest: null, schema })
        // A cut before the first block leaves a file without entries, which is a valid Avro file.
        try {
          expect(cut().entries).toEqual([])
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'FirnError' })
        }
      }),
    )
  })

  test('any flipped byte is reported or changes a value, never crashes', () => {
    fc.assert(
      fc.property(fc.nat({ max: good.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const flipped = good.slice()
        flipped[at] = (flipped[at] ?? 0) ^ by
        try {
          readManifest(flipped, { manifest: null, schema })
        } catch (thrown) {
          expect(thrown).toMatchObject({ name: 'FirnError' })
        }
      }),
      { numRuns: 500 },
    )
  })
})
