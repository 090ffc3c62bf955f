import { InFlight } from '../storage/in-flight.ts'
import { LocalObjectStore } from '../storage/local-object-store.ts'
import type { ObjectInfo, ObjectStore, Upload } from '../storage/object-store.ts'
import { S3ObjectStore } from '../storage/s3-object-store.ts'
import { withVended, type S3Options } from '../storage/s3-options.ts'
import { StoreByScheme } from '../storage/store-by-scheme.ts'

/** What a catalog may vend with a table: when one of these changes, the store is opened anew. */
const VENDED_KEYS = [
  's3.access-key-id',
  's3.secret-access-key',
  's3.session-token',
  's3.endpoint',
  's3.path-style-access',
  'client.region',
  's3.region',
] as const

/** Object storage whose credentials come with the table. */
export interface RenewableStore extends ObjectStore {
  /** Takes what a load of the table brought. */
  renew(config: Readonly<Record<string, string>>): void
}

/**
 * One table's object storage, with the credentials that the catalog vended for it where it did. They expire, so every
 * load of the table renews them; an upload under way goes on with those it began with.
 */
export class TableStore implements RenewableStore {
  readonly #options: S3Options
  readonly #requests: InFlight
  readonly #local = new LocalObjectStore()
  #current: ObjectStore
  #vended: string
  #retired: ObjectStore | undefined

  /** Tables that share `requests` share the bound of what is sent at once. */
  constructor(
    options: S3Options,
    config: Readonly<Record<string, string>> = {},
    requests: InFlight = new InFlight(options.requestsInFlight),
  ) {
    this.#options = options
    this.#requests = requests
    this.#vended = vendedText(config)
    this.#current = this.#open(config)
  }

  renew(config: Readonly<Record<string, string>>): void {
    const vended = vendedText(config)
    if (vended === this.#vended) return
    this.#vended = vended
    // The one before the last has no upload left: a round is shorter than the life of credentials.
    void this.#retired?.close()
    this.#retired = this.#current
    this.#current = this.#open(config)
  }

  #open(config: Readonly<Record<string, string>>): ObjectStore {
    return new StoreByScheme({
      s3: new S3ObjectStore(withVended(this.#options, config), this.#requests),
      local: this.#local,
    })
  }

  async put(location: string, body: Uint8Array): Promise<void> {
    return this.#current.put(location, body)
  }

  upload(location: string): Upload {
    return this.#current.upload(location)
  }

  async get(
    location: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Uint8Array> {
    return this.#current.get(location, range)
  }

  async head(location: string): Promise<ObjectInfo | undefined> {
    return this.#current.head(location)
  }

  async delete(location: string): Promise<void> {
    return this.#current.delete(location)
  }

  list(prefix: string): AsyncIterable<ObjectInfo> {
    return this.#current.list(prefix)
  }

  async close(): Promise<void> {
    await this.#retired?.close()
    await this.#current.close()
  }
}

function vendedText(config: Readonly<Record<string, string>>): string {
  return JSON.stringify(VENDED_KEYS.map((key) => config[key] ?? null))
}
