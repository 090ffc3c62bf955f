import { describe, expect, test } from 'vitest'
import type { Invocation, VerbListing } from '../../../src/cli/arguments.ts'
import { runCli, type Verb, type VerbBody } from '../../../src/cli/run-cli.ts'
import type { ExitCode, Output } from '../../../src/cli/output.ts'
import { FirnError } from '../../../src/core/errors.ts'

type Act = (invocation: Invocation, output: Output) => Promise<ExitCode>

function verb(
  name: string,
  act: Act,
  { operands = [], ...more }: Partial<VerbListing & VerbBody> = {},
): Verb {
  const body: VerbBody = {
    options: {},
    example: { command: `firn ${name}`, does: 'what it does' },
    run: act,
    ...more,
  }
  return { name, summary: `does ${name}`, operands, load: async () => Promise.resolve(body) }
}

/** A verb that must not be needed. */
function unloadable(name: string): Verb {
  const load: Verb['load'] = async () => Promise.reject(new Error(`${name} was loaded`))
  return { name, summary: `does ${name}`, operands: [], load }
}

interface Ran {
  readonly exit: ExitCode
  readonly out: string
  readonly err: string
}

async function run(
  argv: string[],
  verbs: Verb[],
  world: { terminal?: boolean; env?: Record<string, string> } = {},
): Promise<Ran> {
  let out = ''
  let err = ''
  const exit = await runCli(argv, verbs, {
    stdout: { write: (text) => (out += text) },
    stderr: { write: (text) => (err += text) },
    terminal: world.terminal ?? false,
    env: world.env ?? {},
    version: '1.2.3',
  })
  return { exit, out, err }
}

const nothing: Act = async () => Promise.resolve(0)

const namesConfig: Act = async ({ configPath }, output) => {
  output.line(configPath)
  return Promise.resolve(0)
}

describe('runCli', () => {
  const verbs = [
    verb('run', nothing),
    verb('status', nothing),
    verb('history', nothing, {
      operands: ['TABLE'],
      options: { limit: { type: 'string', value: 'N', description: 'at most so many' } },
    }),
    verb('ledger show', nothing, { operands: ['[TABLE]'] }),
    verb('ledger init', nothing),
  ]

  test('gives the verb its options and operands', async () => {
    let seen: Invocation | undefined
    const history = verb(
      'history',
      async (invocation) => {
        seen = invocation
        return Promise.resolve(3)
      },
      {
        operands: ['TABLE'],
        options: {
          limit: { type: 'string', description: '' },
          all: { type: 'boolean', description: '' },
        },
      },
    )
    const { exit } = await run(
      ['history', '--limit=5', 'lake.orders', '--json', '--config', 'x.yaml'],
      [history],
    )
    expect(exit).toBe(3)
    expect(seen).toMatchObject({ configPath: 'x.yaml', json: true, operands: ['lake.orders'] })
    expect([seen?.text('limit'), seen?.text('all'), seen?.flag('all'), seen?.flag('json')]).toEqual(
      ['5', undefined, false, true],
    )
  })

  test.each([
    [[], {}, './firn.yaml'],
    [[], { FIRN_CONFIG: '/etc/firn.yaml' }, '/etc/firn.yaml'],
    [['--config', 'a'], { FIRN_CONFIG: 'b' }, 'a'],
  ])('configuration by %j and %j is %s', async (args, env, expected) => {
    const { out } = await run(['run', ...args], [verb('run', namesConfig)], { env })
    expect(out).toBe(`${expected}\n`)
  })

  test('lists and explains the verbs', async () => {
    for (const argv of [['--help'], ['-h'], ['help']]) {
      const { exit, out } = await run(argv, verbs)
      expect(exit).toBe(0)
      for (const { name, summary } of verbs) expect(out).toMatch(new RegExp(`${name}.*${summary}`))
    }
    for (const argv of [
      ['history', '--help'],
      ['help', 'history'],
      ['history', '-h'],
    ]) {
      const { exit, out } = await run(argv, verbs)
      expect(exit).toBe(0)
      expect(out).toContain('usage: firn history TABLE [options]')
      expect(out).toContain('--limit N')
      expect(out).toContain('--config FILE')
      expect(out).toContain('example:\n  firn history')
    }
    expect((await run(['--version'], verbs)).out).toBe('firn 1.2.3\n')
  })

  test('loads the verb that is called, and for a list none', async () => {
    const list = [verb('run', nothing), unloadable('status')]
    for (const argv of [['run'], ['run', '--help'], ['help', 'run'], ['--help'], ['--version']]) {
      expect(await run(argv, list), argv.join(' ')).toMatchObject({ exit: 0, err: '' })
    }
    const { exit, err } = await run(['status'], list)
    expect([exit, err]).toEqual([1, expect.stringContaining('status was loaded')])
  })

  test.each([
    [[], 'a verb is missing', 'firn --help'],
    [['stats'], 'there is no verb `stats`', 'did you mean `firn status`?'],
    [['xyz'], 'there is no verb `xyz`', 'firn --help lists the verbs'],
    [['ledger'], '`ledger` needs one of: ledger show, ledger init', 'firn ledger'],
    [['ledger', 'int'], '`ledger` needs one of', 'firn ledger init --help'],
    [['history'], '`firn history` needs TABLE', 'firn history'],
    [['history', 'a', 'b'], '`firn history` does not take `b`', ''],
    [['history', 'a', '--limt', '5'], "Unknown option '--limt'", 'did you mean `--limit`?'],
    [
      ['history', 'a', '--limit'],
      "Option '--limit <value>' argument missing",
      'firn history --help',
    ],
    [['run', '--json=yes'], "Option '--json' does not take an argument", ''],
    [['help', 'nope'], 'there is no verb `nope`', ''],
  ])('%j is wrong use', async (argv, message, help) => {
    const { exit, out, err } = await run(argv, verbs)
    expect(exit).toBe(2)
    const said = argv.some((word) => word.startsWith('--json')) && out !== '' ? out : err
    expect(said).toContain('USAGE')
    expect(said).toContain(message)
    expect(said).toContain(help)
  })
})

describe('errors', () => {
  const refusing = verb('run', async () => {
    await Promise.resolve()
    throw new FirnError('OFFSETS_EXPIRED', 'orders/3: 12 records are gone', {
      cause: new Error('OFFSET_OUT_OF_RANGE'),
      context: { table: 'lake.orders', from: 9007199254740993n },
      help: 'firn ledger accept-gap lake.orders',
    })
  })

  test('are printed with code, facts and help, on stderr', async () => {
    const { exit, out, err } = await run(['run'], [refusing])
    expect(exit).toBe(3)
    expect(out).toBe('')
    expect(err).toBe(
      [
        'error OFFSETS_EXPIRED: orders/3: 12 records are gone: OFFSET_OUT_OF_RANGE',
        '  table: lake.orders',
        '  from: 9007199254740993',
        'help: firn ledger accept-gap lake.orders',
        '',
      ].join('\n'),
    )
  })

  test('are one exact document under --json', async () => {
    const { exit, out, err } = await run(['run', '--json'], [refusing])
    expect([exit, err]).toEqual([3, ''])
    expect(out).toContain('"from": 9007199254740993\n')
    expect(JSON.parse(out)).toMatchObject({
      error: {
        code: 'OFFSETS_EXPIRED',
        retry: 'never',
        help: 'firn ledger accept-gap lake.orders',
      },
    })
  })

  test('without a code are a bug, with its place', async () => {
    const broken = verb('run', async () => {
      await Promise.resolve()
      throw new TypeError('x is not a function')
    })
    const { exit, err } = await run(['run'], [broken])
    expect(exit).toBe(1)
    expect(err).toMatch(/^error INTERNAL: x is not a function\n {2}place: at .*run-cli\.test/)
  })

  test('of any kind are caught', async () => {
    const odd = verb('run', async () => {
      await Promise.resolve()
      // oxlint-disable-next-line typescript/only-throw-error -- what others throw is not ours to choose
      throw 'text'
    })
    expect(await run(['run'], [odd])).toEqual({ exit: 1, out: '', err: 'error INTERNAL: text\n' })
  })
})

describe('output', () => {
  const showing = verb('run', async (_invocation, output) => {
    output.heading('Kafka')
    output.mark('ok', 'broker reached')
    output.mark('failed', 'topic orders', 'create it')
    output.table([{ title: 'a' }], [['1']])
    output.document({ offset: 9223372036854775807n })
    output.aside('on the way')
    return Promise.resolve(0)
  })

  test('is lines for people by default', async () => {
    const { out, err } = await run(['run'], [showing])
    expect(out).toBe('Kafka\n✓ broker reached\n✗ topic orders\n  → create it\na\n1\n')
    expect(err).toBe('on the way\n')
  })

  test('is one document for programs under --json', async () => {
    const { out } = await run(['run', '--json'], [showing])
    expect(out).toBe('{\n  "offset": 9223372036854775807\n}\n')
  })

  test('has colours on a terminal only, and never with NO_COLOR', async () => {
    const escape = '\u001B['
    expect((await run(['run'], [showing], { terminal: true })).out).toContain(escape)
    expect((await run(['run'], [showing])).out).not.toContain(escape)
    const plain = await run(['run'], [showing], { terminal: true, env: { NO_COLOR: '1' } })
    expect(plain.out).not.toContain(escape)
  })
})
