import { z } from 'zod'
import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/core/json.ts'
import { runFirn } from '../../rig/firn.ts'
import { type KafkaTool, kafkaTool } from '../../rig/produce.ts'
import { readWith } from '../../rig/readers/readers.ts'
import type { RigOptions } from '../../rig/start.ts'
import { useRig } from '../support/rig.ts'
import { locate, untilRows, viewTable } from './support/catalog-view.ts'
import { ForeignWriter } from './support/foreign-writer.ts'
import { configFile, configText, startWorker, stopGently } from './support/job.ts'

const PARTITIONS = 4
const PORTION = 2_000
const TABLE = { namespace: ['shop'], name: 'orders' }

const ORDERS = `  - table: shop.orders
    topics: orders
    columns:
      - {name: id, type: long, required: true}
      - {name: customer, type: 'struct<id: long, name: string>'}
      - {name: amount, type: 'decimal(9, 2)'}
      - {name: at, type: timestamptz}
    create:
      partition_by: [day(at)]
      properties: {owner: e2e}`

interface CatalogCase {
  readonly name: string
  readonly rig: RigOptions
  /** Whether the table is rolled back as Iceberg does it, or as this catalog does. */
  readonly rollback: 'set-snapshot-ref' | 'nessie-reset'
}

const CASES: readonly CatalogCase[] = [
  {
    name: 'the fixture with a local directory',
    rig: { kafka: true, catalog: 'fixture', readers: ['duckdb'] },
    rollback: 'set-snapshot-ref',
  },
  {
    name: 'the fixture with S3',
    rig: { kafka: true, catalog: 'fixture', s3: 'moto', readers: ['duckdb'] },
    rollback: 'set-snapshot-ref',
  },
  {
    name: 'Nessie with S3',
    rig: { kafka: true, catalog: 'nessie', s3: 'moto', readers: ['duckdb'] },
    rollback: 'nessie-reset',
  },
]

const auditSchema = z.object({
  error: z.unknown(),
  checks: z.array(z.object({ name: z.string(), status: z.string(), text: z.string() })),
})

function orders(from: number): { value: string; partition: number }[] {
  return Array.from({ length: PORTION }, (_, i) => {
    const id = from + i
    const customer = id % 7 === 0 ? null : { id: id % 100, name: `customer ${id % 100}` }
    const at = new Date(Date.UTC(2026, 10, 1 + (id % 3), 12)).toISOString()
    const amount = (id / 100).toFixed(2)
    return { value: JSON.stringify({ id, customer, amount, at }), partition: id % PARTITIONS }
  })
}

for (const { name, rig: parts, rollback } of CASES) {
  describe(`on ${name}`, () => {
    const rig = useRig(parts)
    let produced = 0
    let config = ''

    const s3 = (): ReturnType<typeof rig>['s3']['s3'] | undefined =>
      parts.s3 === undefined ? undefined : rig().s3.s3

    async function produceMore(tool: KafkaTool): Promise<void> {
      await tool.produce('orders', orders(produced))
      produced += PORTION
    }

    /** DuckDB's count of everything produced, each position once, the sums right. */
    async function expectExact(): Promise<void> {
      const store = s3()
      const metadataLocation = await locate(rig().catalog, 'shop.orders')
      const at = { metadataLocation, ...(store === undefined ? {} : { s3: store }) }
      const [row] = await readWith('duckdb', at).sql(
        `SELECT count(*)::INTEGER AS "rows", count(DISTINCT id)::INTEGER AS ids,
         count(DISTINCT (_kafka.partition, _kafka."offset"))::INTEGER AS positions,
         sum(amount)::VARCHAR AS amount, count(customer)::INTEGER AS customers FROM t`,
      )
      const ids = Array.from({ length: produced }, (_, id) => id)
      expect(row).toEqual({
        rows: produced,
        ids: produced,
        positions: produced,
        amount: (ids.reduce((sum, id) => sum + id, 0) / 100).toFixed(2),
        customers: ids.filter((id) => id % 7 !== 0).length,
      })
    }

    test('creates namespace and table, and takes everything once, though a worker is killed', async () => {
      await using tool = kafkaTool(rig().kafka.bootstrap)
      await tool.createTopic('orders', { partitions: PARTITIONS })
      const { catalog } = rig()
      const text = configText(
        rig(),
        {
          writer: 'shop',
          tables: ORDERS,
          ...(catalog.kind === 'nessie' ? { catalog: `  warehouse: ${catalog.warehouse}` } : {}),
        },
        s3(),
      )
      config = await configFile(rig(), 'shop', text)
      const one = await startWorker(rig(), 'one', config)
      const two = await startWorker(rig(), 'two', config)
      await produceMore(tool)
      await untilRows(catalog, 'shop.orders', { rows: PORTION / 2, workers: [one, two] })
      await produceMore(tool)
      await one.kill9()
      await untilRows(catalog, 'shop.orders', { rows: produced, workers: [two] })
      await stopGently(two)
      await expectExact()
      expect((await viewTable(catalog, 'shop.orders'))?.properties['owner']).toBe('e2e')
    })

    test('goes on from the ledger after everybody was gone', async () => {
      await using tool = kafkaTool(rig().kafka.bootstrap)
      await produceMore(tool)
      const worker = await startWorker(rig(), 'again', config)
      await untilRows(rig().catalog, 'shop.orders', { rows: produced, workers: [worker] })
      await stopGently(worker)
      await expectExact()
    })

    test('follows a rollback: what it took out is read again', async () => {
      const before = (await rowsBefore()).rows
      await (rollback === 'set-snapshot-ref' ? rollBack() : resetNessie())
      const { rows } = await rowsBefore()
      expect(rows).toBeLessThan(before)
      const worker = await startWorker(rig(), 'follows', config)
      await untilRows(rig().catalog, 'shop.orders', { rows: produced, workers: [worker] })
      await stopGently(worker)
      await expectExact()
    })

    test('audit proves it, and trace finds each end of it', async () => {
      const { status, stdout } = await runFirn(['audit', '--json', '--config', config])
      const { error, checks } = auditSchema.parse(parseJson(stdout, 'audit'))
      const failed = checks.filter((check) => check.status === 'failed')
      expect({ status, error, failed }).toEqual({ status: 0, error: null, failed: [] })
      const last = produced / PARTITIONS - 1
      for (const offset of [0, last]) {
        const traced = await runFirn(['trace', `orders/0@${offset}`, '--config', config])
        expect(traced.stdout).toContain(`✓ orders/0@${offset} is in shop.orders`)
      }
    })

    test('check says what this catalog keeps', async () => {
      const { status, stdout, stderr } = await runFirn(['check', '--config', config])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      const weaker = stdout.split('\n').filter((line) => line.includes('is weaker on this catalog'))
      if (rig().catalog.kind === 'fixture') expect(weaker).toEqual([])
      else {
        expect(weaker.join(' ')).toContain('tags vanish')
        expect(weaker.join(' ')).toContain('only the current snapshot is listed')
      }
    })

    async function rowsBefore(): Promise<{ rows: number }> {
      const metadataLocation = await locate(rig().catalog, 'shop.orders')
      const store = s3()
      const at = { metadataLocation, ...(store === undefined ? {} : { s3: store }) }
      return { rows: await readWith('duckdb', at).count() }
    }

    /** main back to the snapshot before the newest, with the catalog client: as any tool does it. */
    async function rollBack(): Promise<void> {
      const table = new ForeignWriter(rig().catalog, TABLE)
      const [head] = await table.ancestry()
      const parent = head?.parentSnapshotId
      if (parent === undefined || parent === null) throw new Error('nothing to go back to')
      await table.rollBack(parent)
    }

    /** Nessie lists one snapshot only: its branch goes back by one commit, and the table's metadata with it. */
    async function resetNessie(): Promise<void> {
      const api = new URL('/api/v2/trees/', rig().catalog.uri)
      const log = await fetch(new URL('main/history', api))
      const [head = '', parent = ''] = z
        .object({ logEntries: z.array(z.object({ commitMeta: z.object({ hash: z.string() }) })) })
        .parse(await log.json())
        .logEntries.map(({ commitMeta }) => commitMeta.hash)
      const answer = await fetch(new URL(`main@${head}?type=BRANCH`, api), {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ type: 'BRANCH', name: 'main', hash: parent }),
      })
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
    }
  })
}
