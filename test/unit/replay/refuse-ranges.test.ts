import { describe, expect, test } from 'vitest'
import type { AuditedTable } from '../../../src/audit/audited-table.ts'
import type { GapReason, Ledger } from '../../../src/commit/ledger.ts'
import { clusterId, topicId, topicName } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import { refuseRanges } from '../../../src/replay/refuse-ranges.ts'
import type { ResolvedRanges } from '../../../src/replay/resolve-ranges.ts'
import { at, CLUSTER, ORDERS, ORDERS_ID, range } from '../commit/fixtures.ts'

interface Case {
  readonly asked?: readonly [number, number]
  readonly next?: number
  readonly log?: readonly [number, number]
  readonly gaps?: readonly (readonly [GapReason, readonly [number, number]])[]
  readonly rebased?: readonly [number, number]
  readonly start?: number
  readonly cluster?: string
  readonly topicId?: string
  readonly otherTopic?: boolean
}

/** Partition 0 was read up to 100 from 0 on; the log holds all of it; [20,40) is asked for. */
function refusalOf(of: Case): string | undefined {
  const asked = of.asked ?? [20, 40]
  const ledger: Ledger = {
    cluster: CLUSTER,
    topics: new Map([
      [
        of.otherTopic === true ? topicName('pages') : ORDERS,
        {
          id: ORDERS_ID,
          next: new Map([[0, BigInt(of.next ?? 100)]]),
          epoch: new Map(),
          through: new Map(),
        },
      ],
    ]),
  }
  const chain: Pick<AuditedTable['chain'], 'gaps' | 'rebased'> = {
    gaps: (of.gaps ?? []).map(([reason, [start, end]]) => ({
      reason,
      partition: at(0),
      range: range(start, end),
      snapshot: {} as never,
    })),
    rebased:
      of.rebased === undefined
        ? new PartitionMap()
        : new PartitionMap([[at(0), range(...of.rebased)]]),
  }
  const origin = {
    sequenceNumber: 0n,
    topics: new Map([[ORDERS, { id: ORDERS_ID, start: new Map([[0, BigInt(of.start ?? 0)]]) }]]),
  }
  const [logStart, logEnd] = of.log ?? [0, 120]
  const resolved: ResolvedRanges = {
    cluster: clusterId(of.cluster ?? CLUSTER),
    topic: { topic: ORDERS, id: topicId(of.topicId ?? ORDERS_ID), partitions: [0] },
    ranges: new PartitionMap([[at(0), range(...asked)]]),
    bounds: new PartitionMap([[at(0), { logStart: BigInt(logStart), logEnd: BigInt(logEnd) }]]),
  }
  const refusal = refuseRanges({
    table: 'lake.orders',
    audited: { ledger, chain: chain as AuditedTable['chain'], origin },
    resolved,
  })
  return refusal === undefined ? undefined : `${refusal.code} ${refusal.message}`
}

describe('a range', () => {
  test.each<[string, Case]>([
    ['below the ledger, in the log', {}],
    ['up to the ledger', { asked: [20, 100] }],
    ['from where the log starts', { log: [20, 120] }],
    ['up to the log end', { log: [0, 40] }],
    [
      'beside a gap',
      {
        gaps: [
          ['accept-gap', [10, 20]],
          ['skip', [40, 50]],
        ],
      },
    ],
    ['from where the partition was started', { start: 20, gaps: [['start', [0, 20]]] }],
    ['above what an earlier log may have', { rebased: [0, 20] }],
  ])('%s is put back', (_name, of) => {
    expect(refusalOf(of)).toBeUndefined()
  })

  test.each<[string, string, Case]>([
    ['beyond the ledger', 'REPLAY_REFUSED .*read up to 100.*ends at 101', { asked: [20, 101] }],
    [
      'of a topic that was never read',
      'REPLAY_REFUSED .*does not have topic',
      { otherTopic: true },
    ],
    ['of another cluster', 'CLUSTER_CHANGED', { cluster: 'cluster-2' }],
    ['of a topic that was recreated', 'TOPIC_RECREATED', { topicId: 'topic-2' }],
    ['that retention has reached', 'OFFSETS_EXPIRED .*deleted 5 of', { log: [25, 120] }],
    ['that retention has passed', 'OFFSETS_EXPIRED .*deleted 20 of', { log: [90, 120] }],
    ['of a truncated log', 'LOG_TRUNCATED', { log: [0, 39] }],
    [
      'with a gap at its start',
      'REPLAY_REFUSED .*\\[10,21\\).*accept-gap',
      { gaps: [['accept-gap', [10, 21]]] },
    ],
    ['with a gap at its end', 'REPLAY_REFUSED .*skip', { gaps: [['skip', [39, 60]]] }],
    ['below the start of the partition', 'REPLAY_REFUSED .*start', { start: 21 }],
    ['below a rebase', 'REPLAY_REFUSED .*rows of both', { gaps: [['rebase', [0, 21]]] }],
    ['that another log had as well', 'REPLAY_REFUSED .*rows of both', { rebased: [0, 21] }],
  ])('%s is refused', (_name, wanted, of) => {
    expect(refusalOf(of)).toMatch(new RegExp(`^${wanted}`))
  })
})
