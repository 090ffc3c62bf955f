import { RestCatalog } from '../catalog/rest-catalog.ts'
import type { RestCatalogOptions } from '../catalog/options.ts'
import type { CatalogConfig, Config, KafkaConfig, S3Config } from '../config/schema.ts'
import type { Clock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import type { KafkaOptions, SaslOptions } from '../consumer/options.ts'
import type { S3Options } from '../storage/s3-options.ts'

/** Opens the catalog that the configuration names. Throws what `RestCatalog.open` does. */
export async function openCatalog(
  config: Config,
  parts: { readonly clock: Clock; readonly random: Random },
): Promise<RestCatalog> {
  return RestCatalog.open(catalogOptions(config.catalog), parts)
}

function catalogOptions(config: CatalogConfig): RestCatalogOptions {
  const { auth, headers, tls } = config
  return {
    uri: config.uri,
    warehouse: config.warehouse,
    auth: catalogAuth(auth),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, () => value.reveal()]),
    ),
    tls: {
      ca: tls.ca,
      cert: tls.cert,
      key: revealed(tls.key),
      serverName: tls.serverName,
      insecureSkipVerify: tls.insecureSkipVerify,
    },
    accessDelegation: config.accessDelegation,
    connectTimeoutMs: config.connectTimeoutMs,
    requestTimeoutMs: config.requestTimeoutMs,
    retry: config.retry,
  }
}

function catalogAuth(auth: CatalogConfig['auth']): RestCatalogOptions['auth'] {
  switch (auth.type) {
    case 'none':
      return auth
    case 'bearer':
      return { type: 'bearer', token: () => auth.token.reveal() }
    case 'oauth2':
      return {
        type: 'oauth2',
        tokenUri: auth.tokenUri,
        clientId: auth.clientId,
        clientSecret: () => auth.clientSecret.reveal(),
        scope: auth.scope,
        audience: auth.audience,
        resource: auth.resource,
      }
  }
}

function revealed(secret: { reveal(): string } | undefined): (() => string) | undefined {
  return secret === undefined ? undefined : () => secret.reveal()
}

/** The configuration's S3 access; a table's own, vended by the catalog, goes on top of it. */
export function s3Options(config: S3Config): S3Options {
  const { credentials } = config
  return {
    endpoint: config.endpoint,
    region: config.region,
    pathStyle: config.pathStyle,
    credentials:
      credentials === undefined
        ? undefined
        : {
            accessKeyId: credentials.accessKeyId,
            secretAccessKey: () => credentials.secretAccessKey.reveal(),
            sessionToken: revealed(credentials.sessionToken),
          },
    partSizeBytes: config.partSizeBytes,
    partsInFlight: config.partsInFlight,
    requestsInFlight: config.requestsInFlight,
    connectTimeoutMs: config.connectTimeoutMs,
    requestTimeoutMs: config.requestTimeoutMs,
    retry: config.retry,
  }
}

/** The configuration's `kafka:` as the source takes it. */
export function sourceOptions(config: KafkaConfig): KafkaOptions {
  const { tls, sasl } = config
  return {
    ...config,
    instanceId: config.instanceId,
    rack: config.rack,
    tls:
      tls === undefined
        ? undefined
        : {
            ca: tls.ca,
            cert: tls.cert,
            key: revealed(tls.key),
            serverName: tls.serverName,
            insecureSkipVerify: tls.insecureSkipVerify,
          },
    sasl: sasl === undefined ? undefined : saslOptions(sasl),
  }
}

function saslOptions(sasl: NonNullable<KafkaConfig['sasl']>): SaslOptions {
  if (sasl.mechanism === 'oauthbearer') {
    return { mechanism: sasl.mechanism, token: () => sasl.token.reveal() }
  }
  const { mechanism, username, password } = sasl
  return { mechanism, username, password: () => password.reveal() }
}
