import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { FirnError } from '../core/errors.ts'
import { InFlight } from './in-flight.ts'
import type { ObjectInfo, ObjectStore, Upload } from './object-store.ts'
import { s3Error, type S3Request } from './s3-error.ts'
import type { S3Options } from './s3-options.ts'
import { S3Upload } from './s3-upload.ts'

const SCHEME = /^s3[an]?:\/\/([^/]+)\/(.*)$/

/** Any S3-compatible store, through the SDK's own retries and checksums. */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client
  readonly #options: S3Options
  readonly #requests: InFlight

  /** `requests` bounds those that write, over as many stores as share it. */
  constructor(options: S3Options, requests: InFlight = new InFlight(options.requestsInFlight)) {
    this.#options = options
    this.#requests = requests
    this.#client = new S3Client({
      forcePathStyle: options.pathStyle,
      maxAttempts: options.retry.attemptsMax,
      // Not all S3-compatible stores know the newer default checksums; where one is required it is still sent.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: {
        connectionTimeout: options.connectTimeoutMs,
        requestTimeout: options.requestTimeoutMs,
        throwOnRequestTimeout: true,
      },
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
      region: options.region ?? 'us-east-1',
      ...(options.credentials === undefined
        ? {}
        : { credentials: identityOf(options.credentials) }),
    })
  }

  async put(location: string, body: Uint8Array): Promise<void> {
    const { bucket, key } = placeOf(location)
    await this.#named({ act: 'write', location, bucket }, async () =>
      this.#client.send(
        new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ContentLength: body.length }),
      ),
    )
  }

  upload(location: string): Upload {
    const place = placeOf(location)
    const { partSizeBytes, partsInFlight } = this.#options
    const requests = this.#requests
    return new S3Upload(this.#client, {
      ...place,
      location,
      partSizeBytes,
      partsInFlight,
      requests,
    })
  }

  async get(
    location: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Uint8Array> {
    const { bucket, key } = placeOf(location)
    return this.#named({ act: 'read', location, bucket }, async () => {
      const answer = await this.#client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: key,
          ...(range === undefined ? {} : { Range: `bytes=${range.start}-${range.end - 1}` }),
        }),
      )
      return (await answer.Body?.transformToByteArray()) ?? new Uint8Array()
    })
  }

  async head(location: string): Promise<ObjectInfo | undefined> {
    const { bucket, key } = placeOf(location)
    try {
      return await this.#named({ act: 'look at', location, bucket }, async () => {
        const answer = await this.#client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
        return {
          location,
          sizeBytes: answer.ContentLength ?? 0,
          lastModifiedMs: answer.LastModified?.getTime() ?? 0,
        }
      })
    } catch (fault) {
      if (fault instanceof FirnError && fault.code === 'STORAGE_NOT_FOUND') return undefined
      throw fault
    }
  }

  async delete(location: string): Promise<void> {
    const { bucket, key } = placeOf(location)
    await this.#named({ act: 'delete', location, bucket }, async () =>
      this.#client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })),
    )
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    const { bucket, key } = placeOf(prefix)
    const pages = paginateListObjectsV2({ client: this.#client }, { Bucket: bucket, Prefix: key })
    try {
      for await (const page of pages) {
        for (const object of page.Contents ?? []) {
          yield {
            location: `s3://${bucket}/${object.Key ?? ''}`,
            sizeBytes: object.Size ?? 0,
            lastModifiedMs: object.LastModified?.getTime() ?? 0,
          }
        }
      }
    } catch (fault) {
      throw s3Error({ act: 'list', location: prefix, bucket }, fault)
    }
  }

  async close(): Promise<void> {
    this.#client.destroy()
  }

  async #named<T>(request: S3Request, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (fault) {
      throw s3Error(request, fault)
    }
  }
}

/** Asked for at each signing, so that a secret that was renewed in its file is the one in use. */
function identityOf(
  credentials: NonNullable<S3Options['credentials']>,
): () => Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string }> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  return async () => ({
    accessKeyId,
    secretAccessKey: secretAccessKey(),
    ...(sessionToken === undefined ? {} : { sessionToken: sessionToken() }),
  })
}

function placeOf(location: string): { readonly bucket: string; readonly key: string } {
  const [, bucket, key] = SCHEME.exec(location) ?? []
  if (bucket === undefined || key === undefined) {
    throw new FirnError(
      'STORAGE_REFUSED',
      `${location} is no S3 location: s3://bucket/key was expected`,
    )
  }
  return { bucket, key }
}
