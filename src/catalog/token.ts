import { FirnError } from '../core/errors.ts'
import type { Clock } from '../core/clock.ts'
import { isJsonObject, parseJson, type JsonObject } from '../core/json.ts'
import type { Http } from './http.ts'
import type { CatalogAuth } from './options.ts'
import { outcomeOf } from './outcome-table.ts'
import { serverError } from './server-error.ts'

/** A token is renewed when this part of its life is over, so that no request goes out with one about to expire. */
const RENEW_AT = 0.75
/** The life of a token whose answer does not say: RFC 6749 leaves it open. */
const LIFE_MS_DEFAULT = 3_600_000

interface Held {
  readonly token: string
  readonly renewAtMs: number
}

/**
 * The `Authorization` header of each request. OAuth2 client credentials (RFC 6749 §4.4, form-encoded) are exchanged
 * once for all requests that wait, and again before the token expires.
 */
export class TokenSource {
  readonly #auth: CatalogAuth
  readonly #http: Http
  readonly #clock: Clock
  readonly #tokenUri: string
  #held: Held | undefined
  #asking: Promise<Held> | undefined

  constructor(parts: { auth: CatalogAuth; http: Http; clock: Clock; catalogUri: string }) {
    this.#auth = parts.auth
    this.#http = parts.http
    this.#clock = parts.clock
    const own = parts.auth.type === 'oauth2' ? parts.auth.tokenUri : undefined
    this.#tokenUri = own ?? `${parts.catalogUri}/v1/oauth/tokens`
  }

  async headers(): Promise<Readonly<Record<string, string>>> {
    switch (this.#auth.type) {
      case 'none':
        return {}
      case 'bearer':
        return { authorization: bearer(this.#auth.token()) }
      case 'oauth2':
        return { authorization: bearer(await this.#oauthToken()) }
    }
  }

  /** Whether a refused request may pass with a new token. */
  get renewable(): boolean {
    return this.#auth.type !== 'none'
  }

  /** The catalog did not accept these headers: the next request gets a new token, unless it has come already. */
  reject({ authorization }: Readonly<Record<string, string>>): void {
    if (this.#held !== undefined && authorization === bearer(this.#held.token)) {
      this.#held = undefined
    }
  }

  async #oauthToken(): Promise<string> {
    if (this.#held !== undefined && this.#clock.monotonic() < this.#held.renewAtMs) {
      return this.#held.token
    }
    this.#asking ??= this.#exchange().finally(() => {
      this.#asking = undefined
    })
    this.#held = await this.#asking
    return this.#held.token
  }

  async #exchange(): Promise<Held> {
    const answer = await this.#http.send({
      method: 'POST',
      url: this.#tokenUri,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: this.#form().toString(),
    })
    if (answer.kind === 'lost') throw this.#unavailable(answer.reason)
    const text = answer.bytes.toString()
    const outcome = outcomeOf('token', answer.status)
    if (outcome === 'unavailable') {
      throw this.#unavailable(`status ${answer.status}: ${serverError(text).message}`)
    }
    const fields = outcome === 'done' ? this.#fields(text) : {}
    const { access_token: token, expires_in: seconds } = fields
    if (typeof token !== 'string') {
      throw new FirnError(
        'CATALOG_UNAUTHORIZED',
        `${this.#tokenUri} gave no token: status ${answer.status}: ${serverError(text).message}`,
        { help: 'check `catalog.auth`: client_id, client_secret and scope' },
      )
    }
    const lifeMs = typeof seconds === 'number' ? seconds * 1_000 : LIFE_MS_DEFAULT
    return { token, renewAtMs: this.#clock.monotonic() + lifeMs * RENEW_AT }
  }

  /** A page in the token's place is a proxy's: it is no word about who we are. */
  #fields(text: string): JsonObject {
    try {
      const parsed = parseJson(text, `the answer of ${this.#tokenUri}`)
      return isJsonObject(parsed) ? parsed : {}
    } catch {
      throw this.#unavailable(`a body that is no JSON (${text.length} characters)`)
    }
  }

  #unavailable(told: string): FirnError {
    return new FirnError('CATALOG_UNAVAILABLE', `no token from ${this.#tokenUri}: ${told}`)
  }

  #form(): URLSearchParams {
    const form = new URLSearchParams({ grant_type: 'client_credentials' })
    if (this.#auth.type !== 'oauth2') return form
    const { clientId, clientSecret, scope, audience, resource } = this.#auth
    if (clientId !== undefined) form.set('client_id', clientId)
    form.set('client_secret', clientSecret())
    form.set('scope', scope)
    if (audience !== undefined) form.set('audience', audience)
    if (resource !== undefined) form.set('resource', resource)
    return form
  }
}

function bearer(token: string): string {
  return `Bearer ${token}`
}
