import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { FirnError, messageOf, type FirnErrorOptions } from '../core/errors.ts'
import { release } from '../core/release.ts'
import type { ObjectInfo, ObjectStore, Upload } from './object-store.ts'

/**
 * A local directory as object storage, for development and tests. An object is written under another name, forced to
 * the disk, and renamed: it is durable before it is visible, as in a real store.
 */
export class LocalObjectStore implements ObjectStore {
  async put(location: string, body: Uint8Array): Promise<void> {
    const upload = new LocalUpload(pathOf(location))
    try {
      await upload.append(body)
      await upload.complete()
    } catch (fault) {
      await upload.abort()
      throw fault
    }
  }

  upload(location: string): Upload {
    return new LocalUpload(pathOf(location))
  }

  async get(
    location: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Uint8Array> {
    const path = pathOf(location)
    return named('read', path, async () => {
      const file = await open(path, 'r')
      try {
        const { size } = await file.stat()
        const start = range?.start ?? 0
        const bytes = new Uint8Array(Math.max(0, Math.min(range?.end ?? size, size) - start))
        const { bytesRead } = await file.read(bytes, 0, bytes.length, start)
        return bytes.subarray(0, bytesRead)
      } finally {
        await file.close()
      }
    })
  }

  async head(location: string): Promise<ObjectInfo | undefined> {
    const path = pathOf(location)
    try {
      return await named('look at', path, async () => infoOf(path))
    } catch (fault) {
      if (fault instanceof FirnError && fault.code === 'STORAGE_NOT_FOUND') return undefined
      throw fault
    }
  }

  async delete(location: string): Promise<void> {
    const path = pathOf(location)
    await named('delete', path, async () => rm(path, { force: true }))
  }

  async *list(prefix: string): AsyncIterable<ObjectInfo> {
    const root = pathOf(prefix)
    const entries = await named('list', root, async () => {
      try {
        return await readdir(root, { recursive: true, withFileTypes: true })
      } catch (fault) {
        if (systemCode(fault) === 'ENOENT') return []
        throw fault
      }
    })
    for (const entry of entries) {
      if (!entry.isFile() || entry.name.endsWith(UNFINISHED)) continue
      // Undefined where it was deleted since the folder was read.
      const info = await this.head(join(entry.parentPath, entry.name))
      if (info !== undefined) yield info
    }
  }

  async close(): Promise<void> {
    // Holds nothing open.
  }
}

/** The name of an object that is being written: never listed. */
const UNFINISHED = '.unfinished'

class LocalUpload implements Upload {
  readonly #path: string
  #opening: Promise<FileHandle> | undefined
  #aborted = false
  #sizeBytes = 0
  #bytesHeld = 0

  constructor(path: string) {
    this.#path = path
  }

  get #unfinished(): string {
    return `${this.#path}${UNFINISHED}`
  }

  get bytesHeld(): number {
    return this.#bytesHeld
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { length } = chunk
    this.#bytesHeld += length
    try {
      await this.append(chunk)
      release(chunk)
    } finally {
      this.#bytesHeld -= length
    }
  }

  /** As `write`, and the memory stays the caller's. */
  async append(bytes: Uint8Array): Promise<void> {
    await named('write', this.#path, async () => {
      const file = await this.#opened()
      // A write may take less than it was given.
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await file.write(bytes, at)
        at += bytesWritten
      }
    })
    this.#sizeBytes += bytes.length
  }

  async complete(): Promise<{ readonly sizeBytes: number }> {
    await named('write', this.#path, async () => {
      const file = await this.#opened()
      await file.sync()
      await file.close()
      await rename(this.#unfinished, this.#path)
      await syncDirectory(dirname(this.#path))
    })
    return { sizeBytes: this.#sizeBytes }
  }

  async abort(): Promise<void> {
    this.#aborted = true
    try {
      // A write may be about to make the file: what it makes is to be gone as well.
      await (await this.#opening)?.close()
    } catch {
      // Never opened, or closed already.
    }
    await rm(this.#unfinished, { force: true }).catch(() => undefined)
  }

  async #opened(): Promise<FileHandle> {
    // Chunks that were waiting still come: they must not make the file again.
    if (this.#aborted) {
      throw new FirnError('STORAGE_REFUSED', `the upload of ${this.#path} was aborted`)
    }
    this.#opening ??= this.#open()
    return this.#opening
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true })
    return open(this.#unfinished, 'w')
  }
}

/** A rename is durable once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

async function infoOf(path: string): Promise<ObjectInfo> {
  const { size, mtimeMs } = await stat(path)
  return { location: `file://${path}`, sizeBytes: size, lastModifiedMs: mtimeMs }
}

/**
 * `file:///x`, `file:/x` and `/x` are the same place: catalogs write all three. Nothing is decoded: a location is text
 * to Java's file systems and to readers, and `%22` in it is three characters of a name.
 */
function pathOf(location: string): string {
  return location.replace(/^file:(\/\/)?/, '')
}

async function named<T>(act: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (fault) {
    throw fault instanceof FirnError ? fault : localError(act, path, fault)
  }
}

function localError(act: string, path: string, fault: unknown): FirnError {
  const text = `cannot ${act} ${path}: ${messageOf(fault)}`
  const options: FirnErrorOptions = { cause: fault }
  switch (systemCode(fault)) {
    case 'ENOENT':
      return new FirnError('STORAGE_NOT_FOUND', text, options)
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new FirnError('STORAGE_FORBIDDEN', text, {
        ...options,
        help: 'let the user that runs Firn read and write this folder',
      })
    case 'EEXIST':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ENAMETOOLONG':
      return new FirnError('STORAGE_REFUSED', text, {
        ...options,
        help: "choose another location for the catalog's warehouse or the table",
      })
    case 'ENOSPC':
    case 'EDQUOT':
      return new FirnError('STORAGE_FULL', text, { ...options, help: 'free space on this disk' })
    default:
      return new FirnError('STORAGE_UNAVAILABLE', text, options)
  }
}

function systemCode(fault: unknown): string {
  return fault instanceof Error && 'code' in fault && typeof fault.code === 'string'
    ? fault.code
    : ''
}
