import { truncateBytes, truncateBytesUp, truncateText, truncateTextUp } from '../iceberg/bounds.ts'
import type { ColumnMetrics } from '../iceberg/data-file.ts'
import { decimalFromBytes } from '../iceberg/decimal.ts'
import type { MetricsMode } from '../iceberg/metrics-config.ts'
import { valueToBytes } from '../iceberg/single-value.ts'
import type { Value } from '../iceberg/types.ts'
import type { ChunkFacts } from './column-chunk.ts'
import { type Extremes, merged, type StatisticsValue } from './extremes.ts'
import type { Leaf } from './parquet-schema.ts'

/** Statistics keep this much of long text and bytes: what the page index of Java's writer keeps. */
const BOUND_BYTES = 64
const CODE_POINT_BYTES_MAX = 4

/** How many bytes of a long value must be kept, so that a bound of the mode can be cut from it. */
export function boundBytes(mode: MetricsMode): number {
  if (mode.kind === 'full') return Infinity
  if (mode.kind !== 'truncate') return BOUND_BYTES
  return Math.max(BOUND_BYTES, mode.length * CODE_POINT_BYTES_MAX)
}

interface Totals {
  size: number
  entries: number
  nulls: number
  nans: number
  extremes: Extremes | undefined
}

/**
 * The metrics of a file's columns, summed over its row groups. A column in a list or map has counts of its entries, the
 * placeholders of nulls and of empty lists included, and no bounds: as Iceberg has it.
 */
export class MetricsCollector {
  private readonly totals = new Map<Leaf, Totals>()
  private readonly modeOf: (fieldId: number) => MetricsMode

  constructor(leaves: readonly Leaf[], modeOf: (fieldId: number) => MetricsMode) {
    this.modeOf = modeOf
    for (const leaf of leaves) {
      this.totals.set(leaf, { size: 0, entries: 0, nulls: 0, nans: 0, extremes: undefined })
    }
  }

  add(chunk: ChunkFacts): void {
    const totals = this.totals.get(chunk.leaf)
    if (totals === undefined) return
    totals.size += chunk.compressedSize
    totals.entries += chunk.entryCount
    totals.nulls += chunk.nullCount
    totals.nans += chunk.nanCount
    totals.extremes = merged(chunk.leaf, totals.extremes, chunk.extremes)
  }

  metrics(): ColumnMetrics {
    const metrics = {
      columnSizes: new Map<number, bigint>(),
      valueCounts: new Map<number, bigint>(),
      nullValueCounts: new Map<number, bigint>(),
      nanValueCounts: new Map<number, bigint>(),
      lowerBounds: new Map<number, Uint8Array>(),
      upperBounds: new Map<number, Uint8Array>(),
    }
    for (const [leaf, totals] of this.totals) {
      const id = leaf.fieldId
      const mode = this.modeOf(id)
      if (mode.kind === 'none') continue
      metrics.columnSizes.set(id, BigInt(totals.size))
      metrics.valueCounts.set(id, BigInt(totals.entries))
      metrics.nullValueCounts.set(id, BigInt(totals.nulls))
      if (isFloating(leaf)) metrics.nanValueCounts.set(id, BigInt(totals.nans))
      const { extremes } = totals
      if (mode.kind === 'counts' || leaf.repetitionMax > 0 || extremes === undefined) continue
      const length = mode.kind === 'truncate' ? mode.length : Infinity
      const upper = upperBound(leaf, extremes.max, length)
      metrics.lowerBounds.set(id, lowerBound(leaf, extremes.min, length))
      if (upper !== undefined) metrics.upperBounds.set(id, upper)
    }
    return metrics
  }
}

function isFloating({ type }: Leaf): boolean {
  return type.kind === 'float' || type.kind === 'double'
}

function lowerBound({ type }: Leaf, min: StatisticsValue, length: number): Uint8Array {
  const value = icebergValue(type.kind, min)
  if (typeof value === 'string') return valueToBytes(type, truncateText(value, length))
  if (type.kind === 'binary' && value instanceof Uint8Array) return truncateBytes(value, length)
  return valueToBytes(type, value)
}

/** Undefined where no value of the length lies above. */
function upperBound({ type }: Leaf, max: StatisticsValue, length: number): Uint8Array | undefined {
  const value = icebergValue(type.kind, max)
  if (typeof value === 'string') {
    const bound = truncateTextUp(value, length)
    return bound === null ? undefined : valueToBytes(type, bound)
  }
  if (type.kind === 'binary' && value instanceof Uint8Array) {
    return truncateBytesUp(value, length) ?? undefined
  }
  return valueToBytes(type, value)
}

/** A value of Parquet's statistics in the form that its Iceberg type has in memory. */
function icebergValue(kind: Leaf['type']['kind'], value: StatisticsValue): Value {
  switch (kind) {
    case 'boolean':
      return value === 1
    case 'string':
      return value instanceof Uint8Array ? UTF8.decode(value) : ''
    case 'decimal':
      return value instanceof Uint8Array ? decimalFromBytes(value) : BigInt(value)
    default:
      return value
  }
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true })
