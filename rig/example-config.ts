import { REFERENCE_FIELDS } from '../bench/reference-data.ts'
import type { IcebergType } from './readers/table.ts'
import type { RigState } from './state.ts'

/** Made by `up`, filled by `produce`. */
export const EXAMPLE_TOPIC = 'events'

/** A `firn.yaml` for the running services: the topic `events` to the table `rig.events`. */
export function exampleConfig({ kafka, catalog, s3 }: RigState): string {
  const columns = REFERENCE_FIELDS.map(
    ({ name, type }) => `      - {name: ${name}, type: '${typeText(type)}'}\n`,
  )
  return `writer: try
kafka:
  brokers: [${kafka.bootstrap.split(',').join(', ')}]
catalog:
  uri: ${catalog.uri}
${catalog.kind === 'nessie' ? `  warehouse: ${catalog.warehouse}\n` : ''}${storageText(s3)}flush:
  interval_ms: 5000
  idle_ms: 1000
tables:
  - table: rig.events
    topics: ${EXAMPLE_TOPIC}
    columns:
${columns.join('')}    create:
      partition_by: [day(ts)]
`
}

function storageText(s3: RigState['s3']): string {
  if (s3 === undefined) return ''
  return `storage:
  s3:
    endpoint: ${s3.endpoint}
    region: ${s3.region}
    path_style: true
    access_key_id: ${s3.accessKeyId}
    secret_access_key: ${s3.secretAccessKey}
`
}

/** A type as the configuration writes it: `struct<os: string>`, `list<string>`. */
function typeText(type: IcebergType): string {
  if (typeof type === 'string') return type
  if (type.type === 'list') return `list<${typeText(type.element)}>`
  if (type.type === 'map') return `map<${typeText(type.key)}, ${typeText(type.value)}>`
  return `struct<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(', ')}>`
}
