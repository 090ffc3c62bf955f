import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { poll } from '../../rig/environment.ts'
import { FaultyProxy } from '../../rig/http-proxy.ts'
import { type KafkaTool, kafkaTool } from '../../rig/produce.ts'
import { readWith } from '../../rig/readers/readers.ts'
import { type ConnectWorker, startConnect } from '../../rig/services/connect.ts'
import { useRig } from '../support/rig.ts'
import { locate, rowsOf, untilRows, viewTable } from './support/catalog-view.ts'
import { ForeignWriter } from './support/foreign-writer.ts'
import { configFile, configText, startWorker, stopGently } from './support/job.ts'
import { commandIn, verbDocument } from './support/verbs.ts'

// Somebody else has filled half of a table: Firn goes on exactly behind it.

const rig = useRig({ kafka: true, catalog: 'fixture', readers: ['duckdb', 'pyiceberg'] })
const PARTITIONS = 2
const PORTION = 400

async function produce(tool: KafkaTool, topic: string, ids: readonly number[]): Promise<void> {
  await tool.produce(
    topic,
    ids.map((id) => ({
      value: JSON.stringify({ id, text: `record ${id}` }),
      partition: id % PARTITIONS,
    })),
  )
}

const ids = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index)

async function configOf(
  writer: string,
  name: string,
  {
    positions = false,
    topics = name,
  }: { readonly positions?: boolean; readonly topics?: string } = {},
): Promise<string> {
  const text = configText(rig(), {
    writer,
    tables: `  - table: adopt.${name}
    topics: ${topics}
    metadata_column: {enabled: ${positions}}
    columns: [{name: id, type: long}, {name: text, type: string}]`,
    flush: '{interval_ms: 1000, idle_ms: 200}',
  })
  return configFile(rig(), `${writer}-${name}`, text)
}

const adoptSchema = z.object({
  positions: z.record(z.string(), z.number()),
  evidence: z.array(z.string()),
  warnings: z.array(z.string()),
  done: z.boolean(),
})
const errorSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), help: z.string().optional() }),
})

async function adopt(
  config: string,
  ...argv: readonly string[]
): Promise<z.infer<typeof adoptSchema>> {
  const { status, document } = await verbDocument(config, 'ledger', 'adopt', ...argv)
  expect({ status, error: document['error'] }, argv.join(' ')).toEqual({ status: 0 })
  return adoptSchema.parse(document)
}

async function refused(config: string, ...argv: readonly string[]): Promise<string> {
  const { document } = await verbDocument(config, 'ledger', 'adopt', ...argv)
  const { error } = errorSchema.parse(document)
  return `${error.code} ${error.message}`
}

async function expectWhole(name: string, count: number): Promise<void> {
  const metadataLocation = await locate(rig().catalog, `adopt.${name}`)
  const [row] = await readWith('duckdb', { metadataLocation }).sql(
    `SELECT count(*)::INTEGER AS "rows", count(DISTINCT id)::INTEGER AS ids,
     max(id)::INTEGER AS greatest, count(*) FILTER (text <> 'record ' || id)::INTEGER AS wrong FROM t`,
  )
  expect(row, name).toEqual({ rows: count, ids: count, greatest: count - 1, wrong: 0 })
}

/** A worker under the configuration, until the table has so many rows. */
async function run(name: string, config: string, rows: number): Promise<void> {
  const worker = await startWorker(rig(), name, config)
  await untilRows(rig().catalog, `adopt.${name}`, { rows, workers: [worker] })
  await stopGently(worker)
}

describe('Kafka Connect’s sink', () => {
  const sink = async (): Promise<{ connect: ConnectWorker; catalog: FaultyProxy }> => {
    const { scratch, kafka, catalog: behind } = rig()
    const catalog = await FaultyProxy.start(behind.uri)
    const connect = await startConnect({ scratch, bootstrap: kafka.bootstrap })
    onTestFinished(async () => {
      await connect.kill9()
      await catalog[Symbol.asyncDispose]()
    })
    return { connect, catalog }
  }

  /** As people have it: made beforehand, without a column of ours. */
  async function createTable(name: string): Promise<void> {
    const at = `${rig().catalog.uri}/v1/namespaces`
    const headers = { 'content-type': 'application/json' }
    const post = async (url: string, body: object): Promise<void> => {
      const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
      expect(answer.ok || answer.status === 409, await answer.text()).toBe(true)
    }
    await post(at, { namespace: ['adopt'] })
    const fields = [
      { id: 1, name: 'id', type: 'long', required: false },
      { id: 2, name: 'text', type: 'string', required: false },
    ]
    await post(`${at}/adopt/tables`, { name, schema: { type: 'struct', fields } })
  }

  test('is killed with files announced and not committed: nothing is lost, and nothing there twice', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('orders', { partitions: PARTITIONS })
    await tool.createTopic('control-orders', { partitions: 1 })
    await createTable('orders')
    await produce(tool, 'orders', ids(0, PORTION))
    const { connect, catalog } = await sink()
    await connect.putSink({
      name: 'orders',
      topics: ['orders'],
      table: 'adopt.orders',
      catalogUri: catalog.uri,
      tasks: 2,
      commitIntervalMs: 1_000,
    })
    await connect.untilRunning('orders')
    await untilRows(rig().catalog, 'adopt.orders', {
      rows: PORTION,
      workers: [],
      deadlineMs: 90_000,
    })

    // From here on the tasks write and announce; the coordinator’s commits never arrive. Its
    // report of the last one’s metrics may, which is a POST below the table’s path.
    catalog.fault = ({ method, path }) =>
      method === 'POST' && path.endsWith('/tables/orders') ? { kind: 'hang' } : undefined
    await produce(tool, 'orders', ids(PORTION, PORTION))
    const asked = await poll(async () => (catalog.faults > 0 ? true : undefined), {
      deadlineMs: 60_000,
      everyMs: 100,
    })
    expect(asked).toBe(true)
    await connect.kill9()
    expect(await rowsOf(rig().catalog, 'adopt.orders')).toBe(PORTION)
    await produce(tool, 'orders', ids(2 * PORTION, PORTION))

    const config = await configOf('firn', 'orders')
    expect(await refused(config, '--from', 'connect', '--dry-run')).toContain('still runs')
    const gone = await poll(
      async () => {
        const text = await refused(config, '--from', 'connect', '--dry-run').catch(() => '')
        return text.includes('still runs') ? undefined : true
      },
      { deadlineMs: 60_000, everyMs: 500 },
    )
    expect(gone, 'the group is empty once its session is over').toBe(true)

    const shown = await adopt(config, '--from', 'connect', '--count', '--dry-run')
    expect(shown.done).toBe(false)
    expect(shown.positions).toEqual({ 'orders/0': PORTION / 2, 'orders/1': PORTION / 2 })
    // The coordinator may have asked between the two tasks’ portions.
    expect(shown.evidence.join('\n')).toMatch(
      new RegExp(`\\b(${PORTION / 2}|${PORTION}) rows were announced and never committed`, 'u'),
    )
    // The group's own offsets lie behind: whoever began there would lose a portion.
    expect(shown.evidence.join('\n')).toContain(`the group stands at ${PORTION}`)
    await adopt(config, '--from', 'connect', '--yes')
    expect(await refused(config, '--from', 'connect', '--yes')).toContain('has a ledger here')
    await run('orders', config, 3 * PORTION)
    await expectWhole('orders', 3 * PORTION)
  })
})

describe('a consumer group, and a job that says nothing', () => {
  test('goes on at the group’s offsets, where counting says the same', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('counted', { partitions: PARTITIONS })
    await produce(tool, 'counted', ids(0, PORTION))
    await run('counted', await configOf('first', 'counted'), PORTION)
    // All traces but the rows and the group: as if any consumer had written them.
    await forget('counted')
    await produce(tool, 'counted', ids(PORTION, PORTION))
    const config = await configOf('second', 'counted')
    expect(await refused(config, '--from', 'flink', '--yes')).toContain('Flink')
    expect(await refused(config, '--from', 'group', '--group', 'nobody', '--yes')).toContain(
      'has committed no offset',
    )
    const stated = ['--positions', 'counted/0=100,counted/1=200', '--count']
    expect(
      await refused(config, '--from', 'group', '--group', 'nobody', '--yes', ...stated),
    ).toContain(`it has ${PORTION} rows`)
    await adopt(config, '--from', 'group', '--group', 'firn-first', '--count', '--yes')
    await run('counted', config, 2 * PORTION)
    await expectWhole('counted', 2 * PORTION)
  })
})

/** Takes away mirror and tag, and every snapshot but the last: the rows are all that is left. */
async function forget(name: string): Promise<void> {
  const table = new ForeignWriter(rig().catalog, { namespace: ['adopt'], name })
  await table.appendNothing()
  const { snapshots, refs, properties, currentSnapshotId } = await table.load()
  await table.change([
    {
      action: 'remove-properties',
      removals: Object.keys(properties).filter((key) => key.startsWith('firn.')),
    },
    ...Object.keys(refs)
      .filter((ref) => ref !== 'main')
      .map((refName) => ({ action: 'remove-snapshot-ref', refName }) as const),
    {
      action: 'remove-snapshots',
      snapshotIds: snapshots
        .map(({ snapshotId }) => snapshotId)
        .filter((id) => id !== currentSnapshotId),
    },
  ])
}

describe('the rows, and another writer of Firn', () => {
  test('a ledger that was lost begins behind the rows that are there', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('rows', { partitions: PARTITIONS })
    await produce(tool, 'rows', ids(0, PORTION))
    const config = await configOf('firn', 'rows', { positions: true })
    await run('rows', config, PORTION)
    await forget('rows')
    await produce(tool, 'rows', ids(PORTION, PORTION))
    const { document } = await verbDocument(config, 'plan')
    const help = z.string().parse(JSON.stringify(document))
    expect(help).toContain('firn ledger adopt adopt.rows --from table')
    await adopt(config, 'adopt.rows', '--from', 'table', '--yes')
    await run('rows', config, 2 * PORTION)
    await expectWhole('rows', 2 * PORTION)
    const audited = await verbDocument(config, 'audit')
    expect(audited.document['checks']).not.toContainEqual(
      expect.objectContaining({ status: 'failed' }),
    )
    expect(audited.status).toBe(0)
  })

  test('the writer that is taken over is held, and its successor audits all of it', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('moved', { partitions: PARTITIONS })
    await produce(tool, 'moved', ids(0, PORTION))
    const before = await configOf('old', 'moved', { positions: true })
    const worker = await startWorker(rig(), 'old', before)
    await untilRows(rig().catalog, 'adopt.moved', { rows: PORTION, workers: [worker] })
    const plan = await verbDocument(await configOf('new', 'moved', { positions: true }), 'plan')
    const [, command = ''] =
      /(firn ledger adopt [^"`]*?) takes it over/.exec(JSON.stringify(plan.document)) ?? []
    expect(commandIn(command, 7)).toEqual([
      'ledger',
      'adopt',
      'adopt.moved',
      '--from',
      'writer',
      '--writer',
      'old',
    ])
    // Under a running worker; and the successor reads another topic too, which nobody has to take over.
    await tool.createTopic('moved-more', { partitions: 1 })
    const after = await configOf('new', 'moved', {
      positions: true,
      topics: '[moved, moved-more]',
    })
    await adopt(after, ...commandIn(command, 7).slice(2), '--yes')
    await produce(tool, 'moved', ids(PORTION, PORTION))
    await run('moved', after, 2 * PORTION)
    await stopGently(worker)
    await expectWhole('moved', 2 * PORTION)
    const { properties } = (await viewTable(rig().catalog, 'adopt.moved')) ?? {}
    expect(properties?.['firn.old.hold']).toContain('taken over by new')
    const audited = await verbDocument(after, 'audit')
    expect(audited.document['checks']).not.toContainEqual(
      expect.objectContaining({ status: 'failed' }),
    )
    expect(audited.status).toBe(0)
  })
})
