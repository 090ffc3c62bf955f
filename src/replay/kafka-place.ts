import type { NestedField, Schema } from '../iceberg/types.ts'

/** The metadata column of a table, as far as it says which position a row is of. */
export interface KafkaPlace {
  /** The struct with these three fields only, optional or required as the table has it. */
  readonly field: NestedField
  readonly topicId: number
  readonly partitionId: number
  readonly offsetId: number
}

/** Where a table keeps positions; undefined where it does not, or not in types that tell them exactly. */
export function kafkaPlace(schema: Schema, name: string): KafkaPlace | undefined {
  const field = schema.fields.find((one) => one.name === name)
  if (field?.type.kind !== 'struct') return undefined
  const { fields } = field.type
  const of = (child: string, kind: string): NestedField | undefined =>
    fields.find((one) => one.name === child && one.type.kind === kind)
  const [topic, partition, offset] = [
    of('topic', 'string'),
    of('partition', 'int'),
    of('offset', 'long'),
  ]
  if (topic === undefined || partition === undefined || offset === undefined) return undefined
  return {
    field: { ...field, type: { kind: 'struct', fields: [topic, partition, offset] } },
    topicId: topic.id,
    partitionId: partition.id,
    offsetId: offset.id,
  }
}

/** A schema of the positions alone. */
export function positionSchema({ field }: KafkaPlace): Schema {
  return { schemaId: 0, fields: [field], identifierFieldIds: [] }
}
