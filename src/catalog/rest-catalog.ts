import { FirnError } from '../core/errors.ts'
import { isJsonObject, stringifyJson, type JsonObject, type JsonValue } from '../core/json.ts'
import { schemaToJson } from '../iceberg/schema-json.ts'
import { partitionSpecToJson, sortOrderToJson } from '../iceberg/spec-json.ts'
import { requirementToJson, updateToJson } from '../iceberg/update-json.ts'
import { CatalogClient, type CatalogAnswer } from './catalog-client.ts'
import {
  tableText,
  type Catalog,
  type CommitResponse,
  type CreateOutcome,
  type LoadedTable,
  type LoadOutcome,
  type TableCommit,
  type TableCreation,
  type TableIdentifier,
} from './catalog.ts'
import { Http } from './http.ts'
import type { RestCatalogOptions, RestCatalogParts } from './options.ts'
import { loadedTable, type TableAnswer, TableAnswers, textMap } from './table-answer.ts'
import { TokenSource } from './token.ts'

/** Between the levels of a namespace in a path: the unit separator, encoded. REST specification: `namespace`. */
const LEVELS = '\u001F'
/** A listing has at most so many pages: a server that repeats its page token would keep us for ever. */
const PAGES_MAX = 10_000

/** REST specification: `LoadTableResult.config`. */
const CREDENTIALS = /key|token|secret|credential|expir/i

/**
 * A catalog that speaks the Iceberg REST specification. Opened with what `/v1/config` says: its overrides win over
 * the configuration, its defaults give way to it.
 */
export class RestCatalog implements Catalog {
  readonly #client: CatalogClient
  readonly #http: Http
  /** `/v1` or `/v1/<prefix>`. */
  readonly #root: string

  /** By path, what the catalog said of a table last. */
  readonly #last = new Map<string, { readonly table: LoadedTable; readonly etag?: string }>()
  /** By path, what reads its answers. */
  readonly #answers = new Map<string, TableAnswers>()

  private constructor(parts: { client: CatalogClient; http: Http; root: string }) {
    this.#client = parts.client
    this.#http = parts.http
    this.#root = parts.root
  }

  /** Throws CATALOG_UNAVAILABLE, CATALOG_UNAUTHORIZED, CATALOG_FORBIDDEN or CATALOG_REFUSED. */
  static async open(options: RestCatalogOptions, parts: RestCatalogParts): Promise<RestCatalog> {
    const http = new Http(options)
    const uri = withoutSlash(options.uri)
    const connect = (at: RestCatalogOptions): CatalogClient =>
      new CatalogClient(at, {
        ...parts,
        http,
        tokens: new TokenSource({ auth: at.auth, http, clock: parts.clock, catalogUri: at.uri }),
      })
    try {
      const named = { ...options, uri }
      const client = connect(named)
      const config = await loadConfig(client, options.warehouse)
      const settings = { ...config.defaults, ...config.overrides }
      const moved = { ...named, uri: withoutSlash(config.overrides['uri'] ?? uri) }
      const { prefix } = settings
      const root = prefix === undefined || prefix === '' ? '/v1' : `/v1/${encodedPrefix(prefix)}`
      // The same client where nothing moved: it has a token already.
      return new RestCatalog({ client: moved.uri === uri ? client : connect(moved), http, root })
    } catch (fault) {
      await http.close()
      throw fault
    }
  }

  /**
   * All of a table's metadata comes with each answer, and with years of history that is megabytes. A catalog that gives
   * answers an ETag says in fewer words that a table is what it was. REST specification: loadTable, If-None-Match.
   */
  async loadTable(identifier: TableIdentifier): Promise<LoadOutcome> {
    const path = this.#table(identifier)
    const last = this.#last.get(path)
    const answers = this.#answersOf(path)
    const answer = await this.#client.read({
      operation: 'load-table',
      method: 'GET',
      path: `${path}?snapshots=all`,
      ifNoneMatch: last?.etag,
      parse: answers.parse,
      about: about(identifier),
    })
    if (answer.outcome === 'unchanged' && last?.etag !== undefined) {
      return { kind: 'loaded', table: last.table }
    }
    this.#last.delete(path)
    if (answer.outcome === 'missing') {
      this.#answers.delete(path)
      return { kind: 'missing' }
    }
    if (answer.outcome !== 'done') throw answer.reason
    const table = answers.table(identifier, answer)
    this.#remember(path, table, answer.etag)
    return { kind: 'loaded', table }
  }

  async createTable(identifier: TableIdentifier, creation: TableCreation): Promise<CreateOutcome> {
    const answer = await this.#client.change({
      operation: 'create-table',
      method: 'POST',
      path: `${this.#namespace(identifier.namespace)}/tables`,
      body: stringifyJson(creationJson(identifier, creation)),
      about: about(identifier),
    })
    if (answer.outcome === 'done')
      return { kind: 'created', table: loadedTable(identifier, answer) }
    if (answer.outcome === 'exists') return { kind: 'exists' }
    if (answer.outcome === 'unknown') return { kind: 'unknown', reason: answer.reason }
    throw answer.reason
  }

  async commitTable(identifier: TableIdentifier, commit: TableCommit): Promise<CommitResponse> {
    const path = this.#table(identifier)
    const last = this.#last.get(path)
    // Whatever becomes of it, the next look is at all that the catalog has then.
    if (last !== undefined) this.#last.set(path, { table: last.table })
    const answers = this.#answersOf(path)
    const answer = await this.#client.change({
      operation: 'commit-table',
      method: 'POST',
      path,
      parse: answers.parse,
      body: stringifyJson({
        identifier: { namespace: [...identifier.namespace], name: identifier.name },
        requirements: commit.requirements.map(requirementToJson),
        updates: commit.updates.map(updateToJson),
      }),
      about: about(identifier),
    })
    const response = commitResponse(identifier, answer, answers)
    if (answer.outcome !== 'done' || response.kind !== 'committed') return response
    // An answer to a commit has no configuration, and no credentials: those of the last load are still good.
    const config = { ...last?.table.config, ...response.table.config }
    const table = { ...response.table, config }
    this.#remember(path, table, answer.etag)
    return { kind: 'committed', table }
  }

  async createNamespace(namespace: readonly string[]): Promise<boolean> {
    const answer = await this.#client.change({
      operation: 'create-namespace',
      method: 'POST',
      path: `${this.#root}/namespaces`,
      body: stringifyJson({ namespace: [...namespace], properties: {} }),
      about: `namespace ${namespace.join('.')}`,
    })
    if (answer.outcome === 'done') return true
    if (answer.outcome === 'exists') return false
    throw answer.reason
  }

  async namespaceExists(namespace: readonly string[]): Promise<boolean> {
    // A GET rather than a HEAD: older catalogs have no HEAD for namespaces.
    const answer = await this.#client.read({
      operation: 'load-namespace',
      method: 'GET',
      path: this.#namespace(namespace),
      about: `namespace ${namespace.join('.')}`,
    })
    if (answer.outcome === 'done') return true
    if (answer.outcome === 'missing') return false
    throw answer.reason
  }

  async listTables(namespace: readonly string[]): Promise<readonly TableIdentifier[]> {
    const found: TableIdentifier[] = []
    let pageToken = ''
    for (let page = 0; page < PAGES_MAX; page++) {
      const answer = await this.#client.read({
        operation: 'list-tables',
        method: 'GET',
        path: `${this.#namespace(namespace)}/tables${pageToken === '' ? '' : `?pageToken=${encodeURIComponent(pageToken)}`}`,
        about: `namespace ${namespace.join('.')}`,
      })
      if (answer.outcome === 'missing') return []
      if (answer.outcome !== 'done') throw answer.reason
      found.push(...identifiersOf(answer.json['identifiers']))
      const next = answer.json['next-page-token']
      if (typeof next !== 'string' || next === '') break
      pageToken = next
    }
    return found
  }

  async dropTable(
    identifier: TableIdentifier,
    { purge }: { readonly purge: boolean },
  ): Promise<boolean> {
    const answer = await this.#client.change({
      operation: 'drop-table',
      method: 'DELETE',
      path: `${this.#table(identifier)}?purgeRequested=${purge}`,
      about: about(identifier),
    })
    if (answer.outcome === 'done') return true
    if (answer.outcome === 'missing') return false
    throw answer.reason
  }

  async close(): Promise<void> {
    await this.#http.close()
  }

  /** Credentials run out: where the catalog hands some out with a table, it is asked for all of it each time. */
  #remember(path: string, table: LoadedTable, etag: string | undefined): void {
    const hasCredentials = Object.keys(table.config).some((key) => CREDENTIALS.test(key))
    this.#last.set(path, etag === undefined || hasCredentials ? { table } : { table, etag })
  }

  #answersOf(path: string): TableAnswers {
    const answers = this.#answers.get(path) ?? new TableAnswers()
    this.#answers.set(path, answers)
    return answers
  }

  #namespace(namespace: readonly string[]): string {
    return `${this.#root}/namespaces/${encodeURIComponent(namespace.join(LEVELS))}`
  }

  #table({ namespace, name }: TableIdentifier): string {
    return `${this.#namespace(namespace)}/tables/${encodeURIComponent(name)}`
  }
}

interface CatalogSettings {
  readonly defaults: Readonly<Record<string, string>>
  readonly overrides: Readonly<Record<string, string>>
}

async function loadConfig(
  client: CatalogClient,
  warehouse: string | undefined,
): Promise<CatalogSettings> {
  const query = warehouse === undefined ? '' : `?warehouse=${encodeURIComponent(warehouse)}`
  const answer = await client.read({
    operation: 'config',
    method: 'GET',
    path: `/v1/config${query}`,
    about: warehouse === undefined ? 'the catalog' : `warehouse ${warehouse}`,
  })
  if (answer.outcome !== 'done') throw answer.reason
  // `endpoints` is not read: catalogs in use list malformed ones, and a refusal says it as well.
  return {
    defaults: textMap(answer.json['defaults']),
    overrides: textMap(answer.json['overrides']),
  }
}

function commitResponse(
  identifier: TableIdentifier,
  answer: CatalogAnswer,
  answers: TableAnswers,
): CommitResponse {
  switch (answer.outcome) {
    case 'done':
      return committed(identifier, answer, answers)
    case 'conflict':
      return { kind: 'conflict', reason: answer.reason }
    case 'unknown':
    case 'unavailable':
      return { kind: 'unknown', reason: answer.reason }
    default:
      return { kind: 'refused', reason: answer.reason }
  }
}

/** A table that cannot be read from the answer says nothing about the commit: load and look. */
function committed(
  identifier: TableIdentifier,
  answer: TableAnswer,
  answers: TableAnswers,
): CommitResponse {
  try {
    return { kind: 'committed', table: answers.table(identifier, answer) }
  } catch (fault) {
    const reason =
      fault instanceof FirnError
        ? fault
        : new FirnError(
            'CATALOG_UNAVAILABLE',
            `unreadable answer to a commit of ${about(identifier)}`,
            { cause: fault },
          )
    return { kind: 'unknown', reason }
  }
}

function creationJson(identifier: TableIdentifier, creation: TableCreation): JsonObject {
  const { schema, partitionSpec, sortOrder, properties, location, formatVersion } = creation
  return {
    name: identifier.name,
    ...(location === null ? {} : { location }),
    schema: schemaToJson(schema),
    'partition-spec': partitionSpecToJson(partitionSpec),
    'write-order': sortOrderToJson(sortOrder),
    // The specification's default, and some catalogs want to see it.
    'stage-create': false,
    properties: { ...properties, 'format-version': `${formatVersion}` },
  }
}

function identifiersOf(value: JsonValue | undefined): TableIdentifier[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((one: JsonValue) => {
    if (!isJsonObject(one) || typeof one['name'] !== 'string' || !Array.isArray(one['namespace']))
      return []
    const levels: readonly JsonValue[] = one['namespace']
    return [{ namespace: levels.map(String), name: one['name'] }]
  })
}

/** A prefix comes as it stands in paths, or with characters that a path does not take: neither is encoded twice. */
function encodedPrefix(prefix: string): string {
  return prefix
    .split('/')
    .map((part) => encodeURIComponent(part.includes('%') ? decodeURIComponent(part) : part))
    .join('/')
}

function withoutSlash(uri: string): string {
  return uri.replace(/\/+$/, '').replace(/\/v1$/, '')
}

function about(identifier: TableIdentifier): string {
  return `table ${tableText(identifier)}`
}
