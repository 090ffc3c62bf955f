import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkRows, type LogToCompare } from '../../../src/audit/check-rows.ts'
import { DeletedRows } from '../../../src/audit/deleted-rows.ts'
import type { LiveFile } from '../../../src/audit/live-files.ts'
import type { PositionList } from '../../../src/audit/position-list.ts'
import type { PartitionScope } from '../../../src/audit/row-scope.ts'
import { snapshotId } from '../../../src/core/ids.ts'
import { PartitionMap, type PositionRange } from '../../../src/core/offsets.ts'
import { FakeObjectStore } from '../../support/fake-object-store.ts'
import { at, ORDERS, ORDERS_ID, range } from '../commit/fixtures.ts'
import { type Kind, LogSource, type PartitionLog } from './log-source.ts'
import { FIELDS, type Positioned, putDeletes, putFile } from './position-files.ts'

interface PartitionCase extends PartitionLog {
  readonly start: number
  readonly gap: readonly [number, number]
}

interface Case {
  /** By partition number. */
  readonly partitions: readonly PartitionCase[]
  /** Files of row groups of rows, beside what belongs there. */
  readonly files: readonly (readonly (readonly Positioned[])[])[]
  /** Which row of all rows of a file is deleted. */
  readonly deletes: readonly (readonly [file: number, row: number])[]
  readonly bitmapBytesMax: number
  readonly properties: Record<string, string>
}

const END = 40

const partitionCase: fc.Arbitrary<PartitionCase> = fc
  .record({
    start: fc.nat(5),
    logStart: fc.nat(20),
    kinds: fc.array(fc.constantFrom<Kind>('r', 'r', 'r', 'r', 'a', 'c', '-'), {
      minLength: END,
      maxLength: END,
    }),
    from: fc.integer({ min: 6, max: END }),
    length: fc.nat(6),
  })
  .map(({ start, logStart, kinds, from, length }) => ({
    start,
    logStart,
    kinds,
    gap: [from, Math.min(END, from + length)],
  }))

const stray: fc.Arbitrary<Positioned> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant(ORDERS), fc.nat(1), fc.nat(END + 3)) },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('others'), fc.nat(1), fc.nat(END)) },
)

/** Row groups; now and then a file that lies beyond everything. */
const fileGroups: fc.Arbitrary<readonly (readonly Positioned[])[]> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.array(fc.array(stray, { minLength: 1, maxLength: 30 }), {
      minLength: 1,
      maxLength: 3,
    }),
  },
  { weight: 1, arbitrary: fc.constant([[[ORDERS, 0, END + 50] as const]]) },
)

const cases: fc.Arbitrary<Case> = fc.record({
  partitions: fc.tuple(partitionCase, partitionCase),
  files: fc.array(fileGroups, { maxLength: 4 }),
  deletes: fc.array(fc.tuple(fc.nat(3), fc.nat(20)), { maxLength: 5 }),
  bitmapBytesMax: fc.constantFrom(1, 3, 8, 1_000),
  properties: fc.constantFrom<Record<string, string>>(
    {},
    { 'firn.parquet.encodings': 'v2', 'write.parquet.compression-codec': 'snappy' },
    { 'write.parquet.compression-codec': 'gzip', 'write.parquet.page-row-limit': '7' },
    { 'write.parquet.compression-codec': 'uncompressed', 'write.parquet.dict-size-bytes': '1' },
  ),
})

/** Most of what should be there, each position in one of two files that interleave. */
function proper({ partitions }: Case): readonly Positioned[][] {
  const files: Positioned[][] = [[], []]
  for (const [partition, { start, kinds, gap }] of partitions.entries()) {
    for (const [offset, kind] of kinds.entries()) {
      const inGap = offset >= gap[0] && offset < gap[1]
      // Every thirteenth is missing.
      if (offset < start || kind !== 'r' || inGap || (offset * 7 + partition) % 13 === 0) continue
      files[offset % 2]?.push([ORDERS, partition, offset])
    }
  }
  return files
}

interface Counts {
  readonly rows: number
  readonly withoutPosition: number
  readonly unknown: number
  readonly duplicates: number
  readonly above: number
  readonly below: number
  readonly inGaps: number
  readonly missing: readonly string[]
  readonly phantoms: number
  readonly compacted: number
  readonly counted: number
}

/** One position of a partition, and how many rows have it. */
interface Cell {
  readonly key: string
  readonly offset: number
  readonly kind: Kind
  readonly rows: number
  readonly inGap: boolean
  /** Whether the log still has the position. */
  readonly inLog: boolean
}

function cellsOf(of: Case, own: readonly NonNullable<Positioned>[]): readonly Cell[] {
  const times = new Map<string, number>()
  for (const [, partition, offset] of own) {
    const key = `${partition}@${offset}`
    times.set(key, (times.get(key) ?? 0) + 1)
  }
  return of.partitions.flatMap(({ start, logStart, kinds, gap }, partition) =>
    kinds
      .map((kind, offset): Cell => {
        const key = `${partition}@${offset}`
        const inGap = offset >= gap[0] && offset < gap[1]
        return { key, offset, kind, rows: times.get(key) ?? 0, inGap, inLog: offset >= logStart }
      })
      .filter(({ offset }) => offset >= start),
  )
}

/** The same with a map, and in no windows. */
function naive(of: Case, live: readonly Positioned[]): Counts {
  const placed = live.filter((row) => row !== null)
  const own = placed.filter(([topic]) => topic === ORDERS)
  const cells = cellsOf(of, own)
  const there = cells.filter(({ rows }) => rows > 0)
  const logged = there.filter(({ inLog }) => inLog)
  return {
    rows: live.length,
    withoutPosition: live.length - placed.length,
    unknown: placed.length - own.length,
    above: own.filter(([, , offset]) => offset >= END).length,
    below: own.filter(([, partition, offset]) => offset < of.partitions[partition]!.start).length,
    duplicates: there.reduce((sum, { rows }) => sum + rows - 1, 0),
    inGaps: there.filter(({ inGap }) => inGap).length,
    counted: there.filter(({ offset }) => offset < 10).length,
    phantoms: logged.filter(({ kind }) => kind === 'a' || kind === 'c').length,
    compacted: logged.filter(({ kind }) => kind === '-').length,
    missing: cells
      .filter(({ kind, rows, inLog, inGap }) => kind === 'r' && rows === 0 && inLog && !inGap)
      .map(({ key }) => key)
      .toSorted(),
  }
}

function listed(list: PositionList): string[] {
  return list.ranges
    .flatMap(({ partition, range: { start, end } }) =>
      Array.from(
        { length: Number(end - start) },
        (_, i) => `${partition.partition}@${Number(start) + i}`,
      ),
    )
    .toSorted()
}

const scopesOf = ({ partitions }: Case): PartitionMap<PartitionScope> =>
  new PartitionMap(
    partitions.map(({ start, gap }, partition): [ReturnType<typeof at>, PartitionScope] => [
      at(partition),
      {
        topicId: ORDERS_ID,
        range: range(start, END),
        gaps: [{ reason: 'accept-gap', range: range(...gap), snapshotId: snapshotId(1n) }],
        rebasedBelow: 0n,
      },
    ]),
  )

async function filesOf(of: Case, store: FakeObjectStore): Promise<readonly LiveFile[]> {
  const groups = [...proper(of).map((rows) => [rows]), ...of.files]
  return Promise.all(
    groups.map(async (one, index) =>
      putFile(store, `mem://t/${index}`, one, { properties: of.properties }),
    ),
  )
}

test('finds what counting every row in a map finds, in windows of any size', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (of) => {
      const store = new FakeObjectStore()
      const files = await filesOf(of, store)
      const deletes = of.deletes.map(([file, row]) => [`mem://t/${file + 2}`, row] as const)
      const deleted = await DeletedRows.read(
        store,
        [await putDeletes(store, 'mem://t/d', [...deletes, ['mem://t/none', 1]], 2n)],
        100,
      )
      const source = new LogSource(of.partitions)
      const log: LogToCompare = {
        source: source.source,
        isolation: 'read_committed',
        bounds: new PartitionMap(
          of.partitions.map(({ logStart }, partition): [ReturnType<typeof at>, PositionRange] => [
            at(partition),
            range(logStart, END),
          ]),
        ),
      }
      const link = { snapshotId: snapshotId(5n) }
      const found = await checkRows({
        store,
        clock: { monotonic: () => 0 },
        fields: FIELDS,
        scopes: scopesOf(of),
        links: [
          {
            snapshot: link,
            record: { ranges: new PartitionMap([0, 1].map((one) => [at(one), range(0, 10)])) },
            addedRecords: 0n,
          },
        ] as never,
        files,
        deleted,
        log,
        bitmapBytesMax: of.bitmapBytesMax,
        rowGroupBytesMax: 1_000_000,
        progress: () => {},
      })
      const gone = new Set(deletes.map(([path, row]) => `${path}#${row}`))
      const live = [
        ...proper(of).flat(),
        ...of.files.flatMap((groups, index) =>
          groups.flat().filter((_, row) => !gone.has(`mem://t/${index + 2}#${row}`)),
        ),
      ]
      const counts: Counts = {
        rows: found.rows,
        withoutPosition: found.rowsWithoutPosition,
        unknown: [...found.unknownTopics.values()].reduce((sum, count) => sum + count, 0),
        duplicates: found.duplicates.total,
        above: found.aboveLedger.total,
        below: found.belowStart.total,
        inGaps: found.inGaps.total,
        missing: listed(found.missing),
        phantoms: found.phantoms.total,
        compacted: found.compacted,
        counted: found.rowsBySnapshot.get(snapshotId(5n)) ?? 0,
      }
      expect(counts).toEqual(naive(of, live))
      expect(found.unreadable).toEqual([])
      expect(found.miscounted).toEqual([])
    }),
    { numRuns: 150 },
  )
})
