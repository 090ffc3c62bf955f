import { describe, expect, test } from 'vitest'
import { topicName } from '../../../src/core/ids.ts'
import { PartitionMap, type PositionRange } from '../../../src/core/offsets.ts'
import type { DataFile } from '../../../src/iceberg/data-file.ts'
import { valueToBytes } from '../../../src/iceberg/single-value.ts'
import { fileStanding, type FileStanding } from '../../../src/replay/file-standing.ts'
import { dataFile, range } from '../commit/fixtures.ts'
import { PLACE } from './replay-rows.ts'

interface Facts {
  readonly topic?: readonly [string, string]
  readonly partition?: readonly [number, number]
  readonly offset?: readonly [number, number]
  readonly nulls?: number | undefined
  readonly rows?: number
}

const WHOLE = { topic: ['orders', 'orders'], partition: [0, 0], nulls: 0 } as const

function fileOf({ topic, partition, offset, nulls, rows = 10 }: Facts): DataFile {
  const bounds = (at: 0 | 1): [number, Uint8Array][] =>
    [
      ...(topic === undefined
        ? []
        : ([[PLACE.topicId, valueToBytes({ kind: 'string' }, topic[at])]] as const)),
      ...(partition === undefined
        ? []
        : ([[PLACE.partitionId, valueToBytes({ kind: 'int' }, partition[at])]] as const)),
      ...(offset === undefined
        ? []
        : ([[PLACE.offsetId, valueToBytes({ kind: 'long' }, BigInt(offset[at]))]] as const)),
    ] as [number, Uint8Array][]
  const file = dataFile('f.parquet', rows)
  return {
    ...file,
    metrics: {
      ...file.metrics,
      lowerBounds: new Map(bounds(0)),
      upperBounds: new Map(bounds(1)),
      nullValueCounts: nulls === undefined ? new Map() : new Map([[PLACE.offsetId, BigInt(nulls)]]),
    },
  }
}

const RANGES = rangesOf([
  ['orders', 0, [10, 20]],
  ['orders', 2, [10, 20]],
])

function rangesOf(
  of: readonly (readonly [string, number, readonly [number, number]])[],
): PartitionMap<PositionRange> {
  return new PartitionMap(
    of.map(([topic, partition, [start, end]]) => [
      { topic: topicName(topic), partition },
      range(start, end),
    ]),
  )
}

const TABLE: readonly (readonly [FileStanding, string, Facts])[] = [
  ['inside', 'the very range', { ...WHOLE, offset: [10, 19] }],
  ['inside', 'one position of it', { ...WHOLE, offset: [15, 15] }],
  ['inside', 'the other range', { ...WHOLE, partition: [2, 2], offset: [10, 19] }],
  ['outside', 'all below', { ...WHOLE, offset: [0, 9] }],
  ['outside', 'all above', { ...WHOLE, offset: [20, 30] }],
  ['unclear', 'from below into it', { ...WHOLE, offset: [9, 10] }],
  ['unclear', 'from within to above', { ...WHOLE, offset: [19, 20] }],
  ['unclear', 'around it', { ...WHOLE, offset: [0, 40] }],
  ['outside', 'another partition', { ...WHOLE, partition: [1, 1], offset: [10, 19] }],
  [
    'unclear',
    'both partitions, though both ranges are whole',
    { ...WHOLE, partition: [0, 2], offset: [10, 19] },
  ],
  ['unclear', 'several partitions around one', { ...WHOLE, partition: [1, 3], offset: [10, 19] }],
  ['outside', 'another topic', { ...WHOLE, topic: ['alerts', 'alerts'], offset: [10, 19] }],
  ['outside', 'a later topic', { ...WHOLE, topic: ['orders2', 'orders2'], offset: [10, 19] }],
  ['unclear', 'several topics', { ...WHOLE, topic: ['alerts', 'pages'], offset: [10, 19] }],
  [
    'unclear',
    'a topic and one before it',
    { ...WHOLE, topic: ['alerts', 'orders'], offset: [10, 19] },
  ],
  ['unclear', 'rows without a position among them', { ...WHOLE, nulls: 1, offset: [10, 19] }],
  ['outside', 'rows without a position only', { ...WHOLE, nulls: 10, offset: [10, 19] }],
  [
    'unclear',
    'an unknown number of rows without a position',
    { ...WHOLE, nulls: undefined, offset: [10, 19] },
  ],
  ['unclear', 'no bounds at all', {}],
  ['unclear', 'no bounds of the topic', { partition: [0, 0], offset: [10, 19], nulls: 0 }],
  [
    'unclear',
    'no bounds of the partition',
    { topic: ['orders', 'orders'], offset: [10, 19], nulls: 0 },
  ],
  ['unclear', 'no bounds of the offset', { ...WHOLE }],
  ['outside', 'no bounds of the offset, but another partition', { ...WHOLE, partition: [7, 7] }],
  ['outside', 'no rows', { rows: 0 }],
]

describe('a file by its bounds', () => {
  test.each(TABLE)('is %s: %s', (standing, _name, facts) => {
    expect(fileStanding(fileOf(facts), PLACE, RANGES)).toBe(standing)
  })

  test('of a topic whose bounds were cut is unclear, or outside', () => {
    const long = 'orders-of-the-north-and-south'
    const of = rangesOf([[long, 0, [10, 20]]])
    const cut = { ...WHOLE, topic: ['orders-of-the-no', 'orders-of-the-np'] as const }
    expect(fileStanding(fileOf({ ...cut, offset: [10, 19] }), PLACE, of)).toBe('unclear')
    const other = { ...WHOLE, topic: ['orders-of-the-so', 'orders-of-the-sp'] as const }
    expect(fileStanding(fileOf({ ...other, offset: [10, 19] }), PLACE, of)).toBe('outside')
  })

  test('topics are compared by their bytes, not by UTF-16', () => {
    const of = rangesOf([['\u{1f600}', 0, [10, 20]]])
    const file = fileOf({ ...WHOLE, topic: ['\uffee', '\u{1f601}'], offset: [10, 19] })
    expect(fileStanding(file, PLACE, of)).toBe('unclear')
  })

  test('an empty range holds nothing', () => {
    const of = rangesOf([['orders', 0, [10, 10]]])
    expect(fileStanding(fileOf({ ...WHOLE, offset: [0, 19] }), PLACE, of)).toBe('outside')
  })

  test('every pair of offset bounds against a small range, by counting', () => {
    const of = rangesOf([['orders', 0, [2, 5]]])
    for (let lower = 0; lower <= 7; lower += 1) {
      for (let upper = lower; upper <= 7; upper += 1) {
        const held = Array.from({ length: upper - lower + 1 }, (_, index) => lower + index)
        const within = held.filter((offset) => offset >= 2 && offset < 5).length
        const wanted = within === 0 ? 'outside' : within === held.length ? 'inside' : 'unclear'
        expect(fileStanding(fileOf({ ...WHOLE, offset: [lower, upper] }), PLACE, of)).toBe(wanted)
      }
    }
  })
})
