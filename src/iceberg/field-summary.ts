import { type Comparator, comparatorOf, compareUuidsAsJava } from './compare.ts'
import type { FieldSummary } from './data-file.ts'
import type { PartitionTuple } from './partition.ts'
import { valueToBytes } from './single-value.ts'
import { isPrimitive } from './type-text.ts'
import type { PrimitiveType, StructType, Type, Value } from './types.ts'
import { asBytes } from './value.ts'

/**
 * What a manifest list says about the partition tuples of a manifest's entries. Spec: `field_summary`. Empty, for the
 * whole manifest, where uuids have bounds that not all readers would understand alike: no summary keeps every reader
 * from skipping the manifest, no bounds would tell it that all values are null.
 */
export function summarizePartitions(
  partition: StructType,
  tuples: readonly PartitionTuple[],
): readonly FieldSummary[] {
  const summaries = partition.fields.map(({ type }, index) =>
    summarize(
      type,
      tuples.map((tuple) => tuple[index] ?? null),
    ),
  )
  const known = summaries.flatMap((summary) => summary ?? [])
  return known.length === summaries.length ? known : []
}

/** Undefined where no bounds are right for all readers. */
function summarize(type: Type, values: readonly (Value | null)[]): FieldSummary | undefined {
  const present = values.flatMap((value) => (value === null || Number.isNaN(value) ? [] : [value]))
  const summary = {
    containsNull: values.includes(null),
    containsNan: values.some((value) => Number.isNaN(value)),
  }
  if (!isPrimitive(type) || present.length === 0) {
    return { ...summary, lowerBound: null, upperBound: null }
  }
  const bounds = boundsOf(present, comparatorOf(type))
  if (type.kind === 'uuid' && !isSameForJava(present, bounds)) return undefined
  return {
    ...summary,
    lowerBound: bytesOf(type, bounds.least),
    upperBound: bytesOf(type, bounds.greatest),
  }
}

interface Bounds {
  readonly least: Value | undefined
  readonly greatest: Value | undefined
}

function boundsOf(values: readonly Value[], compare: Comparator): Bounds {
  let [least, greatest] = [values[0], values[0]]
  for (const value of values) {
    if (least === undefined || compare(value, least) < 0) least = value
    if (greatest === undefined || compare(value, greatest) > 0) greatest = value
  }
  return { least, greatest }
}

function isSameForJava(values: readonly Value[], { least, greatest }: Bounds): boolean {
  const java = boundsOf(values, compareAsJava)
  return isSame(java.least, least) && isSame(java.greatest, greatest)
}

function isSame(left: Value | undefined, right: Value | undefined): boolean {
  return left !== undefined && right !== undefined && compareAsJava(left, right) === 0
}

function compareAsJava(left: Value, right: Value): number {
  return compareUuidsAsJava(asBytes(left), asBytes(right))
}

function bytesOf(type: PrimitiveType, value: Value | undefined): Uint8Array | null {
  return value === undefined ? null : valueToBytes(type, value)
}
