import type { JsonValue } from '../../src/core/json.ts'
import type { IcebergField, IcebergType } from './table.ts'

export type CanonicalFields = readonly IcebergField[]

/**
 * icebird's values in the canonical form of `canonical.py`. What icebird does not keep is gone: microseconds are cut
 * to milliseconds, decimals are rounded to 53 bits, and `binary` comes as text.
 */
export function canonicalRow(
  row: Readonly<Record<string, unknown>>,
  fields: CanonicalFields,
): Record<string, JsonValue> {
  return Object.fromEntries(fields.map(({ name, type }) => [name, canonical(row[name], type)]))
}

function canonical(value: unknown, type: IcebergType): JsonValue {
  if (value === null || value === undefined) return null
  if (typeof type === 'string') return scalar(value, type)
  switch (type.type) {
    case 'struct':
      return canonicalRow({ ...value }, type.fields)
    case 'list':
      return listOf(value).map((item) => canonical(item, type.element))
    case 'map':
      return Object.entries(value)
        .map(([key, item]) => [canonical(key, type.key), canonical(item, type.value)])
        .toSorted((a, b) => (JSON.stringify(a[0]) < JSON.stringify(b[0]) ? -1 : 1))
    default:
      throw new TypeError(`no such type: ${JSON.stringify(type)}`)
  }
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.map((item: unknown) => item)
  throw new TypeError('icebird gave no list')
}

function scalar(value: unknown, type: string): JsonValue {
  const [name = '', scale] = /^(\w+)(?:.*?(\d+)[)\]])?$/.exec(type)?.slice(1) ?? []
  if (value instanceof Date) return dateText(value, name)
  if (value instanceof Uint8Array) return bytesText(value, name)
  switch (name) {
    case 'boolean':
      return value === true
    case 'int':
      return Number(value)
    case 'float':
    case 'double':
      return floating(Number(value))
    case 'decimal':
      return Number(value).toFixed(Number(scale))
    case 'time':
      return timeText(BigInt(String(value)))
    case 'binary':
    case 'fixed':
      return Buffer.from(String(value)).toString('hex')
    default:
      return String(value)
  }
}

function floating(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

function dateText(value: Date, name: string): string {
  const iso = value.toISOString()
  const [day = '', rest = ''] = iso.split('T')
  if (name === 'date') return day
  const fraction = name.endsWith('_ns') ? '000000' : '000'
  return `${day}T${rest.replace('Z', fraction)}${name.startsWith('timestamptz') ? 'Z' : ''}`
}

function bytesText(value: Uint8Array, name: string): string {
  const hex = Buffer.from(value).toString('hex')
  if (name !== 'uuid') return hex
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

function timeText(micros: bigint): string {
  const seconds = micros / 1_000_000n
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n]
  const clock = parts.map((part) => String(part).padStart(2, '0')).join(':')
  return `${clock}.${String(micros % 1_000_000n).padStart(6, '0')}`
}
