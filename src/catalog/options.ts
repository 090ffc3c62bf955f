import type { BackoffPolicy } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'

/** A secret that may change while the program runs (a token in a file that is renewed): asked for at each use. */
export type SecretText = () => string

/** How requests prove who sends them. */
export type CatalogAuth =
  | { readonly type: 'none' }
  | { readonly type: 'bearer'; readonly token: SecretText }
  | {
      readonly type: 'oauth2'
      /** The catalog's own `/v1/oauth/tokens` where undefined. */
      readonly tokenUri: string | undefined
      readonly clientId: string | undefined
      readonly clientSecret: SecretText
      readonly scope: string
      readonly audience: string | undefined
      readonly resource: string | undefined
    }

export interface CatalogTls {
  /** PEM. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: SecretText | undefined
  readonly serverName: string | undefined
  readonly insecureSkipVerify: boolean
}

export interface RestCatalogOptions {
  /** Base URI, with or without `/v1`'s parent path: `https://catalog.example/api`. */
  readonly uri: string
  readonly warehouse: string | undefined
  readonly auth: CatalogAuth
  readonly headers: Readonly<Record<string, SecretText>>
  readonly tls: CatalogTls
  readonly accessDelegation: 'none' | 'vended-credentials'
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  /** Of reads only: a commit is sent once for each call. */
  readonly retry: BackoffPolicy
}

export interface RestCatalogParts {
  readonly clock: Clock
  readonly random: Random
}
