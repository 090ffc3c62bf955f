import { release } from '../../src/core/release.ts'
import { FirnError } from '../../src/core/errors.ts'
import type { ObjectInfo, ObjectStore, Upload } from '../../src/storage/object-store.ts'

export type StoreCall = 'put' | 'get' | 'delete' | 'upload'

/** Object storage in memory. Refuses to write a name twice: nothing of Firn's may be overwritten. */
export class FakeObjectStore implements ObjectStore {
  readonly objects = new Map<string, Uint8Array>()
  readonly deleted: string[] = []
  /** Called before each operation; what it throws is the operation's fault. */
  before: (call: StoreCall, location: string) => void | Promise<void> = () => {}
  reads = 0

  async put(location: string, body: Uint8Array): Promise<void> {
    await this.before('put', location)
    if (this.objects.has(location)) throw new Error(`${location} is written twice`)
    this.objects.set(location, body.slice())
  }

  upload(location: string): Upload {
    const chunks: Uint8Array[] = []
    let bytesHeld = 0
    return {
      get bytesHeld() {
        return bytesHeld
      },
      write: async (chunk) => {
        bytesHeld += chunk.length
        try {
          await this.before('upload', location)
          chunks.push(chunk.slice())
          // Whoever looks at what it has handed over is to see it here, too.
          release(chunk)
        } finally {
          bytesHeld -= chunk.length
        }
      },
      complete: async () => {
        const body = Buffer.concat(chunks)
        await this.put(location, body)
        return { sizeBytes: body.length }
      },
      abort: async () => {},
    }
  }

  async get(
    location: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Uint8Array> {
    await this.before('get', location)
    this.reads += 1
    const body = this.objects.get(location)
    if (body === undefined) {
      throw new FirnError('STORAGE_NOT_FOUND', `${location} is not there`)
    }
    return range === undefined ? body.slice() : body.slice(range.start, range.end)
  }

  async head(location: string): Promise<ObjectInfo | undefined> {
    const body = this.objects.get(location)
    return body === undefined ? undefined : { location, sizeBytes: body.length, lastModifiedMs: 0 }
  }

  async delete(location: string): Promise<void> {
    await this.before('delete', location)
    this.deleted.push(location)
    this.objects.delete(location)
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    for (const location of [...this.objects.keys()].sort()) {
      if (!location.startsWith(prefix)) continue
      const info = await this.head(location)
      if (info !== undefined) yield info
    }
  }

  async close(): Promise<void> {}
}
