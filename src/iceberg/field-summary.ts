import { comparatorOf } from './compare.ts'
import type { FieldSummary } from './data-file.ts'
import type { PartitionTuple } from './partition.ts'
import { valueToBytes } from './single-value.ts'
import { isPrimitive } from './type-text.ts'
import type { StructType, Type, Value } from './types.ts'

/** What a manifest list says about the partition tuples of a manifest's entries. Spec: `field_summary`. */
export function summarizePartitions(
  partition: StructType,
  tuples: readonly PartitionTuple[],
): readonly FieldSummary[] {
  return partition.fields.map(({ type }, index) =>
    summarize(
      type,
      tuples.map((tuple) => tuple[index] ?? null),
    ),
  )
}

function summarize(type: Type, values: readonly (Value | null)[]): FieldSummary {
  const present = values.filter((value) => value !== null && !Number.isNaN(value))
  const summary = {
    containsNull: values.includes(null),
    containsNan: values.some((value) => Number.isNaN(value)),
  }
  const [first] = present
  if (first === undefined || first === null || !isPrimitive(type)) {
    return { ...summary, lowerBound: null, upperBound: null }
  }
  const compare = comparatorOf(type)
  let [least, greatest] = [first, first]
  for (const value of present) {
    if (value === null) continue
    if (compare(value, least) < 0) least = value
    if (compare(value, greatest) > 0) greatest = value
  }
  return {
    ...summary,
    lowerBound: valueToBytes(type, least),
    upperBound: valueToBytes(type, greatest),
  }
}
