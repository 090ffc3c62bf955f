import { describe, expect, test } from 'vitest'
import { manifestProof } from '../../../src/commit/manifest-proof.ts'
import { sightingOf } from '../../../src/commit/plan-attempt.ts'
import { provenMembership, readLedger } from '../../../src/commit/read-ledger.ts'
import { stageFiles } from '../../../src/commit/stage.ts'
import { snapshotId } from '../../../src/core/ids.ts'
import { snapshotById } from '../../../src/iceberg/ancestry.ts'
import { CLUSTER, dataFile, TABLE, WRITER } from './fixtures.ts'
import { pinned, World } from './world.ts'

/** The newest snapshot of ours, and the head's proof about it, after `then`. */
async function proofAfter(then: (world: World) => Promise<void>) {
  const properties = { 'commit.manifest.min-count-to-merge': '3' }
  const world = await pinned({ properties })
  await world.commit({ 0: [0, 1] })
  const own = snapshotById(world.metadata, world.metadata.currentSnapshotId!)!
  await then(world)
  return { world, own, proof: manifestProof(world.metadata, 'main', world.context()) }
}

describe('the manifests of the head', () => {
  test('name a snapshot by its own manifest', async () => {
    const { own, proof } = await proofAfter(async (world) => {
      await world.foreignAppend()
    })
    expect(await proof(own)).toBe(true)
  })

  test('name it by an entry, once manifests were merged', async () => {
    const { world, own, proof } = await proofAfter(async (later) => {
      await later.commit({ 0: [1, 2] })
      await later.commit({ 0: [2, 3] })
    })
    expect(world.events.some(({ kind }) => kind === 'merged')).toBe(true)
    expect(await proof(own)).toBe(true)
    expect(await proof({ snapshotId: snapshotId(1n), sequenceNumber: own.sequenceNumber })).toBe(
      false,
    )
    expect(await proof({ ...own, sequenceNumber: 1_000n })).toBe(false)
  })

  test('do not once the files were rewritten', async () => {
    const { own, proof } = await proofAfter(async (world) => {
      await world.compact()
    })
    expect(await proof(own)).toBe(false)
  })

  test('say nothing without a head, or below one that is not listed', async () => {
    const world = await World.create()
    const of = { snapshotId: snapshotId(1n), sequenceNumber: 1n }
    expect(await manifestProof(world.metadata, 'main', world.context())(of)).toBe(false)
    await world.positions()
    world.catalog.edit(TABLE, (metadata) => ({ ...metadata, snapshots: [] }))
    expect(await manifestProof(world.metadata, 'main', world.context())(of)).toBe(false)
  })
})

test('a snapshot of ours that only a child names as its parent is on the ancestry', async () => {
  const { world, own } = await proofAfter(async (later) => {
    await later.commit({ 0: [1, 2] })
  })
  world.catalog.edit(TABLE, (metadata) => ({
    ...metadata,
    snapshots: metadata.snapshots.filter((one) => one.snapshotId !== own.snapshotId),
  }))
  const reading = readLedger(world.metadata, { writer: WRITER, ref: 'main' })
  const sighting = sightingOf(world.metadata, reading, own.snapshotId)
  expect(sighting).toEqual({ snapshotId: own.snapshotId, sequenceNumber: 0n })
  expect(await provenMembership(reading, sighting!, async () => false)).toBe('yes')
})

test('distinct partition tuples are counted by value', async () => {
  const world = await pinned()
  const types = ['long', 'double', 'binary'] as const
  const schema = {
    schemaId: 5,
    fields: types.map((kind, id) => ({ id, name: kind, type: { kind }, required: false })),
    identifierFieldIds: [],
  }
  const spec = {
    specId: 5,
    fields: types.map((name, sourceId) => ({
      sourceId,
      fieldId: 1000 + sourceId,
      name,
      transform: { kind: 'identity' as const },
    })),
  }
  const bytes = (value: number): Uint8Array => new Uint8Array([value])
  const tuples = [
    [1n, 1, bytes(1)],
    [1n, 1, bytes(1)],
    [1n, 1, bytes(2)],
    [2n, 1, bytes(1)],
    [1n, Number.NaN, bytes(1)],
    [null, Number.NaN, null],
    [null, Number.NaN, null],
  ]
  const files = tuples.map((partition, index) =>
    Object.assign(dataFile(`${index}`, 1), { partition, specId: 5 }),
  )
  const staged = await stageFiles(world.worker, {
    files: world.sealed({ 0: [0, 7] }, { files, schemaId: 5, specId: 5 }),
    cluster: CLUSTER,
    metadata: { ...world.metadata, schemas: [schema], partitionSpecs: [spec] },
  })
  expect(staged.added).toMatchObject({ files: 7, records: 7n, partitions: 5 })
})
