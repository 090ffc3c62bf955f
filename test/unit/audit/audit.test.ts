import { describe, expect, test } from 'vitest'
import { audit } from '../../../src/audit/audit.ts'
import { auditedTable, type AuditedTable } from '../../../src/audit/audited-table.ts'
import type { Check } from '../../../src/audit/check.ts'
import { auditReport } from '../../../src/audit/report.ts'
import { auditFault } from '../../../src/audit/row-report.ts'
import { decideTrace } from '../../../src/audit/trace-decision.ts'
import { traceFacts } from '../../../src/audit/trace.ts'
import { commitStaged } from '../../../src/commit/committer.ts'
import { ManifestLists } from '../../../src/commit/manifest-lists.ts'
import { manifestProof } from '../../../src/commit/manifest-proof.ts'
import {
  clusterId,
  snapshotId,
  type SnapshotId,
  topicId,
  writerName,
} from '../../../src/core/ids.ts'
import type { DataFile } from '../../../src/iceberg/data-file.ts'
import { writeManifestList } from '../../../src/iceberg/manifest-list.ts'
import { ORDERS, TABLE, WRITER } from '../commit/fixtures.ts'
import { rowsOfRange } from '../replay/replay-rows.ts'
import { ReplayWorld } from '../replay/replay-world.ts'
import { type Kind, LogSource } from './log-source.ts'

const MEBIBYTE = 2 ** 20

/** Two partitions of so many records. */
const records = (count: number): readonly Kind[] => Array.from({ length: count }, (): Kind => 'r')
const fullLog = (count = 30): LogSource =>
  new LogSource([0, 1].map(() => ({ logStart: 0, kinds: records(count) })))

interface Asked {
  readonly log?: LogSource
  readonly branch?: string
  readonly snapshotId?: SnapshotId
  readonly writer?: string
  readonly memoryBytesMax?: number
}

async function stateOf(
  world: ReplayWorld,
  asked: Asked,
): Promise<{ table: AuditedTable; lists: ManifestLists }> {
  const { store } = world
  const lists = new ManifestLists(store)
  const table = await auditedTable(
    {
      name: 'lake.orders',
      metadata: world.metadata,
      owner: { writer: writerName(asked.writer ?? WRITER), ref: 'main' },
      branch: asked.branch ?? 'main',
      snapshotId: asked.snapshotId,
    },
    (metadata, ref) => manifestProof(metadata, ref, { store, lists }),
  )
  return { table, lists }
}

async function checksOf(world: ReplayWorld, asked: Asked = {}): Promise<readonly Check[]> {
  const { table, lists } = await stateOf(world, asked)
  const facts = await audit({
    table,
    column: '_kafka',
    store: world.store,
    lists,
    clock: { monotonic: () => 0 },
    log: { source: (asked.log ?? fullLog()).source, isolation: 'read_committed' },
    files: true,
    memoryBytesMax: asked.memoryBytesMax ?? MEBIBYTE,
    progress: () => {},
  })
  return auditReport(facts)
}

/** What is not as it should be. */
async function problemsOf(
  world: ReplayWorld,
  asked: Asked = {},
): Promise<Record<string, readonly string[]>> {
  const checks = await checksOf(world, asked)
  return Object.fromEntries(
    checks.flatMap(({ name, status, differences }) =>
      status === 'ok' || status === 'note' ? [] : [[`${status}: ${name}`, differences]],
    ),
  )
}

async function ingested(
  options: Parameters<typeof ReplayWorld.create>[0] = {},
): Promise<ReplayWorld> {
  const world = await ReplayWorld.create(options)
  await world.ingest({ 0: [0, 10], 1: [0, 5] })
  await world.ingest({ 0: [10, 20], 1: [5, 9] })
  return world
}

const FIRST = 'mem://lake/lake.orders/data/f1.parquet'
const SECOND = 'mem://lake/lake.orders/data/f2.parquet'

describe('an audit', () => {
  test('proves a table as it should be, of either format version', async () => {
    for (const formatVersion of [2, 3] as const) {
      const world = await ingested({ formatVersion })
      const checks = await checksOf(world)
      expect(checks.map(({ status }) => status)).toEqual(checks.map(() => 'ok'))
      expect(auditFault('t', checks)).toBeUndefined()
    }
  })

  test('proves it after an append of others, compaction, and a replay', async () => {
    const world = await ingested()
    await world.foreignAppend([['-', 9n]])
    await world.compact(3, { 'write.parquet.compression-codec': 'gzip' })
    expect(await problemsOf(world)).toEqual({})
    const { outcome } = await world.replay({ 0: [5, 15] })
    expect(outcome.kind).toBe('committed')
    expect(await problemsOf(world)).toEqual({})
    const notes = (await checksOf(world)).filter(({ status }) => status === 'note')
    expect(notes.map(({ text }) => text)).toEqual(['one row of other writers, without a position'])
  })

  test('proves a branch, and an older snapshot, for itself', async () => {
    const world = await ingested()
    const before = world.head.snapshotId
    await world.replay({ 0: [5, 15] }, { newBranch: 'trial' })
    expect(await problemsOf(world, { branch: 'trial' })).toEqual({})
    await world.ingest({ 0: [20, 25] })
    expect(await problemsOf(world, { snapshotId: before })).toEqual({})
  })

  test('an empty table with a ledger has nothing wrong', async () => {
    expect(await problemsOf(await ReplayWorld.create())).toEqual({})
  })

  test('rows that are there twice: the positions, and both files', async () => {
    const world = await ingested()
    await world.foreignAppend(rowsOfRange(0, [3, 6]))
    expect(await problemsOf(world)).toEqual({
      'failed: positions-distinct': [
        'orders/0[3,6)',
        `orders/0@3 is in mem://lake/lake.orders/data/f3.parquet row 0, and in ${FIRST} row 3`,
      ],
    })
  })

  test('rows beyond the ledger, and of topics that it does not have', async () => {
    const world = await ingested()
    await world.foreignAppend([...rowsOfRange(0, [20, 22]), ...rowsOfRange(7, [0, 1])])
    expect(await problemsOf(world)).toEqual({
      'failed: positions-in-ledger': [
        'orders/0[20,22) beyond the ledger',
        'orders/7[0,1) beyond the ledger',
      ],
    })
  })

  test('a record of the log that is missing, and a row whose record is none', async () => {
    const world = await ingested()
    // A writer that left position 25 out, and took 28, which is of an aborted transaction.
    const rows = [...rowsOfRange(0, [20, 25]), ...rowsOfRange(0, [26, 30])]
    const staged = await world.stage([await world.file(rows)], { 0: [20, 30] })
    await commitStaged(world.context(), staged)
    const kinds = records(30).map((kind, offset): Kind =>
      offset === 28 ? 'a' : offset === 3 ? '-' : kind,
    )
    const log = new LogSource([
      { logStart: 0, kinds },
      { logStart: 4, kinds: records(9) },
    ])
    expect(await problemsOf(world, { log })).toEqual({
      'failed: log': [
        'orders/0[25,26) missing',
        'orders/0[28,29) in the table, where the log has no record that may be read',
      ],
      'unproven: log-retention': ['orders/1[0,4)'],
    })
    const compacted = (await checksOf(world, { log })).find(({ name }) => name === 'compacted')
    expect(compacted?.text).toBe('one row whose records compaction has since taken from the log')
  })

  test('files that are gone, damaged, or cut short', async () => {
    const world = await ingested()
    const { objects } = world.store
    const whole = objects.get(FIRST)!
    objects.delete(FIRST)
    const gone = await problemsOf(world)
    expect(gone['failed: files-exist']).toEqual([`${FIRST} is not there`])
    expect(gone['failed: files-readable']).toEqual([`${FIRST} is not there`])
    expect(gone['failed: log']).toEqual(['orders/0[0,10) missing', 'orders/1[0,5) missing'])
    // All but the footer, whose length stands before the last four bytes.
    const footerAt = whole.length - 8 - Buffer.from(whole).readUInt32LE(whole.length - 8)
    objects.set(
      FIRST,
      whole.map((byte, index) => (index < footerAt ? byte ^ 0x5a : byte)),
    )
    const damaged = await problemsOf(world)
    expect(Object.keys(damaged)).toContain('failed: files-readable')
    expect(damaged['failed: files-exist']).toBeUndefined()
    objects.set(FIRST, whole.subarray(0, whole.length - 9))
    expect((await problemsOf(world))['failed: files-exist']).toEqual([
      `${FIRST} has ${whole.length - 9} bytes, its manifest says ${whole.length}`,
    ])
  })

  test('a manifest that is gone is told, and the others are read', async () => {
    const world = await ingested()
    const manifest = (await world.manifests())[0]?.manifestPath ?? ''
    world.store.objects.delete(manifest)
    const found = await problemsOf(world)
    expect(found['failed: files-listed-once']).toEqual([`${manifest} is not there`])
    expect(found['failed: rows-of-snapshots']).toHaveLength(1)
  })

  test('a file that is listed twice is named', async () => {
    const world = await ingested()
    const { metadata } = world
    const id = snapshotId(9_000n)
    const [newest, ...others] = await world.manifests()
    const list = writeManifestList({
      formatVersion: 2,
      snapshotId: id,
      parentSnapshotId: metadata.currentSnapshotId,
      sequenceNumber: metadata.lastSequenceNumber + 1n,
      firstRowId: 0n,
      manifests: [newest!, newest!, ...others],
    })
    await world.store.put('mem://twice.avro', list.bytes)
    const summary = { operation: 'append' }
    world.catalog.addForeign(TABLE, { snapshotId: id, manifestList: 'mem://twice.avro', summary })
    const found = await problemsOf(world)
    expect(found['failed: files-listed-once']).toEqual([`${SECOND} is listed more than once`])
    expect(Object.keys(found)).toContain('failed: positions-distinct')
  })

  const deleteFile = async (world: ReplayWorld, more: Partial<DataFile>): Promise<DataFile> => ({
    ...(await world.file(rowsOfRange(0, [0, 1]))),
    ...more,
  })

  test('what cannot be counted is said, and refused', async () => {
    const equality = await ingested()
    await equality.addDeletes(
      await deleteFile(equality, { content: 'equality-deletes', equalityIds: [1] }),
    )
    const checks = await checksOf(equality)
    expect(checks.filter(({ status }) => status === 'inexact').map(({ text }) => text)).toEqual([
      'the table has one equality delete file: which rows they delete was not worked out, and deleted rows are counted as if they were there',
    ])
    expect(auditFault('t', checks)).toMatchObject({ code: 'AUDIT_INEXACT', facts: { exit: 3 } })
    const vectors = await ingested({ formatVersion: 3 })
    const puffin = { content: 'position-deletes', fileFormat: 'PUFFIN' } as const
    await vectors.addDeletes(
      await deleteFile(vectors, {
        ...puffin,
        referencedDataFile: FIRST,
        contentOffset: 4n,
        contentSizeInBytes: 9n,
      }),
    )
    expect(auditFault('t', await checksOf(vectors))?.code).toBe('AUDIT_INEXACT')
  })

  test('what is wrong goes before what cannot be counted', async () => {
    const world = await ingested()
    await world.addDeletes(
      await deleteFile(world, { content: 'equality-deletes', equalityIds: [1] }),
    )
    world.store.objects.delete(SECOND)
    expect(auditFault('t', await checksOf(world))).toMatchObject({
      code: 'AUDIT_FAILED',
      facts: { exit: 1 },
    })
  })

  test('a tag or a mirror that was moved by hand', async () => {
    const world = await ingested()
    const [head, parent] = [world.head.snapshotId, world.head.parentSnapshotId]
    world.catalog.edit(TABLE, (metadata) => ({
      ...metadata,
      refs: { ...metadata.refs, [`firn-${WRITER}`]: { snapshotId: parent!, type: 'tag' } },
    }))
    expect(await problemsOf(world)).toEqual({
      'failed: mirror-and-tag': [`the tag points to snapshot ${parent}, the ledger is in ${head}`],
    })
    world.catalog.edit(TABLE, (metadata) => ({
      ...metadata,
      refs: { main: metadata.refs['main']! },
      properties: {},
    }))
    expect(await problemsOf(world)).toEqual({ 'unproven: mirror-and-tag': [] })
  })

  test('a mirror whose ledger is not that of its snapshot', async () => {
    const world = await ingested()
    const key = `firn.${WRITER}.ledger`
    world.catalog.edit(TABLE, (metadata) => ({
      ...metadata,
      properties: {
        ...metadata.properties,
        [key]: metadata.properties[key]!.replace('"0":20', '"0":21'),
      },
    }))
    expect(await problemsOf(world)).toEqual({
      'failed: mirror-and-tag': [
        `the mirror's ledger is not that of its snapshot ${world.head.snapshotId}`,
      ],
    })
  })

  test('a table that was rolled back is proven where it stands', async () => {
    const world = await ingested()
    world.catalog.rollback(TABLE, world.head.parentSnapshotId)
    expect(await problemsOf(world)).toEqual({ 'unproven: mirror-and-tag': [] })
    // To before everything: the ledger is the origin.
    world.catalog.rollback(TABLE, null)
    expect(await problemsOf(world)).toEqual({ 'unproven: mirror-and-tag': [] })
  })

  test('another log under the name is not compared; one that is shorter is wrong', async () => {
    const world = await ingested()
    const other = fullLog()
    other.topicId = topicId('other')
    expect((await problemsOf(world, { log: other }))['unproven: log-unread']).toEqual([
      'orders/0: topic orders is gone, or is another one under its name',
      'orders/1: topic orders is gone, or is another one under its name',
    ])
    const cluster = fullLog()
    cluster.cluster = clusterId('other')
    expect((await problemsOf(world, { log: cluster }))['unproven: log-unread']?.[0]).toBe(
      'orders/0: the brokers belong to cluster other, the ledger is of cluster-1',
    )
    expect(await problemsOf(world, { log: fullLog(15) })).toEqual({
      'failed: log': ['orders/0: the log ends at 15, below the ledger at 20: it was truncated'],
    })
  })

  test('a cherry-pick is told, and its rows are twice', async () => {
    const world = await ingested()
    const source = world.head.snapshotId
    await world.foreignAppend(rowsOfRange(1, [5, 9]))
    const pick = world.head.snapshotId
    world.catalog.edit(TABLE, (metadata) => ({
      ...metadata,
      snapshots: metadata.snapshots.map((one) =>
        one.snapshotId === pick
          ? { ...one, summary: { ...one.summary, 'source-snapshot-id': String(source) } }
          : one,
      ),
    }))
    const found = await problemsOf(world)
    expect(found['failed: copied-snapshots']).toEqual([`snapshot ${pick} is a copy of ${source}`])
    expect(found['failed: positions-distinct']?.[0]).toBe('orders/1[5,9)')
  })

  test('refuses what it was not asked rightly', async () => {
    const world = await ingested()
    const refused = async (asked: Asked): Promise<unknown> =>
      checksOf(world, asked).catch((fault: unknown) => fault)
    expect(await refused({ branch: 'none' })).toMatchObject({ code: 'USAGE' })
    expect(await refused({ snapshotId: snapshotId(5n) })).toMatchObject({ code: 'USAGE' })
    expect(await refused({ writer: 'nobody' })).toMatchObject({ code: 'LEDGER_MISSING' })
    expect(await refused({ memoryBytesMax: 400 })).toMatchObject({ code: 'MEMORY_EXCEEDED' })
    const { table, lists } = await stateOf(world, {})
    const parts = {
      table,
      lists,
      store: world.store,
      clock: { monotonic: () => 0 },
      log: undefined,
    }
    const options = { ...parts, files: false, memoryBytesMax: MEBIBYTE, progress: () => {} }
    await expect(audit({ ...options, column: 'nowhere' })).rejects.toMatchObject({
      code: 'POSITIONS_MISSING',
    })
  })

  test('says what it leaves out', async () => {
    const world = await ingested()
    const { table, lists } = await stateOf(world, {})
    const checks = auditReport(
      await audit({
        table,
        lists,
        column: '_kafka',
        store: world.store,
        clock: { monotonic: () => 0 },
        log: undefined,
        files: false,
        memoryBytesMax: MEBIBYTE,
        progress: () => {},
      }),
    )
    expect(
      checks.flatMap(({ name, status }) => (status === 'ok' ? [] : [`${status} ${name}`])),
    ).toEqual(['unproven files-exist', 'unproven log'])
  })
})

describe('a trace', () => {
  const outcomeOf = async (
    world: ReplayWorld,
    place: readonly [number, number],
    asked: Asked = {},
  ) => {
    const { table, lists } = await stateOf(world, asked)
    const [facts] = await traceFacts(
      {
        table,
        lists,
        column: '_kafka',
        store: world.store,
        clock: { monotonic: () => 0 },
        log: { source: (asked.log ?? fullLog()).source, isolation: 'read_committed' },
        isRouted: (topic) => topic === ORDERS,
        memoryBytesMax: MEBIBYTE,
      },
      [{ topic: ORDERS, partition: place[0], offset: BigInt(place[1]) }],
    )
    return { facts: facts!, outcome: decideTrace(facts!) }
  }

  test('opens only the files whose bounds allow it', async () => {
    const world = await ingested()
    const opened: string[] = []
    world.store.before = (call, location) => {
      if (call === 'get' && location.endsWith('.parquet')) opened.push(location)
    }
    const { facts, outcome } = await outcomeOf(world, [0, 15])
    expect(outcome).toMatchObject({ kind: 'in-table', rows: [{ row: 5, file: { path: SECOND } }] })
    expect(facts.addedBy?.range).toEqual({ start: 10n, end: 20n })
    expect(new Set(opened)).toEqual(new Set([SECOND]))
  })

  test('follows a row through compaction and replay', async () => {
    const world = await ingested()
    const first = (await outcomeOf(world, [0, 7])).facts.addedBy
    await world.compact()
    const compacted = await outcomeOf(world, [0, 7])
    expect(compacted.facts.addedBy).toEqual(first)
    expect(compacted.facts.rows[0]?.file.snapshotId).toBe(world.head.snapshotId)
    await world.replay({ 0: [5, 15] })
    const replayed = await outcomeOf(world, [0, 7])
    expect(replayed.outcome.kind).toBe('in-table')
    expect(replayed.facts).toMatchObject({
      addedBy: first,
      replayedBy: { snapshotId: world.head.snapshotId },
      removals: [],
    })
  })

  test('what a rollback took out is named by its snapshot, though that has expired', async () => {
    const world = await ingested()
    const [newest, parent] = [world.head.snapshotId, world.head.parentSnapshotId]
    world.catalog.rollback(TABLE, parent)
    expect((await outcomeOf(world, [0, 15])).outcome).toMatchObject({
      kind: 'rolled-back',
      snapshot: { snapshotId: newest },
    })
    expect((await outcomeOf(world, [0, 5])).outcome.kind).toBe('in-table')
    // Of an older state, what came later was not rolled back.
    const { outcome } = await outcomeOf(world, [0, 15], { snapshotId: parent! })
    expect(outcome.kind).toBe('not-yet')
    world.catalog.edit(TABLE, (metadata) => {
      const { [`firn-${WRITER}`]: _tag, ...refs } = metadata.refs
      const snapshots = metadata.snapshots.filter((one) => one.snapshotId !== newest)
      return { ...metadata, refs, snapshots }
    })
    expect((await outcomeOf(world, [0, 15])).outcome).toEqual({
      kind: 'rolled-back',
      snapshot: { snapshotId: newest, timestampMs: undefined },
    })
  })

  test('what is not in the table is told from the log', async () => {
    const world = await ingested()
    const kinds = records(40).map((kind, offset): Kind => (offset === 25 ? 'a' : kind))
    const log = new LogSource([
      { logStart: 22, kinds },
      { logStart: 0, kinds: records(9) },
    ])
    const kindOf = async (offset: number): Promise<string> =>
      (await outcomeOf(world, [0, offset], { log })).outcome.kind
    expect(await kindOf(21)).toBe('expired-unread')
    expect(await kindOf(25)).toBe('hole')
    expect(await kindOf(26)).toBe('not-yet')
    expect(await kindOf(40)).toBe('beyond-end')
    expect((await outcomeOf(world, [5, 0], { log })).outcome).toEqual({
      kind: 'not-yet',
      lag: undefined,
    })
  })

  test('a lost file is a fault, not an answer', async () => {
    const world = await ingested()
    world.store.objects.delete(FIRST)
    await expect(outcomeOf(world, [0, 5])).rejects.toMatchObject({ code: 'STORAGE_NOT_FOUND' })
  })
})
