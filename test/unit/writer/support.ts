import { topicId, topicName } from '../../../src/core/ids.ts'
import type { FetchedBatch } from '../../../src/consumer/record-source.ts'
import { assignFreshIds } from '../../../src/iceberg/field-ids.ts'
import type { PartitionSpec } from '../../../src/iceberg/partition.ts'
import type { NestedField, Schema } from '../../../src/iceberg/types.ts'
import { kafkaField } from '../../../src/record/kafka-column.ts'
import type { EncodingPlan } from '../../../src/writer/encoder.ts'
import { recordBatch } from '../../support/record-batch.ts'

const field = (id: number, name: string, kind: 'long' | 'string'): NestedField => ({
  id,
  name,
  type: { kind },
  required: false,
})

/** id long, name string, `_kafka`. */
export const SCHEMA: Schema = assignFreshIds({
  schemaId: 0,
  identifierFieldIds: [],
  fields: [
    field(101, 'id', 'long'),
    field(102, 'name', 'string'),
    kafkaField({ name: '_kafka', key: false, headers: false }),
  ],
}).schema

export const UNPARTITIONED: PartitionSpec = { specId: 0, fields: [] }

export const BY_NAME: PartitionSpec = {
  specId: 1,
  fields: [{ sourceId: 2, fieldId: 1000, name: 'name', transform: { kind: 'identity' } }],
}

export function plan(overrides: Partial<EncodingPlan> = {}): EncodingPlan {
  return {
    schema: SCHEMA,
    spec: UNPARTITIONED,
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
    openTuplesMax: 100,
    columnBytesMax: 1_000_000,
    ...overrides,
  }
}

/** A fetch of partition 0 that holds these values from `from` on. */
export function fetched(values: readonly string[], from = 0n): FetchedBatch {
  const end = from + BigInt(values.length)
  return {
    kind: 'batch',
    topic: topicName('orders'),
    topicId: topicId('topic-1'),
    partition: 0,
    position: from,
    bytes: recordBatch({
      baseOffset: from,
      lastOffset: end - 1n,
      leaderEpoch: 3,
      records: values.map((value, index) => ({
        offset: from + BigInt(index),
        timestampMs: 1_000 + index,
        value: Buffer.from(value),
      })),
    }),
    abortedTransactions: [],
    logStart: 0n,
    logEnd: end,
    highWatermark: end,
  }
}
