import type { TopicName } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import type { Ledger, Mirror, Origin, SnapshotRecord } from '../../../src/commit/ledger.ts'
import {
  mirrorProperty,
  mirrorToText,
  recordToSummary,
  tagName,
} from '../../../src/commit/ledger-text.ts'
import {
  planStart,
  type PartitionFacts,
  type ResolvedStart,
  topicsToBegin,
} from '../../../src/commit/plan-start.ts'
import { type OnRollback, planTable } from '../../../src/commit/plan-table.ts'
import { otherWriterOf } from '../../../src/commit/read-ledger.ts'
import { ledgerOf } from '../../../src/commit/standing.ts'
import { commitId, snapshotId, tableUuid, type SnapshotId } from '../../../src/core/ids.ts'
import type { Snapshot, TableMetadata } from '../../../src/iceberg/metadata.ts'
import { at, CLUSTER, ORDERS, ORDERS_ID, SCHEMA, WRITER } from './fixtures.ts'

// The start table, row by row: metadata in, decision out. Snapshots are written `id`, or `id:next0,next1` for one of
// the writer's own; ids are sequence numbers too.

const UUID = tableUuid('uuid-1')

export function ledger(next: readonly number[], change: Partial<Ledger> = {}): Ledger {
  return {
    cluster: CLUSTER,
    topics: new Map([
      [
        ORDERS,
        {
          id: ORDERS_ID,
          next: new Map(next.map((position, partition) => [partition, BigInt(position)])),
          epoch: new Map([[0, 7]]),
          through: new Map(),
        },
      ],
    ]),
    ...change,
  }
}

export function record(
  id: number,
  next: readonly number[],
  change: Partial<SnapshotRecord> = {},
): SnapshotRecord {
  return {
    writer: WRITER,
    commitId: commitId(`c${id}`),
    namedSnapshotId: snapshotId(BigInt(id)),
    ranges: new PartitionMap(),
    ledger: ledger(next),
    gaps: new Map(),
    replayed: new PartitionMap(),
    rejected: new PartitionMap(),
    completeThroughMs: undefined,
    origin: undefined,
    ...change,
  }
}

export function snapshot(
  id: number,
  parent: number | null,
  summary: Record<string, string> = {},
): Snapshot {
  return {
    snapshotId: snapshotId(BigInt(id)),
    parentSnapshotId: parent === null ? null : snapshotId(BigInt(parent)),
    sequenceNumber: BigInt(id),
    timestampMs: BigInt(id),
    summary: { operation: 'append', ...summary },
    manifestList: `mem://${id}`,
    schemaId: 0,
    firstRowId: null,
    addedRows: null,
  }
}

export const own = (id: number, parent: number | null, next: readonly number[]): Snapshot =>
  snapshot(id, parent, recordToSummary(record(id, next)))

const ORIGIN: Origin = {
  sequenceNumber: 1n,
  topics: new Map([
    [
      ORDERS,
      {
        id: ORDERS_ID,
        start: new Map([
          [0, 0n],
          [1, 0n],
        ]),
      },
    ],
  ]),
}

export function mirror(id: number, next: readonly number[], change: Partial<Mirror> = {}): Mirror {
  return {
    tableUuid: UUID,
    ref: 'main',
    snapshotId: snapshotId(BigInt(id)),
    sequenceNumber: BigInt(id),
    commitId: commitId(`c${id}`),
    ledger: ledger(next),
    origin: ORIGIN,
    ...change,
  }
}

export interface Found {
  readonly snapshots: readonly Snapshot[]
  readonly head?: number
  readonly mirror?: Mirror
  readonly tag?: number
  /** Whether a manifest of the head names the evidence's snapshot. */
  readonly proven?: boolean
  readonly properties?: Record<string, string>
}

export interface Asked {
  readonly onRollback?: OnRollback
  readonly startConfirmed?: boolean
  readonly partitions?: readonly number[]
  readonly cluster?: typeof CLUSTER
  readonly id?: typeof ORDERS_ID | null
  readonly log?: Record<number, PartitionFacts>
  readonly start?: ResolvedStart
}

const id = (number: number): SnapshotId => snapshotId(BigInt(number))

export function metadataOf(found: Found): TableMetadata {
  return {
    formatVersion: 2,
    tableUuid: UUID,
    location: 'mem://t',
    lastSequenceNumber: 99n,
    lastUpdatedMs: 0n,
    lastColumnId: 1,
    currentSchemaId: 0,
    schemas: [SCHEMA],
    defaultSpecId: 0,
    partitionSpecs: [{ specId: 0, fields: [] }],
    lastPartitionId: 999,
    defaultSortOrderId: 0,
    sortOrders: [],
    properties: {
      ...(found.mirror === undefined
        ? {}
        : { [mirrorProperty(WRITER)]: mirrorToText(found.mirror) }),
      ...found.properties,
    },
    currentSnapshotId: found.head === undefined ? null : id(found.head),
    snapshots: found.snapshots,
    snapshotLog: [],
    refs: {
      ...(found.head === undefined ? {} : { main: { type: 'branch', snapshotId: id(found.head) } }),
      ...(found.tag === undefined
        ? {}
        : { [tagName(WRITER)]: { type: 'tag', snapshotId: id(found.tag) } }),
    },
    nextRowId: 0n,
  }
}

export const LOG = { logStart: 0n, logEnd: 100n }

export async function decide(found: Found, asked: Asked = {}) {
  const metadata = metadataOf(found)
  let proofs = 0
  const judged = await ledgerOf(metadata, { writer: WRITER, ref: 'main' }, async () => {
    proofs += 1
    return found.proven ?? false
  })
  const verdict = planTable(judged, {
    table: 't',
    onRollback: asked.onRollback ?? 'follow',
    hold: undefined,
  })
  const partitions = (asked.partitions ?? [0, 1]).map((partition) => at(partition))
  const plan = planStart({
    table: 't',
    verdict,
    log: {
      cluster: asked.cluster ?? CLUSTER,
      topics:
        asked.id === null
          ? new Map()
          : new Map([
              [
                ORDERS,
                {
                  id: asked.id ?? ORDERS_ID,
                  partitions: new Map(
                    Object.entries(asked.log ?? { 0: LOG, 1: LOG }).map(([p, facts]) => [
                      Number(p),
                      facts,
                    ]),
                  ),
                },
              ],
            ]),
    },
    partitions,
    start: asked.start ?? { kind: 'earliest' },
    startConfirmed: asked.startConfirmed ?? false,
    otherWriterOf: (topic: TopicName) => otherWriterOf(metadata, judged.reading, topic),
  })
  return { plan, proofs, begin: topicsToBegin(verdict, partitions) }
}

/** In short: `start 5 3`, `refuse CODE`, `move kind`. */
export async function short(found: Found, asked: Asked = {}): Promise<string> {
  const { plan } = await decide(found, asked)
  switch (plan.kind) {
    case 'refuse':
      return `refuse ${plan.refusal.code}`
    case 'move':
      return `move ${plan.move.kind}`
    case 'start': {
      if (plan.refusals[0] !== undefined) return `refuse ${plan.refusals[0].code}`
      const positions = [...plan.positions.values()].map(({ position }) => String(position))
      return ['start', ...positions].join(' ')
    }
  }
}
