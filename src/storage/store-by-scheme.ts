import { FirnError } from '../core/errors.ts'
import type { ObjectInfo, ObjectStore, Upload } from './object-store.ts'

/** One store for each kind of location. */
export interface StoresByScheme {
  readonly s3: ObjectStore
  readonly local: ObjectStore
}

/** Sends each location to the store of its scheme, so that a warehouse may lie anywhere that Firn can write. */
export class StoreByScheme implements ObjectStore {
  readonly #stores: StoresByScheme

  constructor(stores: StoresByScheme) {
    this.#stores = stores
  }

  #of(location: string): ObjectStore {
    if (/^s3[an]?:\/\//.test(location)) return this.#stores.s3
    if (location.startsWith('/') || location.startsWith('file:')) return this.#stores.local
    throw new FirnError(
      'STORAGE_REFUSED',
      `${location} is at no place that Firn can write: s3://… or file:/… was expected`,
      { help: "choose another location for the catalog's warehouse or the table" },
    )
  }

  async put(location: string, body: Uint8Array): Promise<void> {
    return this.#of(location).put(location, body)
  }

  upload(location: string): Upload {
    return this.#of(location).upload(location)
  }

  async get(
    location: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Uint8Array> {
    return this.#of(location).get(location, range)
  }

  async head(location: string): Promise<ObjectInfo | undefined> {
    return this.#of(location).head(location)
  }

  async delete(location: string): Promise<void> {
    return this.#of(location).delete(location)
  }

  list(prefix: string): AsyncIterable<ObjectInfo> {
    return this.#of(prefix).list(prefix)
  }

  async close(): Promise<void> {
    await Promise.all([this.#stores.s3.close(), this.#stores.local.close()])
  }
}
