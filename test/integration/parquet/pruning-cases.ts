import { writeFile } from 'node:fs/promises'
import type { PruneQuestion } from '../../../rig/readers/parquet.ts'
import type { Schema } from '../../../src/iceberg/types.ts'
import { batchOf } from '../../unit/columns/tree.ts'
import { encodeFile } from '../../unit/parquet/parquet-files.ts'

const ROW_GROUPS = 3
const GROUP_ROWS = 1000
export const ALL_ROWS = ROW_GROUPS * GROUP_ROWS
export const PAGE_ROWS = 100
const FIRST_ID = 7_000_000_000_000n

const SCHEMA: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    { id: 1, name: 'id', required: true, type: { kind: 'long' } },
    { id: 2, name: 'kind', required: true, type: { kind: 'string' } },
    { id: 3, name: 'word', required: false, type: { kind: 'string' } },
    {
      id: 4,
      name: 'tags',
      required: true,
      type: { kind: 'list', elementId: 5, element: { kind: 'string' }, elementRequired: true },
    },
  ],
}

/**
 * `id` rises. `kind` has few values, of which one is in one row group alone, between the others. `word` has as many as
 * rows, in no order. Long `tags` end their pages at other rows than the other columns.
 */
function rowOf(row: number) {
  return {
    id: idOf(row),
    kind: ['a', `m${Math.floor(row / GROUP_ROWS)}`, 'z'][row % 3] ?? '',
    word: row % 7 === 0 ? null : wordOf(row),
    tags: Array.from({ length: row % 4 }, (_, at) => `${at} of ${row}`.repeat(20)),
  }
}

function idOf(row: number): bigint {
  return FIRST_ID + BigInt(row)
}

function wordOf(row: number): string {
  return ((row * 7919) % 99_991).toString(36).padStart(5, '0')
}

/** The row as parquet-java prints it. */
export function printed(row: number): string {
  const { id, kind, word, tags } = rowOf(row)
  const list = tags.map((tag) => `  list\n    element: ${tag}\n`).join('')
  return `id: ${id}\nkind: ${kind}\n${word === null ? '' : `word: ${word}\n`}tags\n${list}`
}

export async function writePruningFile(path: string): Promise<void> {
  const groups = Array.from({ length: ROW_GROUPS }, (_, group) =>
    batchOf(
      SCHEMA,
      Array.from({ length: GROUP_ROWS }, (_unused, row) =>
        Object.values(rowOf(group * GROUP_ROWS + row)),
      ),
    ),
  )
  const { bytes } = encodeFile(SCHEMA, groups, {
    properties: {
      'write.parquet.page-row-limit': String(PAGE_ROWS),
      'write.parquet.page-size-bytes': '4096',
      'write.parquet.bloom-filter-enabled.column.word': 'true',
    },
  })
  await writeFile(path, bytes)
}

interface PruningCase {
  readonly title: string
  readonly question: Omit<PruneQuestion, 'path'>
  /** How many row groups are left, of three. */
  readonly rowGroups: number
  /** The rows that are read, from and to. */
  readonly rows: readonly [number, number]
}

const ALL = [0, ALL_ROWS] as const
const SECOND = [GROUP_ROWS, 2 * GROUP_ROWS] as const
const NONE = [0, 0] as const
const ID = { column: 'id', value: idOf(1234) }
const KIND = { column: 'kind', value: 'm1' }
const WORD = { column: 'word', value: wordOf(1234) }

export const PRUNING_CASES: readonly PruningCase[] = [
  {
    title: 'without any of it, all is read',
    question: { ...ID, by: 'nothing' },
    rowGroups: 3,
    rows: ALL,
  },
  {
    title: 'row groups by statistics',
    question: { ...ID, by: 'statistics' },
    rowGroups: 1,
    rows: SECOND,
  },
  {
    title: 'statistics are no help where every row group has the range',
    question: { ...KIND, by: 'statistics' },
    rowGroups: 3,
    rows: ALL,
  },
  {
    title: 'row groups by dictionaries',
    question: { ...KIND, by: 'dictionary' },
    rowGroups: 1,
    rows: SECOND,
  },
  {
    title: 'row groups by Bloom filters',
    question: { ...WORD, by: 'bloom' },
    rowGroups: 1,
    rows: SECOND,
  },
  {
    title: 'all row groups by Bloom filters',
    question: { column: 'word', value: 'absent', by: 'bloom' },
    rowGroups: 0,
    rows: NONE,
  },
  {
    title: 'pages by the column index of numbers',
    question: { ...ID, by: 'pages' },
    rowGroups: 3,
    rows: [1200, 1300],
  },
  {
    title: 'all pages by the column index of text',
    question: { column: 'word', value: 'zzzzzz', by: 'pages' },
    rowGroups: 3,
    rows: NONE,
  },
]
