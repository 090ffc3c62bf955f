import type { TableMetadata } from '../iceberg/metadata.ts'

/** A property that is a whole number; the default where it is absent, or is no such number. */
export function wholeProperty(
  properties: TableMetadata['properties'],
  key: string,
  otherwise: number,
): number {
  const text = properties[key] ?? ''
  return /^\d{1,15}$/.test(text) ? Number(text) : otherwise
}

/** Where metadata files of a table go. Table property `write.metadata.path`. */
export function metadataLocation({
  location,
  properties,
}: Pick<TableMetadata, 'location' | 'properties'>): string {
  const root = properties['write.metadata.path'] ?? `${withoutSlash(location)}/metadata`
  return withoutSlash(root)
}

function withoutSlash(location: string): string {
  return location.endsWith('/') ? location.slice(0, -1) : location
}
