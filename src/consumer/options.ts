import type { BackoffPolicy } from '../core/backoff.ts'
import type { Clock } from '../core/clock.ts'
import type { ErrorContext } from '../core/errors.ts'
import type { Random } from '../core/random.ts'

export interface BrokerAddress {
  readonly host: string
  readonly port: number
}

/** A secret that may be renewed while the program runs: asked for at each use. */
type SecretText = () => string

export type SaslOptions =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      readonly username: string
      readonly password: SecretText
    }
  | { readonly mechanism: 'oauthbearer'; readonly token: SecretText }

export interface TlsOptions {
  /** PEM texts. */
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: SecretText | undefined
  readonly serverName: string | undefined
  readonly insecureSkipVerify: boolean
}

interface FetchOptions {
  readonly maxBytes: number
  readonly partitionMaxBytes: number
  /** What `partitionMaxBytes` may grow to for a batch that is larger. */
  readonly partitionMaxBytesLimit: number
  readonly minBytes: number
  readonly maxWaitMs: number
}

/** All that the Kafka source is told. */
export interface KafkaOptions {
  readonly brokers: readonly BrokerAddress[]
  readonly clientId: string
  readonly group: string
  readonly groupProtocol: 'classic' | 'consumer'
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly rebalanceTimeoutMs: number
  /** Static membership: a restart within the session timeout keeps the partitions. */
  readonly instanceId: string | undefined
  /** Whether a static member leaves the group when it stops; it stays otherwise, until the session timeout. */
  readonly leaveStatic?: boolean | undefined
  readonly rack: string | undefined
  readonly isolation: 'read_committed' | 'read_uncommitted'
  readonly tls: TlsOptions | undefined
  readonly sasl: SaslOptions | undefined
  readonly fetch: FetchOptions
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly metadataMaxAgeMs: number
}

/** What the source tells of itself, for people: nothing depends on it. */
export type SourceLog = (
  level: 'debug' | 'info' | 'warn',
  message: string,
  facts: ErrorContext,
) => void

/** What the source is given beside its options. The clock governs every wait but the client's own timeouts. */
export interface SourceParts {
  readonly clock: Clock
  readonly random: Random
  readonly log?: SourceLog | undefined
}

/** Requests that a broker may answer better a moment later. */
export const REQUEST_RETRY: BackoffPolicy = { attemptsMax: 8, waitMsMin: 100, waitMsMax: 3_000 }
