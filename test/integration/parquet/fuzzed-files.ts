import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonObject } from '../../../src/core/json.ts'
import type { Schema } from '../../../src/iceberg/types.ts'
import { type Seeded, seeded } from '../../support/seeded.ts'
import { batchOf, type Tree } from '../../unit/columns/tree.ts'
import { encodeFile, metadataOf } from '../../unit/parquet/parquet-files.ts'
import { canonicalRow } from './canonical.ts'
import { FuzzedSchemas, type SchemaKind } from './fuzzed-schema.ts'
import { treesOf } from './fuzzed-values.ts'
import { columnsOf, type Lookup, lookupsFor } from './lookups.ts'

/** Ids beyond 32 bits. */
const FIRST_ID = 7_000_000_000_000n

/** With which `reading` is stored by BYTE_STREAM_SPLIT for certain. */
const SPLIT = {
  'write.parquet.compression-codec': 'zstd',
  'write.parquet.page-row-limit': '50',
  'firn.parquet.encodings': 'v2',
}

export interface FuzzedFile {
  readonly path: string
  readonly kind: SchemaKind
  readonly schema: Schema
  readonly properties: Readonly<Record<string, string>>
  /** In the canonical form. */
  readonly rows: readonly JsonObject[]
  readonly encodings: ReadonlySet<string>
  readonly codecs: ReadonlySet<string>
  readonly rowGroups: number
  readonly lookups: readonly Lookup[]
}

export async function fuzzedFiles(
  seed: number,
  { count, directory }: { readonly count: number; readonly directory: string },
): Promise<FuzzedFile[]> {
  const random = seeded(seed)
  const schemas = new FuzzedSchemas(random)
  const files: FuzzedFile[] = []
  for (let at = 0; at < count; at += 1) {
    const kind = { nested: at % 3 > 0, spark: at % 2 > 0 }
    const schema = schemas.next(kind)
    const trees = treesFor(random, schema, kind.nested ? 400 : 3000)
    const properties = { ...propertiesFor(random, schema), ...(at === 0 ? SPLIT : {}) }
    const path = join(directory, `${at}.parquet`)
    const { bytes } = encodeFile(schema, batches(random, schema, trees), { properties })
    await writeFile(path, bytes)
    files.push({
      path,
      kind,
      schema,
      properties,
      rows: trees.map((tree) => canonicalRow(schema, tree)),
      ...layoutOf(bytes),
      lookups: lookupsFor(random, schema, { trees, count: kind.nested ? 4 : 7 }),
    })
  }
  return files
}

/** How the encoder stored it: what the settings and the values led to. */
function layoutOf(
  bytes: Uint8Array<ArrayBuffer>,
): Pick<FuzzedFile, 'encodings' | 'codecs' | 'rowGroups'> {
  const groups = metadataOf(bytes).row_groups
  const chunks = groups.flatMap(({ columns }) => columns)
  const encodings = new Set(chunks.flatMap((chunk) => chunk.meta_data?.encodings ?? []))
  const codecs = new Set(chunks.flatMap((chunk) => chunk.meta_data?.codec ?? []))
  return { encodings, codecs, rowGroups: groups.length }
}

function treesFor(random: Seeded, { fields }: Schema, rowsMax: number): Tree[][] {
  const makers = fields.slice(2).map((field) => treesOf(random, field.type, field.required))
  return Array.from({ length: 100 + random.below(rowsMax) }, (_, row) => [
    FIRST_ID + BigInt(row),
    20 + Math.sin(row / 100),
    ...makers.map((make) => make()),
  ])
}

/** Row groups of any sizes. */
function batches(random: Seeded, schema: Schema, trees: readonly Tree[][]) {
  const cuts = Array.from({ length: random.below(4) }, () => random.below(trees.length + 1))
  const edges = [0, ...cuts.toSorted((a, b) => a - b), trees.length]
  return edges.slice(1).map((end, at) => batchOf(schema, trees.slice(edges[at], end)))
}

/** Pages and dictionaries small enough that such files have many, too. */
function propertiesFor(random: Seeded, schema: Schema): Record<string, string> {
  const wanted = columnsOf(schema).filter(() => random.below(2) === 1)
  return {
    'write.parquet.compression-codec': random.pick(['zstd', 'snappy', 'gzip', 'none']),
    'write.parquet.page-row-limit': random.pick(['7', '50', '1000', '20000']),
    'write.parquet.page-size-bytes': random.pick(['64', '4096', '1048576']),
    'write.parquet.dict-size-bytes': random.pick(['1', '400', '2097152', '2097152']),
    'firn.parquet.encodings': random.pick(['v1', 'v2', 'v2']),
    ...Object.fromEntries(
      wanted.map(({ column }) => [`write.parquet.bloom-filter-enabled.column.${column}`, 'true']),
    ),
  }
}
