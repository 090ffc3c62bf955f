import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { poll } from '../../rig/environment.ts'
import type { FirnWorker } from '../../rig/firn.ts'
import { type KafkaTool, kafkaTool } from '../../rig/produce.ts'
import { readWith } from '../../rig/readers/readers.ts'
import type { SnapshotId } from '../../src/core/ids.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { useRig } from '../support/rig.ts'
import { locate, rowsOf, untilRows } from './support/catalog-view.ts'
import { ForeignWriter } from './support/foreign-writer.ts'
import {
  codeOf,
  configFile,
  configText,
  startWorker,
  stopGently,
  untilLogged,
} from './support/job.ts'
import { commandIn, runVerb, tableStatus, type TableStatus, verbDocument } from './support/verbs.ts'

// The drill, as a person would do it: every verb of the runbook under a running worker, on the real parts.

const PARTITIONS = 2
const PORTION = 300
const HOUR_MS = 3_600_000
/** A table for each policy; each reads the topic of its name. */
const POLICIES = ['follow', 'hold', 'skip'] as const
type Name = (typeof POLICIES)[number] | 'lost'
const NAMES: readonly Name[] = [...POLICIES, 'lost']

const rig = useRig({ kafka: true, catalog: 'fixture', readers: ['duckdb', 'pyiceberg'] })
const produced = new Map<Name, number>()
/** What the tables should hold. */
const rows = new Map<Name, number>()
let config = ''

function tableOf(name: Name): string {
  return `  - table: shop.${name}
    topics: ${name}
    on_rollback: ${name === 'lost' ? 'follow' : name}
    columns: [{name: id, type: long, required: true}]`
}

const foreign = (name: Name): ForeignWriter =>
  new ForeignWriter(rig().catalog, { namespace: ['shop'], name })

async function produce(tool: KafkaTool, name: Name, count = PORTION): Promise<void> {
  const from = produced.get(name) ?? 0
  const records = Array.from({ length: count }, (_, i) => ({
    value: JSON.stringify({ id: from + i }),
    partition: (from + i) % PARTITIONS,
  }))
  await tool.produce(name, records)
  produced.set(name, from + count)
  rows.set(name, (rows.get(name) ?? 0) + count)
}

async function reached(worker: FirnWorker, ...names: readonly Name[]): Promise<void> {
  for (const name of names) {
    const wanted = rows.get(name) ?? 0
    await untilRows(rig().catalog, `shop.${name}`, { rows: wanted, workers: [worker] })
  }
}

/** As many rows as there should be, each position once; and the ledger at the log's end, by `status`. */
async function expectExact(name: Name, engine: 'duckdb' | 'pyiceberg' = 'duckdb'): Promise<void> {
  const metadataLocation = await locate(rig().catalog, `shop.${name}`)
  const positions = await readWith(engine, { metadataLocation }).positions()
  const total = { rows: 0, distinct: 0 }
  for (const one of positions) {
    total.rows += one.rows
    total.distinct += one.distinct
  }
  const wanted = rows.get(name) ?? 0
  expect(total, name).toEqual({ rows: wanted, distinct: wanted })
}

const statusOf = async (name: Name): Promise<TableStatus> => tableStatus(config, `shop.${name}`)

async function untilCaughtUp(name: Name): Promise<void> {
  const done = await poll(
    async () => {
      const { partitions } = await statusOf(name)
      return partitions.every(({ lag, ledger }) => lag === 0 && ledger !== null) ? true : undefined
    },
    { deadlineMs: 20_000, everyMs: 100 },
  )
  expect(done, `the ledger of ${name} at the end of its log`).toBe(true)
}

/** The worker tells of a refusal of that table. */
async function untilRefused(worker: FirnWorker, name: Name, code: string): Promise<string> {
  const line = await untilLogged(
    worker,
    (one) => codeOf(one) === code && one['table'] === `shop.${name}`,
  )
  return z.object({ error: z.object({ help: z.string() }) }).parse(line).error.help
}

/** Where a table stands, for a later way back. */
async function headOf(name: Name): Promise<{ id: SnapshotId; timestampMs: bigint; rows: number }> {
  const [head] = await foreign(name).ancestry()
  if (head === undefined) throw new Error(`shop.${name} is empty`)
  return { id: head.snapshotId, timestampMs: head.timestampMs, rows: rows.get(name) ?? 0 }
}

/** Runs a verb that must succeed; it is not asked. */
async function act(...argv: readonly string[]): Promise<JsonObject> {
  const { status, document } = await verbDocument(config, ...argv, '--yes')
  expect({ status, error: document['error'] }, argv.join(' ')).toEqual({ status: 0 })
  return document
}

const refusedSchema = z.object({ error: z.object({ code: z.string(), help: z.string() }) })

/** Runs a verb that must be refused, and returns why. */
async function refused(...argv: readonly string[]): Promise<{ code: string; help: string }> {
  const { status, document } = await verbDocument(config, ...argv, '--yes')
  expect(status, argv.join(' ')).toBe(3)
  return refusedSchema.parse(document).error
}

const produceAll = async (tool: KafkaTool): Promise<void> => {
  for (const name of POLICIES) await produce(tool, name)
}

test('a table is filled', async () => {
  await using tool = kafkaTool(rig().kafka.bootstrap)
  for (const name of NAMES) {
    const settings = { 'retention.ms': `${HOUR_MS}` }
    await tool.createTopic(name, { partitions: PARTITIONS, config: settings })
  }
  const text = configText(rig(), {
    writer: 'drill',
    tables: NAMES.map(tableOf).join('\n'),
    flush: '{interval_ms: 1000, idle_ms: 200}',
    rest: 'commit: {idle_load_interval_ms: 300, exhausted_retry_ms: 300}',
  })
  config = await configFile(rig(), 'drill', text)
  const worker = await startWorker(rig(), 'fills', config)
  await produceAll(tool)
  await reached(worker, ...POLICIES)
  await stopGently(worker)
  for (const name of POLICIES) await expectExact(name)
})

describe('somebody rolls the tables back under a running worker', () => {
  test('each policy does what it says, and the verb that is printed resolves the one that holds', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    const marks = new Map(
      await Promise.all(POLICIES.map(async (name) => [name as Name, await headOf(name)] as const)),
    )
    const worker = await startWorker(rig(), 'rolled-back', config)
    await produceAll(tool)
    await reached(worker, ...POLICIES)
    for (const [name, { id }] of marks) await foreign(name).rollBack(id)

    await reached(worker, 'follow')

    const help = await untilRefused(worker, 'hold', 'TABLE_ROLLED_BACK')
    expect((await foreign('hold').load()).currentSnapshotId).toBe(marks.get('hold')?.id)
    await act(...commandIn(help, 4))
    await reached(worker, 'hold')

    await untilCaughtUp('skip')
    rows.set('skip', marks.get('skip')?.rows ?? 0)
    await produceAll(tool)
    await reached(worker, ...POLICIES)
    await stopGently(worker)
    for (const name of POLICIES) await expectExact(name)
  })
})

const rollbackSchema = z.object({
  done: z.boolean(),
  leaving: z.array(z.unknown()),
  partitions: z.record(
    z.string(),
    z.object({ before: z.number(), after: z.number(), positions: z.number() }),
  ),
})

/** The records that a rollback takes out, by its own account. */
function taken(document: JsonObject): number {
  const { partitions } = rollbackSchema.parse(document)
  return Object.values(partitions).reduce((sum, { positions }) => sum + positions, 0)
}

describe('firn rollback under a running worker', () => {
  test('takes data and position back together, whatever the policy: replay, hold and skip', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    const marks = new Map(
      await Promise.all(POLICIES.map(async (name) => [name as Name, await headOf(name)] as const)),
    )
    const { partitions } = await statusOf('skip')
    const offset = partitions.find(({ partition }) => partition === 0)?.ledger
    const worker = await startWorker(rig(), 'rolls-back', config)
    await produceAll(tool)
    await reached(worker, ...POLICIES)
    const to = (name: Name): string => String(marks.get(name)?.id)

    // What is only shown changes nothing, and what nobody confirms is not done.
    const before = await foreign('follow').load()
    const shown = await verbDocument(
      config,
      'rollback',
      'shop.follow',
      '--to',
      to('follow'),
      '--dry-run',
    )
    expect(shown.status).toBe(0)
    expect(rollbackSchema.parse(shown.document)).toMatchObject({ done: false })
    expect(taken(shown.document)).toBe(PORTION)
    expect((await runVerb(config, 'rollback', 'shop.follow', '--to', to('follow'))).status).toBe(2)
    expect((await foreign('follow').load()).currentSnapshotId).toBe(before.currentSnapshotId)

    await act('rollback', 'shop.follow', '--to', to('follow'))
    await reached(worker, 'follow')

    const time = new Date(Number(marks.get('hold')?.timestampMs)).toISOString()
    await act('rollback', 'shop.hold', '--to', time, '--then', 'hold', '--reason', 'drill')
    const help = await untilRefused(worker, 'hold', 'TABLE_HELD')
    expect(await rowsOf(rig().catalog, 'shop.hold')).toBe(marks.get('hold')?.rows)
    expect((await statusOf('hold')).refusals.join()).toContain('drill')
    await act(...commandIn(help, 2))
    await reached(worker, 'hold')

    const skipped = await act('rollback', 'shop.skip', '--to', `skip/0@${offset}`, '--then', 'skip')
    rows.set('skip', (rows.get('skip') ?? 0) - taken(skipped))
    expect(await rowsOf(rig().catalog, 'shop.skip')).toBe(rows.get('skip'))
    expect(rows.get('skip')).toBe(marks.get('skip')?.rows)
    await untilCaughtUp('skip')

    await produceAll(tool)
    await reached(worker, ...POLICIES)
    await stopGently(worker)
    for (const name of POLICIES) await expectExact(name)
  })

  test('is refused where it cannot be exact', async () => {
    expect(await refused('rollback', 'shop.follow', '--to', '1')).toMatchObject({
      code: 'ROLLBACK_REFUSED',
    })
    expect(await refused('rollback', 'shop.follow', '--to', '2001-01-01T00:00:00Z')).toMatchObject({
      code: 'ROLLBACK_REFUSED',
    })
  })
})

describe('firn hold and firn resume', () => {
  test('all tables stand still, through kill -9 and a restart, until they are let go', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    const first = await startWorker(rig(), 'held', config)
    await act('hold', '--reason', 'catalog upgrade')
    for (const name of POLICIES) await untilRefused(first, name, 'TABLE_HELD')
    await first.kill9()
    const standing = await Promise.all(
      POLICIES.map(async (name) => (await foreign(name).load()).currentSnapshotId),
    )
    await produceAll(tool)

    const second = await startWorker(rig(), 'held-again', config)
    for (const name of POLICIES) await untilRefused(second, name, 'TABLE_HELD')
    for (const verb of ['plan', 'status', 'check']) {
      const { status, stdout } = await runVerb(config, verb)
      expect(stdout, verb).toContain('catalog upgrade')
      expect(status, verb).toBe(verb === 'check' ? 0 : 3)
    }
    const still = await Promise.all(
      POLICIES.map(async (name) => (await foreign(name).load()).currentSnapshotId),
    )
    expect(still).toEqual(standing)

    await act('resume')
    await reached(second, ...POLICIES)
    await stopGently(second)
    for (const name of POLICIES) await expectExact(name)
  })
})

describe('the log is not what the ledger knows', () => {
  test('retention passed the ledger: status tells before, accept-gap goes on behind', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await produce(tool, 'follow')
    const before = await statusOf('follow')
    expect(before['metadata-bytes']).toBeGreaterThan(1_000)
    for (const one of before.partitions) {
      expect(one).toMatchObject({
        'retention-ms': HOUR_MS,
        headroom: 'time',
        'headroom-short': false,
      })
      expect(one['headroom-ms']).toBeLessThanOrEqual(HOUR_MS)
      expect(one['headroom-ms']).toBeGreaterThan(HOUR_MS - 300_000)
    }
    expect((await statusOf('hold')).partitions[0]).toMatchObject({ headroom: 'nothing-at-risk' })

    const ledger = BigInt(before.partitions[0]?.ledger ?? 0)
    await tool.deleteRecordsBefore('follow', new Map([[0, ledger + 100n]]))
    const worker = await startWorker(rig(), 'expired', config)
    const help = await untilRefused(worker, 'follow', 'OFFSETS_EXPIRED')
    expect((await statusOf('follow')).partitions[0]).toMatchObject({ headroom: 'passed' })
    const command = commandIn(help, 5)
    const shown = await verbDocument(config, ...command, '--dry-run')
    expect(shown).toMatchObject({ status: 0, document: { done: false } })
    expect(shown.document['gaps']).toEqual({ '0': [Number(ledger), Number(ledger) + 100] })
    await act(...command)
    rows.set('follow', (rows.get('follow') ?? 0) - 100)
    await reached(worker, 'follow')
    expect(await refused(...command)).toMatchObject({ code: 'LEDGER_MOVE_REFUSED' })
    await stopGently(worker)
    await expectExact('follow')

    // Behind the log's start nothing can be read again.
    const [, , oldest] = (await foreign('follow').ancestry()).toReversed()
    const { code, help: instead } = await refused(
      'rollback',
      'shop.follow',
      '--to',
      String(oldest?.snapshotId),
    )
    expect({ code, instead }).toEqual({ code: 'ROLLBACK_REFUSED', instead: expect.any(String) })
  })

  test('the topic was made again: rebase takes the new one from its beginning', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    const worker = await startWorker(rig(), 'recreated', config)
    await reached(worker, 'hold')
    await tool.deleteTopic('hold')
    await tool.createTopic('hold', { partitions: PARTITIONS })
    await produce(tool, 'hold')
    const help = await untilRefused(worker, 'hold', 'TOPIC_RECREATED')
    await act(...commandIn(help, 7))
    await reached(worker, 'hold')
    await stopGently(worker)
    // The positions of both logs are there: each once in its own.
    expect((await statusOf('hold')).partitions.map(({ lag }) => lag)).toEqual([0, 0])
    expect(await rowsOf(rig().catalog, 'shop.hold')).toBe(rows.get('hold'))
  })

  test('all evidence was removed: init begins where a person says that nothing is there', async () => {
    await using tool = kafkaTool(rig().kafka.bootstrap)
    const [row] = await foreign('skip').files()
    if (row === undefined) throw new Error('no file')
    const lost = foreign('lost')
    await lost.appendCopy({ ...row })
    const { snapshots, refs, properties, currentSnapshotId } = await lost.load()
    await lost.change([
      {
        action: 'remove-properties',
        removals: Object.keys(properties).filter((key) => key.startsWith('firn.')),
      },
      ...Object.keys(refs)
        .filter((name) => name !== 'main')
        .map((refName) => ({ action: 'remove-snapshot-ref', refName }) as const),
      {
        action: 'remove-snapshots',
        snapshotIds: snapshots
          .map(({ snapshotId }) => snapshotId)
          .filter((id) => id !== currentSnapshotId),
      },
    ])
    await produce(tool, 'lost')
    const worker = await startWorker(rig(), 'lost', config)
    const help = await untilRefused(worker, 'lost', 'LEDGER_LOST')
    const init = help.slice(help.indexOf('firn ledger init'))
    const shown = await verbDocument(config, ...commandIn(init, 3), '--dry-run')
    expect(shown).toMatchObject({ status: 0, document: { done: false } })
    await act(...commandIn(init, 3))
    await untilCaughtUp('lost')
    expect(await refused(...commandIn(init, 3))).toMatchObject({ code: 'LEDGER_MOVE_REFUSED' })
    await stopGently(worker)
  })
})

test('PyIceberg counts the same, and ledgers and generated code are shown', async () => {
  const { stdout } = await runVerb(config, 'plan', '--show-decoder')
  expect(stdout.match(/function root\(r, p\)/g)).toHaveLength(NAMES.length)

  await expectExact('follow', 'pyiceberg')
  await expectExact('skip', 'pyiceberg')
  for (const name of NAMES) {
    const { status, document } = await verbDocument(config, 'ledger', 'show', `shop.${name}`)
    expect({ status, standing: document['standing'] }, name).toEqual({
      status: 0,
      standing: 'current',
    })
  }
})
