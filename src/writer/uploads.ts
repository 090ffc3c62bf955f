import { required } from '../core/assert.ts'
import { passes } from '../core/points.ts'
import type { DataFile } from '../iceberg/data-file.ts'
import type { PartitionTuple } from '../iceberg/partition.ts'
import type { ObjectStore, Upload } from '../storage/object-store.ts'
import type { EncodedFile, EncoderOutput } from './encoder.ts'

export interface UploadsOptions {
  readonly store: ObjectStore
  readonly specId: number
  /** A new full URI for each file. */
  readonly locate: (partition: PartitionTuple) => string
}

interface OpenFile {
  readonly location: string
  readonly upload: Upload
  /** Chunks are written one after the other; the chain carries the first fault to `settle`. */
  written: Promise<void>
  /** Bytes of chunks whose turn has not come. */
  waitingBytes: number
}

/**
 * Takes what an encoder puts out to object storage while the encoder goes on: one upload for each file, its parts
 * in order. Nothing is visible in the table yet; a file that is not finished is aborted and leaves nothing.
 */
export class Uploads {
  readonly #options: UploadsOptions
  readonly #open = new Map<number, OpenFile>()
  /** Open, or finished and not yet durable. */
  readonly #unfinished = new Set<OpenFile>()
  #finished: Promise<DataFile>[] = []
  #bytesTaken = 0

  constructor(options: UploadsOptions) {
    this.#options = options
  }

  /** All bytes taken over since the beginning. */
  get bytesTaken(): number {
    return this.#bytesTaken
  }

  /** Bytes that the store is too slow for: not those of an open file that it holds until they are enough to send. */
  get bytesWaiting(): number {
    let bytes = 0
    for (const { waitingBytes } of this.#unfinished) bytes += waitingBytes
    return bytes
  }

  /** All bytes in memory. */
  get bytesHeld(): number {
    let bytes = 0
    for (const { waitingBytes, upload } of this.#unfinished)
      bytes += waitingBytes + upload.bytesHeld
    return bytes
  }

  take(output: Exclude<EncoderOutput, { kind: 'end' }>): void {
    switch (output.kind) {
      case 'open': {
        const location = this.#options.locate(output.partition)
        const upload = this.#options.store.upload(location)
        const file = { location, upload, written: Promise.resolve(), waitingBytes: 0 }
        this.#open.set(output.file, file)
        this.#unfinished.add(file)
        break
      }
      case 'chunk':
        this.#write(required(this.#open.get(output.file), `open file ${output.file}`), output.bytes)
        break
      case 'finish': {
        const file = required(this.#open.get(output.file), `open file ${output.file}`)
        this.#open.delete(output.file)
        const finished = this.#finish(file, output.encoded)
        // Awaited by `settle`; until then a fault must not count as unhandled.
        finished.catch(() => undefined)
        this.#finished.push(finished)
        break
      }
    }
  }

  /** All files finished so far, durable. Throws the first fault; then `abort` is what is left to do. */
  async settle(): Promise<readonly DataFile[]> {
    const files = await Promise.all(this.#finished)
    this.#finished = []
    return files
  }

  /** Ends every upload that has not finished. What has been finished stays: only the sweep deletes data files. */
  async abort(): Promise<void> {
    const open = [...this.#open.values()]
    this.#open.clear()
    await Promise.allSettled(open.map(async ({ upload }) => upload.abort()))
    await Promise.allSettled(this.#finished)
    this.#finished = []
    this.#unfinished.clear()
  }

  #write(file: OpenFile, bytes: Uint8Array): void {
    this.#bytesTaken += bytes.byteLength
    file.waitingBytes += bytes.byteLength
    file.written = file.written.then(async () => {
      file.waitingBytes -= bytes.byteLength
      await file.upload.write(bytes)
    })
    file.written.catch(() => undefined)
  }

  async #finish(file: OpenFile, encoded: EncodedFile): Promise<DataFile> {
    try {
      await file.written
      passes('uploading')
      await file.upload.complete()
    } catch (fault) {
      await file.upload.abort()
      throw fault
    } finally {
      this.#unfinished.delete(file)
    }
    return dataFile(file.location, encoded, this.#options.specId)
  }
}

function dataFile(filePath: string, encoded: EncodedFile, specId: number): DataFile {
  return {
    content: 'data',
    filePath,
    fileFormat: 'PARQUET',
    specId,
    partition: encoded.partition,
    recordCount: encoded.recordCount,
    fileSizeInBytes: BigInt(encoded.sizeBytes),
    metrics: encoded.metrics,
    splitOffsets: encoded.splitOffsets,
    equalityIds: [],
    sortOrderId: encoded.sortOrderId,
    firstRowId: null,
  }
}
