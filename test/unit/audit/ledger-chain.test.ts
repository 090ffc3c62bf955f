import { describe, expect, test } from 'vitest'
import { ledgerChain, type LedgerChain } from '../../../src/audit/ledger-chain.ts'
import { outsideRanges, rowScopes } from '../../../src/audit/row-scope.ts'
import { removalsAbove, removalText } from '../../../src/audit/removals.ts'
import type { GapReason, Ledger, Origin } from '../../../src/commit/ledger.ts'
import { recordToSummary } from '../../../src/commit/ledger-text.ts'
import { commitId, snapshotId, topicId, type TopicId, writerName } from '../../../src/core/ids.ts'
import { PartitionMap, type PositionRange } from '../../../src/core/offsets.ts'
import type { WalkEnd } from '../../../src/iceberg/ancestry.ts'
import type { Snapshot } from '../../../src/iceberg/metadata.ts'
import { at, CLUSTER, ORDERS, ORDERS_ID, range, ranges, WRITER } from '../commit/fixtures.ts'

type Of = Record<number, [number, number]>

interface Step {
  readonly next: Record<number, number>
  readonly ranges?: Of
  readonly gaps?: Partial<Record<GapReason, Of>>
  readonly replayed?: Of
  readonly topicId?: TopicId
  /** The id that the commit id names, where the summary is a copy. */
  readonly names?: number
  readonly summary?: Record<string, string>
}

const ledgerOf = (next: Record<number, number>, id: TopicId = ORDERS_ID): Ledger => ({
  cluster: CLUSTER,
  topics: new Map([
    [
      ORDERS,
      {
        id,
        next: new Map(Object.entries(next).map(([one, end]) => [Number(one), BigInt(end)])),
        epoch: new Map(),
        through: new Map(),
      },
    ],
  ]),
})

const gapsOf = (gaps: Step['gaps']): ReadonlyMap<GapReason, PartitionMap<PositionRange>> =>
  new Map(
    (['start', 'accept-gap', 'rebase', 'skip'] as const).flatMap((reason) => {
      const of = gaps?.[reason]
      return of === undefined ? [] : [[reason, ranges(of)] as const]
    }),
  )

function snapshotOf(id: number, summary: Record<string, string>): Snapshot {
  return {
    snapshotId: snapshotId(BigInt(id)),
    parentSnapshotId: id === 1 ? null : snapshotId(BigInt(id - 1)),
    sequenceNumber: BigInt(id),
    timestampMs: BigInt(id * 1_000),
    summary,
    manifestList: 'mem://list',
    schemaId: 0,
    firstRowId: null,
    addedRows: null,
  }
}

const own = (id: number, step: Step): Snapshot =>
  snapshotOf(id, {
    operation: 'append',
    ...recordToSummary({
      writer: WRITER,
      commitId: commitId(`c-${id}`),
      namedSnapshotId: snapshotId(BigInt(step.names ?? id)),
      ranges: ranges(step.ranges ?? {}),
      ledger: ledgerOf(step.next, step.topicId),
      gaps: gapsOf(step.gaps),
      replayed: ranges(step.replayed ?? {}),
      rejected: new PartitionMap(),
      completeThroughMs: undefined,
      origin: undefined,
    }),
    ...step.summary,
  })

const ROOT: WalkEnd = { kind: 'root' }
const CUT: WalkEnd = { kind: 'cut', missing: snapshotId(99n) }
const OTHER_LOG = topicId('topic-2')

const chainOf = (
  snapshots: readonly Snapshot[],
  options: { readonly end?: WalkEnd; readonly origin?: Origin } = {},
): LedgerChain =>
  ledgerChain({
    writer: WRITER,
    walk: snapshots.toReversed(),
    end: options.end ?? ROOT,
    own: new Set([1n, 2n, 77n]),
    origin: options.origin,
  })

const stepsOf = (steps: readonly Step[]): Snapshot[] =>
  steps.map((step, index) => own(index + 1, step))

const originAt = (start: number): Origin => ({
  sequenceNumber: 0n,
  topics: new Map([[ORDERS, { id: ORDERS_ID, start: new Map([[0, BigInt(start)]]) }]]),
})

describe('a chain of ledgers', () => {
  const SOUND: readonly (readonly [string, readonly Step[]])[] = [
    [
      'ranges from 0 on',
      [
        { next: { 0: 5 }, ranges: { 0: [0, 5] } },
        { next: { 0: 9 }, ranges: { 0: [5, 9] } },
      ],
    ],
    [
      'a pin, then ranges',
      [
        { next: { 0: 7 }, gaps: { start: { 0: [0, 7] } } },
        { next: { 0: 9 }, ranges: { 0: [7, 9] } },
      ],
    ],
    ['a lift that changes nothing', [{ next: { 0: 0 } }, { next: { 0: 0 } }]],
    [
      'a partition that appears later',
      [{ next: { 0: 0 } }, { next: { 0: 0, 1: 4 }, ranges: { 1: [0, 4] } }],
    ],
    [
      'a gap and a range in one',
      [{ next: { 0: 9 }, ranges: { 0: [4, 9] }, gaps: { start: { 0: [0, 4] } } }],
    ],
    [
      'an accepted gap',
      [
        { next: { 0: 2 }, ranges: { 0: [0, 2] } },
        { next: { 0: 8 }, gaps: { 'accept-gap': { 0: [2, 8] } } },
      ],
    ],
    [
      'a rebase on another log, further down',
      [
        { next: { 0: 50 }, ranges: { 0: [0, 50] } },
        { next: { 0: 3 }, gaps: { rebase: { 0: [0, 3] } }, topicId: OTHER_LOG },
        { next: { 0: 4 }, ranges: { 0: [3, 4] }, topicId: OTHER_LOG },
      ],
    ],
  ]

  test.each(SOUND)('is sound: %s', (_name, steps) => {
    const chain = chainOf(stepsOf(steps))
    expect(chain.problems).toEqual([])
    expect(chain.links).toHaveLength(steps.length)
  })

  const first: Step = { next: { 0: 5 }, ranges: { 0: [0, 5] } }
  const BROKEN: readonly (readonly [string, Step, string])[] = [
    ['goes back', { next: { 0: 3 } }, 'orders/0 goes back from 5 to 3'],
    [
      'leaves positions out',
      { next: { 0: 9 }, ranges: { 0: [6, 9] } },
      'orders/0 leaves out [5,6)',
    ],
    [
      'takes positions again',
      { next: { 0: 9 }, ranges: { 0: [3, 9] } },
      'orders/0 takes [3,5) again, where it stood at 5',
    ],
    [
      'moves without a range',
      { next: { 0: 9 } },
      'orders/0 stands at 9, where its ranges and gaps end at 5',
    ],
    [
      'has a range beyond the ledger',
      { next: { 0: 7 }, ranges: { 0: [5, 9] } },
      'orders/0 stands at 7, where its ranges and gaps end at 9',
    ],
    [
      'has a range and a gap that overlap',
      { next: { 0: 9 }, ranges: { 0: [5, 9] }, gaps: { skip: { 0: [8, 9] } } },
      'orders/0 takes [8,9) again, where it stood at 9',
    ],
    [
      'loses a partition',
      { next: { 1: 0 } },
      'orders/0 is lost from the ledger, where it stood at 5',
    ],
    [
      'begins a partition too far up',
      { next: { 0: 5, 1: 4 }, ranges: { 1: [2, 4] } },
      'orders/1 leaves out [0,2)',
    ],
    [
      'has a range of a partition without a ledger',
      { next: { 0: 5 }, ranges: { 4: [0, 1] } },
      'orders/4 has a range and no place in the ledger',
    ],
  ]

  test.each(BROKEN)('%s', (_name, second, problem) => {
    expect(chainOf(stepsOf([first, second])).problems).toEqual([`snapshot 2: ${problem}`])
  })

  test('a whole topic that is lost', () => {
    const lost = own(2, { next: {} })
    const empty = {
      ...lost,
      summary: { ...lost.summary, 'firn.ledger': '{"cluster":"c","topics":{}}' },
    }
    expect(chainOf([own(1, first), empty]).problems).toEqual([
      'snapshot 2: topic orders is lost from the ledger',
    ])
  })

  test('nothing is asked of the first snapshot above a cut', () => {
    const steps = [own(8, { next: { 0: 60 }, ranges: { 0: [50, 60] } })]
    expect(chainOf(steps, { end: CUT }).problems).toEqual([])
    // A catalog that lists one snapshot only says that it has no parent.
    expect(chainOf(steps)).toMatchObject({ problems: [], complete: false })
    expect(chainOf(stepsOf([{ next: { 0: 60 }, ranges: { 0: [50, 60] } }]))).toMatchObject({
      problems: ['snapshot 1: orders/0 leaves out [0,50)'],
      complete: true,
    })
  })

  test('after a rollback behind its pin a partition begins at its origin', () => {
    const steps = stepsOf([{ next: { 0: 60 }, ranges: { 0: [50, 60] } }])
    expect(chainOf(steps, { origin: originAt(50) }).problems).toEqual([])
    expect(chainOf(stepsOf([{ next: { 0: 50 } }]), { origin: originAt(50) }).problems).toEqual([])
  })

  test('tells copies from links: summaries that name another snapshot, and cherry-picks', () => {
    const copy = own(2, { ...first, names: 1 })
    const pick = snapshotOf(3, { operation: 'append', 'source-snapshot-id': '77' })
    const foreign = snapshotOf(4, { operation: 'append', 'source-snapshot-id': '5' })
    const others = own(5, { next: { 0: 900 } })
    const another = { ...others, summary: { ...others.summary, 'firn.writer': writerName('x') } }
    const chain = chainOf([own(1, first), copy, pick, foreign, another])
    expect(chain.copied).toEqual([copy, pick])
    expect(chain.links.map(({ snapshot }) => snapshot.snapshotId)).toEqual([1n])
    expect(chain.problems).toEqual([])
  })

  test('a rebase keeps what both logs may have', () => {
    const chain = chainOf(stepsOf(SOUND.at(-1)?.[1] ?? []))
    expect([...chain.rebased]).toEqual([[at(0), range(0, 50)]])
  })
})

describe('where rows belong', () => {
  const scopeOf = (
    steps: readonly Step[],
    more: { end?: WalkEnd; origin?: Origin; files?: [bigint, bigint][] } = {},
  ) => {
    const chain = chainOf(stepsOf(steps), more)
    const last = steps.at(-1)
    return rowScopes({
      ledger: ledgerOf(last?.next ?? {}, last?.topicId),
      origin: more.origin,
      chain,
      files: (more.files ?? []).map(([lowest, highest]) => ({
        offsets: { lowest, highest },
        rows: 1n,
      })) as never,
    }).get(at(0))
  }
  const one: Step = { next: { 0: 60 }, ranges: { 0: [50, 60] } }

  test('from the origin, else the start gap, else the files, to the ledger', () => {
    const pinned: Step = { ...one, gaps: { start: { 0: [0, 50] } } }
    expect(scopeOf([one], { origin: originAt(50) })?.range).toEqual(range(50, 60))
    expect(scopeOf([pinned])?.range).toEqual(range(50, 60))
    expect(scopeOf([one], { end: CUT, files: [[40n, 55n]] })?.range).toEqual(range(40, 60))
    expect(scopeOf([one], { end: CUT, files: [[70n, 75n]] })?.range).toEqual(range(60, 60))
    expect(scopeOf([one])?.range).toEqual(range(0, 60))
  })

  test('gaps within it, and none of a rebase', () => {
    const scope = scopeOf([
      { next: { 0: 8 }, gaps: { start: { 0: [0, 8] } } },
      { next: { 0: 12 }, gaps: { 'accept-gap': { 0: [8, 12] } } },
      { next: { 0: 15 }, ranges: { 0: [12, 15] } },
    ])
    expect(scope?.gaps.map(({ reason, range: of }) => [reason, of])).toEqual([
      ['accept-gap', range(8, 12)],
    ])
    expect([...outsideRanges(range(8, 15), scope?.gaps ?? [])]).toEqual([range(12, 15)])
    const rebased = scopeOf(SOUND_REBASE)
    expect(rebased).toMatchObject({
      range: range(0, 50),
      gaps: [],
      rebasedBelow: 50n,
      topicId: OTHER_LOG,
    })
  })

  test('what was replayed since is in no gap, and begins where it went back to', () => {
    const skipped: readonly Step[] = [
      { next: { 0: 8 }, gaps: { start: { 0: [0, 8] } } },
      { next: { 0: 20 }, gaps: { skip: { 0: [8, 20] } } },
      { next: { 0: 20 }, replayed: { 0: [6, 12] } },
      { next: { 0: 25 }, gaps: { 'accept-gap': { 0: [20, 25] } } },
    ]
    const scope = scopeOf(skipped)
    expect(scope?.range).toEqual(range(6, 25))
    expect(scope?.gaps.map(({ reason, range: of }) => [reason, of])).toEqual([
      ['skip', range(12, 20)],
      ['accept-gap', range(20, 25)],
    ])
  })

  const SOUND_REBASE: readonly Step[] = [
    { next: { 0: 50 }, ranges: { 0: [0, 50] } },
    { next: { 0: 3 }, gaps: { rebase: { 0: [0, 3] } }, topicId: OTHER_LOG },
  ]
})

describe('who took rows out', () => {
  const summaries: readonly Record<string, string>[] = [
    { operation: 'append', 'added-records': '5' },
    {
      operation: 'overwrite',
      'deleted-records': '5',
      'added-records': '4',
      'engine-name': 'pyiceberg',
    },
    { operation: 'replace', 'deleted-records': '9', 'added-records': '9' },
    { operation: 'delete', 'added-position-deletes': '1' },
    { operation: 'delete', 'deleted-records': '0' },
  ]
  const walk = summaries.map((summary, index) => snapshotOf(index + 1, summary)).toReversed()

  test('not appends, not compaction', () => {
    expect(removalsAbove(walk, undefined).map(({ snapshotId: id }) => id)).toEqual([4n, 2n])
    expect(removalsAbove(walk, walk[2]).map(({ snapshotId: id }) => id)).toEqual([4n])
    expect(removalText(walk[3] ?? snapshotOf(0, {}))).toBe(
      'snapshot 2 took rows out (overwrite by pyiceberg): deleted-records 5, added-records 4',
    )
  })
})
