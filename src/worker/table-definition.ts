import type { ColumnType, DeclaredColumn } from '../config/column-type.ts'
import type { TableConfig } from '../config/schema.ts'
import type { TableCreation } from '../catalog/catalog.ts'
import { FirnError } from '../core/errors.ts'
import { assignFreshIds } from '../iceberg/field-ids.ts'
import type { SortField, SortOrder } from '../iceberg/partition.ts'
import { buildPartitionSpec, NO_PARTITION_ID } from '../iceberg/partition-spec.ts'
import { fieldByPath } from '../iceberg/schema.ts'
import { parseTransform } from '../iceberg/transform-text.ts'
import { takesType } from '../iceberg/transform.ts'
import { parseType, typeText } from '../iceberg/type-text.ts'
import type { NestedField, Schema, Type } from '../iceberg/types.ts'
import { kafkaField } from '../record/kafka-column.ts'

/** Nested ids are given by `assignFreshIds`; until then every field has this one. */
const NO_ID = 0

/** The schema that the configuration declares, numbered as a catalog numbers a new table's. */
export function declaredSchema(config: TableConfig, columns: readonly DeclaredColumn[]): Schema {
  const { metadataColumn } = config
  const declared = columns.map(fieldOf)
  const clash = columns.find(({ name }) => metadataColumn.enabled && name === metadataColumn.name)
  if (clash !== undefined) {
    throw new FirnError(
      'CONFIG_INVALID',
      `column ${clash.name} of ${nameOf(config)} has the name of the metadata column`,
      { help: 'give one of them another name: `metadata_column.name`' },
    )
  }
  const fields = metadataColumn.enabled ? [...declared, kafkaField(metadataColumn)] : declared
  const counted = withDistinctIds({ schemaId: 0, fields, identifierFieldIds: [] })
  return assignFreshIds(counted).schema
}

/** What the catalog is asked to create. Throws CONFIG_INVALID or SPEC_INVALID with what does not fit. */
export function tableCreation(
  config: TableConfig,
  columns: readonly DeclaredColumn[],
): TableCreation {
  const { create } = config
  if (create === false)
    throw new FirnError('TABLE_MISSING', missingText(config), missingHelp(config))
  const schema = declaredSchema(config, columns)
  const partitionSpec = buildPartitionSpec({
    schema,
    fields: create.partitionBy.map(({ source, transform, name }) => ({
      column: source,
      transform: parseTransform(transform),
      ...(name === undefined ? {} : { name }),
    })),
    existing: [],
    lastPartitionId: NO_PARTITION_ID,
  })
  return {
    schema,
    partitionSpec,
    sortOrder: sortOrderOf(config, schema),
    properties: create.properties,
    location: create.location ?? null,
    formatVersion: create.formatVersion,
  }
}

function sortOrderOf(config: TableConfig, schema: Schema): SortOrder {
  const declared = config.create === false ? [] : config.create.sortBy
  const fields = declared.map(({ source, transform, direction, nullOrder }): SortField => {
    const found = fieldByPath(schema, source)
    const parsed = parseTransform(transform)
    if (found === undefined || !takesType(parsed, found.field.type)) {
      throw new FirnError(
        'CONFIG_INVALID',
        found === undefined
          ? `sort_by of ${nameOf(config)} names ${source}, and there is no such column`
          : `sort_by of ${nameOf(config)}: ${transform} does not take ${source}, which is ${typeText(found.field.type)}`,
        { help: 'correct `create.sort_by`' },
      )
    }
    return { sourceId: found.field.id, transform: parsed, direction, nullOrder }
  })
  return { orderId: fields.length === 0 ? 0 : 1, fields }
}

function fieldOf(column: DeclaredColumn): NestedField {
  const { name, type, required, doc } = column
  const field = { id: NO_ID, name, type: typeOf(type, name), required }
  return doc === undefined ? field : { ...field, doc }
}

function typeOf(type: ColumnType, place: string): Type {
  switch (type.kind) {
    case 'primitive': {
      const parsed = parseType(type.text)
      if (parsed.kind !== 'unsupported') return parsed
      throw new FirnError(
        'CONFIG_INVALID',
        `column ${place}: ${type.text} is no type that Firn writes`,
        {
          help: 'docs/types.md has the types',
        },
      )
    }
    case 'struct':
      return { kind: 'struct', fields: type.fields.map(fieldOf) }
    case 'list':
      return {
        kind: 'list',
        elementId: NO_ID,
        element: typeOf(type.element, `${place}.element`),
        elementRequired: type.elementRequired,
      }
    case 'map':
      return {
        kind: 'map',
        keyId: NO_ID,
        key: typeOf(type.key, `${place}.key`),
        valueId: NO_ID,
        value: typeOf(type.value, `${place}.value`),
        valueRequired: type.valueRequired,
      }
  }
}

/** A declared column that the existing table lacks or has with another type, one sentence each. */
export function schemaProblems(config: TableConfig, existing: Schema): readonly string[] {
  const declared =
    config.columns === undefined
      ? metadataFields(config)
      : declaredSchema(config, config.columns).fields
  return [
    ...declared.flatMap((field) => fieldProblems(field, existing)),
    ...existing.fields.flatMap((field) =>
      field.type.kind === 'unsupported' && field.required
        ? [`${field.name}: required, of type ${field.type.text}, which Firn does not write`]
        : [],
    ),
  ]
}

function metadataFields({ metadataColumn }: TableConfig): readonly NestedField[] {
  return metadataColumn.enabled ? [kafkaField(metadataColumn)] : []
}

function fieldProblems(declared: NestedField, existing: Schema): string[] {
  const found = existing.fields.find(({ name }) => name === declared.name)
  if (found === undefined) return [`${declared.name}: the table has no such column`]
  const [wanted, actual] = [typeText(declared.type), typeText(found.type)]
  return wanted === actual ? [] : [`${declared.name}: declared ${wanted}, the table has ${actual}`]
}

/** SCHEMA_INCOMPATIBLE with every problem, where there is one. */
export function checkSchema(config: TableConfig, existing: Schema): void {
  const problems = schemaProblems(config, existing)
  if (problems.length === 0) return
  throw new FirnError(
    'SCHEMA_INCOMPATIBLE',
    `table ${nameOf(config)} does not take what the configuration declares: ${problems.join('; ')}`,
    {
      help: problems.some((problem) => problem.startsWith(`${config.metadataColumn.name}:`))
        ? `add the column to the table, or set \`metadata_column.enabled: false\` (trace and audit then have less to stand on)`
        : 'correct `columns`, or leave it out to take the columns from the table',
    },
  )
}

export function missingText(config: TableConfig): string {
  return config.create === false
    ? `table ${nameOf(config)} does not exist, and \`create\` is false`
    : `table ${nameOf(config)} does not exist, and no columns are declared to create it from`
}

export function missingHelp(config: TableConfig): { help: string } {
  return {
    help:
      config.create === false
        ? 'create the table, or take `create: false` out'
        : 'create the table, or declare its `columns`',
  }
}

function nameOf({ table }: TableConfig): string {
  return [...table.namespace, table.name].join('.')
}

/** Numbers every field at every depth, in any order: `assignFreshIds` then gives the ids that Iceberg would. */
function withDistinctIds(schema: Schema): Schema {
  let last = 0
  const numbered = (type: Type): Type => {
    switch (type.kind) {
      case 'struct':
        return { ...type, fields: type.fields.map(numberedField) }
      case 'list':
        return { ...type, elementId: ++last, element: numbered(type.element) }
      case 'map':
        return {
          ...type,
          keyId: ++last,
          key: numbered(type.key),
          valueId: ++last,
          value: numbered(type.value),
        }
      default:
        return type
    }
  }
  const numberedField = (field: NestedField): NestedField => ({
    ...field,
    id: ++last,
    type: numbered(field.type),
  })
  return { ...schema, fields: schema.fields.map(numberedField) }
}
