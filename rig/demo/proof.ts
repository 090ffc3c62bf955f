import { z } from 'zod'
import { duckdb } from '../readers/readers.ts'
import { locateTable } from '../readers/table.ts'
import type { S3Endpoint } from '../services/s3.ts'
import { TOPICS, type ShopTopic, positionsFile } from './shop.ts'

/** What DuckDB counted in one table, against what the producer was told. */
export interface Proof {
  readonly table: string
  readonly produced: number
  readonly rows: number
  /** Different (partition, offset) among the rows. */
  readonly distinct: number
  /** Produced, and not in the table with its own id. */
  readonly missing: number
  readonly duplicates: number
  /** In the table, and never visible in the topic: of an aborted transaction, say. */
  readonly unexpected: number
}

const proofSchema = z.object({
  produced: z.coerce.number(),
  rows: z.coerce.number(),
  distinct: z.coerce.number(),
  missing: z.coerce.number(),
  unexpected: z.coerce.number(),
})
const tableSchema = z.object({
  metadata: z.object({
    'current-snapshot-id': z.number().nullish(),
    snapshots: z
      .array(z.object({ 'sequence-number': z.number(), summary: z.record(z.string(), z.string()) }))
      .optional(),
  }),
})

/** Counts with DuckDB's Iceberg reader: it shares no code with Firn. */
export async function prove(
  topic: ShopTopic,
  at: {
    readonly catalogUri: string
    readonly scratch: string
    readonly s3: S3Endpoint | undefined
  },
): Promise<Proof> {
  const location = await locateTable({ uri: at.catalogUri, namespace: 'shop', table: topic })
  const file = location.replace(/^file:\/*/, '/')
  const csv = positionsFile(at.scratch, topic)
  const statements = [
    `CREATE TABLE found AS SELECT _kafka.partition AS p, _kafka."offset" AS o, ${TOPICS[topic]} AS id
     FROM iceberg_scan('${file}')`,
    `CREATE TABLE made AS SELECT * FROM read_csv('${csv}', header = false,
     columns = {'p': 'INTEGER', 'o': 'BIGINT', 'id': 'BIGINT'})`,
    `SELECT (SELECT count(*) FROM made) AS produced,
     (SELECT count(*) FROM found) AS "rows",
     (SELECT count(*) FROM (SELECT DISTINCT p, o FROM found)) AS "distinct",
     (SELECT count(*) FROM made ANTI JOIN found USING (p, o, id)) AS missing,
     (SELECT count(*) FROM found ANTI JOIN made USING (p, o)) AS unexpected`,
  ]
  const answers = await duckdb(statements, at.s3 === undefined ? {} : { s3: at.s3 })
  const counts = proofSchema.parse(answers.at(-1)?.[0])
  return { table: `shop.${topic}`, ...counts, duplicates: counts.rows - counts.distinct }
}

/** Whether a table is exactly what was produced. */
export function isExact(proof: Proof): boolean {
  return (
    proof.rows === proof.produced &&
    proof.distinct === proof.produced &&
    proof.missing === 0 &&
    proof.unexpected === 0
  )
}

/** A table's rows and snapshots as the catalog states them; zero while there is no table, or no catalog. */
export async function tableSize(
  catalogUri: string,
  topic: ShopTopic,
): Promise<{ rows: number; snapshots: number }> {
  try {
    const url = `${catalogUri}/v1/namespaces/shop/tables/${topic}`
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) })
    const { metadata } = tableSchema.parse(await response.json())
    const snapshots = metadata.snapshots ?? []
    const newest = snapshots.toSorted((a, b) => b['sequence-number'] - a['sequence-number'])[0]
    return { rows: Number(newest?.summary['total-records'] ?? 0), snapshots: snapshots.length }
  } catch {
    return { rows: 0, snapshots: 0 }
  }
}
