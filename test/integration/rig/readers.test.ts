import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  REFERENCE_FIELDS,
  referenceIndex,
  referenceRecords,
  writeReferenceFile,
} from '../../../bench/reference-data.ts'
import { readersVenv } from '../../../rig/artefacts.ts'
import { ensure } from '../../../rig/cache.ts'
import { pythonOf } from '../../../rig/clients.ts'
import { runGuarded } from '../../../rig/guarded.ts'
import { readWithIcebird } from '../../../rig/readers/icebird.ts'
import { digestOfLines, duckdb, readWith, sparkSql } from '../../../rig/readers/readers.ts'
import { type TableAt, locateTable, readMetadata } from '../../../rig/readers/table.ts'
import type { Rig } from '../../../rig/start.ts'
import { useRig } from '../../support/rig.ts'

const WRITE = join(import.meta.dirname, 'write_table.py')

/** Has PyIceberg write the table `rig.everything`, and says where it is. */
async function writeTable(rig: Rig, options: { s3: boolean; leftOut?: string }): Promise<TableAt> {
  const { s3 } = options.s3 ? rig.s3 : {}
  const { uri, warehouse } = rig.catalog
  const { status, stdout, stderr } = await runGuarded({
    program: pythonOf(await ensure(readersVenv)),
    args: [WRITE, uri, warehouse, JSON.stringify(s3 ?? null), options.leftOut ?? 'none'],
  })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return { metadataLocation: stdout, ...(s3 === undefined ? {} : { s3 }) }
}

const FULL = {
  id: '9223372036854775807',
  flag: true,
  small: -2147483648,
  ratio: Math.fround(0.1),
  exact: 1e300,
  price: '1234567890123456.7890',
  day: '1969-12-31',
  at: '23:59:59.999999',
  local: '1900-01-01T00:00:00.000001',
  moment: '9999-12-31T23:59:59.999999Z',
  name: 'Grüße, 世界 😀',
  key: 'f79c3e09-677c-4bbd-a479-3f349cb785e7',
  code: '000102ff',
  raw: '',
  tags: ['a', null, ''],
  counts: [
    ['a', null],
    ['b', '2'],
  ],
  _kafka: {
    topic: 'orders',
    partition: 0,
    offset: '41',
    timestamp: '2024-05-01T00:00:00.000000Z',
  },
}
const EMPTY = {
  ...Object.fromEntries(Object.keys(FULL).map((name) => [name, null])),
  id: '1',
  _kafka: { topic: 'orders', partition: 0, offset: '42', timestamp: null },
}
const byId = (a: { id?: unknown }, b: { id?: unknown }) => String(a.id).localeCompare(String(b.id))
const POSITIONS = [{ topic: 'orders', partition: 0, rows: 3, distinct: 2, first: 41n, last: 42n }]

describe('readers of a table in a local directory', () => {
  const rig = useRig({ catalog: 'fixture', readers: ['duckdb', 'pyiceberg'] })
  let table: TableAt | undefined
  const written = async () => (table ??= await writeTable(rig(), { s3: false }))

  test.for(['duckdb', 'pyiceberg'] as const)('%s gives all types exactly', async (engine) => {
    const reader = readWith(engine, await written())
    expect(await reader.count()).toBe(3)
    expect((await reader.rows()).sort(byId)).toEqual([EMPTY, EMPTY, FULL])
    expect(await reader.rows(['small', 'id'])).toContainEqual({ small: -2147483648, id: FULL.id })
    expect(await reader.positions()).toEqual(POSITIONS)
    expect(await reader.sql('SELECT max(id) AS top, count(*) AS n FROM t')).toEqual([
      { top: FULL.id, n: '3' },
    ])
  })

  test('icebird gives what its own types hold', async () => {
    const rows = await readWithIcebird(await written())
    expect(rows.sort(byId)).toEqual([
      EMPTY,
      EMPTY,
      {
        ...FULL,
        price: '1234567890123456.7500',
        local: '1900-01-01T00:00:00.001000',
        moment: '9999-12-31T23:59:59.999000Z',
      },
    ])
  })

  test('digests agree among readers, and see a change of one value', async () => {
    const at = await written()
    const digests = await Promise.all(
      (['duckdb', 'pyiceberg'] as const).map(async (engine) => readWith(engine, at).digest()),
    )
    expect(digests[0]?.rows).toBe(3)
    expect(Object.keys(digests[0]?.columns ?? {})).toEqual(
      Object.keys(FULL).filter((name) => name !== '_kafka'),
    )
    expect(digests[1]).toEqual(digests[0])
  })

  test('an earlier snapshot is read on request', async () => {
    const at = await written()
    const [first] = (await readMetadata(at))['snapshots'] as { 'snapshot-id': bigint }[]
    const snapshotId = BigInt(first?.['snapshot-id'] ?? 0)
    for (const engine of ['duckdb', 'pyiceberg'] as const) {
      expect(await readWith(engine, { ...at, snapshotId }).count()).toBe(1)
    }
    expect(await readWithIcebird({ ...at, snapshotId })).toHaveLength(1)
  })

  test('the catalog says where the table is, also after a SIGKILL', async () => {
    const at = await written()
    const { catalog } = rig()
    await catalog.kill9()
    await catalog.start()
    const found = await locateTable({ uri: catalog.uri, namespace: 'rig', table: 'everything' })
    expect(found).toBe(at.metadataLocation)
  })

  test('a reader that fails says why', async () => {
    const gone = { metadataLocation: join(rig().scratch, 'gone.metadata.json') }
    await expect(readWith('duckdb', gone).count()).rejects.toThrow(/ENOENT/)
    await expect(duckdb(['SELECT nonsense'])).rejects.toThrow(/duckdb-sql.*nonsense/s)
  })
})

describe('readers of tables on S3', () => {
  const rig = useRig({ catalog: 'fixture', s3: 'moto', readers: ['spark'] })

  test('every engine reads the same', async () => {
    // Spark has no type for `time`.
    const at = await writeTable(rig(), { s3: true, leftOut: 'at' })
    const { at: _full, ...full } = FULL
    const { at: _empty, ...empty } = { ...EMPTY, at: null }
    const summaries = []
    for (const engine of ['duckdb', 'pyiceberg', 'spark'] as const) {
      summaries.push(await readWith(engine, at).summary({ key: ['id'] }))
    }
    expect(summaries[0]).toMatchObject({ rows: 3, positions: POSITIONS })
    expect(summaries[1]).toEqual(summaries[0])
    expect(summaries[2]).toEqual(summaries[0])
    expect((await readWith('duckdb', at).rows()).sort(byId)).toEqual([empty, empty, full])
    expect(await readWithIcebird(at)).toHaveLength(3)
    const { uri, warehouse } = rig().catalog
    const statements = ['DELETE FROM rig.everything WHERE id = 1', 'SELECT id FROM rig.everything']
    const [, left] = await sparkSql({ uri, warehouse, s3: rig().s3.s3, statements })
    expect(left).toEqual([{ id: FULL.id }])
  })
})

describe('the reference data', () => {
  const rig = useRig({ readers: ['duckdb'] })

  test('are the same on every machine', async () => {
    // The first lines of the 3,000,000 whose sum is `REFERENCE_SHA256`: those take half a minute.
    const sum = await writeReferenceFile(join(rig().scratch, 'lines.ndjson'), 20_000)
    expect(sum).toBe('6d5a8ccf2b874372b1147a600a0ff608212136f661a515032ee78b6dc5d2c595')
  })

  test('carry their own number', () => {
    const indexes = Array.from(referenceRecords(100), (line) =>
      referenceIndex(BigInt(parsed(line).event_id)),
    )
    expect(indexes).toEqual(Array.from({ length: 100 }, (_, i) => BigInt(i)))
  })

  test('have a digest that a lost, a repeated and a changed record change', async () => {
    const lines = [...referenceRecords(50)]
    const [first = '', second = ''] = lines
    const whole = await digestOf(rig().scratch, lines)
    expect(whole.rows).toBe(50)
    expect(await digestOf(rig().scratch, [...lines].reverse())).toEqual(whole)
    expect(await digestOf(rig().scratch, lines.slice(1))).not.toEqual(whole)
    expect((await digestOf(rig().scratch, [first, first, ...lines.slice(2)])).columns).not.toEqual(
      whole.columns,
    )
    const swapped = [swap(first, second), swap(second, first), ...lines.slice(2)]
    const changed = await digestOf(rig().scratch, swapped)
    const differing = Object.keys(whole.columns).filter(
      (name) => whole.columns[name] !== changed.columns[name],
    )
    expect(differing).toEqual(['url'])
  })
})

function parsed(line: string): { event_id: number; url: string } {
  return JSON.parse(line) as { event_id: number; url: string }
}

/** A record with the other's `url`. */
function swap(line: string, other: string): string {
  return JSON.stringify({ ...parsed(line), url: parsed(other).url })
}

async function digestOf(scratch: string, lines: string[]) {
  const path = join(scratch, 'some.ndjson')
  await writeFile(path, lines.map((line) => `${line}\n`).join(''))
  return digestOfLines({ path, fields: REFERENCE_FIELDS, key: ['event_id'] })
}
