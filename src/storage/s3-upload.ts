import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { required } from '../core/assert.ts'
import { FirnError } from '../core/errors.ts'
import { release } from '../core/release.ts'
import type { InFlight } from './in-flight.ts'
import type { Upload } from './object-store.ts'
import { s3Error } from './s3-error.ts'

export interface S3UploadOptions {
  readonly bucket: string
  readonly key: string
  readonly location: string
  readonly partSizeBytes: number
  readonly partsInFlight: number
  /** Over all uploads of the process. */
  readonly requests: InFlight
}

/**
 * One object. What fits in one part is held until it is complete and goes as a single PUT; what is larger goes as a
 * multipart upload, in parts of one size (some stores insist) and a last one that may be smaller.
 */
export class S3Upload implements Upload {
  readonly #client: S3Client
  readonly #options: S3UploadOptions
  readonly #cancel = new AbortController()
  /** The multipart upload, from its first part on. */
  #id: Promise<string> | undefined
  readonly #parts: Promise<CompletedPart>[] = []
  readonly #sending = new Set<Promise<unknown>>()
  /** What no part has been made of yet. */
  #pieces: Uint8Array[] = []
  #pieceBytes = 0
  #sendingBytes = 0
  #sizeBytes = 0

  constructor(client: S3Client, options: S3UploadOptions) {
    this.#client = client
    this.#options = options
  }

  get bytesHeld(): number {
    return this.#pieceBytes + this.#sendingBytes
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { partSizeBytes, partsInFlight } = this.#options
    // Chunks that waited for their turn when it was aborted: a part of them would begin another upload, which nobody ends.
    if (this.#cancel.signal.aborted) return
    this.#pieces.push(chunk)
    this.#pieceBytes += chunk.length
    this.#sizeBytes += chunk.length
    // Not when it is exactly full: that may have been all, and is then one PUT.
    while (this.#pieceBytes > partSizeBytes) this.#sendPart(this.#cut(partSizeBytes))
    while (this.#sending.size >= partsInFlight) await Promise.race(this.#sending)
  }

  async complete(): Promise<{ readonly sizeBytes: number }> {
    await this.#named(async () => {
      if (this.#id === undefined) await this.#put()
      else await this.#completeParts(await this.#id)
    })
    return { sizeBytes: this.#sizeBytes }
  }

  async abort(): Promise<void> {
    this.#pieces = []
    this.#pieceBytes = 0
    this.#cancel.abort()
    // A part that arrives after the upload's end would stay.
    await Promise.allSettled(this.#parts)
    try {
      if (this.#id !== undefined) {
        const { bucket: Bucket, key: Key } = this.#options
        const UploadId = await this.#id
        await this.#client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
      }
    } catch {
      // Never begun, or ended already: nothing is left.
    }
  }

  async #put(): Promise<void> {
    const { bucket: Bucket, key: Key } = this.#options
    await this.#send(this.#cut(this.#pieceBytes), async (Body) => {
      const put = new PutObjectCommand({ Bucket, Key, Body, ContentLength: Body.length })
      await this.#client.send(put, { abortSignal: this.#cancel.signal })
    })
  }

  async #completeParts(UploadId: string): Promise<void> {
    const { bucket: Bucket, key: Key, requests } = this.#options
    if (this.#pieceBytes > 0) this.#sendPart(this.#cut(this.#pieceBytes))
    const Parts = await Promise.all(this.#parts)
    const MultipartUpload = { Parts }
    await requests.run(async () =>
      this.#client.send(
        new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }),
      ),
    )
  }

  #sendPart(body: Uint8Array): void {
    const { bucket: Bucket, key: Key } = this.#options
    const PartNumber = this.#parts.length + 1
    const part = this.#named(async () =>
      this.#send(body, async (Body) => {
        this.#id ??= this.#begin()
        const UploadId = await this.#id
        const upload = { Bucket, Key, UploadId, PartNumber, Body, ContentLength: Body.length }
        const { ETag } = await this.#client.send(new UploadPartCommand(upload), {
          abortSignal: this.#cancel.signal,
        })
        return { ETag, PartNumber }
      }),
    )
    this.#parts.push(part)
    this.#sending.add(part)
    // A part that failed stays: the next write, or the end, tells of it.
    part.then(
      () => this.#sending.delete(part),
      () => undefined,
    )
  }

  /** Never cancelled: an upload whose id is not known could not be ended. */
  async #begin(): Promise<string> {
    const { bucket: Bucket, key: Key, location } = this.#options
    const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
    if (UploadId !== undefined) return UploadId
    throw new FirnError('STORAGE_REFUSED', `cannot write ${location}: the upload got no id`)
  }

  async #send<T>(body: Uint8Array, send: (body: Uint8Array) => Promise<T>): Promise<T> {
    const { length } = body
    this.#sendingBytes += length
    try {
      const answer = await this.#options.requests.run(async () => send(body))
      // Only now: a request that failed may still be at it.
      release(body)
      return answer
    } finally {
      this.#sendingBytes -= length
    }
  }

  /** The first bytes that were written and not sent, in memory of their own. */
  #cut(length: number): Uint8Array {
    this.#pieceBytes -= length
    const [first] = this.#pieces
    if (first?.length === length) {
      this.#pieces.shift()
      return first
    }
    const part = Buffer.allocUnsafeSlow(length)
    for (let at = 0; at < length;) {
      const piece = required(this.#pieces.shift(), 'bytes for a part')
      const taken = piece.subarray(0, length - at)
      part.set(taken, at)
      at += taken.length
      if (taken.length < piece.length) this.#pieces.unshift(piece.subarray(taken.length))
      else release(piece)
    }
    return part
  }

  async #named<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (fault) {
      const { location, bucket } = this.#options
      throw s3Error({ act: 'write', location, bucket }, fault)
    }
  }
}
