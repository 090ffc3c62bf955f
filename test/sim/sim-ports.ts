import type {
  Catalog,
  CommitResponse,
  CreateOutcome,
  LoadOutcome,
  TableCommit,
  TableCreation,
  TableIdentifier,
} from '../../src/catalog/catalog.ts'
import { asFirnError, FirnError } from '../../src/core/errors.ts'
import type { ObjectInfo, Upload } from '../../src/storage/object-store.ts'
import type { RenewableStore } from '../../src/worker/table-store.ts'
import type { FakeCatalog } from '../support/fake-catalog.ts'
import type { FakeObjectStore } from '../support/fake-object-store.ts'
import type { SimProcess } from './sim-process.ts'
import type { SimRandom } from './sim-random.ts'

/** How badly things go: probabilities of one call, set to nothing for the end of a run. */
export interface Weather {
  catalogDown: number
  storeDown: number
  /** A call that takes seconds. */
  slow: number
}

const catalogAway = (): FirnError =>
  new FirnError('CATALOG_UNAVAILABLE', 'the simulated catalog is away')
const storeAway = (): FirnError =>
  new FirnError('STORAGE_UNAVAILABLE', 'the simulated store is away')

function takesMs(random: SimRandom, weather: Weather, usualMs: number): number {
  return random.chance(weather.slow) ? random.between(1_000, 12_000) : random.between(1, usualMs)
}

/** One process's way to the shared catalog: it takes time, may fail, and ends with the process. */
export class SimCatalog implements Catalog {
  readonly #inner: FakeCatalog
  readonly #process: SimProcess
  readonly #random: SimRandom
  readonly #weather: Weather

  constructor(inner: FakeCatalog, process: SimProcess, random: SimRandom, weather: Weather) {
    this.#inner = inner
    this.#process = process
    this.#random = random
    this.#weather = weather
  }

  async #call<T>(act: () => Promise<T>): Promise<T> {
    return this.#process.call(async () => {
      await this.#process.delay(takesMs(this.#random, this.#weather, 60))
      if (this.#random.chance(this.#weather.catalogDown)) throw catalogAway()
      const answer = await act()
      // Done, and the answer is lost.
      if (this.#random.chance(this.#weather.catalogDown)) throw catalogAway()
      return answer
    }, catalogAway)
  }

  async loadTable(identifier: TableIdentifier): Promise<LoadOutcome> {
    return this.#call(async () => this.#inner.loadTable(identifier))
  }

  async createTable(identifier: TableIdentifier, creation: TableCreation): Promise<CreateOutcome> {
    return this.#call(async () => this.#inner.createTable(identifier, creation))
  }

  async commitTable(identifier: TableIdentifier, commit: TableCommit): Promise<CommitResponse> {
    try {
      return await this.#process.call(async () => {
        await this.#process.delay(takesMs(this.#random, this.#weather, 200))
        this.#inner.nowMs = this.#process.worldMs
        const response = await this.#inner.commitTable(identifier, commit)
        await this.#process.delay(takesMs(this.#random, this.#weather, 200))
        return response
      }, catalogAway)
    } catch (reason) {
      return { kind: 'unknown', reason: asFirnError(reason) }
    }
  }

  async createNamespace(): Promise<boolean> {
    return this.#call(async () => this.#inner.createNamespace())
  }

  async namespaceExists(): Promise<boolean> {
    return this.#call(async () => this.#inner.namespaceExists())
  }

  async listTables(): Promise<readonly TableIdentifier[]> {
    return this.#inner.listTables()
  }

  async dropTable(identifier: TableIdentifier): Promise<boolean> {
    return this.#inner.dropTable(identifier)
  }

  async close(): Promise<void> {
    // Shared by all processes.
  }
}

/** One process's way to the shared object store. */
export class SimStore implements RenewableStore {
  readonly #inner: FakeObjectStore
  readonly #process: SimProcess
  readonly #random: SimRandom
  readonly #weather: Weather

  constructor(inner: FakeObjectStore, process: SimProcess, random: SimRandom, weather: Weather) {
    this.#inner = inner
    this.#process = process
    this.#random = random
    this.#weather = weather
  }

  async #call<T>(act: () => Promise<T>): Promise<T> {
    return this.#process.call(async () => {
      await this.#process.delay(takesMs(this.#random, this.#weather, 40))
      if (this.#random.chance(this.#weather.storeDown)) throw storeAway()
      const answer = await act()
      if (this.#random.chance(this.#weather.storeDown)) throw storeAway()
      return answer
    }, storeAway)
  }

  renew(): void {
    // Nothing is vended.
  }

  async put(location: string, body: Uint8Array): Promise<void> {
    return this.#call(async () => this.#inner.put(location, body))
  }

  upload(location: string): Upload {
    const upload = this.#inner.upload(location)
    return {
      get bytesHeld() {
        return upload.bytesHeld
      },
      write: async (chunk) => this.#call(async () => upload.write(chunk)),
      complete: async () => this.#call(async () => upload.complete()),
      abort: async () => upload.abort(),
    }
  }

  async get(
    location: string,
    range?: { readonly start: number; readonly end: number },
  ): Promise<Uint8Array> {
    return this.#call(async () => this.#inner.get(location, range))
  }

  async head(location: string): Promise<ObjectInfo | undefined> {
    return this.#call(async () => this.#inner.head(location))
  }

  async delete(location: string): Promise<void> {
    return this.#call(async () => this.#inner.delete(location))
  }

  list(prefix: string): AsyncIterable<ObjectInfo> {
    return this.#inner.list(prefix)
  }

  async close(): Promise<void> {
    // Shared by all processes.
  }
}
