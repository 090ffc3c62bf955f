import { parquetReadObjects, parquetMetadata } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import type { ColumnBatch } from '../../../src/columns/column.ts'
import type { MetricsMode } from '../../../src/iceberg/metrics-config.ts'
import type { NestedField, Schema, Type } from '../../../src/iceberg/types.ts'
import { EncodingMemory } from '../../../src/parquet/encoding-memory.ts'
import {
  type FinishedParquetFile,
  ParquetFileEncoder,
} from '../../../src/parquet/parquet-file-encoder.ts'
import { parquetSettings } from '../../../src/parquet/settings.ts'
import type { Tree } from '../columns/tree.ts'

export interface EncodedParquet extends FinishedParquetFile {
  readonly bytes: Uint8Array<ArrayBuffer>
}

export interface EncodingOptions {
  readonly properties?: Record<string, string>
  readonly metricsMode?: MetricsMode
  readonly memory?: EncodingMemory
}

/** A whole file of some batches, a row group each. */
export function encodeFile(
  schema: Schema,
  batches: readonly ColumnBatch[],
  options: EncodingOptions = {},
): EncodedParquet {
  const encoder = new ParquetFileEncoder({
    schema,
    settings: parquetSettings(schema, options.properties ?? {}),
    memory: options.memory ?? new EncodingMemory(),
    metricsMode: () => options.metricsMode ?? { kind: 'truncate', length: 16 },
    createdBy: 'firn version 0.1.0 (build test)',
  })
  const chunks = batches.flatMap((batch) => encoder.appendRowGroup(batch))
  const finished = encoder.finish()
  const bytes = new Uint8Array(Buffer.concat([...chunks, ...finished.chunks]))
  return { ...finished, bytes }
}

function asyncBuffer(bytes: Uint8Array<ArrayBuffer>) {
  return {
    byteLength: bytes.length,
    slice: (start: number, end?: number) => bytes.slice(start, end).buffer,
  }
}

const raw = (value: unknown): unknown => value

export function metadataOf(bytes: Uint8Array<ArrayBuffer>) {
  return parquetMetadata(bytes.buffer)
}

/** The rows as hyparquet reads them, in the form of trees. */
export async function readRows(schema: Schema, bytes: Uint8Array<ArrayBuffer>): Promise<Tree[][]> {
  const rows = await parquetReadObjects({
    file: asyncBuffer(bytes),
    compressors,
    utf8: false,
    parsers: {
      timestampFromMilliseconds: raw,
      timestampFromMicroseconds: raw,
      timestampFromNanoseconds: raw,
      dateFromDays: raw,
      uuidFromBytes: raw,
      stringFromBytes: (value: Uint8Array) =>
        new TextDecoder('utf-8', { ignoreBOM: true }).decode(value),
    },
  })
  return rows.map((row) => schema.fields.map((field) => treeFrom(field.type, row[field.name])))
}

function treeFrom(type: Type, value: unknown): Tree {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'struct':
      return type.fields.map((field: NestedField) =>
        treeFrom(field.type, (value as Record<string, unknown>)[field.name]),
      )
    case 'list':
      return (value as unknown[]).map((element) => treeFrom(type.element, element))
    case 'map':
      return {
        entries: Object.entries(value).map(([key, of]) => [
          treeFrom(type.key, key),
          treeFrom(type.value, of),
        ]),
      }
    default:
      return value as Tree
  }
}
