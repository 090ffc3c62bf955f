import { z } from 'zod'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { askPython } from './python.ts'

/** How a file is read in Java; all three share the JVM, and little else. */
export type JavaWay =
  /** Record by record, as parquet-java assembles them. */
  | 'records'
  /** Spark's own decoders, a vector at a time. */
  | 'vectors'
  /** As the one file of an Iceberg table. */
  | 'iceberg'

/** What to read of a file, and which rows to find in it. */
export interface ParquetReading {
  /** Top-level columns as in an Iceberg schema; `id` is one of them. */
  readonly fields: JsonValue
  /** Conditions in the engine's SQL. */
  readonly lookups: readonly string[]
  /** For `iceberg`: the schema with all of the file's columns. */
  readonly schema?: JsonValue
  readonly rowCount?: number
}

export interface ParquetFile<Way extends string> {
  readonly path: string
  readonly readings: Readonly<Partial<Record<Way, ParquetReading>>>
}

export interface ParquetRead {
  /** In the canonical form, in no order. */
  readonly rows: readonly JsonObject[]
  /** For each condition the ids of its rows. */
  readonly found: readonly (readonly string[])[]
}

/** What parquet-java reads of a file that it looks for a value in. */
export interface PruneQuestion {
  readonly path: string
  readonly column: string
  /** An integer beyond 32 bits, or text. */
  readonly value: bigint | string
  readonly by: 'nothing' | 'statistics' | 'dictionary' | 'bloom' | 'pages'
}

export interface Pruned {
  readonly rowGroups: number
  readonly rowCount: number
  /** Of the pages that are left. */
  readonly filteredRowCount: number
  /** Data pages read, by column. */
  readonly pages: Readonly<Record<string, number>>
  /** Each as parquet-java prints it. */
  readonly rows: readonly string[]
}

const readSchema = z.record(
  z.string(),
  z.object({
    rows: z.array(z.custom<JsonObject>((value) => typeof value === 'object')),
    found: z.array(z.array(z.string())),
  }),
)
const prunedSchema = z.object({
  rowGroups: z.number(),
  rowCount: z.number(),
  filteredRowCount: z.number(),
  pages: z.record(z.string(), z.number()),
  rows: z.array(z.string()),
})

/** Per file, by way. */
type Reads<Way extends string> = readonly Readonly<Partial<Record<Way, ParquetRead>>>[]

/** Parquet files without a table around them. */
export async function parquetByDuckDb(
  files: readonly ParquetFile<'duckdb'>[],
): Promise<Reads<'duckdb'>> {
  const answers = await askPython({ task: 'parquet-duckdb', files: filesJson(files) }, 'readers')
  return z.array(readSchema).parse(answers)
}

/** The same in Java, and what two releases of parquet-java pass over: Spark's, and the one in Iceberg's jar. */
export async function parquetByJava(
  files: readonly ParquetFile<JavaWay>[],
  questions: readonly PruneQuestion[],
): Promise<{
  readonly reads: Reads<JavaWay>
  readonly pruned: readonly Readonly<Record<'spark' | 'iceberg', Pruned>>[]
}> {
  const prunes = questions.map((question) => ({ ...question }))
  const request = { task: 'parquet-java', files: filesJson(files), prunes }
  const [reads, pruned] = await askPython(request, 'spark')
  return {
    reads: z.array(readSchema).parse(reads),
    pruned: z.array(z.object({ spark: prunedSchema, iceberg: prunedSchema })).parse(pruned),
  }
}

function filesJson<Way extends string>(files: readonly ParquetFile<Way>[]): JsonValue {
  return files.map(({ path, readings }) => ({
    path,
    readings: Object.fromEntries(
      Object.entries<ParquetReading | undefined>(readings).flatMap(([way, one]) =>
        one === undefined ? [] : [[way, { ...one }]],
      ),
    ),
  }))
}
