import type { Config, TableConfig } from '../config/schema.ts'
import { currentSchema, defaultSortOrder, defaultSpec } from '../iceberg/metadata-json.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'
import { checkPartitionSpec } from '../iceberg/partition-spec.ts'
import type { Schema } from '../iceberg/types.ts'
import { aliasesOf } from '../record/aliases.ts'
import type { DecodingOptions } from '../record/decoding.ts'
import type { EncodingPlan } from '../writer/encoder.ts'

export type EncodingConfig = Pick<Config, 'kafka' | 'memory'> & {
  /** What one encoder may hold: a share of the memory budget. */
  readonly columnBytesMax: number
}

/** How records become files of a table as it is now. Throws SPEC_INVALID for a spec that Firn does not write under. */
export function encodingPlan(
  config: EncodingConfig,
  table: TableConfig,
  metadata: TableMetadata,
): EncodingPlan {
  const schema = writableSchema(currentSchema(metadata))
  const spec = defaultSpec(metadata)
  checkPartitionSpec(spec, schema)
  return {
    schema,
    spec,
    sortOrder: defaultSortOrder(metadata),
    properties: metadata.properties,
    decoding: decodingOf(table, schema),
    isolation: config.kafka.isolation,
    openTuplesMax: config.memory.openTuplesMax,
    columnBytesMax: config.columnBytesMax,
  }
}

/** How a table's records become rows of a schema. */
export function decodingOf(table: TableConfig, schema: Schema): DecodingOptions {
  return {
    format: table.value.format,
    caseInsensitive: table.value.caseInsensitive,
    aliases: aliasesOf(schema, table.columns ?? []),
    depthMax: table.value.depthMax,
    bytesMax: table.value.bytesMax,
    metadataColumn: table.metadataColumn.enabled ? table.metadataColumn.name : undefined,
  }
}

/**
 * The columns that a file will have: an optional column of a type that Firn does not write is left out, which readers
 * take for null. A required one was refused when the table was checked.
 */
export function writableSchema(schema: Schema): Schema {
  return { ...schema, fields: schema.fields.filter(({ type }) => type.kind !== 'unsupported') }
}

/** Whether files by one plan and files by another would differ: the round is then sealed before the plan changes. */
export function samePlan(left: EncodingPlan, right: EncodingPlan): boolean {
  return planText(left) === planText(right)
}

function planText({ schema, spec, sortOrder, properties }: EncodingPlan): string {
  const relevant = Object.entries(properties)
    .filter(([key]) => key.startsWith('write.') || key.startsWith('firn.parquet.'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([schema.schemaId, spec.specId, sortOrder.orderId, relevant])
}
