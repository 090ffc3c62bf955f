import type { Clock } from '../../../src/core/clock.ts'
import { clusterId, topicId, topicName, writerName, type TopicName } from '../../../src/core/ids.ts'
import { PartitionMap, type PositionRange } from '../../../src/core/offsets.ts'
import type { Random } from '../../../src/core/random.ts'
import type { DataFile } from '../../../src/iceberg/data-file.ts'
import type { Schema } from '../../../src/iceberg/types.ts'

export const TABLE = { namespace: ['lake'], name: 'orders' }
export const ORDERS: TopicName = topicName('orders')
export const ORDERS_ID = topicId('topic-1')
export const CLUSTER = clusterId('cluster-1')
export const WRITER = writerName('w')

export const SCHEMA: Schema = {
  schemaId: 0,
  fields: [{ id: 1, name: 'n', type: { kind: 'long' }, required: false }],
  identifierFieldIds: [],
}

export const at = (partition: number, topic = ORDERS): { topic: TopicName; partition: number } => ({
  topic,
  partition,
})

export const range = (start: number, end: number): PositionRange => ({
  start: BigInt(start),
  end: BigInt(end),
})

/** `{0: [0, 2]}` as ranges of the topic orders. */
export const ranges = (of: Record<number, [number, number]>): PartitionMap<PositionRange> =>
  new PartitionMap(
    Object.entries(of).map(([partition, [start, end]]) => [
      at(Number(partition)),
      range(start, end),
    ]),
  )

/** A seeded generator: mulberry32. */
export function seeded(seed: number): Random {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => Math.floor(next() * 16).toString(16)).join('')
  return {
    next,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(12)}`,
    int63: () => BigInt(`0x${hex(15)}`) + 1n,
  }
}

/** Time that passes only while somebody sleeps. */
export function virtualClock(state: { nowMs: number }): Clock {
  return {
    now: () => state.nowMs,
    monotonic: () => state.nowMs,
    sleep: async (ms) => {
      state.nowMs += ms
      await Promise.resolve()
    },
  }
}

export function dataFile(name: string, rows: number): DataFile {
  return {
    content: 'data',
    filePath: `mem://lake/lake.orders/data/${name}`,
    fileFormat: 'PARQUET',
    specId: 0,
    partition: [],
    recordCount: BigInt(rows),
    fileSizeInBytes: BigInt(rows * 10),
    metrics: {
      columnSizes: new Map(),
      valueCounts: new Map(),
      nullValueCounts: new Map(),
      nanValueCounts: new Map(),
      lowerBounds: new Map(),
      upperBounds: new Map(),
    },
    splitOffsets: [],
    equalityIds: [],
    sortOrderId: null,
    firstRowId: null,
  }
}
