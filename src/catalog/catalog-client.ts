import { backoffMs } from '../core/backoff.ts'
import { FirnError, type FirnErrorOptions } from '../core/errors.ts'
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '../core/json.ts'
import type { Http, HttpAnswer } from './http.ts'
import type { RestCatalogOptions, RestCatalogParts } from './options.ts'
import { outcomeOf, staleCommit, type Operation, type Outcome } from './outcome-table.ts'
import { serverError } from './server-error.ts'
import type { TokenSource } from './token.ts'

export interface CatalogRequest {
  readonly operation: Operation
  readonly method: 'GET' | 'POST' | 'HEAD' | 'DELETE'
  /** Behind the prefix, with its query. */
  readonly path: string
  readonly body?: string
  /** The ETag of what is known already: the answer may be `unchanged`. */
  readonly ifNoneMatch?: string | undefined
  /** How the body of a good answer is parsed, where not as any other JSON. The bytes become its own. */
  readonly parse?: (bytes: Buffer, what: string) => JsonValue
  /** What the request is about, for messages: `table lake.orders`. */
  readonly about: string
}

/** A response by its meaning; `reason` says what happened, for whoever has to tell it on. */
export type CatalogAnswer =
  | {
      readonly outcome: 'done'
      readonly json: JsonObject
      /** Bytes of the body. */
      readonly length: number
      /** Names this state of what was asked for, where the catalog does so. */
      readonly etag: string | undefined
    }
  | { readonly outcome: Exclude<Outcome, 'done'>; readonly reason: FirnError }

/** Requests to one catalog: with its headers and token, read by the outcome table. */
export class CatalogClient {
  readonly #options: RestCatalogOptions
  readonly #parts: RestCatalogParts
  readonly #http: Http
  readonly #tokens: TokenSource

  constructor(
    options: RestCatalogOptions,
    parts: RestCatalogParts & { readonly http: Http; readonly tokens: TokenSource },
  ) {
    this.#options = options
    this.#parts = parts
    this.#http = parts.http
    this.#tokens = parts.tokens
  }

  /** Sends a request that changes nothing, again and again within its bounds. Throws what is left then. */
  async read(request: CatalogRequest): Promise<CatalogAnswer> {
    const { retry } = this.#options
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#attempt(request)
      if (answer.outcome !== 'unavailable' || attempt >= retry.attemptsMax) return answer
      await this.#parts.clock.sleep(backoffMs(retry, attempt, this.#parts.random))
    }
  }

  /** Sends a request that changes something exactly once, but for one more time with a new token after a 401. */
  async change(request: CatalogRequest): Promise<CatalogAnswer> {
    return this.#attempt(request)
  }

  async #attempt(request: CatalogRequest): Promise<CatalogAnswer> {
    try {
      const shown = await this.#tokens.headers()
      const first = await this.#send(request, shown)
      if (first.outcome !== 'unauthorized' || !this.#tokens.renewable) return first
      // Not applied: a token that has expired meanwhile is replaced, once.
      this.#tokens.reject(shown)
      return await this.#send(request, await this.#tokens.headers())
    } catch (fault) {
      // No token: the request itself was never sent.
      if (fault instanceof FirnError && fault.retry === 'backoff')
        return { outcome: 'unavailable', reason: fault }
      if (fault instanceof FirnError) return { outcome: 'refused', reason: fault }
      throw fault
    }
  }

  async #send(
    request: CatalogRequest,
    authorization: Readonly<Record<string, string>>,
  ): Promise<CatalogAnswer> {
    const answer = await this.#http.send({
      method: request.method,
      url: `${this.#options.uri}${request.path}`,
      headers: { ...this.#headers(request), ...authorization },
      body: request.body,
    })
    return this.#meaning(request, answer)
  }

  #headers(request: CatalogRequest): Record<string, string> {
    const { accessDelegation, headers } = this.#options
    return {
      accept: 'application/json',
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(request.ifNoneMatch === undefined ? {} : { 'if-none-match': request.ifNoneMatch }),
      ...(accessDelegation === 'none' ? {} : { 'x-iceberg-access-delegation': accessDelegation }),
      ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value()])),
    }
  }

  #meaning(request: CatalogRequest, answer: HttpAnswer): CatalogAnswer {
    const { operation } = request
    if (answer.kind === 'lost') {
      // As for a 503: what was sent may have been applied.
      const outcome = answer.sent ? outcomeOf(operation, 503) : 'unavailable'
      return { outcome: not(outcome), reason: this.#unavailable(request, answer.reason) }
    }
    const outcome = outcomeOf(operation, answer.status)
    if (outcome === 'done') return this.#body(request, answer)
    const { type, message } = serverError(answer.bytes.toString())
    const told = `status ${answer.status}${type === '' ? '' : ` ${type}`}: ${message}`
    if (operation === 'commit-table' && staleCommit(answer.status, message)) {
      return { outcome: 'conflict', reason: this.#error('CATALOG_REFUSED', request, told) }
    }
    if (outcome === 'unavailable' || outcome === 'unknown') {
      return { outcome, reason: this.#unavailable(request, told) }
    }
    return { outcome, reason: this.#refusal(request, { status: answer.status, told }) }
  }

  #body(
    request: CatalogRequest,
    answer: Extract<HttpAnswer, { readonly kind: 'answer' }>,
  ): CatalogAnswer {
    const { bytes, etag } = answer
    const { length } = bytes
    if (
      length === 0 &&
      (answer.status === 204 || request.method === 'HEAD' || request.method === 'DELETE')
    ) {
      return { outcome: 'done', json: {}, length, etag }
    }
    try {
      const json = (request.parse ?? parseBytes)(bytes, `the answer to ${request.operation}`)
      if (isJsonObject(json)) return { outcome: 'done', json, length, etag }
    } catch {
      // Falls through to: not what a catalog answers.
    }
    // A cut body can look like a whole, empty one; and a proxy's page is no word about the request.
    const outcome = not(outcomeOf(request.operation, 503))
    const told = `status ${answer.status} with a body that is no JSON object (${length} bytes)`
    return { outcome, reason: this.#unavailable(request, told) }
  }

  #unavailable(request: CatalogRequest, told: string): FirnError {
    return this.#error('CATALOG_UNAVAILABLE', request, told, {
      help: 'check that `catalog.uri` is right and that the catalog answers: firn check',
    })
  }

  #refusal(request: CatalogRequest, { status, told }: { status: number; told: string }): FirnError {
    if (status === 401 || status === 419) {
      return this.#error('CATALOG_UNAUTHORIZED', request, told, {
        help: 'check `catalog.auth`: the catalog does not accept who we say we are',
      })
    }
    if (status === 403) {
      return this.#error('CATALOG_FORBIDDEN', request, told, {
        help: 'grant the principal of `catalog.auth` the right to do this on this table',
      })
    }
    if (status === 404) {
      return this.#error('CATALOG_NOT_FOUND', request, told, {
        help: 'check `catalog.uri`, `catalog.warehouse` and the name of the table: firn check',
      })
    }
    return this.#error('CATALOG_REFUSED', request, told)
  }

  #error(
    code:
      | 'CATALOG_UNAVAILABLE'
      | 'CATALOG_UNAUTHORIZED'
      | 'CATALOG_FORBIDDEN'
      | 'CATALOG_NOT_FOUND'
      | 'CATALOG_REFUSED',
    request: CatalogRequest,
    told: string,
    options: FirnErrorOptions = {},
  ): FirnError {
    return new FirnError(
      code,
      `catalog ${this.#options.uri}: ${request.operation} of ${request.about}: ${told}`,
      options,
    )
  }
}

function parseBytes(bytes: Buffer, what: string): JsonValue {
  return parseJson(bytes.toString(), what)
}

function not(outcome: Outcome): Exclude<Outcome, 'done'> {
  return outcome === 'done' ? 'unknown' : outcome
}
