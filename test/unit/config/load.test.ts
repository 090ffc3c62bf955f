import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { loadConfig, type ConfigLoading } from '../../../src/config/load.ts'
import { configError, problemText } from '../../../src/config/problem.ts'
import type { Config } from '../../../src/config/schema.ts'
import { Secret } from '../../../src/config/secret.ts'
import { topicName } from '../../../src/core/ids.ts'

const MINIMAL = `
writer: orders-lake
kafka:
  brokers: localhost:9092
catalog:
  uri: http://localhost:8181
tables:
  - table: lake.orders
    topics: orders
`

const FILES: Readonly<Record<string, string>> = {
  '/etc/firn/password': 's3cret\n',
  '/etc/firn/ca.pem': '-----BEGIN CERTIFICATE-----',
}

function readFile(path: string): string {
  const text = FILES[path]
  if (text === undefined) throw new Error(`ENOENT: ${path}`)
  return text
}

function load(text: string, env: Record<string, string> = {}): ConfigLoading {
  return loadConfig({ text, path: '/etc/firn/firn.yaml', env, readFile })
}

function loaded(text: string, env: Record<string, string> = {}): Config {
  const loading = load(text, env)
  if (loading.kind === 'invalid') throw configError(loading.problems, 'firn.yaml')
  return loading.config
}

function problems(text: string, env: Record<string, string> = {}): string[] {
  const loading = load(text, env)
  return loading.kind === 'loaded'
    ? []
    : loading.problems.map((problem) => problemText(problem, 'firn.yaml'))
}

/** The minimal configuration with more lines at its end. */
const withMore = (more: string): string => `${MINIMAL}${more}`

const port = (value: string): string => withMore(`http: {port: "${value}"}\n`)

const sasl = (keys: string): string =>
  MINIMAL.replace(
    'brokers: localhost:9092',
    `brokers: localhost:9092\n  sasl: {mechanism: plain, username: me, ${keys}}`,
  )

const revealed = (config: Config): string | undefined =>
  config.kafka.sasl?.mechanism === 'plain' ? config.kafka.sasl.password.reveal() : undefined

describe('a minimal configuration', () => {
  const config = loaded(MINIMAL)

  test('has every default in place', () => {
    expect(config.kafka.group).toBe('firn-orders-lake')
    expect(config.kafka.brokers).toEqual([{ host: 'localhost', port: 9092 }])
    expect(config.kafka.heartbeatIntervalMs).toBeLessThan(config.kafka.sessionTimeoutMs)
    expect(config.catalog.auth).toEqual({ type: 'none' })
    expect(config.flush.intervalMs).toBe(60_000)
    expect(config.storage.s3.pathStyle).toBe(false)
    expect(config.storage.s3.credentials).toBeUndefined()
  })

  test('has the table with its defaults', () => {
    const [table] = config.tables
    expect(table).toMatchObject({
      table: { namespace: ['lake'], name: 'orders' },
      topics: [{ kind: 'name', name: 'orders' }],
      start: { kind: 'earliest' },
      onRollback: 'follow',
      branch: 'main',
      metadataColumn: { enabled: true, name: '_kafka', key: false, headers: false },
      create: { partitionBy: [], sortBy: [], properties: {}, formatVersion: 2 },
      flush: { intervalMs: 60_000, idleMs: undefined },
    })
  })
})

describe('values', () => {
  test('brokers are a list or text with commas, IPv6 in brackets', () => {
    const text = MINIMAL.replace('localhost:9092', 'a:1, "[::1]:2"').replace(
      /brokers: (.*)/,
      'brokers: [$1]',
    )
    const asText = MINIMAL.replace('localhost:9092', '"a:1, [::1]:2"')
    const expected = [
      { host: 'a', port: 1 },
      { host: '::1', port: 2 },
    ]
    expect(loaded(text).kafka.brokers).toEqual(expected)
    expect(loaded(asText).kafka.brokers).toEqual(expected)
  })

  test('offsets keep all 63 bits', () => {
    const config = loaded(
      withMore('    start: {offsets: {orders: {0: 9223372036854775807, 1: 5}}}\n'),
    )
    const start = config.tables[0]!.start
    expect(start.kind).toBe('offsets')
    if (start.kind !== 'offsets') return
    const of = (partition: number): bigint | undefined =>
      start.positions.get({ topic: topicName('orders'), partition })
    expect([of(0), of(1), of(2)]).toEqual([9223372036854775807n, 5n, undefined])
  })

  test('a timestamp has a zone and comes as milliseconds', () => {
    const config = loaded(withMore('    start: {timestamp: 2026-11-23T09:00:00+01:00}\n'))
    expect(config.tables[0]!.start).toEqual({
      kind: 'timestamp',
      timestampMs: Date.UTC(2026, 10, 23, 8),
    })
    expect(problems(withMore('    start: {timestamp: 2026-11-23T09:00:00}\n'))).toHaveLength(1)
  })

  test('a pattern matches whole names', () => {
    const config = loaded(MINIMAL.replace('topics: orders', String.raw`topics: {pattern: 'o\..*'}`))
    const [choice] = config.tables[0]!.topics
    expect(choice?.kind === 'pattern' && choice.pattern.test('o.x')).toBe(true)
    expect(choice?.kind === 'pattern' && choice.pattern.test('no.x')).toBe(false)
  })

  test("a table's own flush limits go over those for all", () => {
    const config = loaded(
      withMore(
        '    flush: {idle_ms: 50}\n  - {table: a.b, topics: c}\nflush: {interval_ms: 5000, idle_ms: 99}\n',
      ),
    )
    expect(config.tables.map((table) => [table.flush.intervalMs, table.flush.idleMs])).toEqual([
      [5000, 50],
      [5000, 99],
    ])
  })

  test('aliases of YAML are followed', () => {
    const config = loaded(
      withMore(
        '    flush: &short {interval_ms: 700}\n  - {table: a.b, topics: c, flush: *short}\n',
      ),
    )
    expect(config.tables[1]!.flush.intervalMs).toBe(700)
  })

  test('a key without a value is as if it were not there', () => {
    expect(loaded(withMore('http:\n')).http.port).toBe(8080)
  })
})

describe('the environment', () => {
  test('a variable takes the type that its key wants', () => {
    expect(loaded(port('${PORT}'), { PORT: '9' }).http.port).toBe(9)
    expect(loaded(withMore('http:\n  enabled: ${ON}\n'), { ON: 'false' }).http.enabled).toBe(false)
    expect(loaded(withMore('log: {level: "${L:-debug}"}\n')).log.level).toBe('debug')
    expect(loaded(withMore('kafka2: 1\n').replace('kafka2: 1', '')).writer).toBe('orders-lake')
  })

  test('text that looks like a number stays text where text is wanted', () => {
    const text = MINIMAL.replace(
      'brokers: localhost:9092',
      'brokers: localhost:9092\n  client_id: ${ID}',
    )
    expect(loaded(text, { ID: '007' }).kafka.clientId).toBe('007')
  })

  test('an unset variable is a problem with its place, and only one', () => {
    expect(problems(port('${PORT}'))).toEqual([
      'firn.yaml:10:14: http.port: expected the environment variable PORT, found it unset',
    ])
  })

  test('the value of a variable is not shown: it may be a secret in the wrong place', () => {
    const [problem] = problems(port('${PORT}'), { PORT: 'hunter2' })
    expect(problem).toContain('found the value of ${PORT}')
    expect(problem).not.toContain('hunter2')
  })
})

describe('secrets', () => {
  test('come from the file itself, the environment, or a file of their own', () => {
    expect(revealed(loaded(sasl('password: hunter2')))).toBe('hunter2')
    expect(revealed(loaded(sasl('password: "${PW}"'), { PW: '123' }))).toBe('123')
    expect(revealed(loaded(sasl('password_file: password')))).toBe('s3cret')
    expect(revealed(loaded(sasl('password_file: /etc/firn/password')))).toBe('s3cret')
  })

  test('never show', () => {
    const config = loaded(sasl('password: hunter2'))
    expect(inspect(config, { depth: 20 })).not.toContain('hunter2')
    expect(JSON.stringify(config.kafka)).not.toContain('hunter2')
    expect(String(Secret.of('hunter2'))).toBe('[secret]')
  })

  test('exactly one of the two keys', () => {
    expect(problems(sasl('password: a, password_file: password'))[0]).toContain(
      'kafka.sasl.password_file: expected either `password` or `password_file`',
    )
    expect(problems(sasl(''))[0]).toContain('kafka.sasl: expected `password` or `password_file`')
  })

  test('a wrong value of a secret is not shown', () => {
    const [problem] = problems(sasl('password: 99887766'))
    expect(problem).toContain('kafka.sasl.password: expected text')
    expect(problem).not.toContain('99887766')
  })

  test('a file that cannot be read is a problem at its key', () => {
    expect(problems(sasl('password_file: nowhere'))[0]).toContain(
      'kafka.sasl.password_file: expected a file that can be read: ENOENT: /etc/firn/nowhere',
    )
  })

  test('TLS files are read', () => {
    const text = MINIMAL.replace('localhost:9092', 'localhost:9092\n  tls: {ca_file: ca.pem}')
    expect(loaded(text).kafka.tls?.ca).toBe('-----BEGIN CERTIFICATE-----')
  })
})

describe('problems', () => {
  test('all at once, in the order of the file, each with its place', () => {
    const text = MINIMAL.replace('writer: orders-lake', 'writer: Orders')
      .replace('brokers:', 'brokrs:')
      .replace('topics: orders', 'topics: []')
    expect(problems(text)).toEqual([
      'firn.yaml:2:9: writer: expected at most 63 lower-case letters, digits and `-`, as `orders-lake`, found "Orders"',
      'firn.yaml:4:3: kafka.brokrs: expected `brokers`, found the unknown key `brokrs` (did you mean `brokers`?)',
      'firn.yaml:9:13: tables.0.topics: expected text, or a section with `pattern`, or a list with something in it, found an empty list',
    ])
  })

  test('an empty file lacks the required keys', () => {
    const keys = ['writer', 'kafka', 'catalog', 'tables']
    expect(problems('').map((line) => line.replace(/ expected .* found/, ''))).toEqual(
      keys.map((key) => `firn.yaml:1:1: ${key}: nothing`),
    )
  })

  test('something else than a section', () => {
    expect(problems('- 1')[0]).toContain('firn.yaml:1:1: expected a section with `writer`')
  })

  test('broken YAML has its place and no echo', () => {
    expect(problems('writer: a\nkafka: {brokers: [a:1}\nx: y: z')).toEqual([
      expect.stringMatching(/^firn\.yaml:2:\d+: expected YAML, found an error: /),
    ])
    expect(problems('writer: a\nwriter: b')[0]).toContain('firn.yaml:2:1: expected each key once')
  })

  test.each([
    ['log: {level: warning}', 'did you mean `warn`?'],
    ['threads: 1.5', 'threads: expected a whole number from 0 to 256, found 1.5'],
    [
      'flush: {interval_ms: 5}',
      'flush.interval_ms: expected a whole number from 10 to 604800000, found 5',
    ],
    ['http: {port: "80"}', 'http.port: expected a whole number from 0 to 65535, found "80"'],
    ['http: {enabled: yes}', 'http.enabled: expected true or false, found "yes"'],
    ['comit: {}', 'did you mean `commit`?'],
    ['zzzzzz: 1', 'expected one of `writer`, `kafka`'],
    ['http: {host: "${1x}"}', 'expected ${NAME} or ${NAME:-default}, or $$ for a plain $'],
    [
      'storage: {s3: {access_key_id: a}}',
      'expected `secret_access_key` or `secret_access_key_file`',
    ],
    ['storage: {s3: {session_token: a}}', 'expected `access_key_id` and `secret_access_key`'],
    ['flush: {interval_ms: 300000}', 'less than `http.freshness_objective_ms` (300000)'],
    ['commit: {drain_budget_ms: 60000}', 'less than `kafka.rebalance_timeout_ms` (60000)'],
    [
      '  - {table: lake.orders, topics: x}',
      'tables.1.table: expected another table than `tables.0` has',
    ],
    ['  - {table: a.b, topics: orders}', 'topics that `tables.0` does not take (not orders)'],
    ['  - {table: a.b, topics: {pattern: "ord.*"}}', 'topics that `tables.0` does not take'],
    ['  - {table: a.b, topics: "x y"}', 'tables.1.topics: expected'],
    ['  - {table: orders, topics: x}', 'as `lake.orders`, found "orders"'],
    [
      '    start: {offsets: {other: {0: 1}}}',
      'tables.0.start.offsets.other: expected one of the topics',
    ],
    [
      '    start: {offsets: {orders: {x: 1}}}',
      "tables.0.start.offsets.orders.x: expected a partition's number",
    ],
    [
      '    start: {offsets: {orders: {0: -1}}}',
      'tables.0.start.offsets.orders.0: expected a whole number',
    ],
    ['    start: {timestap: 1}', 'did you mean `timestamp`?'],
    ['    start: newest', 'expected one of `earliest`, `latest`, `group`'],
    ['    create: true', 'tables.0.create: expected `false`, or a section'],
    ['    create: {formatversion: 2}', 'did you mean `format_version`?'],
    ['    create: {format_version: 1}', 'expected one of `2`, `3`, found 1'],
    ['    create: {partition_by: [week(ts)]}', 'tables.0.create.partition_by.0: expected a column'],
    ['    create: {sort_by: [ts up]}', 'tables.0.create.sort_by.0: expected a column'],
    ['    columns: [{name: a, type: lng}]', 'tables.0.columns.0.type: expected an Iceberg type'],
    ['    columns: [{name: a, type: {lst: int}}]', 'did you mean `list`?'],
    [
      '    columns: [{name: a, type: {map: {key: int, valu: int}}}]',
      'tables.0.columns.0.type.map.valu',
    ],
    [
      '    columns: [{name: a, type: int}, {name: a, type: int}]',
      'another name than that of column 1',
    ],
  ])('%s', (line, expected) => {
    expect(problems(withMore(`${line}\n`)).join('\n')).toContain(expected)
  })

  test.each([
    [
      'session_timeout_ms: 3000',
      'kafka.session_timeout_ms: expected `heartbeat_interval_ms` (3000) below',
    ],
    ['heartbeat_interval_ms: 45000', 'kafka.heartbeat_interval_ms: expected'],
    [
      'group_protocol: consumer\n  heartbeat_interval_ms: 1000',
      'expected nothing under `group_protocol: consumer`',
    ],
    ['fetch: {max_wait_ms: 30000}', 'less than `kafka.request_timeout_ms` (30000)'],
    ['fetch: {partition_max_bytes_limit: 1024}', 'at least `partition_max_bytes` (2097152)'],
    ['tls: {cert_file: ca.pem}', 'kafka.tls.cert_file: expected `key_file` beside it'],
    ['sasl: {mechanism: kerberos}', 'kafka.sasl.mechanism: expected one of'],
  ])('kafka: %s', (line, expected) => {
    const text = MINIMAL.replace('localhost:9092', `localhost:9092\n  ${line}`)
    expect(problems(text).join('\n')).toContain(expected)
  })

  test('a file that is too deep, too long or grows by its aliases is refused', () => {
    expect(problems(`a: ${'['.repeat(100)}${']'.repeat(100)}`).join()).toContain('a smaller file')
    expect(problems('#'.repeat(1024 * 1024 + 1)).join()).toContain('at most 1 MiB')
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
    for (const [name, of] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf']) {
      bomb.push(`${name}: &${name} [${`*${of}, `.repeat(10)}]`)
    }
    expect(problems(bomb.join('\n')).join()).toContain('a smaller file')
  })

  test('become one error with all of them', () => {
    const loading = load('')
    const error = configError(loading.kind === 'invalid' ? loading.problems : [], 'firn.yaml')
    expect(error.code).toBe('CONFIG_INVALID')
    expect(error.message).toContain('firn.yaml has 4 problems')
    expect(error.context).toEqual({ file: 'firn.yaml', problems: 4 })
  })
})

describe('the examples', () => {
  const examples = ['minimal', 'local', 's3-oauth', 'full']
  const env = {
    KAFKA_BROKERS: 'a:1,b:2',
    CATALOG_URI: 'https://catalog.example.com',
    S3_KEY_ID: 'key',
    KAFKA_PASSWORD: 'x',
    CATALOG_SECRET: 'x',
    S3_SECRET: 'x',
  }

  test.each(examples)('%s.yaml is right', (name) => {
    const text = readFileSync(new URL(`../../../config/${name}.yaml`, import.meta.url), 'utf8')
    const loading = loadConfig({ text, path: `config/${name}.yaml`, env, readFile: () => 'x' })
    expect(loading.kind === 'invalid' ? loading.problems : []).toEqual([])
  })
})
