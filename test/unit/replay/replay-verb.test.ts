import { describe, expect, test } from 'vitest'
import type { FetchEvent, RecordSource } from '../../../src/consumer/record-source.ts'
import { FirnError } from '../../../src/core/errors.ts'
import { topicId } from '../../../src/core/ids.ts'
import { PartitionMap, type TopicPartition } from '../../../src/core/offsets.ts'
import { currentSchema } from '../../../src/iceberg/metadata-json.ts'
import {
  checkReplay,
  prepareReplay,
  type ReplayAllowances,
  type ReplayParts,
  replaceRanges,
  stageReplay,
} from '../../../src/replay/replay.ts'
import type { RangeRequest } from '../../../src/replay/request.ts'
import { inlineEncoder } from '../../../src/writer/inline-encoder.ts'
import { at } from '../commit/fixtures.ts'
import { FakeLog } from './fake-log.ts'
import { rowsOfRange } from './replay-rows.ts'
import { ReplayWorld } from './replay-world.ts'

const upTo = (count: number): number[] => Array.from({ length: count }, (_, offset) => offset)

function partsOf(world: ReplayWorld, log: FakeLog, change: Partial<ReplayParts> = {}): ReplayParts {
  return {
    context: world.context(),
    source: log.source,
    column: '_kafka',
    topics: [],
    encoding: (metadata) => ({
      schema: currentSchema(metadata),
      spec: { specId: 0, fields: [] },
      sortOrder: { orderId: 0, fields: [] },
      properties: {},
      decoding: {
        format: 'json',
        caseInsensitive: false,
        aliases: new Map(),
        depthMax: 32,
        bytesMax: 1_000_000,
        metadataColumn: '_kafka',
      },
      isolation: 'read_committed',
      openTuplesMax: 10,
      columnBytesMax: 1_000_000,
    }),
    encoder: inlineEncoder,
    reading: {
      bytesMax: 1_000_000,
      haltError: (partition, cause) =>
        cause.kind === 'fault'
          ? cause.error
          : new FirnError('RECORD_MISFIT', `${partition.partition}@${cause.failure.offset}`),
      progress: () => {},
    },
    ...change,
  }
}

const offsets = (partition: number, from: number, to: number): RangeRequest => ({
  topic: undefined,
  partitions: [partition],
  from: { kind: 'position', position: BigInt(from) },
  to: { kind: 'position', position: BigInt(to) },
})
const times = (from: number, to: number): RangeRequest => ({
  topic: undefined,
  partitions: undefined,
  from: { kind: 'time', timestampMs: from },
  to: { kind: 'time', timestampMs: to },
})

async function replay(
  world: ReplayWorld,
  log: FakeLog,
  request: RangeRequest,
  options: Partial<ReplayAllowances> & { parts?: Partial<ReplayParts> } = {},
) {
  const parts = partsOf(world, log, options.parts)
  const allowances = { fillMissing: false, dropAbsent: false, ...options }
  const prepared = await prepareReplay(parts, request, allowances)
  const staged = await stageReplay(parts, prepared)
  const { place, inspector } = prepared
  const end = await replaceRanges(parts.context, {
    ...staged,
    place,
    inspector,
    newBranch: undefined,
    rewritten: [],
  })
  checkReplay(prepared.table, staged.log, end)
  return { prepared, staged, end }
}

async function refusal(run: Promise<unknown>): Promise<string> {
  try {
    await run
  } catch (fault) {
    if (fault instanceof FirnError) return `${fault.code}: ${fault.message}`
    throw fault
  }
  return 'done'
}

async function twoPartitions(): Promise<ReplayWorld> {
  const world = await ReplayWorld.create()
  await world.ingest({ 0: [0, 20], 1: [0, 20] })
  await world.ingest({ 0: [20, 40] })
  return world
}

const expected = (...ranges: readonly (readonly [number, readonly [number, number], bigint?])[]) =>
  new Map(ranges.flatMap(([of, range, generation]) => rowsOfRange(of, range, generation)))

describe('a range is read again', () => {
  test('by offsets, from within batches to within batches', async () => {
    const world = await twoPartitions()
    const { end, prepared } = await replay(
      world,
      new FakeLog([upTo(50), upTo(20)]),
      offsets(0, 13, 27),
    )
    expect(prepared.before.get(at(0))?.rows).toBe(14n)
    expect(end.after.get(at(0))?.positions.size).toBe(14n)
    expect(end.rowsOutside).toEqual({ before: 46n, after: 46n })
    const rows = expected([0, [0, 13]], [0, [13, 27], 2n], [0, [27, 40]], [1, [0, 20]])
    expect(await world.audit(rows)).toEqual([])
  })

  test('by times, of all partitions, of which one has nothing in between', async () => {
    const world = await twoPartitions()
    const log = new FakeLog([upTo(50), upTo(20)])
    log.logEnd = 40n
    const { source } = log
    const positionsAt: RecordSource['positionsAt'] = async (partitions, timestampMs) =>
      new PartitionMap(
        partitions.map((one) => [one, one.partition === 0 ? BigInt(timestampMs) : 20n]),
      )
    const parts = { source: { ...source, positionsAt } }
    const { prepared } = await replay(world, log, times(5, 40), { parts })
    expect([...prepared.resolved.ranges].map(([{ partition }]) => partition)).toEqual([0])
    const rows = expected([0, [0, 5]], [0, [5, 40], 2n], [1, [0, 20]])
    expect(await world.audit(rows)).toEqual([])
  })

  test('whose end holds no records, up to the end of the log', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 10] })
    const log = new FakeLog([upTo(10), []])
    log.logEnd = 10n
    await replay(world, log, offsets(0, 4, 10))
    expect(await world.audit(expected([0, [0, 4]], [0, [4, 10], 2n]))).toEqual([])
  })

  test('and a repeated row in it is there once afterwards', async () => {
    const world = await ReplayWorld.create()
    await world.ingest({ 0: [0, 10] })
    await world.foreignAppend([['0@4', 9n]])
    const { prepared } = await replay(world, new FakeLog([upTo(10), []]), offsets(0, 2, 6))
    expect(prepared.before.get(at(0))).toMatchObject({ rows: 5n })
    expect(await world.audit(expected([0, [0, 2]], [0, [2, 6], 2n], [0, [6, 10]]))).toEqual([])
  })
})

describe('a replay is refused, and nothing is changed', () => {
  async function unchanged(
    refused: RegExp,
    log: FakeLog,
    request: RangeRequest,
    {
      prepare = async () => {},
      ...options
    }: Parameters<typeof replay>[3] & { prepare?: (world: ReplayWorld) => Promise<void> } = {},
  ): Promise<void> {
    const world = await twoPartitions()
    await prepare(world)
    const head = world.metadata.currentSnapshotId
    expect(await refusal(replay(world, log, request, options))).toMatch(refused)
    expect(world.metadata.currentSnapshotId).toBe(head)
  }

  const whole = (): FakeLog => new FakeLog([upTo(50), upTo(20)])

  test('where a record does not fit', async () => {
    const log = whole()
    log.broken.add(17)
    await unchanged(/^RECORD_MISFIT: 0@17/, log, offsets(0, 10, 30))
    // Not of the range: not looked at.
    const world = await twoPartitions()
    expect(await refusal(replay(world, log, offsets(0, 18, 30)))).toBe('done')
  })

  test('where the log has lost records that the table has', async () => {
    const holes = new FakeLog([upTo(50).filter((offset) => offset % 5 !== 0), []])
    await unchanged(
      /^REPLAY_REFUSED: .*not have 4 of the range's records/,
      holes,
      offsets(0, 10, 30),
    )
    const world = await twoPartitions()
    await replay(world, holes, offsets(0, 10, 30), { dropAbsent: true })
    const rows = expected([0, [0, 10]], [0, [10, 30], 2n], [0, [30, 40]], [1, [0, 20]])
    for (const offset of [10, 15, 20, 25]) rows.delete(`0@${offset}`)
    expect(await world.audit(rows)).toEqual([])
  })

  test('where missing rows might be those that do not say their position', async () => {
    const lost = async (world: ReplayWorld): Promise<void> => {
      const rows = (await world.rows()).map(([position, generation]) =>
        position === '0@12' ? (['-', 7n] as const) : ([position, generation] as const),
      )
      await world.compact(1)
      await world.overwrite(rows)
    }
    await unchanged(/^REPLAY_REFUSED: .*1 positions .* and 1 rows/, whole(), offsets(0, 10, 30), {
      prepare: lost,
    })
    const world = await twoPartitions()
    await lost(world)
    await replay(world, whole(), offsets(0, 10, 30), { fillMissing: true })
    const rows = expected([0, [0, 10]], [0, [10, 30], 2n], [0, [30, 40]], [1, [0, 20]])
    expect(await world.audit(rows)).toEqual([])
  })

  test('where the log says something else instead', async () => {
    const told = (event: (partition: TopicPartition) => FetchEvent): FakeLog => {
      const log = whole()
      log.instead = event
      return log
    }
    const request = offsets(0, 10, 30)
    const outOfRange = told((one) => ({ kind: 'out-of-range', ...one, position: 10n }))
    await unchanged(/^REPLAY_REFUSED: .*retention has passed/, outOfRange, request)
    const diverged = told((one) => ({ kind: 'diverged', ...one, epoch: 1, endOffset: 5n }))
    await unchanged(/^REPLAY_REFUSED: .*truncated to 5/, diverged, request)
    await unchanged(
      /^REPLAY_REFUSED: .*gone/,
      told((one) => ({ kind: 'gone', ...one })),
      request,
    )
    const short = told((one) => ({ kind: 'at-end', ...one, position: 12n, logEnd: 12n }))
    await unchanged(/^REPLAY_REFUSED: .*log ends at 12/, short, request)
    const error = new FirnError('KAFKA_AUTHORIZATION', 'no')
    await unchanged(
      /^KAFKA_AUTHORIZATION/,
      told((one) => ({ kind: 'failed', ...one, error })),
      request,
    )
  })

  test('where the brokers are silent for a minute', async () => {
    const log = whole()
    log.silent = true
    const world = await twoPartitions()
    const { source } = log
    const poll = async (waitMs: number): Promise<readonly FetchEvent[]> => {
      world.time.nowMs += waitMs
      return []
    }
    const parts = { source: { ...source, poll } }
    expect(await refusal(replay(world, log, offsets(0, 10, 30), { parts }))).toMatch(
      /^KAFKA_UNAVAILABLE/,
    )
    expect(world.time.nowMs).toBeLessThan(120_000)
  })

  test('of what is not there', async () => {
    await unchanged(/^USAGE: .*no partition 7/, whole(), offsets(7, 0, 1))
    await unchanged(/^USAGE: .*--from must lie before --to/, whole(), offsets(0, 20, 20))
    await unchanged(/^USAGE: .*--from must lie before --to/, whole(), times(20, 10))
    const recreated = whole()
    recreated.id = topicId('topic-2')
    await unchanged(/^TOPIC_RECREATED/, recreated, offsets(0, 0, 1))
  })

  test('of a table whose rows do not say what they are of', async () => {
    const parts = { column: undefined }
    const of = offsets(0, 10, 30)
    await unchanged(/^REPLAY_REFUSED: .*metadata_column/, whole(), of, { parts })
    const other = { parts: { column: 'generation' } }
    await unchanged(/^REPLAY_REFUSED: .*no column generation/, whole(), of, other)
  })
})
