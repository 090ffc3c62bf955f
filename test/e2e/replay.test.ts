import { afterAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseJson } from '../../src/core/json.ts'
import { type FirnWorker, runFirn, startFirn } from '../../rig/firn.ts'
import { type KafkaTool, kafkaTool } from '../../rig/produce.ts'
import { type Engine, readWith, sparkSql } from '../../rig/readers/readers.ts'
import { useRig } from '../support/rig.ts'
import { locate, untilRows, viewTable } from './support/catalog-view.ts'
import { configFile, configText, startWorker, stopGently } from './support/job.ts'
import { caseFound, caseRow, COMMON } from './support/values.ts'

const rig = useRig({ kafka: true, catalog: 'fixture', readers: ['duckdb', 'pyiceberg', 'spark'] })

const countSchema = z
  .object({ rows: z.number(), positions: z.number(), digest: z.string() })
  .nullable()
const replaySchema = z.object({
  'dry-run': z.boolean(),
  'snapshot-id': z.coerce.bigint().nullable(),
  files: z.object({
    dropped: z.number(),
    rewritten: z.number(),
    'rows-kept': z.number(),
    bytes: z.number(),
  }),
  ranges: z.array(
    z.object({
      partition: z.string(),
      from: z.number(),
      to: z.number(),
      before: countSchema,
      log: countSchema,
      after: countSchema,
    }),
  ),
})
const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), help: z.string().optional() }),
})

/** Runs a verb that must succeed, and reads its document. */
async function verb(args: readonly string[]): Promise<z.infer<typeof replaySchema>> {
  const { status, stdout, stderr } = await runFirn([...args, '--json'])
  expect(`${status} ${stderr}`, stdout).toBe('0 ')
  return replaySchema.parse(parseJson(stdout, 'the document'))
}

/** Runs a verb that must be refused. */
async function refusal(
  args: readonly string[],
): Promise<{ status: number; code: string; message: string }> {
  const { status, stdout } = await runFirn([...args, '--json'])
  const { error } = errorSchema.parse(parseJson(stdout, 'the document'))
  return { status, code: error.code, message: error.message }
}

describe('values of every type', () => {
  const ROWS = 183
  const PARTITIONS = 3
  const NAMES = ['id', ...COMMON.map(({ name }) => name)]
  const TOPIC = { v2: 'exact_v2', v3: 'exact_v3' } as const

  function tableText(topic: string, formatVersion: number): string {
    const fields = COMMON.map(({ name, type }) => `      - {name: ${name}, type: '${type}'}`)
    return `  - table: replay.${topic}
    topics: ${topic}
    columns:
      - {name: id, type: long, required: true}
${fields.join('\n')}
    create:
      format_version: ${formatVersion}
      partition_by: ['bucket(2, l)']
      sort_by: ['i desc']`
  }

  const config = async (): Promise<string> => {
    const tables = [tableText(TOPIC.v2, 2), tableText(TOPIC.v3, 3)].join('\n')
    return configFile(rig(), 'exact', configText(rig(), { writer: 'exact', tables }))
  }

  async function expectExact(topic: string, engines: readonly Engine[]): Promise<void> {
    const found = Array.from({ length: ROWS }, (_, index) => caseFound(COMMON, index))
    const metadataLocation = await locate(rig().catalog, `replay.${topic}`)
    const reader = readWith('pyiceberg', { metadataLocation })
    expect((await reader.positions()).map(({ rows, distinct }) => [rows, distinct])).toEqual(
      Array.from({ length: PARTITIONS }, () => [ROWS / PARTITIONS, ROWS / PARTITIONS]),
    )
    for (const engine of engines) {
      const rows = await readWith(engine, { metadataLocation }).rows(NAMES)
      expect(
        rows.toSorted((a, b) => Number(a['id']) - Number(b['id'])),
        engine,
      ).toEqual(found)
    }
  }

  test('are the same in rewritten files, and in those read again', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    const records = Array.from({ length: ROWS }, (_, index) => ({
      value: caseRow(COMMON, index),
      partition: index % PARTITIONS,
    }))
    for (const topic of Object.values(TOPIC))
      await tool.createTopic(topic, { partitions: PARTITIONS })
    const worker = await startWorker(rig(), 'exact', await config())
    // Several commits, each with rows of all partitions: ranges lie across files.
    for (const end of [60, 120, ROWS]) {
      const portion = records.slice(end === ROWS ? 120 : end - 60, end)
      for (const topic of Object.values(TOPIC))
        await tool.produce(topic, portion, { batchRecords: 7 })
      for (const topic of Object.values(TOPIC)) {
        await untilRows(rig().catalog, `replay.${topic}`, { rows: end, workers: [worker] })
      }
    }
    await stopGently(worker)
    for (const topic of Object.values(TOPIC)) {
      const { files, ranges } = await verb(
        [
          'replay',
          `replay.${topic}`,
          '--partition',
          '1',
          '--from',
          '10',
          '--to',
          '45',
          '--yes',
        ].concat('--config', await config()),
      )
      expect(files.rewritten).toBeGreaterThan(0)
      expect(ranges[0]?.after).toEqual(ranges[0]?.log)
      expect(ranges[0]?.before).toEqual(ranges[0]?.log)
      expect(ranges[0]?.log?.positions).toBe(35)
      await expectExact(topic, ['duckdb'])
    }
  })

  test('are the same where Spark has compacted in between', async () => {
    const { uri, warehouse } = rig().catalog
    const table = `replay.${TOPIC.v3}`
    const compaction = `CALL rest.system.rewrite_data_files(table => '${table}', options => map('rewrite-all', 'true'))`
    await sparkSql({ uri, warehouse, statements: [compaction] })
    const ever = ['--partition', '0,2', '--from', '2020-01-01', '--to', '2100-01-01', '--yes']
    const { files } = await verb(['replay', table, ...ever, '--config', await config()])
    // Spark's files hold rows of all partitions: those of partition 1 stay.
    expect(files).toMatchObject({ dropped: 0, 'rows-kept': ROWS / PARTITIONS })
    await expectExact(TOPIC.v3, ['spark'])
  })
})

describe('beside a worker that goes on', () => {
  const PARTITIONS = 2
  const TABLE = 'replay.orders'
  let produced = 0
  let worker: FirnWorker | undefined
  // One process through all tests: it must notice, and go on.
  afterAll(async () => worker?.kill9())

  /** The first configuration knows the amount by one name only; producers had another for a while. */
  const tables = (aliases: string): string => `  - table: ${TABLE}
    topics: orders
    columns:
      - {name: id, type: long, required: true}
      - {name: amount, type: 'decimal(12, 2)'${aliases}}
    create: {partition_by: []}`
  const text = (aliases: string): string =>
    configText(rig(), {
      writer: 'shop',
      tables: tables(aliases),
      flush: '{interval_ms: 700, idle_ms: 200}',
    })
  const wrong = async (): Promise<string> => configFile(rig(), 'wrong', text(''))
  const right = async (): Promise<string> => configFile(rig(), 'right', text(', aliases: [price]'))

  /** Ids follow each other; of 100 to 199 the amount goes by its other name. */
  async function produce(tool: KafkaTool, count: number): Promise<void> {
    const records = Array.from({ length: count }, (_, index) => {
      const id = produced + index
      const amount = (id / 4).toFixed(2)
      const value = id >= 100 && id < 200 ? { id, price: amount } : { id, amount }
      return { value: JSON.stringify(value), partition: id % PARTITIONS }
    })
    await tool.produce('orders', records, { batchRecords: 20 })
    produced += count
  }

  async function untilRead(): Promise<void> {
    await untilRows(rig().catalog, TABLE, {
      rows: produced,
      workers: worker === undefined ? [] : [worker],
    })
  }

  /** Every id once, and the amounts that are there. */
  async function found(engine: Engine = 'duckdb', snapshotId?: bigint) {
    const metadataLocation = await locate(rig().catalog, TABLE)
    const at = { metadataLocation, ...(snapshotId === undefined ? {} : { snapshotId }) }
    const [row] = await readWith(engine, at).sql(
      `SELECT count(*)::INTEGER AS "rows", count(DISTINCT id)::INTEGER AS ids,
       count(DISTINCT (_kafka.partition, _kafka."offset"))::INTEGER AS positions,
       count(amount)::INTEGER AS amounts,
       coalesce(sum(CASE WHEN amount <> id / 4.0 THEN 1 ELSE 0 END), 0)::INTEGER AS wrong FROM t`,
    )
    return row
  }

  const whole = (amounts = produced) => ({
    rows: produced,
    ids: produced,
    positions: produced,
    amounts,
    wrong: 0,
  })

  test('a range is read again with a corrected configuration', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('orders', { partitions: PARTITIONS })
    worker = await startFirn({ name: 'shop', config: await wrong(), scratch: rig().scratch })
    for (let round = 0; round < 5; round += 1) {
      await produce(tool, 60)
      await untilRead()
    }
    expect(await found()).toEqual(whole(produced - 100))
    const args = ['replay', TABLE, '--partition', '0', '--from', '50', '--to', '100']
    const unasked = await refusal([...args, '--config', await right()])
    expect(unasked).toMatchObject({ status: 2, code: 'USAGE' })
    const head = await headOf()
    const dry = await verb([...args, '--config', await right(), '--dry-run'])
    expect(dry).toMatchObject({ 'dry-run': true, 'snapshot-id': null })
    expect(await headOf()).toBe(head)
    const done = await verb([...args, '--config', await right(), '--yes'])
    expect(done.files).toEqual(dry.files)
    expect(done.ranges[0]).toMatchObject({
      before: { rows: 50, positions: 50 },
      log: { positions: 50 },
      after: { rows: 50, positions: 50 },
    })
    expect(await found()).toEqual(whole(produced - 50))
    const summary = await summaryOf(done['snapshot-id'])
    expect(summary).toMatchObject({
      operation: 'overwrite',
      'firn.ranges': '{}',
      'firn.replayed': '{"orders":{"0":[50,100]}}',
      'total-records': String(produced),
    })
    // The worker goes on where it was.
    await produce(tool, 40)
    await untilRead()
    expect(await found()).toEqual(whole(produced - 50))
  })

  test('a replay lands between the commits of a worker that never rests', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    const busy = (async () => {
      for (let round = 0; round < 12; round += 1) await produce(tool, 30)
    })()
    const args = ['replay', TABLE, '--partition', '1', '--from', '50', '--to', '100']
    const done = await verb([...args, '--config', await right(), '--yes'])
    await busy
    await untilRead()
    expect(done.ranges[0]?.after).toMatchObject({ rows: 50, positions: 50 })
    expect(await found()).toEqual(whole())
    expect(await found('pyiceberg')).toEqual(whole())
  })

  test('a branch is written first, and promoted on what the table holds by then', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    const to = String(produced / PARTITIONS)
    const both = [
      'replay',
      TABLE,
      '--partition',
      '0,1',
      '--from',
      '2020-01-01',
      '--to',
      '2100-01-01',
    ]
    const before = await headOf()
    const begun = await verb([...both, '--branch', 'again', '--config', await right(), '--yes'])
    expect(await headOf()).toBe(before)
    expect(await found('duckdb', begun['snapshot-id'] ?? undefined)).toEqual(whole())
    expect(begun.ranges.map(({ to: end }) => String(end))).toEqual([to, to])
    const taken = await refusal([...both, '--branch', 'again', '--config', await right(), '--yes'])
    expect(taken).toMatchObject({ status: 3, code: 'BRANCH_EXISTS' })
    await produce(tool, 50)
    await untilRead()
    const promote = ['promote', TABLE, '--branch', 'again', '--config', await right()]
    const dry = await verb([...promote, '--dry-run'])
    expect(dry['dry-run']).toBe(true)
    const done = await verb([...promote, '--yes'])
    expect(done.ranges.map(({ after }) => after)).toEqual(begun.ranges.map(({ log }) => log))
    expect(await found()).toEqual(whole())
    await produce(tool, 50)
    await untilRead()
    expect(await found()).toEqual(whole())
    const gone = await refusal([...promote, '--yes'])
    expect(gone).toMatchObject({ status: 2, code: 'USAGE' })
  })

  test('the table is proven exact afterwards, and its history says what was done', async () => {
    const audit = await runFirn(['audit', TABLE, '--config', await right()])
    expect(`${audit.status} ${audit.stdout}${audit.stderr}`).toMatch(/^0 /)
    const history = await runFirn(['history', TABLE, '--limit', '100', '--config', await right()])
    expect(history.stdout).toContain('replayed orders/0[50,100)')
    const metadata = await viewTable(rig().catalog, TABLE)
    expect(Object.keys(metadata?.refs ?? {}).toSorted()).toEqual(['firn-shop', 'main'])
  })

  test('what cannot be exact is refused with its reason', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    const [end = 0n] = await tool.endOffsets('orders')
    const replay = async (from: number, to: bigint | number, ...more: string[]) =>
      refusal(
        [
          'replay',
          TABLE,
          '--partition',
          '0',
          '--from',
          String(from),
          '--to',
          String(to),
          '--yes',
        ].concat('--config', await right(), ...more),
      )
    expect(await replay(0, end + 1n)).toMatchObject({ status: 3, code: 'REPLAY_REFUSED' })
    await tool.deleteRecordsBefore('orders', new Map([[0, 30n]]))
    const expired = await replay(10, 50)
    expect(expired).toMatchObject({ status: 3, code: 'OFFSETS_EXPIRED' })
    expect(expired.message).toContain('20 of the range')
    if (worker !== undefined) await stopGently(worker)
  })

  async function headOf(): Promise<bigint | null | undefined> {
    return (await viewTable(rig().catalog, TABLE))?.['current-snapshot-id']
  }

  async function summaryOf(id: bigint | null): Promise<Readonly<Record<string, string>>> {
    const metadata = await viewTable(rig().catalog, TABLE)
    const snapshot = metadata?.snapshots?.find((one) => one['snapshot-id'] === id)
    return snapshot?.summary ?? {}
  }
})
