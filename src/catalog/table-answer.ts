import { isJsonObject, type JsonObject, type JsonValue } from '../core/json.ts'
import { RepeatedJson } from '../core/repeated-json.ts'
import { type KnownHistory, parseTableMetadata } from '../iceberg/metadata-json.ts'
import type { CatalogAnswer } from './catalog-client.ts'
import type { LoadedTable, TableIdentifier } from './catalog.ts'

export type TableAnswer = Extract<CatalogAnswer, { outcome: 'done' }>

/**
 * Reads a catalog's answers about one table. All of its history is in each of them, and hardly any of it is new: a
 * snapshot never changes, so what an earlier answer said of it in the same bytes is neither parsed nor checked again.
 */
export class TableAnswers {
  readonly #json = new RepeatedJson({ within: 'metadata', names: ['snapshots', 'snapshot-log'] })
  readonly #known: KnownHistory = { snapshots: new WeakMap(), snapshotLog: new WeakMap() }

  /** @see RepeatedJson.parse */
  readonly parse = (bytes: Buffer, what: string): JsonValue => this.#json.parse(bytes, what)

  /** Throws METADATA_INVALID. */
  table(identifier: TableIdentifier, answer: TableAnswer): LoadedTable {
    return loadedTable(identifier, answer, this.#known)
  }
}

/** The table that an answer is about. Throws METADATA_INVALID. */
export function loadedTable(
  identifier: TableIdentifier,
  { json, length }: TableAnswer,
  known?: KnownHistory,
): LoadedTable {
  const location = json['metadata-location']
  return {
    identifier,
    metadata: parseTableMetadata(json['metadata'], known),
    metadataLocation: typeof location === 'string' ? location : null,
    metadataBytes: length,
    config: { ...textMap(json['config']), ...firstCredentials(json['storage-credentials']) },
  }
}

/** Credentials by location prefix: where there are several, the longest prefix is the most specific. */
function firstCredentials(value: JsonValue | undefined): Readonly<Record<string, string>> {
  if (!Array.isArray(value)) return {}
  const credentials: JsonObject[] = value.filter((one: JsonValue) => isJsonObject(one))
  const [best] = credentials.sort((left, right) => prefixLength(right) - prefixLength(left))
  return best === undefined ? {} : textMap(best['config'])
}

function prefixLength({ prefix }: JsonObject): number {
  return typeof prefix === 'string' ? prefix.length : 0
}

/** The members of an object that are strings. */
export function textMap(value: JsonValue | undefined): Readonly<Record<string, string>> {
  if (!isJsonObject(value)) return {}
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, text]) => (typeof text === 'string' ? [[key, text]] : [])),
  )
}
