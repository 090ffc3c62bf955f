import { describe, expect, test } from 'vitest'
import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import type { DataFile } from '../../../src/iceberg/data-file.ts'
import type { Schema } from '../../../src/iceberg/types.ts'
import { ParquetFile } from '../../../src/replay/parquet-file.ts'
import { withLineage } from '../../../src/replay/row-lineage.ts'
import { batchOf, rowsOf as treesOf, type Tree } from '../columns/tree.ts'
import { encodeFile } from '../parquet/parquet-files.ts'
import { REPLAY_SCHEMA, rowsOfRange } from './replay-rows.ts'
import { ReplayWorld } from './replay-world.ts'

const DELETES: Schema = {
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    { id: 2147483546, name: 'file_path', type: { kind: 'string' }, required: true },
    { id: 2147483545, name: 'pos', type: { kind: 'long' }, required: true },
  ],
}

/** A delete file of another engine that takes rows out of a data file. */
async function deletesOf(
  world: ReplayWorld,
  path: string,
  rows: readonly number[],
): Promise<DataFile> {
  const batch = batchOf(
    DELETES,
    rows.map((row) => [path, BigInt(row)]),
  )
  const { bytes, metrics } = encodeFile(DELETES, [batch], { metricsMode: { kind: 'full' } })
  const filePath = `mem://lake/deletes/${world.random.uuid()}.parquet`
  await world.store.put(filePath, bytes)
  return {
    ...(await world.file(rowsOfRange(0, [0, 1]))),
    content: 'position-deletes',
    filePath,
    recordCount: BigInt(rows.length),
    fileSizeInBytes: BigInt(bytes.length),
    metrics,
  }
}

async function livePaths(world: ReplayWorld): Promise<string[]> {
  const live = (await world.entries()).filter(
    ({ status, dataFile }) => status !== 'deleted' && dataFile.content === 'data',
  )
  return live.map(({ dataFile }) => dataFile.filePath)
}

const expected = (...ranges: readonly (readonly [number, readonly [number, number], bigint?])[]) =>
  new Map(
    ranges.flatMap(([partition, range, generation]) => rowsOfRange(partition, range, generation)),
  )

describe('rows that were deleted', () => {
  test('stay deleted in a file that is rewritten, and come back in the range', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 10] })
    const [path] = await livePaths(world)
    await world.addDeletes(await deletesOf(world, path!, [1, 4]))
    const { outcome } = await world.replay({ 0: [3, 6] })
    expect(outcome.kind).toBe('committed')
    const rows = expected([0, [0, 3]], [0, [3, 6], 2n], [0, [6, 10]])
    rows.delete('0@1')
    expect(await world.audit(rows)).toEqual([])
  })

  test('do not hide that all that is left of a file is in the range', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 4] })
    const [path] = await livePaths(world)
    await world.addDeletes(await deletesOf(world, path!, [0, 3]))
    const { replacement } = await world.replay({ 0: [1, 3] })
    expect(replacement.replaced.rewritten).toEqual([])
    expect(await world.audit(expected([0, [1, 3], 2n]))).toEqual([])
  })

  test('by deletes that are older than the file are not: they are of another file of that name', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 4] })
    const [path] = await livePaths(world)
    const early = await deletesOf(world, path!.replace(/f\d+/, 'f3'), [0])
    await world.addDeletes(early)
    await world.ingest({ 0: [4, 8] })
    const later = (await livePaths(world)).find((one) => one.endsWith('f3.parquet'))
    expect(later).toBeDefined()
    await world.replay({ 0: [6, 7] })
    expect(await world.audit(expected([0, [0, 6]], [0, [6, 7], 2n], [0, [7, 8]]))).toEqual([])
  })

  test('by their values cannot be told: refused', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 4] })
    const file = await world.file(rowsOfRange(0, [0, 1]))
    await world.addDeletes({ ...file, content: 'equality-deletes', equalityIds: [1] })
    const { outcome } = await world.replay({ 0: [1, 3] })
    expect(outcome).toMatchObject({ kind: 'refused', refusal: { code: 'REPLAY_REFUSED' } })
    expect(world.catalog.commits.at(-1)?.commit.updates[0]).not.toMatchObject({
      snapshot: { summary: { operation: 'overwrite' } },
    })
  })

  test('in a form that is not read refuse a rewrite, and not a file that goes whole', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 4] })
    const [path] = await livePaths(world)
    const file = await deletesOf(world, path!, [1])
    await world.addDeletes({ ...file, fileFormat: 'AVRO' })
    expect((await world.replay({ 0: [1, 3] })).outcome).toMatchObject({
      kind: 'refused',
      refusal: { code: 'REPLAY_REFUSED' },
    })
    expect((await world.replay({ 0: [0, 4] })).outcome.kind).toBe('committed')
    expect(await world.audit(expected([0, [0, 4], 2n]))).toEqual([])
  })
})

describe('row lineage (v3)', () => {
  async function lineage(world: ReplayWorld, file: DataFile): Promise<Tree[][]> {
    const parquet = await ParquetFile.open(world.store, file)
    const layout = parquet.layout(withLineage(REPLAY_SCHEMA))
    const builder = new BatchBuilder(layout.schema)
    for (let group = 0; group < parquet.rowGroupCount; group += 1) {
      await parquet.readRowGroup(group, layout, builder)
    }
    return treesOf(builder.seal()).map((row) => row.slice(-2))
  }

  test('goes with the rows into the rewritten file, and through a second one', async () => {
    const world = await ReplayWorld.create({ formatVersion: 3 })
    await world.ingest({ 1: [0, 5] })
    await world.ingest({ 0: [0, 6] })
    const source = (await world.entries()).find(({ dataFile }) => dataFile.firstRowId === 5n)!
    const { sequenceNumber } = source
    const first = await world.replay({ 0: [2, 4] })
    const [once] = first.replacement.replaced.rewritten
    expect(await lineage(world, once!.file)).toEqual(
      [5n, 6n, 9n, 10n].map((id) => [id, sequenceNumber]),
    )
    const second = await world.replay({ 0: [5, 6] })
    const [twice] = second.replacement.replaced.rewritten
    expect(twice!.source.entry.dataFile.filePath).toBe(once!.file.filePath)
    expect(await lineage(world, twice!.file)).toEqual(
      [5n, 6n, 9n].map((id) => [id, sequenceNumber]),
    )
    expect(
      await world.audit(
        expected([1, [0, 5]], [0, [0, 2]], [0, [2, 4], 2n], [0, [4, 5]], [0, [5, 6], 2n]),
      ),
    ).toEqual([])
  })

  test('has no columns for it in v2', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 6] })
    const { replacement } = await world.replay({ 0: [2, 4] })
    const parquet = await ParquetFile.open(world.store, replacement.replaced.rewritten[0]!.file)
    expect(parquet.layout(withLineage(REPLAY_SCHEMA)).schema.fields).toHaveLength(2)
  })
})

describe('what is written for one attempt', () => {
  test('is used again by the next, as long as its source is there', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 10] })
    await world.ingest({ 0: [10, 20] })
    let conflicts = 3
    world.catalog.fault = () => (conflicts-- > 0 ? 'conflict' : undefined)
    const uploads: string[] = []
    world.store.before = (call, location) => {
      if (call === 'upload') uploads.push(location)
    }
    const { outcome } = await world.replay({ 0: [5, 15] })
    expect(outcome).toMatchObject({ kind: 'committed', attempts: 4 })
    expect(new Set(uploads.filter((one) => one.includes('-rewrite-'))).size).toBe(2)
    expect(await world.audit(expected([0, [0, 5]], [0, [5, 15], 2n], [0, [15, 20]]))).toEqual([])
  })

  test('of a range without a record, rows go and none come', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 10] })
    const { outcome } = await world.replay({ 0: [5, 8] }, { rows: [] })
    expect(outcome.kind).toBe('committed')
    expect(await world.audit(expected([0, [0, 5]], [0, [8, 10]]))).toEqual([])
  })

  test('that are live already are not added again, though nothing names their snapshot', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 10] })
    const file = await world.file(rowsOfRange(0, [2, 6], 2n))
    const once = await world.replay({ 0: [2, 6] }, { files: [file] })
    expect(once.outcome.kind).toBe('committed')
    const again = await world.replay({ 0: [2, 6] }, { files: [file] })
    expect(again.outcome).toMatchObject({ kind: 'committed', attempts: 1 })
    expect(await world.audit(expected([0, [0, 2]], [0, [2, 6], 2n], [0, [6, 10]]))).toEqual([])
  })
})
