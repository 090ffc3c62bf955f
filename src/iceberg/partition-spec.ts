import { FirnError } from '../core/errors.ts'
import type { PartitionField, PartitionSpec, Transform } from './partition.ts'
import { fieldById, fieldByPath, parentsOf } from './schema.ts'
import { PARTITION_FIELD_ID_START } from './spec-json.ts'
import { resultType, takesType } from './transform.ts'
import { transformText } from './transform-text.ts'
import { typeText } from './type-text.ts'
import type { Schema, StructType, Type } from './types.ts'

/** The type of a spec's partition tuples: a field per partition field, all optional, under their own ids. */
export function partitionType(spec: PartitionSpec, schema: Schema): StructType {
  return {
    kind: 'struct',
    fields: spec.fields.map(({ sourceId, fieldId, name, transform }) => ({
      id: fieldId,
      name,
      type: resultType(transform, fieldById(schema, sourceId)?.field.type),
      required: false,
    })),
  }
}

/** Whether tables of a spec have partitions at all: void fields are none. */
export function isPartitioned(spec: PartitionSpec): boolean {
  return spec.fields.some(({ transform }) => transform.kind !== 'void')
}

/** The name of a partition field where none is asked for, as Iceberg's own builder gives: `ts_day`, `id_bucket`. */
export function defaultPartitionName(columnPath: string, transform: Transform): string {
  switch (transform.kind) {
    case 'identity':
      return columnPath
    case 'truncate':
      return `${columnPath}_trunc`
    case 'void':
      return `${columnPath}_null`
    default:
      return `${columnPath}_${transform.kind}`
  }
}

/**
 * Whether a partition field holds fixed values themselves. The specification allows it, but Iceberg's Java library
 * up to 1.11 reads and writes these in a form of its own (apache/iceberg issue 17501): whatever form is written,
 * some reader cannot read the manifest.
 */
export function isFixedIdentity(transform: Transform, source: Type | undefined): boolean {
  return transform.kind === 'identity' && source?.kind === 'fixed'
}

/** A partition field as a configuration asks for it. */
export interface PartitionFieldRequest {
  /** Dotted path of the source column. */
  readonly column: string
  readonly transform: Transform
  readonly name?: string
}

export interface PartitionSpecRequest {
  readonly schema: Schema
  readonly fields: readonly PartitionFieldRequest[]
  /** The table's specs so far: ids of equivalent fields are used again. Empty for a new table. */
  readonly existing: readonly PartitionSpec[]
  /** The table's `last-partition-id`; 999 for a new table. */
  readonly lastPartitionId: number
}

/** No partition field has an id yet: `last-partition-id` of a new table. */
export const NO_PARTITION_ID = PARTITION_FIELD_ID_START - 1

/**
 * The spec of the asked-for fields: the existing one where there is an equivalent, else a new one with the next
 * id. Throws SPEC_INVALID with everything that is wrong. Spec: "Partitioning".
 */
export function buildPartitionSpec(request: PartitionSpecRequest): PartitionSpec {
  const { schema, existing } = request
  const known = existing.flatMap((spec) => spec.fields)
  let lastId = request.lastPartitionId
  const fields = request.fields.map(({ column, transform, name }): PartitionField => {
    const sourceId = fieldByPath(schema, column)?.field.id
    if (sourceId === undefined) {
      throw new FirnError(
        'SPEC_INVALID',
        `partition column ${column}: the table has no such column`,
      )
    }
    const sameField = known.find(
      (field) =>
        field.sourceId === sourceId && transformText(field.transform) === transformText(transform),
    )
    const fieldId = sameField?.fieldId ?? (lastId += 1)
    const fieldName = name ?? sameField?.name ?? defaultPartitionName(column, transform)
    return { sourceId, fieldId, name: fieldName, transform }
  })
  const specId = Math.max(-1, ...existing.map((spec) => spec.specId)) + 1
  const spec = { specId, fields }
  checkPartitionSpec(spec, schema)
  return existing.find((other) => sameFields(other, spec)) ?? spec
}

/** Whether two specs partition alike: same sources, transforms and names in the same order. */
export function sameFields(left: PartitionSpec, right: PartitionSpec): boolean {
  return (
    left.fields.length === right.fields.length &&
    left.fields.every((field, index) => {
      const other = right.fields[index]
      return (
        other !== undefined &&
        field.sourceId === other.sourceId &&
        field.name === other.name &&
        transformText(field.transform) === transformText(other.transform)
      )
    })
  )
}

/** Throws SPEC_INVALID with every problem of a spec that new data is to be written with. */
export function checkPartitionSpec(spec: PartitionSpec, schema: Schema): void {
  const problems = partitionWriteProblems(spec, schema)
  if (problems.length > 0) throw new FirnError('SPEC_INVALID', problems.join('; '))
}

/** What keeps Firn from writing under a spec, one sentence each: what is wrong with it, and what no form suits. */
export function partitionWriteProblems(spec: PartitionSpec, schema: Schema): readonly string[] {
  const fixed = spec.fields.filter(({ sourceId, transform }) =>
    isFixedIdentity(transform, fieldById(schema, sourceId)?.field.type),
  )
  return [
    ...partitionSpecProblems(spec, schema),
    ...fixed.map(
      ({ name }) =>
        `partition field ${name}: readers disagree on how manifests hold fixed values; use bucket`,
    ),
  ]
}

/** What is wrong with a spec by the specification, one sentence each. */
export function partitionSpecProblems(spec: PartitionSpec, schema: Schema): readonly string[] {
  return spec.fields.flatMap((field, index) => {
    const before = spec.fields.slice(0, index)
    return [
      ...sourceProblems(field, schema),
      ...nameProblems(field, { before, schema }),
      ...redundancyProblems(field, before),
    ].map((problem) => `partition field ${field.name}: ${problem}`)
  })
}

function sourceProblems({ sourceId, transform }: PartitionField, schema: Schema): string[] {
  // A void field keeps its place in v1 specs even when its source is gone.
  if (transform.kind === 'void') return []
  const text = transformText(transform)
  if (transform.kind === 'unknown') return [`Firn does not know the transform ${text}`]
  const source = fieldById(schema, sourceId)
  if (source === undefined) return [`there is no column with id ${sourceId}`]
  const { field, path } = source
  if (!takesType(transform, field.type)) {
    return [`${text} does not take ${path}, which is ${typeText(field.type)}`]
  }
  const parent = parentsOf(schema, sourceId).find(({ field: { type } }) => type.kind !== 'struct')
  if (parent === undefined) return []
  return [`${path} lies in a ${parent.field.type.kind} and cannot be partitioned by`]
}

function nameProblems(
  { name, sourceId, transform }: PartitionField,
  { before, schema }: { readonly before: readonly PartitionField[]; readonly schema: Schema },
): string[] {
  if (name === '') return ['it has no name']
  const column = fieldByPath(schema, name)?.field
  const mayShare = transform.kind === 'identity' || transform.kind === 'void'
  return [
    ...(before.some((other) => other.name === name) ? ['another one has the same name'] : []),
    ...(column !== undefined && !(mayShare && column.id === sourceId)
      ? ['a column has the same name']
      : []),
  ]
}

/** Two time transforms of one column, or the same transform twice, say the same thing twice. */
function redundancyProblems(field: PartitionField, before: readonly PartitionField[]): string[] {
  const twin = before.find(
    (other) => other.sourceId === field.sourceId && redundancyKey(other) === redundancyKey(field),
  )
  return twin === undefined ? [] : [`it is redundant beside ${twin.name}`]
}

function redundancyKey({ transform }: PartitionField): string {
  return ['year', 'month', 'day', 'hour'].includes(transform.kind)
    ? 'time'
    : transformText(transform)
}
