import { describe, expect, test } from 'vitest'
import { virtualClock } from '../commit/fixtures.ts'
import {
  connect,
  OAUTH,
  ok,
  refusal,
  ScriptedServer,
  tableAnswer,
  withConfig,
  type Answer,
  type Script,
} from './server.ts'

const TABLE = { namespace: ['lake'], name: 'orders' }
const COMMIT = { requirements: [], updates: [] }
const TOKENS = '/v1/oauth/tokens'

/** Gives tokens t1, t2, … of this life, and everything else to `script`. */
function issuing(script: Script, seconds: number | null = 3_600): Script {
  let issued = 0
  const expiry = seconds === null ? '' : `, "expires_in": ${seconds}`
  return withConfig((request) =>
    request.path === TOKENS
      ? ok(`{"access_token": "t${++issued}", "token_type": "bearer"${expiry}}`)
      : script(request),
  )
}

const bearers = (server: ScriptedServer): readonly unknown[] =>
  server.to('/tables/').map(({ headers }) => headers.authorization)

describe('a token', () => {
  test('is asked for once, form-encoded, by all requests that wait', async () => {
    await using server = await ScriptedServer.start(issuing(() => tableAnswer()))
    const catalog = await connect(server.uri, { auth: OAUTH })
    await Promise.all([1, 2, 3, 4].map(async () => catalog.loadTable(TABLE)))
    const asked = server.to(TOKENS)
    expect(asked).toHaveLength(1)
    expect(asked[0]?.headers['content-type']).toBe('application/x-www-form-urlencoded')
    expect(asked[0]?.headers.authorization).toBeUndefined()
    expect(Object.fromEntries(new URLSearchParams(asked[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      client_id: 'me & you',
      client_secret: 's=cret',
      scope: 'catalog',
    })
    expect(bearers(server)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t1', 'Bearer t1'])
    await catalog.close()
  })

  test.each([
    { seconds: 100, kept: 74_000, renewed: 76_000 },
    { seconds: null, kept: 2_699_000, renewed: 2_701_000 },
  ])('of $seconds s is renewed before its end', async ({ seconds, kept, renewed }) => {
    const time = { nowMs: 0 }
    await using server = await ScriptedServer.start(issuing(() => tableAnswer(), seconds))
    const catalog = await connect(server.uri, { auth: OAUTH }, virtualClock(time))
    for (const nowMs of [kept, renewed]) {
      time.nowMs = nowMs
      await catalog.loadTable(TABLE)
    }
    expect(bearers(server)).toEqual(['Bearer t1', 'Bearer t2'])
    await catalog.close()
  })

  test('that is refused is replaced once, for a commit too, and by all at once', async () => {
    const script: Script = ({ headers }) =>
      headers.authorization === 'Bearer t1' ? refusal(401, 'NotAuthorized', 'old') : tableAnswer()
    await using server = await ScriptedServer.start(issuing(script))
    const catalog = await connect(server.uri, { auth: OAUTH })
    const answers = await Promise.all([
      catalog.commitTable(TABLE, COMMIT),
      catalog.loadTable(TABLE),
      catalog.loadTable(TABLE),
    ])
    expect(answers.map(({ kind }) => kind)).toEqual(['committed', 'loaded', 'loaded'])
    expect(server.to(TOKENS)).toHaveLength(2)
    await catalog.close()
  })

  test('a late refusal of an old token does not throw away the new one', async () => {
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const script: Script = async ({ headers, method }) => {
      if (headers.authorization !== 'Bearer t1') return tableAnswer()
      if (method === 'POST') await held
      return refusal(401, 'NotAuthorized', 'old')
    }
    await using server = await ScriptedServer.start(issuing(script))
    const catalog = await connect(server.uri, { auth: OAUTH })
    const slow = catalog.commitTable(TABLE, COMMIT)
    await expect.poll(() => server.to('/tables/').length).toBe(1)
    await catalog.loadTable(TABLE)
    release()
    expect((await slow).kind).toBe('committed')
    expect(server.to(TOKENS)).toHaveLength(2)
    await catalog.close()
  })

  test('that never helps ends as a refusal, after one more try', async () => {
    await using server = await ScriptedServer.start(
      issuing(() => refusal(401, 'NotAuthorized', 'no')),
    )
    const catalog = await connect(server.uri, { auth: OAUTH })
    expect(await catalog.commitTable(TABLE, COMMIT)).toMatchObject({
      kind: 'refused',
      reason: { code: 'CATALOG_UNAUTHORIZED' },
    })
    expect(bearers(server)).toEqual(['Bearer t1', 'Bearer t2'])
    await catalog.close()
  })
})

describe('a token endpoint', () => {
  test.each<[string, Answer, string]>([
    ['that refuses', { status: 401, body: '{"error":"invalid_client"}' }, 'CATALOG_UNAUTHORIZED'],
    ['that is wrong', { status: 404 }, 'CATALOG_UNAUTHORIZED'],
    ['without a token', ok('{}'), 'CATALOG_UNAUTHORIZED'],
    ['that is a page', ok('<html>Sign in</html>'), 'CATALOG_UNAVAILABLE'],
    ['that fails', { status: 503 }, 'CATALOG_UNAVAILABLE'],
    ['that is busy', { status: 429 }, 'CATALOG_UNAVAILABLE'],
    ['that resets', 'reset', 'CATALOG_UNAVAILABLE'],
    ['that cuts', 'cut', 'CATALOG_UNAVAILABLE'],
  ])('%s: no request goes out, and the secret is not told', async (_name, answer, code) => {
    await using server = await ScriptedServer.start(withConfig(() => answer))
    const fault = await connect(server.uri, { auth: OAUTH }).catch((thrown: unknown) => thrown)
    expect(fault).toMatchObject({ code, message: expect.stringContaining(TOKENS) })
    expect(String(fault)).not.toContain('s=cret')
    expect(server.to('/v1/config')).toEqual([])
  })
})
