import { murmur3 } from '../iceberg/murmur3.ts'
import type { PartitionSpec, PartitionTuple } from '../iceberg/partition.ts'
import { isPartitioned } from '../iceberg/partition-spec.ts'
import { partitionPath } from '../iceberg/partition-path.ts'
import type { Schema } from '../iceberg/types.ts'

/** What decides where a table's data files lie. */
export interface FileLayout {
  /** The table's location, without a trailing slash or with. */
  readonly tableLocation: string
  readonly properties: Readonly<Record<string, string>>
  readonly schema: Schema
  readonly spec: PartitionSpec
}

/**
 * The full URI of a new data file. Follows Iceberg's two location providers: `data/<partition path>/<name>`, or with
 * `write.object-storage.enabled` a hash of the name in front, so that object stores spread the load over their
 * key ranges. Spec of the properties: Iceberg's "Write properties".
 */
export function dataFileLocation(
  layout: FileLayout,
  partition: PartitionTuple,
  fileName: string,
): string {
  const { properties, spec, schema } = layout
  const path = isPartitioned(spec) ? `${partitionPath(spec, schema, partition)}/` : ''
  if (properties['write.object-storage.enabled'] !== 'true') {
    return `${dataRoot(layout, ['write.data.path'])}/${path}${fileName}`
  }
  const root = dataRoot(layout, ['write.data.path', 'write.object-storage.path'])
  const flat = properties['write.object-storage.partitioned-paths'] === 'false'
  const name = flat ? fileName : `${path}${fileName}`
  const hashed = `${root}/${hashDirectories(name)}`
  const table = withoutSlash(layout.tableLocation)
  if (!root.startsWith(table)) return `${hashed}/${tableFolders(table)}/${name}`
  // Without partitioned paths the hash's last directory is joined to the name, as Java does it.
  return flat ? `${hashed}-${name}` : `${hashed}/${name}`
}

/** The last two folders of a table's location: they tell tables apart where several share one place for data. */
function tableFolders(tableLocation: string): string {
  return tableLocation
    .replace(/^[^:/]*:(\/\/[^/]*)?/, '')
    .split('/')
    .filter((folder) => folder !== '')
    .slice(-2)
    .join('/')
}

function dataRoot({ properties, tableLocation }: FileLayout, keys: readonly string[]): string {
  const configured = keys.map((key) => properties[key]).find((path) => path !== undefined)
  return withoutSlash(configured ?? `${withoutSlash(tableLocation)}/data`)
}

function withoutSlash(location: string): string {
  return location.endsWith('/') ? location.slice(0, -1) : location
}

/** 20 bits of the name's hash as three directories of four bits and one of eight: `0101/0110/1001/10110010`. */
function hashDirectories(name: string): string {
  const hash = murmur3(new TextEncoder().encode(name))
  const bits = ((hash | 0x80000000) >>> 0).toString(2).slice(-20)
  return [bits.slice(0, 4), bits.slice(4, 8), bits.slice(8, 12), bits.slice(12)].join('/')
}
