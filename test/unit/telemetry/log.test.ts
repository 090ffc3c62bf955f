import { Writable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/config/secret.ts'
import { FirnError } from '../../../src/core/errors.ts'
import { topicName } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import { createLog, silentLog, type LogOptions } from '../../../src/telemetry/log.ts'
import { loggable } from '../../../src/telemetry/loggable.ts'

class Lines extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }

  get json(): Record<string, unknown>[] {
    return this.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  }
}

function logTo(output: Lines, options: Partial<LogOptions> = {}): ReturnType<typeof createLog> {
  return createLog({
    level: 'info',
    format: 'auto',
    terminal: false,
    output,
    now: () => 0,
    ...options,
  })
}

describe('the log', () => {
  test('is one JSON object a line where it is no terminal', () => {
    const output = new Lines()
    logTo(output).child({ worker: 'a' }).info('committed', { table: 'lake.orders', rows: 3n })
    expect(output.json).toEqual([
      {
        level: 'info',
        time: '1970-01-01T00:00:00.000Z',
        worker: 'a',
        table: 'lake.orders',
        rows: '3',
        msg: 'committed',
      },
    ])
  })

  test('is a line for people on a terminal', () => {
    const output = new Lines()
    logTo(output, { terminal: true }).warn('retrying', { attempt: 2 })
    expect(output.text).toMatch(/WARN.*retrying/)
    expect(output.text).toContain('attempt')
    expect(output.text).toContain('\u001B[')
  })

  test('is pretty without colours when that is asked for', () => {
    const output = new Lines()
    logTo(output, { format: 'pretty' }).error('gone', { error: new Error('cause') })
    expect(output.text).toMatch(/ERROR.*gone/)
    expect(output.text).not.toContain('\u001B[')
  })

  test('leaves out what lies below its level', () => {
    const output = new Lines()
    const log = logTo(output, { level: 'warn' })
    log.debug('a')
    log.info('b')
    log.warn('c')
    expect(output.json.map((line) => line['msg'])).toEqual(['c'])
  })

  test('int64 is whole, and secrets do not show', () => {
    const output = new Lines()
    logTo(output).info('x', {
      snapshot: 6838723292707092922n,
      password: 'hunter2',
      deep: { authorization: 'Bearer hunter2', held: Secret.of('hunter2') },
    })
    expect(output.text).toContain('"snapshot":"6838723292707092922"')
    expect(output.text).not.toContain('hunter2')
  })

  test('the silent one says nothing', () => {
    expect(silentLog.child({})).toBe(silentLog)
    expect(silentLog.info('x')).toBeUndefined()
  })
})

describe('loggable', () => {
  test('an error of Firn has its code, causes, context and help', () => {
    const error = new FirnError('CATALOG_UNAVAILABLE', 'no answer', {
      cause: new Error('ECONNREFUSED'),
      context: { attempt: 3, snapshot: 9007199254740993n },
      help: 'start it',
    })
    expect(loggable({ error })).toEqual({
      error: {
        code: 'CATALOG_UNAVAILABLE',
        message: 'no answer: ECONNREFUSED',
        context: { attempt: 3, snapshot: '9007199254740993' },
        help: 'start it',
      },
    })
  })

  test('any other error has its stack', () => {
    expect(loggable({ error: new TypeError('x') })).toMatchObject({
      error: {
        name: 'TypeError',
        message: 'x',
        stack: expect.stringContaining('log.test') as string,
      },
    })
  })

  test('is bounded', () => {
    const loop: Record<string, unknown> = {}
    loop['self'] = loop
    const text = JSON.stringify(
      loggable({ loop, long: 'x'.repeat(100_000), many: Array.from({ length: 10_000 }, () => 1) }),
    )
    expect(text.length).toBeLessThan(11_000)
  })

  test('knows the collections that Firn logs', () => {
    const partitions = new PartitionMap([[{ topic: topicName('t'), partition: 1 }, 5n]])
    expect(
      loggable({
        partitions,
        map: new Map([['a', 1n]]),
        set: new Set([1]),
        bytes: new Uint8Array(3),
        date: new Date(0),
        nothing: null,
        call: () => 1,
      }),
    ).toEqual({
      partitions: [[{ topic: 't', partition: 1 }, '5']],
      map: { a: '1' },
      set: [1],
      bytes: '3 bytes',
      date: '1970-01-01T00:00:00.000Z',
      nothing: null,
      call: undefined,
    })
  })
})
