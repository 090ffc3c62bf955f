import type { WriterName } from '../core/ids.ts'
import { parseJson, stringifyJson } from '../core/json.ts'
import { JsonPlace } from '../iceberg/json-place.ts'
import type { TableMetadata } from '../iceberg/metadata.ts'

/** A person holds a writer's table: its workers commit nothing until it is resumed, through restarts too. */
export interface Hold {
  /** Ms since the epoch; undefined where the property was set by hand and does not say. */
  readonly sinceMs: number | undefined
  /** For people; empty where none was given. */
  readonly reason: string
}

/** The table property that holds a writer: every worker sees it when it loads the table. */
export function holdProperty(writer: WriterName): string {
  return `firn.${writer}.hold`
}

export function holdToText({ sinceMs, reason }: Hold): string {
  return stringifyJson({ 'since-ms': sinceMs ?? null, reason })
}

/** The hold that stands; undefined where there is none. A property that cannot be read holds all the same. */
export function readHold(
  properties: TableMetadata['properties'],
  writer: WriterName,
): Hold | undefined {
  const key = holdProperty(writer)
  const text = properties[key]
  if (text === undefined) return undefined
  try {
    const place = new JsonPlace(parseJson(text, key), key)
    return {
      sinceMs: place.field('since-ms').optional((since) => since.number(), undefined),
      reason: place.field('reason').text(),
    }
  } catch {
    return { sinceMs: undefined, reason: text }
  }
}
