import { AssertionError } from '../core/assert.ts'
import type { Extremes, StatisticsValue } from './extremes.ts'
import type { Physical } from './format.ts'
import type { Leaf } from './parquet-schema.ts'
import type { ThriftWriter } from './thrift.ts'

/** A value as statistics store it: PLAIN, text and bytes without their length. */
export function statisticsBytes(physical: Physical, value: StatisticsValue): Uint8Array {
  if (value instanceof Uint8Array) return value
  const bytes = Buffer.alloc(8)
  if (typeof value === 'bigint') return bytes.subarray(0, bytes.writeBigInt64LE(value))
  switch (physical) {
    case 'BOOLEAN':
      return bytes.subarray(0, bytes.writeUInt8(value))
    case 'INT32':
      return bytes.subarray(0, bytes.writeInt32LE(value))
    case 'FLOAT':
      return bytes.subarray(0, bytes.writeFloatLE(value))
    case 'DOUBLE':
      return bytes.subarray(0, bytes.writeDoubleLE(value))
    default:
      throw new AssertionError(`bug: a number is no value of ${physical}`)
  }
}

/** The struct `Statistics` of parquet.thrift. Its old fields `min` and `max` had no order defined: they are left out. */
export function writeStatistics(
  thrift: ThriftWriter,
  id: number,
  { leaf, nullCount, extremes }: StatisticsFacts,
): void {
  const { physical } = leaf.storage
  thrift.struct(id, () => {
    thrift.int64(3, nullCount)
    if (extremes === undefined) return
    thrift.binary(5, statisticsBytes(physical, extremes.max))
    thrift.binary(6, statisticsBytes(physical, extremes.min))
    thrift.bool(7, extremes.maxExact)
    thrift.bool(8, extremes.minExact)
  })
}

interface StatisticsFacts {
  readonly leaf: Leaf
  readonly nullCount: number
  readonly extremes: Extremes | undefined
}
