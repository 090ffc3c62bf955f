import { describe, expect, test } from 'vitest'
import { snapshotId } from '../../../src/core/ids.ts'
import type { CommitResponse, LoadOutcome } from '../../../src/catalog/catalog.ts'
import type { RestCatalogOptions } from '../../../src/catalog/options.ts'
import type { RestCatalog } from '../../../src/catalog/rest-catalog.ts'
import type { Snapshot } from '../../../src/iceberg/metadata.ts'
import { goldenMetadataText } from '../iceberg/golden-files.ts'
import {
  connect,
  ok,
  refusal,
  ScriptedServer,
  tableAnswer,
  withConfig,
  type Answer,
  type Script,
} from './server.ts'

const TABLE = { namespace: ['lake', 'sales'], name: 'orders 1/2' }
const EXACT = 6_838_723_292_707_092_922n
const COMMIT = {
  requirements: [
    { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: snapshotId(EXACT) },
  ] as const,
  updates: [{ action: 'set-properties', updates: { a: 'b' } }] as const,
}

const snapshotsOf = (outcome: LoadOutcome | CommitResponse): readonly Snapshot[] =>
  'table' in outcome ? outcome.table.metadata.snapshots : []

interface Opened extends AsyncDisposable {
  readonly server: ScriptedServer
  readonly catalog: RestCatalog
}

async function opened(
  script: Script,
  options: Partial<RestCatalogOptions> = {},
  config?: string,
): Promise<Opened> {
  const server = await ScriptedServer.start(withConfig(script, config))
  const catalog = await connect(server.uri, options)
  return {
    server,
    catalog,
    [Symbol.asyncDispose]: async () => {
      await catalog.close()
      await server[Symbol.asyncDispose]()
    },
  }
}

describe('where requests go', () => {
  test('the prefix of an override wins over that of a default', async () => {
    const config = '{"defaults": {"prefix": "no"}, "overrides": {"prefix": "main|s3/x"}}'
    await using at = await opened(() => tableAnswer(), { warehouse: 's3://b/w h' }, config)
    await at.catalog.loadTable(TABLE)
    expect(at.server.seen.map(({ path }) => path)).toEqual([
      '/v1/config?warehouse=s3%3A%2F%2Fb%2Fw%20h',
      '/v1/main%7Cs3/x/namespaces/lake%1Fsales/tables/orders%201%2F2?snapshots=all',
    ])
  })

  test('a prefix that came encoded is not encoded again', async () => {
    const config = '{"defaults": {"prefix": "main%7Crig"}, "overrides": {}}'
    await using at = await opened(() => tableAnswer(), {}, config)
    await at.catalog.loadTable(TABLE)
    expect(at.server.seen[1]?.path).toMatch(/^\/v1\/main%7Crig\/namespaces\//)
  })

  test('the uri of an override is used from then on', async () => {
    await using other = await ScriptedServer.start(() => tableAnswer())
    const config = JSON.stringify({ defaults: {}, overrides: { uri: `${other.uri}/` } })
    await using at = await opened(() => tableAnswer(), {}, config)
    await at.catalog.loadTable(TABLE)
    expect(at.server.seen).toHaveLength(1)
    expect(other.seen.map(({ path }) => path)).toEqual([
      '/v1/namespaces/lake%1Fsales/tables/orders%201%2F2?snapshots=all',
    ])
  })

  test('headers of the configuration and delegation go with each request', async () => {
    let secret = 'one'
    await using at = await opened(() => tableAnswer(), {
      headers: { 'X-Tenant': () => secret },
      accessDelegation: 'vended-credentials',
      auth: { type: 'bearer', token: () => `t-${secret}` },
    })
    secret = 'two'
    await at.catalog.loadTable(TABLE)
    expect(at.server.seen.map(({ headers }) => headers)).toMatchObject([
      { 'x-tenant': 'one', authorization: 'Bearer t-one' },
      {
        'x-tenant': 'two',
        authorization: 'Bearer t-two',
        'x-iceberg-access-delegation': 'vended-credentials',
      },
    ])
  })
})

describe('a table that the catalog gives an ETag', () => {
  const tagged = (etag: string, members = ''): Answer => {
    const answer = tableAnswer(members)
    return typeof answer === 'string' ? answer : { ...answer, headers: { etag } }
  }
  const asked = ({ server }: Opened): (string | undefined)[] =>
    server.to('/tables/').map(({ headers }) => headers['if-none-match'])

  test('is loaded once and then asked after, until it is another', async () => {
    await using at = await opened(({ headers }) =>
      headers['if-none-match'] === '"1"' ? { status: 304 } : tagged('"1"'),
    )
    const first = await at.catalog.loadTable(TABLE)
    const again = await at.catalog.loadTable(TABLE)
    expect(again).toEqual(first)
    at.server.script = withConfig(() => tagged('"2"', ', "config": {"a": "b"}'))
    expect(await at.catalog.loadTable(TABLE)).toMatchObject({ table: { config: { a: 'b' } } })
    await at.catalog.loadTable(TABLE)
    expect(asked(at)).toEqual([undefined, '"1"', '"1"', '"2"'])
  })

  test('is known by the answer to a commit', async () => {
    await using at = await opened(({ method }) =>
      method === 'POST' ? tagged('"2"') : tagged('"1"', ', "config": {"s3.endpoint": "http://s3"}'),
    )
    await at.catalog.loadTable(TABLE)
    const committed = await at.catalog.commitTable(TABLE, COMMIT)
    at.server.script = withConfig(() => ({ status: 304 }))
    const loaded = await at.catalog.loadTable(TABLE)
    expect(asked(at)).toEqual([undefined, undefined, '"2"'])
    expect(committed).toMatchObject({ table: { config: { 's3.endpoint': 'http://s3' } } })
    expect(loaded).toEqual({
      kind: 'loaded',
      table: committed.kind === 'committed' && committed.table,
    })
  })

  test.each([
    ['that is lost', 'reset'],
    ['that fails', refusal(500, 'ServerError', 'oh')],
    ['that conflicts', refusal(409, 'CommitFailedException', 'moved')],
  ] as const)('is loaded as a whole after a commit %s', async (_, answer) => {
    await using at = await opened(({ method }) => (method === 'POST' ? answer : tagged('"1"')))
    await at.catalog.loadTable(TABLE)
    await at.catalog.commitTable(TABLE, COMMIT)
    await at.catalog.loadTable(TABLE)
    expect(asked(at)).toEqual([undefined, undefined, undefined])
  })

  test('is loaded as a whole each time where credentials come with it', async () => {
    const config = ', "config": {"s3.session-token": "t"}'
    await using at = await opened(({ method }) => tagged('"1"', method === 'POST' ? '' : config))
    await at.catalog.loadTable(TABLE)
    await at.catalog.loadTable(TABLE)
    const committed = await at.catalog.commitTable(TABLE, COMMIT)
    await at.catalog.loadTable(TABLE)
    expect(asked(at)).toEqual([undefined, undefined, undefined, undefined])
    // They outlive the commit, whose answer has none.
    expect(committed).toMatchObject({ table: { config: { 's3.session-token': 't' } } })
  })

  test('that was never asked after cannot be unchanged', async () => {
    await using at = await opened(() => ({ status: 304 }))
    await expect(at.catalog.loadTable(TABLE)).rejects.toThrow(/status 304/)
  })
})

describe('what is in a request and an answer', () => {
  test('a snapshot that was in an answer about this table before is the one that it was', async () => {
    const [, text = ''] =
      /"snapshots"\s*:\s*\[([^]*?)\]/.exec(goldenMetadataText('v2_nested')) ?? []
    const more = text.replaceAll(/"snapshot-id"\s*:\s*\d+/g, `"snapshot-id":${EXACT}`)
    const longer = goldenMetadataText('v2_nested').replace(text, () => `${text},${more}`)
    await using at = await opened(({ method }) =>
      method === 'POST' ? ok(`{"metadata": ${longer}}`) : tableAnswer(),
    )
    const loaded = snapshotsOf(await at.catalog.loadTable(TABLE))
    const committed = snapshotsOf(await at.catalog.commitTable(TABLE, COMMIT))
    expect(loaded.length).toBeGreaterThan(0)
    expect(committed).toHaveLength(2 * loaded.length)
    expect(committed.map((one) => loaded.indexOf(one))).toEqual(
      committed.map((_, index) => (index < loaded.length ? index : -1)),
    )
    expect(committed.at(-1)?.snapshotId).toBe(EXACT)
    // Another table's answers are its own.
    const other = snapshotsOf(await at.catalog.loadTable({ ...TABLE, name: 'other' }))
    expect(other).toEqual(loaded)
    expect(other.some((one) => loaded.includes(one))).toBe(false)
  })

  test('snapshot ids keep all digits in both directions', async () => {
    const log = `{"timestamp-ms": 1, "snapshot-id": ${EXACT}}`
    const metadata = `{"format-version": 2, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1",
      "location": "s3://b/t", "last-sequence-number": 1, "last-updated-ms": 1, "last-column-id": 1,
      "current-schema-id": 0, "default-spec-id": 0, "last-partition-id": 999,
      "default-sort-order-id": 0, "properties": {},
      "schemas": [{"type": "struct", "schema-id": 0, "fields": []}],
      "partition-specs": [{"spec-id": 0, "fields": []}],
      "sort-orders": [{"order-id": 0, "fields": []}], "current-snapshot-id": ${EXACT},
      "snapshots": [{"snapshot-id": ${EXACT}, "sequence-number": 1, "timestamp-ms": 1,
        "manifest-list": "s3://b/l", "summary": {"operation": "append"}}],
      "snapshot-log": [${log}], "refs": {"main": {"type": "branch", "snapshot-id": ${EXACT}}}}`
    await using at = await opened(() => ok(`{"metadata": ${metadata}}`))
    const loaded = await at.catalog.loadTable(TABLE)
    expect(loaded).toMatchObject({
      kind: 'loaded',
      table: { metadataLocation: null, metadata: { currentSnapshotId: EXACT } },
    })
    await at.catalog.commitTable(TABLE, COMMIT)
    expect(at.server.seen[2]?.body).toContain(`"snapshot-id":${EXACT}`)
    expect(JSON.parse(at.server.seen[2]?.body ?? '')).toMatchObject({
      identifier: TABLE,
      updates: [{ action: 'set-properties', updates: { a: 'b' } }],
    })
  })

  test('vended credentials are in the config, those of the longest prefix', async () => {
    const credentials = `, "config": {"s3.endpoint": "http://e", "s3.access-key-id": "general"},
      "storage-credentials": [
        {"prefix": "s3://b", "config": {"s3.access-key-id": "wide"}},
        {"prefix": "s3://b/t", "config": {"s3.access-key-id": "narrow", "s3.session-token": "x"}}]`
    await using at = await opened(() => tableAnswer(credentials))
    expect(await at.catalog.loadTable(TABLE)).toMatchObject({
      table: {
        config: {
          's3.endpoint': 'http://e',
          's3.access-key-id': 'narrow',
          's3.session-token': 'x',
        },
        metadataLocation: 's3://b/m.json',
      },
    })
  })

  test('a listing goes over its pages', async () => {
    await using at = await opened(({ path }) =>
      path.endsWith('pageToken=p%2F2')
        ? ok('{"identifiers": [{"namespace": ["lake"], "name": "b"}]}')
        : ok('{"identifiers": [{"namespace": ["lake"], "name": "a"}], "next-page-token": "p/2"}'),
    )
    expect((await at.catalog.listTables(['lake'])).map(({ name }) => name)).toEqual(['a', 'b'])
  })
})

const PAGE: Answer = { status: 200, body: '<html><title>Sign in</title></html>' }
const FORBIDDEN = refusal(403, 'ForbiddenException', 'not yours')
const CONFLICT = refusal(409, 'CommitFailedException', 'moved')
const MISSING = refusal(404, 'NoSuchTableException', 'no table')
const STALE = refusal(400, 'ValidationException', 'sequence number 3 is older than 4')
const BAD = refusal(400, 'BadRequestException', 'no such thing')
const FAILED = refusal(503, 'ServiceUnavailable', 'later')
const REDIRECT: Answer = { status: 302, headers: { location: '/elsewhere' } }
const SHORT = { requestTimeoutMs: 150 }

describe('loading a table', () => {
  test.each<[string, Answer, string, number]>([
    ['forbidden', FORBIDDEN, 'CATALOG_FORBIDDEN', 1],
    ['wrong', BAD, 'CATALOG_REFUSED', 1],
    ['conflict', CONFLICT, 'CATALOG_REFUSED', 1],
    ['redirected', REDIRECT, 'CATALOG_REFUSED', 1],
    ['not signed in', refusal(401, 'NotAuthorized', 'who?'), 'CATALOG_UNAUTHORIZED', 1],
    ['failed', FAILED, 'CATALOG_UNAVAILABLE', 3],
    ['throttled', { status: 429 }, 'CATALOG_UNAVAILABLE', 3],
    ['a page', PAGE, 'CATALOG_UNAVAILABLE', 3],
    ['an empty 200', ok(''), 'CATALOG_UNAVAILABLE', 3],
    ['a list', ok('[]'), 'CATALOG_UNAVAILABLE', 3],
    ['reset', 'reset', 'CATALOG_UNAVAILABLE', 3],
    ['cut', 'cut', 'CATALOG_UNAVAILABLE', 3],
    ['cut between chunks', 'cut-chunks', 'CATALOG_UNAVAILABLE', 3],
    ['silence', 'silence', 'CATALOG_UNAVAILABLE', 3],
  ])('%s', async (_name, answer, code, requests) => {
    await using at = await opened(() => answer, answer === 'silence' ? SHORT : {})
    await expect(at.catalog.loadTable(TABLE)).rejects.toMatchObject({
      code,
      message: expect.stringContaining('table lake.sales.orders 1/2'),
    })
    expect(at.server.to('/tables/')).toHaveLength(requests)
    expect(at.server.to('/elsewhere')).toEqual([])
  })

  test('passes after faults that pass', async () => {
    const answers: Answer[] = [FAILED, 'reset']
    await using at = await opened(() => answers.shift() ?? tableAnswer())
    expect((await at.catalog.loadTable(TABLE)).kind).toBe('loaded')
  })

  test('a missing one', async () => {
    await using at = await opened(() => MISSING)
    expect(await at.catalog.loadTable(TABLE)).toEqual({ kind: 'missing' })
  })
})

describe('committing', () => {
  test.each<[string, Answer, string, string | undefined]>([
    ['applied', tableAnswer(), 'committed', undefined],
    ['forbidden', FORBIDDEN, 'refused', 'CATALOG_FORBIDDEN'],
    ['wrong', BAD, 'refused', 'CATALOG_REFUSED'],
    ['missing', MISSING, 'refused', 'CATALOG_NOT_FOUND'],
    ['redirected', REDIRECT, 'refused', 'CATALOG_REFUSED'],
    ['conflict', CONFLICT, 'conflict', 'CATALOG_REFUSED'],
    ['an older head', STALE, 'conflict', 'CATALOG_REFUSED'],
    ['failed', { status: 500 }, 'unknown', 'CATALOG_UNAVAILABLE'],
    ['a gateway', { status: 504, body: '<html>' }, 'unknown', 'CATALOG_UNAVAILABLE'],
    ['throttled', { status: 429 }, 'unknown', 'CATALOG_UNAVAILABLE'],
    ['a page', PAGE, 'unknown', 'CATALOG_UNAVAILABLE'],
    ['an empty 200', ok(''), 'unknown', 'CATALOG_UNAVAILABLE'],
    ['a 200 without a table', ok('{}'), 'unknown', undefined],
    ['reset', 'reset', 'unknown', 'CATALOG_UNAVAILABLE'],
    ['cut', 'cut', 'unknown', 'CATALOG_UNAVAILABLE'],
    ['cut between chunks', 'cut-chunks', 'unknown', 'CATALOG_UNAVAILABLE'],
    ['silence', 'silence', 'unknown', 'CATALOG_UNAVAILABLE'],
  ])('%s', async (_name, answer, kind, code) => {
    await using at = await opened(() => answer, answer === 'silence' ? SHORT : {})
    const response = await at.catalog.commitTable(TABLE, COMMIT)
    expect(response).toMatchObject({ kind, ...(code === undefined ? {} : { reason: { code } }) })
    // Sent once: only the caller knows how to read what became of it.
    expect(at.server.to('/tables/')).toHaveLength(1)
  })

  test('a server that is not there was told nothing, and that is no refusal', async () => {
    await using at = await opened(() => tableAnswer())
    await at.server[Symbol.asyncDispose]()
    expect(await at.catalog.commitTable(TABLE, COMMIT)).toMatchObject({
      kind: 'unknown',
      reason: { message: expect.stringContaining('ECONNREFUSED') },
    })
  })
})
