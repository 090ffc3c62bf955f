import type { BackoffPolicy } from '../core/backoff.ts'

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: () => string
  readonly sessionToken: (() => string) | undefined
}

export interface S3Options {
  /** The region's own endpoint where undefined. */
  readonly endpoint: string | undefined
  readonly region: string | undefined
  readonly pathStyle: boolean
  /** The default chain (environment, profile, instance role) where undefined. */
  readonly credentials: S3Credentials | undefined
  /** Size of a multipart upload's parts; what is smaller goes in one PUT. At least 5 MiB (S3). */
  readonly partSizeBytes: number
  /** Parts of one upload that are sent at once. */
  readonly partsInFlight: number
  /** Objects and parts that are sent at once, of all uploads together. */
  readonly requestsInFlight: number
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly retry: BackoffPolicy
}

/**
 * The options with what a catalog vends for one table on top. Keys as Iceberg's S3FileIO names them; REST
 * specification: `LoadTableResult.config`.
 */
export function withVended(
  options: S3Options,
  config: Readonly<Record<string, string>>,
): S3Options {
  const accessKeyId = config['s3.access-key-id']
  const secretAccessKey = config['s3.secret-access-key']
  const token = config['s3.session-token']
  const pathStyle = config['s3.path-style-access']
  return {
    ...options,
    endpoint: options.endpoint ?? config['s3.endpoint'],
    region: options.region ?? config['client.region'] ?? config['s3.region'],
    pathStyle: pathStyle === undefined ? options.pathStyle : pathStyle === 'true',
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined
        ? options.credentials
        : {
            accessKeyId,
            secretAccessKey: () => secretAccessKey,
            sessionToken: token === undefined ? undefined : () => token,
          },
  }
}
