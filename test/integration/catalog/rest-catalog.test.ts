import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Catalog, LoadedTable, TableIdentifier } from '../../../src/catalog/catalog.ts'
import { RestCatalog } from '../../../src/catalog/rest-catalog.ts'
import type { RestCatalogOptions } from '../../../src/catalog/options.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { tableUuid } from '../../../src/core/ids.ts'
import { assignFreshIds } from '../../../src/iceberg/field-ids.ts'
import { useRig } from '../../support/rig.ts'
import { TaggingProxy } from '../../support/tagging-proxy.ts'

const NO_TLS = {
  ca: undefined,
  cert: undefined,
  key: undefined,
  serverName: undefined,
  insecureSkipVerify: false,
}

function options(uri: string, warehouse: string): RestCatalogOptions {
  return {
    uri,
    warehouse,
    auth: { type: 'none' },
    headers: {},
    tls: NO_TLS,
    accessDelegation: 'none',
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 30_000,
    retry: { attemptsMax: 3, waitMsMin: 10, waitMsMax: 100 },
  }
}

const creation = (formatVersion: 2 | 3) =>
  ({
    schema: assignFreshIds({
      schemaId: 0,
      identifierFieldIds: [],
      fields: [
        { id: 1, name: 'id', type: { kind: 'long' }, required: true },
        { id: 2, name: 'name', type: { kind: 'string' }, required: false, doc: 'a name' },
      ],
    }).schema,
    partitionSpec: {
      specId: 0,
      fields: [
        { sourceId: 1, fieldId: 1000, name: 'id_b', transform: { kind: 'bucket', buckets: 4 } },
      ],
    },
    sortOrder: {
      orderId: 1,
      fields: [
        {
          sourceId: 2,
          transform: { kind: 'identity' },
          direction: 'asc',
          nullOrder: 'nulls-first',
        },
      ],
    },
    properties: { owner: 'test' },
    location: null,
    formatVersion,
  }) as const

async function created(
  catalog: Catalog,
  table: TableIdentifier,
  version: 2 | 3,
): Promise<LoadedTable> {
  for (const level of table.namespace.keys()) {
    const namespace = table.namespace.slice(0, level + 1)
    if (!(await catalog.namespaceExists(namespace))) await catalog.createNamespace(namespace)
  }
  const outcome = await catalog.createTable(table, creation(version))
  if (outcome.kind !== 'created') throw new Error(`not created: ${outcome.kind}`)
  return outcome.table
}

/** What all catalogs must do alike; v3 and nested namespaces, and ETags, where they can. */
function suite(
  name: string,
  parts: Parameters<typeof useRig>[0],
  able: { v3: boolean; etags?: boolean },
): void {
  describe(name, () => {
    const rig = useRig(parts)
    let proxy: TaggingProxy | undefined
    beforeAll(async () => {
      if (able.etags === true) proxy = await TaggingProxy.start(rig().catalog.uri)
    })
    afterAll(async () => proxy?.[Symbol.asyncDispose]())
    const open = async (): Promise<RestCatalog> => {
      const { uri, warehouse } = rig().catalog
      return RestCatalog.open(options(proxy?.uri ?? uri, warehouse), {
        clock: systemClock,
        random: systemRandom,
      })
    }

    test('creates, loads, lists and drops a table', async () => {
      const catalog = await open()
      const table = { namespace: ['lake'], name: 'orders' }
      expect(await catalog.loadTable(table)).toEqual({ kind: 'missing' })
      const made = await created(catalog, table, 2)
      expect(made.metadata).toMatchObject({ formatVersion: 2, currentSnapshotId: null })
      expect(made.metadata.properties['owner']).toBe('test')
      expect(made.metadata.sortOrders.at(-1)?.fields).toHaveLength(1)
      expect(made.metadata.partitionSpecs[0]?.fields[0]).toMatchObject({
        name: 'id_b',
        sourceId: 1,
      })
      expect(await catalog.createTable(table, creation(2))).toEqual({ kind: 'exists' })
      expect(await catalog.listTables(['lake'])).toEqual([table])
      expect(await catalog.dropTable(table, { purge: false })).toBe(true)
      expect(await catalog.dropTable(table, { purge: false })).toBe(false)
      await catalog.close()
    })

    test('shows what others did to a table that was loaded before', async () => {
      const [own, other] = [await open(), await open()]
      const table = { namespace: ['lake'], name: 'seen_by_two' }
      await created(own, table, 2)
      const valueOf = async (catalog: Catalog): Promise<string | undefined> => {
        const loaded = await catalog.loadTable(table)
        return loaded.kind === 'loaded' ? loaded.table.metadata.properties['value'] : loaded.kind
      }
      for (const value of ['one', 'two', 'three']) {
        expect(await valueOf(own)).toBe(await valueOf(other))
        const by = value === 'two' ? own : other
        const set = { action: 'set-properties', updates: { value } } as const
        await by.commitTable(table, { requirements: [], updates: [set] })
        expect([await valueOf(own), await valueOf(other)]).toEqual([value, value])
      }
      await other.dropTable(table, { purge: false })
      expect(await valueOf(own)).toBe('missing')
      await created(other, table, 2)
      expect(await valueOf(own)).toBeUndefined()
      // Each client's own commit, and what it had loaded and nobody changed since.
      if (proxy !== undefined) expect(proxy.unchanged).toBeGreaterThanOrEqual(3)
      await Promise.all([own.close(), other.close()])
    })

    test('commits what still holds, and says conflict where it does not', async () => {
      const catalog = await open()
      const table = { namespace: ['lake'], name: 'commits' }
      const { metadata } = await created(catalog, table, 2)
      const set = (value: string) => ({ action: 'set-properties', updates: { value } }) as const
      const good = await catalog.commitTable(table, {
        requirements: [
          { type: 'assert-table-uuid', uuid: metadata.tableUuid },
          { type: 'assert-current-schema-id', currentSchemaId: metadata.currentSchemaId },
        ],
        updates: [set('one')],
      })
      expect(good.kind).toBe('committed')
      const stale = await catalog.commitTable(table, {
        requirements: [
          { type: 'assert-table-uuid', uuid: tableUuid('9c12d441-03fe-4693-9a96-a0705ddf69c1') },
        ],
        updates: [set('two')],
      })
      expect(stale.kind).toBe('conflict')
      const loaded = await catalog.loadTable(table)
      expect(loaded).toMatchObject({
        kind: 'loaded',
        table: { metadata: { properties: { value: 'one' } } },
      })
      const gone = await catalog.commitTable(
        { namespace: ['lake'], name: 'nowhere' },
        { requirements: [], updates: [set('x')] },
      )
      expect(gone).toMatchObject({ kind: 'refused', reason: { code: 'CATALOG_NOT_FOUND' } })
      await catalog.close()
    })

    test(able.v3 ? 'creates v3 tables' : 'makes a v2 table where v3 was asked for', async () => {
      const catalog = await open()
      const { metadata } = await created(catalog, { namespace: ['lake'], name: 'three' }, 3)
      expect(metadata.formatVersion).toBe(able.v3 ? 3 : 2)
      await catalog.close()
    })

    test('takes namespaces of several levels', async () => {
      const catalog = await open()
      const table = { namespace: ['deep', 'er'], name: 't' }
      await created(catalog, table, 2)
      expect(await catalog.listTables(['deep', 'er'])).toEqual([table])
      expect((await catalog.loadTable(table)).kind).toBe('loaded')
      await catalog.close()
    })

    test('names the catalog and the reason when it is not there', async () => {
      const catalog = await open()
      await rig().catalog.stop()
      try {
        await expect(catalog.loadTable({ namespace: ['lake'], name: 'x' })).rejects.toMatchObject({
          code: 'CATALOG_UNAVAILABLE',
          message: expect.stringContaining(proxy?.uri ?? 'ECONNREFUSED'),
        })
      } finally {
        await rig().catalog.start()
        await catalog.close()
      }
    })
  })
}

suite("Apache's REST fixture", { catalog: 'fixture' }, { v3: true })
suite('a catalog that gives ETags', { catalog: 'fixture' }, { v3: true, etags: true })
suite('Nessie', { catalog: 'nessie', s3: 'moto' }, { v3: false })
