import { Upload as MultipartUpload } from '@aws-sdk/lib-storage'
import type { S3Client } from '@aws-sdk/client-s3'
import { PassThrough } from 'node:stream'
import type { Upload } from './object-store.ts'
import { s3Error } from './s3-error.ts'

export interface S3UploadOptions {
  readonly bucket: string
  readonly key: string
  readonly location: string
  readonly partSizeBytes: number
  readonly partsInFlight: number
}

/**
 * One object, streamed. The SDK's own multipart upload does the parts: what fits in one part goes as a single PUT,
 * and a failure aborts the upload, so that no parts are left to be paid for.
 */
export class S3Upload implements Upload {
  readonly #options: S3UploadOptions
  readonly #body: PassThrough
  readonly #upload: MultipartUpload
  readonly #done: Promise<unknown>
  #sizeBytes = 0

  constructor(client: S3Client, options: S3UploadOptions) {
    this.#options = options
    this.#body = new PassThrough({ highWaterMark: options.partSizeBytes })
    this.#upload = new MultipartUpload({
      client,
      params: { Bucket: options.bucket, Key: options.key, Body: this.#body },
      partSize: options.partSizeBytes,
      queueSize: options.partsInFlight,
      leavePartsOnError: false,
    })
    this.#done = this.#upload.done()
    // Told to whoever writes or completes; until then a fault must not count as unhandled, nor block a write.
    this.#done.catch((fault: unknown) => {
      this.#body.destroy(fault instanceof Error ? fault : new Error(String(fault)))
    })
    this.#body.on('error', () => undefined)
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#sizeBytes += chunk.length
    await Promise.race([
      new Promise<void>((resolve) => {
        this.#body.write(chunk, () => {
          resolve()
        })
      }),
      this.#failed(),
    ])
  }

  async complete(): Promise<{ readonly sizeBytes: number }> {
    this.#body.end()
    try {
      await this.#done
    } catch (fault) {
      throw this.#error(fault)
    }
    return { sizeBytes: this.#sizeBytes }
  }

  async abort(): Promise<void> {
    try {
      await this.#upload.abort()
      this.#body.destroy()
      await this.#done
    } catch {
      // Aborted, which is what was asked for.
    }
  }

  /** Rejects once the upload has failed; never resolves. */
  async #failed(): Promise<never> {
    try {
      await this.#done
    } catch (fault) {
      throw this.#error(fault)
    }
    return new Promise<never>(() => undefined)
  }

  #error(fault: unknown): Error {
    const { location, bucket } = this.#options
    return s3Error({ act: 'write', location, bucket }, fault)
  }
}
