import { describe, expect, test } from 'vitest'
import { commitStaged } from '../../../src/commit/committer.ts'
import { mirrorProperty, readMirror, readRecord, tagName } from '../../../src/commit/ledger-text.ts'
import { stageFiles } from '../../../src/commit/stage.ts'
import { FirnError } from '../../../src/core/errors.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import type { CommitFault } from '../../support/fake-catalog.ts'
import { at, CLUSTER, TABLE, WRITER } from './fixtures.ts'
import { pinned, World } from './world.ts'

/** The faults of the next commit requests, in order. */
function faults(world: World, ...list: readonly (CommitFault | undefined)[]): void {
  const queue = [...list]
  world.catalog.fault = () => queue.shift()
}

describe('a commit', () => {
  test.each([2, 3] as const)('of format version %i', async (formatVersion) => {
    const world = await World.create({ formatVersion })
    expect(await world.positions()).toEqual({ 0: 0n, 1: 0n })
    expect((await world.commit({ 0: [0, 2], 1: [0, 1] })).kind).toBe('committed')
    expect((await world.commit({ 0: [2, 5] })).kind).toBe('committed')
    expect(world.next).toEqual({ 0: 5n, 1: 1n })
    expect(await world.audit()).toEqual([])
    expect(world.metadata.nextRowId).toBe(formatVersion === 3 ? 6n : 0n)
    const added = world.metadata.snapshots.map((one) => [one.firstRowId, one.addedRows])
    expect(added).toEqual(
      formatVersion === 3
        ? [
            [0n, 0n],
            [0n, 3n],
            [3n, 3n],
          ]
        : [
            [null, null],
            [null, null],
            [null, null],
          ],
    )
  })

  test('is one request: snapshot, branch, tag and mirror, under what was read', async () => {
    const world = await pinned()
    const pin = world.metadata.currentSnapshotId
    await world.commit({ 0: [0, 2], 1: [0, 1] })
    const { requirements, updates } = world.catalog.commits.at(-1)!.commit
    expect(requirements).toEqual([
      { type: 'assert-table-uuid', uuid: world.metadata.tableUuid },
      { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: pin },
      { type: 'assert-ref-snapshot-id', ref: tagName(WRITER), snapshotId: pin },
      { type: 'assert-current-schema-id', currentSchemaId: 0 },
    ])
    expect(updates.map(({ action }) => action)).toEqual([
      'add-snapshot',
      'set-snapshot-ref',
      'set-snapshot-ref',
      'set-properties',
    ])
    const snapshot = world.metadata.snapshots.at(-1)!
    expect(snapshot.summary).toMatchObject({
      operation: 'append',
      'added-data-files': '2',
      'added-records': '3',
      'added-files-size': '30',
      'changed-partition-count': '1',
      'total-records': '3',
      'total-data-files': '2',
      'total-files-size': '30',
      'total-delete-files': '0',
      'engine-name': 'firn',
      'engine-version': '0.0.0-test',
      'firn.complete-through': '1',
    })
    const record = readRecord(snapshot)
    expect(record?.ranges.get(at(0))).toEqual({ start: 0n, end: 2n })
    const mirror = readMirror(world.metadata.properties, WRITER)
    expect(mirror).toMatchObject({
      ref: 'main',
      snapshotId: snapshot.snapshotId,
      sequenceNumber: 2n,
      ledger: record!.ledger,
      origin: { sequenceNumber: 0n },
    })
    expect(world.metadata.refs[tagName(WRITER)]).toMatchObject({
      type: 'tag',
      snapshotId: snapshot.snapshotId,
      maxRefAgeMs: 2n ** 63n - 1n,
    })
  })

  test('keeps the retention that the branch was given', async () => {
    const world = await pinned()
    world.catalog.edit(TABLE, (metadata) => ({
      ...metadata,
      refs: { ...metadata.refs, main: { ...metadata.refs['main']!, minSnapshotsToKeep: 7 } },
    }))
    await world.commit({ 0: [0, 1] })
    expect(world.metadata.refs['main']?.minSnapshotsToKeep).toBe(7)
  })

  test('carries totals on from other engines, and leaves out those that it lacks', async () => {
    const world = await pinned()
    await world.foreignAppend()
    await world.commit({ 0: [0, 1] })
    expect(world.metadata.snapshots.at(-1)?.summary['total-records']).toBeUndefined()
  })

  test('is never older than the table, whatever the clock says', async () => {
    const world = await pinned()
    world.catalog.nowMs = 10_000_000
    await world.foreignAppend()
    expect((await world.commit({ 0: [0, 1] })).kind).toBe('committed')
    expect(world.metadata.snapshots.at(-1)?.timestampMs).toBe(10_000_000n)
  })

  test('of ranges without a record has no manifest, and moves the ledger', async () => {
    const world = await pinned()
    const files = world.sealed({ 0: [0, 2] }, { files: [], rowCount: 0n })
    const request = { files, cluster: CLUSTER, metadata: world.metadata }
    const staged = await stageFiles(world.worker, request)
    expect(staged.manifests).toEqual([])
    expect((await commitStaged(world.worker, staged)).kind).toBe('committed')
    expect(world.next).toEqual({ 0: 2n, 1: 0n })
  })

  test('to a branch of its own, which begins at main’s head', async () => {
    const world = await World.create({ context: { owner: { writer: WRITER, ref: 'ingest' } } })
    await world.foreignAppend()
    const main = world.metadata.currentSnapshotId
    await world.positions()
    expect(world.metadata.refs['main']?.snapshotId).toBe(main)
    const pin = world.metadata.snapshots.at(-1)!
    expect(pin.parentSnapshotId).toBe(main)
    expect(world.metadata.refs['ingest']?.snapshotId).toBe(pin.snapshotId)
  })

  test('brings idle partitions’ through up on the way', async () => {
    const world = await pinned()
    const idle = new PartitionMap([
      [at(1), { position: 0n, reachedEndAtMs: 900, timestampType: 'log-append' as const }],
    ])
    await commitStaged(world.worker, await world.stage({ 0: [0, 1] }), { idle })
    expect(world.metadata.snapshots.at(-1)?.summary['firn.complete-through']).toBe('1')
  })
})

describe('a catalog without', () => {
  test('properties: the tag’s snapshot carries the origin', async () => {
    const carriers = { tags: true, properties: false }
    const world = await World.create({ manners: { properties: false }, context: { carriers } })
    await world.foreignAppend()
    const s0 = world.metadata.currentSnapshotId!
    await world.positions()
    await world.commit({ 0: [0, 2] })
    expect(world.metadata.properties[mirrorProperty(WRITER)]).toBeUndefined()
    world.catalog.rollback(TABLE, s0)
    expect(await world.positions()).toEqual({ 0: 0n, 1: 0n })
    await world.commit({ 0: [0, 3] })
    expect(await world.audit()).toEqual([])
  })

  test('tags: none is asserted, and none is sent', async () => {
    const carriers = { tags: false, properties: true }
    const world = await pinned({ manners: { tags: false }, context: { carriers } })
    await world.commit({ 0: [0, 2] })
    const { requirements, updates } = world.catalog.commits.at(-1)!.commit
    expect(requirements).toHaveLength(3)
    expect(updates.map(({ action }) => action)).not.toContain('remove-snapshot-ref')
    expect(updates.filter(({ action }) => action === 'set-snapshot-ref')).toHaveLength(1)
  })
})

describe('whatever the answer is, load and look', () => {
  test.each<[string, readonly (CommitFault | undefined)[], number]>([
    ['a conflict', ['conflict'], 2],
    ['a lost request', ['lost'], 2],
    ['a server error', ['server-error'], 2],
    ['a lost answer', ['answer-lost'], 2],
    ['a late request', ['late'], 2],
    ['several', ['conflict', 'lost', 'server-error', 'answer-lost'], 5],
  ])('after %s', async (_name, list, attempts) => {
    const world = await pinned()
    faults(world, ...list)
    expect(await world.commit({ 0: [0, 2] })).toMatchObject({ kind: 'committed', attempts })
    world.catalog.deliverLate()
    expect(world.next).toEqual({ 0: 2n, 1: 0n })
    expect(await world.audit()).toEqual([])
    expect(world.metadata.snapshots).toHaveLength(2)
  })

  test('the manifest is written once, the list once per attempt', async () => {
    const world = await pinned()
    const before = world.store.objects.size
    faults(world, 'lost', 'conflict')
    await world.commit({ 0: [0, 2] })
    const written = [...world.store.objects.keys()].slice(before)
    expect(written.filter((name) => name.includes('-m0'))).toHaveLength(1)
    expect(written.filter((name) => name.includes('/snap-'))).toHaveLength(3)
    expect(world.store.deleted).toEqual([])
  })

  test('landed unheard, and expired under others: the ledger says so', async () => {
    const world = await pinned()
    const staged = await world.stage({ 0: [0, 1] })
    faults(world, 'answer-lost')
    const gaveUp = new AbortController()
    gaveUp.abort()
    expect((await commitStaged(world.worker, staged, { signal: gaveUp.signal })).kind).toBe(
      'exhausted',
    )
    await world.commit({ 0: [1, 2] }, world.context())
    await world.commit({ 0: [2, 3] }, world.context())
    await world.compact()
    world.catalog.expire(TABLE)
    await world.commit({ 1: [0, 1] }, world.context())
    expect((await commitStaged(world.worker, staged)).kind).toBe('already-committed')
    expect(await world.audit()).toEqual([])
  })

  test.each(['follow', 'hold', 'skip'] as const)(
    'landed unheard, and rolled back (%s): not sent again',
    async (onRollback) => {
      const world = await pinned({ context: { onRollback } })
      const pin = world.metadata.currentSnapshotId!
      const staged = await world.stage({ 0: [0, 1] })
      faults(world, 'answer-lost')
      const gaveUp = new AbortController()
      gaveUp.abort()
      await commitStaged(world.worker, staged, { signal: gaveUp.signal })
      world.catalog.rollback(TABLE, pin)
      const outcome = await commitStaged(world.worker, staged)
      expect(outcome).toMatchObject(
        onRollback === 'hold'
          ? { kind: 'refused', refusal: { code: 'TABLE_ROLLED_BACK' } }
          : { kind: 'rejected', why: { kind: 'rolled-back' } },
      )
      expect(world.metadata.currentSnapshotId).toBe(pin)
    },
  )

  test('landed unheard, and rolled back to before the first commit: not sent again', async () => {
    const world = await World.create()
    await world.foreignAppend()
    const base = world.metadata.currentSnapshotId!
    await world.positions()
    const staged = await world.stage({ 0: [0, 1] })
    faults(world, 'answer-lost')
    const gaveUp = new AbortController()
    gaveUp.abort()
    await commitStaged(world.worker, staged, { signal: gaveUp.signal })
    world.catalog.rollback(TABLE, base)
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'rejected',
      why: { kind: 'rolled-back' },
    })
    expect(world.metadata.currentSnapshotId).toBe(base)
  })

  test('landed unheard, rolled back, and read again by another: it is in the table', async () => {
    const world = await pinned()
    const pin = world.metadata.currentSnapshotId!
    const staged = await world.stage({ 0: [0, 1] })
    faults(world, 'answer-lost')
    const gaveUp = new AbortController()
    gaveUp.abort()
    await commitStaged(world.worker, staged, { signal: gaveUp.signal })
    world.catalog.rollback(TABLE, pin)
    await world.commit({ 0: [0, 1] }, world.context())
    expect((await commitStaged(world.worker, staged)).kind).toBe('already-committed')
    expect(await world.audit()).toEqual([])
  })

  test('landed unheard, below a cut, and the ledger above it has gone on without', async () => {
    const world = await pinned()
    await world.foreignAppend()
    const base = world.metadata.currentSnapshotId!
    const staged = await world.stage({ 0: [0, 1] })
    faults(world, 'answer-lost')
    const gaveUp = new AbortController()
    gaveUp.abort()
    await commitStaged(world.worker, staged, { signal: gaveUp.signal })
    const own = world.metadata.currentSnapshotId!
    world.catalog.rollback(TABLE, base)
    await world.commit({ 1: [0, 1] }, world.context())
    // Expired but for the head and our own, which some other tag keeps.
    world.catalog.expire(TABLE, [own])
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'rejected',
      why: { kind: 'rolled-back' },
    })
  })
})

describe('bounds', () => {
  const retries = { 'commit.retry.num-retries': '2', 'commit.retry.max-wait-ms': '50' }

  test('attempts: exhausted, and the same set goes on later', async () => {
    const world = await pinned({ properties: retries })
    const staged = await world.stage({ 0: [0, 1] })
    faults(world, 'lost', 'lost', 'lost')
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'exhausted',
      attempts: 3,
    })
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'committed',
      attempts: 1,
    })
    expect(await world.audit()).toEqual([])
  })

  test('time', async () => {
    const world = await pinned({
      properties: {
        'commit.retry.num-retries': '1000',
        'commit.retry.min-wait-ms': '1000',
        'commit.retry.total-timeout-ms': '2000',
      },
    })
    world.catalog.fault = () => 'lost'
    const before = world.time.nowMs
    expect((await world.commit({ 0: [0, 1] })).kind).toBe('exhausted')
    expect(world.time.nowMs - before).toBeLessThanOrEqual(2_000)
  })

  test('a catalog that cannot be read, and one that can again', async () => {
    const world = await pinned({ properties: retries })
    const down = new FirnError('CATALOG_UNAVAILABLE', 'down')
    let left = 3
    const staged = await world.stage({ 0: [0, 1] })
    world.catalog.before = (call) => {
      if (call === 'load' && left-- > 0) throw down
    }
    expect((await commitStaged(world.worker, staged)).kind).toBe('committed')
  })

  test('the same refusal of the same request twice is enough', async () => {
    const world = await pinned()
    world.catalog.edit(TABLE, (metadata) => ({ ...metadata, lastSequenceNumber: 1n }))
    world.catalog.commitTable = async () => ({
      kind: 'refused',
      reason: new FirnError('CATALOG_UNAVAILABLE', '403'),
    })
    expect(await world.commit({ 0: [0, 1] })).toMatchObject({ kind: 'exhausted', attempts: 2 })
  })

  test('a fault that will not pass is for a person to see', async () => {
    const world = await pinned()
    const staged = await world.stage({ 0: [0, 1] })
    world.store.before = (call) => {
      if (call === 'put') throw new FirnError('STORAGE_NOT_FOUND', 'no such bucket')
    }
    expect(await commitStaged(world.worker, staged)).toMatchObject({
      kind: 'refused',
      refusal: { code: 'STORAGE_NOT_FOUND' },
    })
  })

  test('a bug is not caught', async () => {
    const world = await pinned()
    const staged = await world.stage({ 0: [0, 1] })
    world.catalog.before = () => {
      throw new TypeError('bug')
    }
    await expect(commitStaged(world.worker, staged)).rejects.toThrow('bug')
  })

  test('the age of staged files, by the wall clock too', async () => {
    const world = await pinned()
    const staged = await world.stage({ 0: [0, 1] })
    const clock = { ...world.clock, now: () => world.time.nowMs + 3_600_001 }
    expect(await commitStaged(world.context({ clock }), staged)).toEqual({
      kind: 'stale',
      why: 'too-old',
    })
  })

  test('each attempt is told', async () => {
    const world = await pinned()
    world.events.length = 0
    faults(world, 'conflict')
    await world.commit({ 0: [0, 1] })
    expect(world.events.map(({ kind }) => kind)).toEqual([
      'loaded',
      'answered',
      'failed',
      'waiting',
      'loaded',
      'answered',
    ])
  })
})
