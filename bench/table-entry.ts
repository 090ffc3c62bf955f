import type { IcebergField, IcebergType } from '../rig/readers/table.ts'

/** An entry of `tables:` in a configuration. */
export function tableEntry(of: {
  readonly table: string
  readonly topics: string
  readonly fields: readonly IcebergField[]
  readonly partitionBy?: readonly string[]
  /** YAML of more keys, indented by four. */
  readonly more?: string
}): string {
  const columns = of.fields.map(
    ({ name, type }) => `      - {name: ${name}, type: '${typeText(type)}'}`,
  )
  const create =
    of.partitionBy === undefined
      ? ''
      : `    create:\n      partition_by: ${JSON.stringify(of.partitionBy)}\n`
  return `  - table: ${of.table}
    topics: ${of.topics}
    columns:
${columns.join('\n')}
${create}${of.more ?? ''}`
}

function typeText(type: IcebergType): string {
  if (typeof type === 'string') return type
  if (type.type === 'list') return `list<${typeText(type.element)}>`
  if (type.type === 'map') return `map<${typeText(type.key)}, ${typeText(type.value)}>`
  return `struct<${type.fields.map(({ name, type: of }) => `${name}: ${typeText(of)}`).join(', ')}>`
}
