import { rename } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseJson } from '../../src/core/json.ts'
import type { DataFile } from '../../src/iceberg/data-file.ts'
import { auditVerb } from '../../src/cli/audit.ts'
import { runCli } from '../../src/cli/run-cli.ts'
import { traceVerb } from '../../src/cli/trace.ts'
import { runFirn } from '../../rig/firn.ts'
import { type KafkaTool, kafkaTool } from '../../rig/produce.ts'
import { sparkSql } from '../../rig/readers/readers.ts'
import { useRig } from '../support/rig.ts'
import { untilRows } from './support/catalog-view.ts'
import { ForeignWriter } from './support/foreign-writer.ts'
import { configFile, configText, startWorker, stopGently } from './support/job.ts'

const PARTITIONS = 3
const PORTION = 3_000
const TABLE = { namespace: ['shop'], name: 'orders' }

const ORDERS = `  - table: shop.orders
    topics: orders
    columns:
      - {name: id, type: long, required: true}
      - {name: region, type: string}
    create:
      partition_by: [region]`

const reportSchema = z.object({
  'snapshot-id': z.coerce.bigint(),
  rows: z.number(),
  proven: z.boolean(),
  checks: z.array(
    z.object({
      name: z.string(),
      status: z.enum(['ok', 'failed', 'unproven', 'inexact', 'note']),
      text: z.string(),
      differences: z.array(z.string()),
    }),
  ),
  error: z.object({ code: z.string() }).nullable(),
})

const traceSchema = z.object({
  positions: z.array(
    z.object({
      partition: z.number(),
      offset: z.coerce.bigint(),
      outcome: z.string(),
      hole: z.string().optional(),
      ledger: z.coerce.bigint(),
      rows: z.array(z.object({ file: z.string(), row: z.number() })),
      'added-by': z.object({ 'snapshot-id': z.coerce.bigint() }).nullable(),
      'rolled-back': z.object({ 'snapshot-id': z.coerce.bigint() }).nullable(),
      removals: z.array(z.object({ 'snapshot-id': z.coerce.bigint() })),
    }),
  ),
})

type Trace = z.infer<typeof traceSchema>['positions'][number]

const rig = useRig({ kafka: true, catalog: 'fixture', readers: ['pyiceberg', 'spark'] })
let config = ''
let produced = 0
let rows = 0
/** Offsets of partition 0 without a record. */
let holes = { aborted: 0, marker: 0 }

const foreign = (): ForeignWriter => new ForeignWriter(rig().catalog, TABLE)

function orders(count: number): { value: string; key: string; partition: number }[] {
  return Array.from({ length: count }, (_, i) => {
    const id = produced + i
    // Regions alternate, so that each file has every other position of its partitions.
    const region = ['north', 'south'][id % 2]
    return { value: JSON.stringify({ id, region }), key: `k${id}`, partition: id % PARTITIONS }
  })
}

/** Produces a portion; returns the offsets that it took in partition 0. */
async function produce(tool: KafkaTool): Promise<readonly bigint[]> {
  const places = await tool.produce('orders', orders(PORTION))
  produced += PORTION
  rows += PORTION
  return places.flatMap(({ partition, offset }) => (partition === 0 ? [offset] : []))
}

async function ingest(name: string): Promise<void> {
  const worker = await startWorker(rig(), name, config)
  await untilRows(rig().catalog, 'shop.orders', { rows, workers: [worker] })
  await stopGently(worker)
}

interface Audit {
  readonly exit: number
  readonly code: string | undefined
  readonly rows: number
  readonly snapshotId: bigint
  readonly proven: boolean
  readonly failed: readonly string[]
  /** Not proven. */
  readonly open: readonly string[]
  readonly of: (name: string) => readonly string[]
}

const LISTED = { summary: '', operands: ['[TABLE]'] }

/** A verb in this process: a process of its own for each would take most of the time. */
async function run(...argv: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const [stdout, stderr] = [new Lines(), new Lines()]
  const status = await runCli(
    [...argv, '--config', config],
    [
      { ...LISTED, name: 'audit', load: async () => Promise.resolve(auditVerb({}, stderr)) },
      { ...LISTED, name: 'trace', load: async () => Promise.resolve(traceVerb({}, stderr)) },
    ],
    { stdout, stderr, terminal: false, env: {}, version: 'test' },
  )
  return { status, stdout: stdout.text, stderr: stderr.text }
}

class Lines {
  text = ''
  write(text: string): void {
    this.text += text
  }
}

async function audit(...options: string[]): Promise<Audit> {
  const { status, stdout, stderr } = await run('audit', 'shop.orders', '--json', ...options)
  expect(stderr).toBe('')
  const report = reportSchema.parse(parseJson(stdout, 'audit'))
  const named = (wanted: string): string[] =>
    report.checks.flatMap(({ name, status: of }) => (of === wanted ? [name] : []))
  return {
    exit: status,
    code: report.error?.code,
    rows: report.rows,
    snapshotId: report['snapshot-id'],
    proven: report.proven,
    failed: named('failed'),
    open: named('unproven'),
    of: (name) => report.checks.find((one) => one.name === name)?.differences ?? [],
  }
}

/** For people, from a process of its own: what is printed where something is wrong. */
async function auditText(): Promise<string> {
  const { status, stdout, stderr } = await runFirn(['audit', '--config', config])
  expect(status).toBe(1)
  return stdout + stderr
}

async function trace(...args: string[]): Promise<readonly Trace[]> {
  const { status, stdout, stderr } = await run('trace', ...args, '--json')
  expect({ status, stderr }, stderr).toEqual({ status: 0, stderr: '' })
  return traceSchema.parse(parseJson(stdout, 'trace')).positions
}

async function traceOne(...args: string[]): Promise<Trace> {
  const [found, ...more] = await trace(...args)
  expect(more).toEqual([])
  if (found === undefined) throw new Error('nothing was traced')
  return found
}

async function expectClean(...options: string[]): Promise<Audit> {
  const found = await audit(...options)
  expect(found).toMatchObject({ exit: 0, code: undefined, proven: true, failed: [], open: [] })
  expect(found.rows).toBe(rows)
  return found
}

/** The file that holds the row at an offset of a partition. */
async function fileAt(place: string): Promise<DataFile> {
  const path = (await traceOne(place)).rows[0]?.file
  const file = (await foreign().files()).find(({ filePath }) => filePath === path)
  if (file === undefined) throw new Error(`${place} is in no live file`)
  return file
}

describe('audit and trace', () => {
  test('a table of two rounds, with holes in its log, is proven', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('orders', { partitions: PARTITIONS })
    config = await configFile(
      rig(),
      'shop',
      configText(rig(), {
        writer: 'shop',
        tables: ORDERS,
        flush: '{interval_ms: 2000, idle_ms: 300}',
      }),
    )
    await produce(tool)
    const lost = [{ value: '{"id": -1}' }, { value: '{"id": -2}' }]
    const aborted = await tool.produce('orders', lost, { transaction: 'abort' })
    const offsets = new Set(await produce(tool))
    const behind = (aborted[1]?.offset ?? 0n) + 1n
    // The marker may come behind the first records of the next portion.
    while (offsets.has(behind + BigInt(holes.marker))) holes.marker += 1
    holes = { aborted: Number(behind) - 1, marker: Number(behind) + holes.marker }
    await ingest('first')
    await produce(tool)
    await ingest('second')
    await expectClean()
    // The bitmaps in windows, and without the log: nothing is wrong, and less is proven.
    const less = await audit('--no-log', '--no-files', '--memory-max-mb', '32')
    expect(less).toMatchObject({ exit: 0, proven: false, failed: [], open: ['files-exist', 'log'] })
  })

  test('a record is traced to its snapshot, file and row, and a hole to its reason', async () => {
    const [newest, oldest] = [await traceOne('orders/1@2999'), await traceOne('orders/1@7')]
    const own = (await foreign().ancestry()).map(({ snapshotId }) => snapshotId)
    expect(newest).toMatchObject({ outcome: 'in-table', ledger: 3_000n })
    expect(own).toContain(newest['added-by']?.['snapshot-id'])
    expect(own).toContain(oldest['added-by']?.['snapshot-id'])
    expect(newest.rows).toHaveLength(1)
    expect(newest['added-by']).not.toEqual(oldest['added-by'])
    const [aborted, marker] = [`orders/0@${holes.aborted}`, `orders/0@${holes.marker}`]
    expect(await traceOne(aborted)).toMatchObject({ outcome: 'hole', hole: 'aborted' })
    expect(await traceOne(marker)).toMatchObject({ outcome: 'hole', hole: 'control' })
    expect(await traceOne('orders/2@3000')).toMatchObject({ outcome: 'beyond-end' })
    expect(await traceOne('orders', '--key', 'k10')).toMatchObject({ partition: 1, offset: 3n })
    expect(await trace('orders', '--key', 'none')).toEqual([])
    const first = await trace('orders', '--time', '2000-01-01T00:00:00Z')
    expect(first.map(({ partition, offset }) => `${partition}@${offset}`).toSorted()).toEqual([
      '0@0',
      '1@0',
      '2@0',
    ])
  })

  test('rows that are there twice are listed, with both files', async () => {
    const [head] = await foreign().ancestry()
    const file = await fileAt('orders/1@7')
    const copy = await foreign().appendCopy(file)
    const found = await audit()
    expect(found).toMatchObject({ exit: 1, code: 'AUDIT_FAILED', failed: ['positions-distinct'] })
    expect(found.rows).toBe(rows + Number(file.recordCount))
    const texts = found.of('positions-distinct')
    expect(texts).toContainEqual(expect.stringMatching(/^… and \d+ more$/))
    expect(texts.find((text) => text.includes('@'))).toMatch(
      new RegExp(`is in ${file.filePath} row \\d+, and in ${copy} row \\d+|${copy}`),
    )
    const twice = await traceOne('orders/1@7')
    expect(twice.rows.map((row) => row.file).toSorted()).toEqual([copy, file.filePath].toSorted())
    expect(await auditText()).toMatch(/✗ [\d,]+ positions more than once/)
    await foreign().rollBack(head?.snapshotId ?? raise())
    await expectClean()
  })

  test('a row that PyIceberg deletes is missing, and the snapshot that took it out is named', async () => {
    const [head] = await foreign().ancestry()
    await foreign().deleteRows('id = 10')
    const [remover] = await foreign().ancestry()
    const found = await audit()
    expect(found).toMatchObject({ exit: 1, failed: ['rows-of-snapshots', 'log'], rows: rows - 1 })
    expect(found.of('log')).toEqual(['orders/1[3,4) missing'])
    expect(found.of('rows-of-snapshots').join()).toContain(
      `snapshot ${remover?.snapshotId} took rows out`,
    )
    const traced = await traceOne('orders/1@3')
    expect(traced).toMatchObject({ outcome: 'removed', rows: [] })
    expect(traced.removals).toEqual([{ 'snapshot-id': remover?.snapshotId }])
    await foreign().rollBack(head?.snapshotId ?? raise())
  })

  test('a file that is gone is named, and so are its positions', async () => {
    const { filePath } = await fileAt('orders/1@2999')
    const path = fileURLToPath(filePath)
    await rename(path, `${path}.away`)
    const found = await audit()
    await rename(`${path}.away`, path)
    expect(found.exit).toBe(1)
    expect(found.failed).toEqual(['files-exist', 'files-readable', 'rows-of-snapshots', 'log'])
    expect(found.of('files-exist')).toEqual([`${filePath} is not there`])
    expect(found.of('log').length).toBeGreaterThan(1)
  })

  test('what retention has deleted is still proven by the counts of its snapshots', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    // Makes the client look for the leaders.
    await tool.endOffsets('orders')
    await tool.deleteRecordsBefore('orders', new Map([[1, 40n]]))
    const found = await audit()
    expect(found).toMatchObject({ exit: 0, failed: [], open: ['log-retention'] })
    expect(found.of('log-retention')).toEqual(['orders/1[0,40)'])
  })

  test('after a foreign rollback the ledger is proven where it stands, and what went is traced', async () => {
    const [head, parent] = await foreign().ancestry()
    await foreign().rollBack(parent?.snapshotId ?? raise())
    const found = await audit()
    expect(found).toMatchObject({ exit: 0, failed: [] })
    expect(found.open).toContain('mirror-and-tag')
    expect(await traceOne('orders/1@2999')).toMatchObject({
      outcome: 'rolled-back',
      'rolled-back': { 'snapshot-id': head?.snapshotId },
    })
    await ingest('follows')
    expect(await audit()).toMatchObject({ exit: 0, failed: [], open: ['log-retention'], rows })
    expect((await traceOne('orders/1@2999')).outcome).toBe('in-table')
  })

  test('Spark compacts in another codec: clean; it deletes a row by position: missing', async () => {
    const before = await traceOne('orders/2@5')
    const { uri, warehouse } = rig().catalog
    const properties = (text: string): string =>
      `ALTER TABLE rest.shop.orders SET TBLPROPERTIES (${text})`
    await sparkSql({
      uri,
      warehouse,
      statements: [
        properties("'write.parquet.compression-codec' = 'snappy'"),
        "CALL rest.system.rewrite_data_files(table => 'shop.orders', options => map('rewrite-all', 'true'))",
        properties("'write.delete.mode' = 'merge-on-read', 'write.delete.granularity' = 'file'"),
        'DELETE FROM rest.shop.orders WHERE id = 17',
      ],
    })
    const [deleted, compacted] = await foreign().ancestry()
    expect(compacted?.summary['operation']).toBe('replace')
    const at = ['--snapshot', String(compacted?.snapshotId)]
    expect(await audit(...at)).toMatchObject({ exit: 0, failed: [], open: ['log-retention'], rows })
    const after = await traceOne('orders/2@5', ...at)
    expect(after['added-by']).toEqual(before['added-by'])
    expect(after.rows[0]?.file).not.toBe(before.rows[0]?.file)
    const found = await audit()
    expect(found).toMatchObject({ exit: 1, failed: ['rows-of-snapshots', 'log'], rows: rows - 1 })
    expect(found.of('deleted')).toEqual(['orders/2[5,6)'])
    expect(found.of('log')).toEqual(['orders/2[5,6) missing'])
    expect(await traceOne('orders/2@5')).toMatchObject({
      outcome: 'deleted',
      removals: [{ 'snapshot-id': deleted?.snapshotId }],
    })
  })
})

function raise(): never {
  throw new Error('the table has no such snapshot')
}
