import { describe, expect, test } from 'vitest'
import { type KafkaTool, kafkaTool } from '../../rig/produce.ts'
import { readWithIcebird } from '../../rig/readers/icebird.ts'
import { type Engine, readWith } from '../../rig/readers/readers.ts'
import { useRig } from '../support/rig.ts'
import { locate, untilRows, viewTable } from './support/catalog-view.ts'
import { configFile, configText, startWorker, stopGently, untilLogged } from './support/job.ts'
import {
  COMMON,
  type ColumnCases,
  NANOS,
  TIME_OF_DAY,
  caseFound,
  caseRow,
} from './support/values.ts'

const ROWS = 183
const PARTITIONS = 3

interface TableCase {
  readonly topic: string
  readonly columns: readonly ColumnCases[]
  readonly formatVersion: 2 | 3
  readonly partitionBy: string
  readonly sortBy: string
  readonly engines: readonly (Engine | 'icebird')[]
  readonly rows: number
  /** Default: there is `_kafka`. */
  readonly metadataColumn?: false
}

const LISTS_OF_STRUCTS = new Set(['lines', 'by_id'])
/**
 * What icebird reads as it is: it cuts times to milliseconds, rounds decimals to 53 bits, reads binary as text, and knows
 * neither a table without a file nor a decimal in a partition. Its older hyparquet stumbles over optional structs such as
 * `_kafka`.
 */
const SIMPLE = ['flag', 'i', 'l', 'day', 's', 'u', 'lines', 'grid', 'counts', 'never', 'seldom']
const COMMON_ENGINES: readonly Engine[] = ['duckdb', 'pyiceberg', 'spark']
const TABLES: readonly TableCase[] = [
  {
    topic: 'plain_v2',
    columns: COMMON,
    formatVersion: 2,
    partitionBy: '[]',
    sortBy: '[]',
    engines: COMMON_ENGINES,
    rows: ROWS,
  },
  {
    topic: 'tuples_v2',
    columns: COMMON,
    formatVersion: 2,
    partitionBy: "['truncate(2, s)', 'bucket(3, st.id)', 'void(i)']",
    sortBy: "['i desc nulls last', 's asc nulls first']",
    engines: COMMON_ENGINES,
    rows: ROWS,
  },
  {
    topic: 'tuples_v3',
    columns: COMMON,
    formatVersion: 3,
    partitionBy: "['year(day)', 'hour(ts)', 'bucket(3, l)']",
    sortBy: "['l']",
    engines: COMMON_ENGINES,
    rows: ROWS,
  },
  {
    topic: 'simple_v2',
    columns: columnsNamed(...SIMPLE),
    formatVersion: 2,
    partitionBy: '[]',
    sortBy: "['l desc']",
    engines: ['duckdb', 'pyiceberg', 'icebird'],
    rows: ROWS,
    metadataColumn: false,
  },
  {
    topic: 'time_v2',
    columns: [TIME_OF_DAY, ...columnsNamed('tstz', 'u', 'dec9')],
    formatVersion: 2,
    partitionBy: "['month(tstz)', 'bucket(2, u)', 'tod', 'dec9']",
    sortBy: "['tod desc']",
    engines: ['duckdb', 'pyiceberg'],
    rows: ROWS,
  },
  {
    topic: 'nanos_v3',
    columns: NANOS,
    formatVersion: 3,
    partitionBy: '[]',
    sortBy: "['tns']",
    engines: ['pyiceberg'],
    rows: ROWS,
  },
  {
    topic: 'empty_v2',
    columns: COMMON,
    formatVersion: 2,
    partitionBy: "['day(tstz)']",
    sortBy: '[]',
    engines: COMMON_ENGINES,
    rows: 0,
  },
]

function columnsNamed(...names: readonly string[]): readonly ColumnCases[] {
  return COMMON.filter(({ name }) => names.includes(name))
}

const rig = useRig({ kafka: true, catalog: 'fixture', readers: COMMON_ENGINES })

function tableText(table: TableCase): string {
  const { topic, columns, formatVersion, partitionBy, sortBy, metadataColumn } = table
  const fields = columns.map(({ name, type }) => `      - {name: ${name}, type: '${type}'}`)
  return `  - table: types.${topic}
    topics: ${topic}
    metadata_column: {enabled: ${metadataColumn ?? true}}
    columns:
      - {name: id, type: long, required: true}
${fields.join('\n')}
    create:
      format_version: ${formatVersion}
      partition_by: ${partitionBy}
      sort_by: ${sortBy}`
}

async function produceCases(tool: KafkaTool, { topic, columns, rows }: TableCase): Promise<void> {
  await tool.createTopic(topic, { partitions: PARTITIONS })
  const records = Array.from({ length: rows }, (_, index) => ({
    value: caseRow(columns, index),
    partition: index % PARTITIONS,
  }))
  if (records.length > 0) await tool.produce(topic, records, { batchRecords: 20 })
}

/** All tables, by one worker. */
async function fill(): Promise<void> {
  await using tool = kafkaTool(rig().kafka.bootstrap)
  for (const table of TABLES) await produceCases(tool, table)
  const text = configText(rig(), { writer: 'types', tables: TABLES.map(tableText).join('\n') })
  const worker = await startWorker(rig(), 'types', await configFile(rig(), 'types', text))
  for (const { topic, rows } of TABLES) {
    await untilRows(rig().catalog, `types.${topic}`, { rows, workers: [worker] })
  }
  await untilLogged(worker, ({ msg }) => msg.startsWith('reading empty_v2/'))
  await stopGently(worker)
}

function idOf(row: object): number {
  return 'id' in row ? Number(row.id) : -1
}

function byId(rows: readonly object[]): object[] {
  return rows.toSorted((a, b) => idOf(a) - idOf(b))
}

describe('every type, as each reader finds it', () => {
  test('the service writes the tables', fill)

  for (const table of TABLES) {
    const { topic, columns, rows } = table
    const names = ['id', ...columns.map(({ name }) => name)]
    const found = Array.from({ length: rows }, (_, index) => caseFound(columns, index))

    test(`${topic} has the version, and the positions where it has that column`, async () => {
      const metadata = await viewTable(rig().catalog, `types.${topic}`)
      expect(metadata?.['format-version']).toBe(table.formatVersion)
      if (table.metadataColumn === false) return
      const location = await locate(rig().catalog, `types.${topic}`)
      const positions = await readWith('pyiceberg', { metadataLocation: location }).positions()
      expect(positions).toEqual(positionsOf(topic, rows))
    })

    for (const engine of table.engines) {
      test(`${topic} by ${engine}`, async () => {
        const location = await locate(rig().catalog, `types.${topic}`)
        const read =
          engine === 'icebird'
            ? await readWithIcebird({ metadataLocation: location })
            : await readWith(engine, { metadataLocation: location }).rows(names)
        expect(byId(read)).toEqual(engine === 'pyiceberg' ? found.map(asPyIceberg) : found)
      })
    }
  }
})

/** PyIceberg 0.12 makes an empty list or map of one that is null, where its values are structs. */
function asPyIceberg(row: object): object {
  const lost = Object.entries(row).filter(
    ([name, value]) => value === null && LISTS_OF_STRUCTS.has(name),
  )
  return { ...row, ...Object.fromEntries(lost.map(([name]) => [name, []])) }
}

function positionsOf(topic: string, rows: number): object[] {
  const each = rows / PARTITIONS
  return Array.from({ length: rows === 0 ? 0 : PARTITIONS }, (_, partition) => ({
    topic,
    partition,
    rows: each,
    distinct: each,
    first: 0n,
    last: BigInt(each - 1),
  }))
}
