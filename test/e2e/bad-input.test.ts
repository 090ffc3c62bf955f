import { describe, expect, test } from 'vitest'
import { poll } from '../../rig/environment.ts'
import { kafkaTool } from '../../rig/produce.ts'
import { readWith } from '../../rig/readers/readers.ts'
import { useRig } from '../support/rig.ts'
import { locate, untilRows } from './support/catalog-view.ts'
import {
  codeOf,
  configFile,
  configText,
  startWorker,
  stopGently,
  untilLogged,
} from './support/job.ts'
import { DENIED, type StubAnswer, restError, startStub } from './support/stub-server.ts'

const rig = useRig({
  kafka: { secure: true },
  catalog: 'fixture',
  s3: 'moto',
  readers: ['duckdb'],
})

const ENDING_MS = 30_000
const QUICK_CATALOG = '  retry: {attempts_max: 2, wait_ms_min: 10, wait_ms_max: 50}'
const QUICK_KAFKA = '  connect_timeout_ms: 1000\n  session_timeout_ms: 6000'

function table(name: string, topic: string, columns: string): string {
  return `  - table: bad.${name}
    topics: ${topic}
    columns: [${columns}]
    create: {partition_by: []}`
}

/** A `run` that ends by itself: with which exit code, which error code, and what the message says. */
interface Ending {
  readonly name: string
  readonly config: () => string | Promise<string>
  readonly exit: 1 | 2 | 3
  readonly code: string
  /** The thing and the place. */
  readonly says: readonly (string | RegExp)[]
}

function text(job: Partial<Parameters<typeof configText>[1]>): string {
  return configText(
    rig(),
    {
      writer: 'bad',
      tables: table('t', 'there', '{name: id, type: long}'),
      kafka: QUICK_KAFKA,
      catalog: QUICK_CATALOG,
      ...job,
    },
    rig().s3.s3,
  )
}

const ENDINGS: readonly Ending[] = [
  {
    name: 'malformed YAML',
    config: () => 'writer: bad\nkafka: {brokers: [a:1\n',
    exit: 2,
    code: 'CONFIG_INVALID',
    says: [/\.yaml:3:1:/, 'YAML'],
  },
  {
    name: 'an unknown key',
    config: () => text({ rest: 'flushh: {}' }),
    exit: 2,
    code: 'CONFIG_INVALID',
    says: [/\.yaml:\d+:\d+: flushh/, 'did you mean `flush`?'],
  },
  {
    name: 'several problems at once',
    config: () => text({ rest: 'memory: {budget_bytes: many}\nthreads: -1' }),
    exit: 2,
    code: 'CONFIG_INVALID',
    says: ['has 2 problems', 'memory.budget_bytes', 'threads'],
  },
  {
    name: 'an unreachable broker',
    config: () => text({ brokers: '127.0.0.1:1' }),
    exit: 1,
    code: 'KAFKA_UNAVAILABLE',
    says: ['127.0.0.1:1'],
  },
  {
    name: 'a wrong password',
    config: () => {
      const { secure } = rig().kafka
      if (secure === undefined) throw new Error('this rig has no secure listener')
      const { sasl, username } = secure
      const login = `{mechanism: scram-sha-256, username: ${username}, password: wrong-password}`
      return text({ brokers: sasl, kafka: `${QUICK_KAFKA}\n  sasl: ${login}` })
    },
    exit: 1,
    code: 'KAFKA_AUTHENTICATION',
    says: ['127.0.0.1:', 'do not accept who we say we are'],
  },
  {
    name: 'a missing topic',
    config: () => text({ tables: table('t', 'no-such-topic', '{name: id, type: long}') }),
    exit: 2,
    code: 'KAFKA_TOPIC_MISSING',
    says: ['no-such-topic'],
  },
  {
    name: 'an unreachable catalog',
    config: () => text({ catalogUri: 'http://127.0.0.1:1' }),
    exit: 1,
    code: 'CATALOG_UNAVAILABLE',
    says: ['http://127.0.0.1:1', 'ECONNREFUSED'],
  },
]

const ANSWERS: readonly (readonly [StubAnswer, string])[] = [
  [restError(401, 'who are you'), 'CATALOG_UNAUTHORIZED'],
  [restError(403, 'not for you'), 'CATALOG_FORBIDDEN'],
  [restError(404, 'no such warehouse'), 'CATALOG_NOT_FOUND'],
  [restError(503, 'not now'), 'CATALOG_UNAVAILABLE'],
  [restError(500, 'broken'), 'CATALOG_UNAVAILABLE'],
]

async function expectEnding(ending: Omit<Ending, 'config'>, config: string): Promise<void> {
  const name = ending.name.replaceAll(/\W+/g, '-')
  const path = await configFile(rig(), name, config)
  const worker = await startWorker(rig(), name, path)
  const status = await poll(async () => worker.process.status(), { deadlineMs: ENDING_MS })
  const stderr = await worker.tail(100)
  expect(stderr).toMatch(new RegExp(`^error ${ending.code}:`, 'm'))
  expect(status).toBe(ending.exit)
  for (const said of ending.says) expect(stderr).toMatch(said)
  expect(stderr).toMatch(/^help: \S/m)
  expect(stderr).not.toContain('wrong-password')
}

describe('bad input ends `run` with a code', () => {
  for (const ending of ENDINGS) {
    test(`${ending.name}: exit ${ending.exit}, ${ending.code}`, async () => {
      await expectEnding(ending, await ending.config())
    })
  }

  for (const [answer, code] of ANSWERS) {
    test(`a catalog that answers ${answer.status}: exit 1, ${code}`, async () => {
      await using stub = await startStub(() => answer)
      const name = `a catalog that answers ${answer.status}`
      const said = /"message":"([^"]+)"/.exec(answer.body)?.[1] ?? ''
      const ending = { name, exit: 1, code, says: [stub.uri, said] } as const
      await expectEnding(ending, text({ catalogUri: stub.uri }))
    })
  }
})

/** Runs a worker until it logs an error of this code, and ends it gently: a fault of one table is not the end. */
async function expectStanding(name: string, config: string, expected: Expected): Promise<void> {
  const worker = await startWorker(rig(), name, await configFile(rig(), name, config))
  const line = await untilLogged(worker, (one) => codeOf(one) === expected.code)
  const logged = JSON.stringify(line)
  for (const said of expected.says) expect(logged).toContain(said)
  expect(logged).toMatch(/"help":"\S/)
  await stopGently(worker)
}

interface Expected {
  readonly code: string
  readonly says: readonly string[]
}

describe('bad input stops what it concerns, and nothing else', () => {
  test('a record of a wrong type: what lies before it is committed, nothing behind it', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('misfits', { partitions: 2 })
    const good = (partition: number): { value: string; partition: number }[] =>
      Array.from({ length: 10 }, (_, id) => ({ value: JSON.stringify({ id }), partition }))
    await tool.produce('misfits', [
      ...good(0),
      { value: '{"id": "seven"}', partition: 0 },
      ...good(0),
      ...good(1),
    ])
    const tables = table('misfits', 'misfits', '{name: id, type: long}')
    const config = await configFile(rig(), 'misfits', text({ writer: 'misfits', tables }))
    const worker = await startWorker(rig(), 'misfits', config)
    const line = await untilLogged(worker, (one) => codeOf(one) === 'RECORD_MISFIT')
    for (const said of ['misfits/0@10', 'id', 'long', 'seven']) {
      expect(JSON.stringify(line)).toContain(said)
    }
    await untilRows(rig().catalog, 'bad.misfits', { rows: 20, workers: [worker] })
    await stopGently(worker)
    const metadataLocation = await locate(rig().catalog, 'bad.misfits')
    const reader = readWith('duckdb', { metadataLocation, s3: rig().s3.s3 })
    const position = { topic: 'misfits', rows: 10, distinct: 10, first: 0n, last: 9n }
    expect(await reader.positions()).toEqual([
      { ...position, partition: 0 },
      { ...position, partition: 1 },
    ])
  })

  test('a table whose columns are others', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('schemas')
    await tool.produce('schemas', [{ value: '{"id": 1}' }])
    const first = table('schemas', 'schemas', '{name: id, type: long}')
    const config = await configFile(rig(), 'schemas', text({ writer: 'schemas', tables: first }))
    const worker = await startWorker(rig(), 'schemas', config)
    await untilRows(rig().catalog, 'bad.schemas', { rows: 1, workers: [worker] })
    await stopGently(worker)
    const other = table('schemas', 'schemas', '{name: id, type: string}')
    await expectStanding('schemas-other', text({ writer: 'schemas', tables: other }), {
      code: 'SCHEMA_INCOMPATIBLE',
      says: ['bad.schemas', 'id', 'long', 'string'],
    })
  })

  test('a table that is not there, and no columns to create it with', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('tableless')
    const tables = '  - table: bad.nowhere\n    topics: tableless'
    await expectStanding('tableless', text({ writer: 'tableless', tables }), {
      code: 'TABLE_MISSING',
      says: ['bad.nowhere'],
    })
  })

  test('a bucket without permission', async () => {
    await using stub = await startStub(() => DENIED)
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.createTopic('forbidden')
    await tool.produce('forbidden', [{ value: '{"id": 1}' }])
    const job = {
      writer: 'forbidden',
      tables: table('forbidden', 'forbidden', '{name: id, type: long}'),
      kafka: QUICK_KAFKA,
    }
    const config = configText(rig(), job, { ...rig().s3.s3, endpoint: stub.uri })
    await expectStanding('forbidden', config, { code: 'STORAGE_FORBIDDEN', says: ['s3://'] })
    // Nothing is lost: with the permission, the record comes.
    const allowed = await configFile(rig(), 'allowed', configText(rig(), job, rig().s3.s3))
    const worker = await startWorker(rig(), 'allowed', allowed)
    await untilRows(rig().catalog, 'bad.forbidden', { rows: 1, workers: [worker] })
    await stopGently(worker)
  })
})
