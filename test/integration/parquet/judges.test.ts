import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  parquetByDuckDb,
  parquetByJava,
  type ParquetRead,
  type Pruned,
} from '../../../rig/readers/parquet.ts'
import type { JsonObject } from '../../../src/core/json.ts'
import { valueText } from '../../../src/iceberg/single-value-json.ts'
import { typeText } from '../../../src/iceberg/type-text.ts'
import { useRig } from '../../support/rig.ts'
import { testSeed } from '../../support/seeded.ts'
import { inKeyOrder } from './canonical.ts'
import { type FuzzedFile, fuzzedFiles } from './fuzzed-files.ts'
import { type Judge, JUDGES, type Task, taskFor } from './judges.ts'
import { ALL_ROWS, PAGE_ROWS, printed, PRUNING_CASES, writePruningFile } from './pruning-cases.ts'

const FILES = 18
const seed = testSeed('PARQUET_SEED')

const rig = useRig({ readers: ['duckdb', 'spark'] })
let files: readonly FuzzedFile[] = []
let pruned: readonly Readonly<Record<'spark' | 'iceberg', Pruned>>[] = []
/** By judge, then by file. */
const reads = new Map<Judge, readonly (ParquetRead | undefined)[]>()

/** One process each asks everything: Java takes longer to start than to read all of it. */
beforeAll(async () => {
  process.stdout.write(`PARQUET_SEED=${seed}\n`)
  files = await fuzzedFiles(seed, { count: FILES, directory: rig().scratch })
  const path = join(rig().scratch, 'pruning.parquet')
  await writePruningFile(path)
  const duckdb = await parquetByDuckDb(files.map((file) => readingsOf(file, ['duckdb'])))
  const java = await parquetByJava(
    files.map((file) => readingsOf(file, ['records', 'vectors', 'iceberg'])),
    PRUNING_CASES.map(({ question }) => ({ path, ...question })),
  )
  pruned = java.pruned
  for (const judge of JUDGES) {
    const answers: readonly Partial<Record<Judge, ParquetRead>>[] =
      judge === 'duckdb' ? duckdb : java.reads
    reads.set(
      judge,
      answers.map((answer) => answer[judge]),
    )
  }
})

function readingsOf<J extends Judge>(file: FuzzedFile, judges: readonly J[]) {
  const readings: Partial<Record<J, Task['reading']>> = {}
  for (const judge of judges) {
    const task = taskFor(judge, file)
    if (task !== undefined) readings[judge] = task.reading
  }
  return { path: file.path, readings }
}

interface Judged {
  readonly file: FuzzedFile
  readonly task: Task
  readonly read: ParquetRead
}

function judgedBy(judge: Judge): Judged[] {
  return files.flatMap((file, at) => {
    const task = taskFor(judge, file)
    const read = reads.get(judge)?.[at]
    expect(read === undefined, 'a file is read where it is asked for').toBe(task === undefined)
    return task === undefined || read === undefined ? [] : [{ file, task, read }]
  })
}

describe('fuzzed schemas, values and settings', () => {
  test('have every encoding, and several row groups', () => {
    const encodings = new Set(files.flatMap((file) => [...file.encodings]))
    expect([...encodings].toSorted()).toEqual([
      'BYTE_STREAM_SPLIT',
      'DELTA_BINARY_PACKED',
      'PLAIN',
      'RLE',
      'RLE_DICTIONARY',
    ])
    expect(files.some(({ rowGroups }) => rowGroups > 1)).toBe(true)
    expect(files.some(({ codecs }) => codecs.size > 1)).toBe(true)
  })

  test.each(JUDGES)('%s reads what was written', (judge) => {
    const judged = judgedBy(judge)
    expect(judged.length).toBeGreaterThanOrEqual(FILES / 2)
    for (const { file, task, read } of judged) {
      const found = read.rows.toSorted(byId).map((row) => inKeyOrder(file.schema, row))
      const written = file.rows.map((row) => inKeyOrder(file.schema, only(row, task.names)))
      const wrong = written.findIndex((row, at) => !isDeepStrictEqual(row, found[at]))
      expect(found[wrong], `${told(file)}, row ${wrong}`).toEqual(written[wrong])
      expect(found).toHaveLength(written.length)
    }
  })

  test.each(JUDGES)('%s finds every row that has a value, whatever it passes over', (judge) => {
    const judged = judgedBy(judge)
    expect(judged.flatMap(({ task }) => task.lookups).length).toBeGreaterThan(FILES / 2)
    for (const { file, task, read } of judged) {
      task.lookups.forEach((lookup, at) => {
        const asked = `${lookup.column} ${lookup.operator} ${valueText(lookup.type, lookup.value)}`
        expect(read.found[at], `${told(file)}: ${asked}`).toEqual(lookup.ids)
      })
    }
  })
})

function only(row: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(names.map((name) => [name, row[name]]))
}

function byId(left: JsonObject, right: JsonObject): number {
  return Number(left['id']) - Number(right['id'])
}

function told({ schema, properties, path }: FuzzedFile): string {
  const columns = schema.fields.map(
    ({ name, type, required }) => `${name} ${typeText(type)}${required ? ' required' : ''}`,
  )
  return `PARQUET_SEED=${seed} ${path} (${columns.join(', ')}) ${JSON.stringify(properties)}`
}

describe.each(['spark', 'iceberg'] as const)('parquet-java of %s passes over', (release) => {
  test.each(PRUNING_CASES)('$title', (one) => {
    const { rowGroups, filteredRowCount, rows, pages } =
      pruned[PRUNING_CASES.indexOf(one)]![release]
    const [from, to] = one.rows
    expect(rows).toEqual(Array.from({ length: to - from }, (_, index) => printed(from + index)))
    expect(rowGroups).toBe(one.rowGroups)
    expect(filteredRowCount).toBe(to - from)
    // Pages of `tags` end elsewhere: those that overlap the rows are read, and no others.
    expect(pages['id']).toBe((to - from) / PAGE_ROWS)
    expect(pages['word']).toBe((to - from) / PAGE_ROWS)
    const whole = pruned[0]![release].pages['tags']!
    expect(whole).toBeGreaterThan(2 * (ALL_ROWS / PAGE_ROWS))
    expect(pages['tags']! / whole).toBeCloseTo((to - from) / ALL_ROWS, 1)
  })
})
