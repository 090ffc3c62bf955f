import type { RestCatalog } from '../catalog/rest-catalog.ts'
import type { Config } from '../config/schema.ts'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { KafkaRecordSource } from '../consumer/kafka-record-source.ts'
import { openCatalog, s3Options, sourceOptions } from '../worker/open-ports.ts'
import { TableStore } from '../worker/table-store.ts'

/** What most verbs work with: the real ports of a configuration. */
export interface Ports {
  readonly catalog: RestCatalog
  readonly source: KafkaRecordSource
  /** Opens the store of a table, with what the catalog vended for it. */
  readonly storeOf: (config: Readonly<Record<string, string>>) => TableStore
}

/** Opens catalog and brokers for a verb, and closes them whatever becomes of it. */
export async function withPorts<T>(config: Config, act: (ports: Ports) => Promise<T>): Promise<T> {
  const parts = { clock: systemClock, random: systemRandom }
  const stores: TableStore[] = []
  const catalog = await openCatalog(config, parts)
  try {
    const source = await KafkaRecordSource.open(sourceOptions(config.kafka), parts)
    try {
      return await act({
        catalog,
        source,
        storeOf: (vended) => {
          const store = new TableStore(s3Options(config.storage.s3), vended)
          stores.push(store)
          return store
        },
      })
    } finally {
      await source.close()
    }
  } finally {
    await Promise.all(stores.map(async (store) => store.close()))
    await catalog.close()
  }
}
