import { z } from 'zod'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import type { S3Endpoint } from '../services/s3.ts'
import { readersVenv, sparkJars, sparkVenv } from '../artefacts.ts'
import { ensure } from '../cache.ts'
import { askPython } from './python.ts'
import {
  type IcebergField,
  type TableAt,
  fieldsJson,
  fieldsOf,
  fileOf,
  readMetadata,
} from './table.ts'

/** Readers that share no code with Firn, behind Python. (icebird, in Node, is `readWithIcebird`.) */
export type Engine = 'duckdb' | 'pyiceberg' | 'spark'

/** A row in the canonical form of `canonical.py`: the same whichever reader read it. */
export type CanonicalRow = JsonObject

/** Rows of one Kafka partition in a table: exactly once means rows = distinct. */
interface PartitionPositions {
  readonly topic: string
  readonly partition: number
  readonly rows: number
  /** Different offsets among them. */
  readonly distinct: number
  readonly first: bigint
  readonly last: bigint
}

/** A sum of hashes per column: equal for the same values in any order, whichever engine read them. */
export interface Digest {
  readonly rows: number
  readonly columns: Readonly<Record<string, string | null>>
}

interface DigestOptions {
  /** Default: all but `_kafka`. */
  readonly columns?: readonly string[]
  /** Hashed together with each value, so that a value in the wrong row shows. */
  readonly key?: readonly string[]
}

const rowsSchema = z.array(z.custom<CanonicalRow>((value) => typeof value === 'object'))
const positionsSchema = z.array(
  z.object({
    topic: z.string(),
    partition: z.number(),
    rows: z.number(),
    distinct: z.number(),
    first: z.coerce.bigint(),
    last: z.coerce.bigint(),
  }),
)
const digestSchema = z.object({
  rows: z.number(),
  columns: z.record(z.string(), z.string().nullable()),
})

interface Summary extends Digest {
  readonly positions: readonly PartitionPositions[]
}

/** A table's reader: each method is one run of the engine (half a second; Spark ten). */
export interface TableReader {
  count(): Promise<number>
  /** All rows, in no order; small tables only. */
  rows(columns?: readonly string[]): Promise<CanonicalRow[]>
  /** What the `_kafka` column says, per topic and partition. */
  positions(column?: string): Promise<PartitionPositions[]>
  digest(options?: DigestOptions): Promise<Digest>
  /** Three answers from one run: what exactness takes. */
  summary(options?: DigestOptions): Promise<Summary>
  /** DuckDB's SQL over the table `t`, as the engine read it. `columns` spares reading all of them. */
  sql(query: string, columns?: readonly string[]): Promise<CanonicalRow[]>
}

type Question = Readonly<Record<string, JsonValue | undefined>>

/** Reads a table with one engine. */
export function readWith(engine: Engine, table: TableAt): TableReader {
  const askAll = async (asks: readonly Question[]): Promise<unknown[]> => {
    const metadata = await readMetadata(table)
    await using file = await fileOf(table, metadata)
    return await askPython(
      {
        task: 'read',
        engine,
        table: tableJson({ ...table, metadataLocation: file.location }),
        fields: fieldsJson(fieldsOf(metadata, table.snapshotId)),
        asks,
      },
      engine === 'spark' ? 'spark' : 'readers',
    )
  }
  const ask = async (question: Question): Promise<unknown> => (await askAll([question]))[0]
  return {
    count: async () => z.number().parse(await ask({ kind: 'count' })),
    rows: async (columns) => rowsSchema.parse(await ask({ kind: 'rows', columns })),
    positions: async (column) => positionsSchema.parse(await ask({ kind: 'positions', column })),
    digest: async ({ columns, key } = {}) =>
      digestSchema.parse(await ask({ kind: 'digest', columns, key })),
    summary: async ({ columns, key } = {}) => {
      const asks = [{ kind: 'positions' }, { kind: 'digest', columns, key }]
      const [positions, digest] = await askAll(asks)
      return { ...digestSchema.parse(digest), positions: positionsSchema.parse(positions) }
    },
    sql: async (query, columns) =>
      rowsSchema.parse(await ask({ kind: 'sql', sql: query, columns })),
  }
}

/** Fetches what the engines need. */
export async function fetchReaders(engines: readonly Engine[]): Promise<void> {
  if (engines.length > 0) await ensure(readersVenv)
  if (engines.includes('spark'))
    await Promise.all([sparkVenv, sparkJars].map(async (one) => ensure(one)))
}

/** The digest of newline-delimited JSON, its members read as these Iceberg types: what was produced. */
export async function digestOfLines(of: {
  readonly path: string
  readonly fields: readonly IcebergField[]
  readonly key?: readonly string[]
}): Promise<Digest> {
  const request = {
    task: 'digest-lines',
    path: of.path,
    fields: fieldsJson(of.fields),
    key: of.key,
  }
  const [answer] = await askPython(request, 'readers')
  return digestSchema.parse(answer)
}

/** Runs SQL in a fresh DuckDB with its Iceberg extension; the rows of each statement. */
export async function duckdb(
  statements: readonly string[],
  options: { s3?: S3Endpoint } = {},
): Promise<CanonicalRow[][]> {
  const s3 = options.s3 === undefined ? undefined : { ...options.s3 }
  const answers = await askPython({ task: 'duckdb-sql', statements, s3 }, 'readers')
  return answers.map((rows) => rowsSchema.parse(rows))
}

/**
 * Runs SQL in Spark on a REST catalog, named `rest`: a foreign writer, and maintenance procedures
 * (`CALL rest.system.expire_snapshots(…)`).
 */
export async function sparkSql(of: {
  readonly uri: string
  readonly warehouse: string
  readonly s3?: S3Endpoint
  readonly statements: readonly string[]
}): Promise<CanonicalRow[][]> {
  const s3 = of.s3 === undefined ? undefined : { ...of.s3 }
  const answers = await askPython({ task: 'spark-sql', ...of, s3 }, 'spark')
  return answers.map((rows) => rowsSchema.parse(rows))
}

function tableJson({ metadataLocation, s3, snapshotId }: TableAt): JsonObject {
  return {
    location: metadataLocation,
    s3: s3 === undefined ? undefined : { ...s3 },
    snapshotId: snapshotId === undefined ? undefined : String(snapshotId),
  }
}
