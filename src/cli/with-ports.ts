import type { RestCatalog } from '../catalog/rest-catalog.ts'
import type { Config } from '../config/schema.ts'
import { systemClock } from '../core/clock.ts'
import { systemRandom } from '../core/random.ts'
import { KafkaRecordSource } from '../consumer/kafka-record-source.ts'
import { openCatalog, s3Options, sourceOptions } from '../worker/open-ports.ts'
import { TableStore } from '../worker/table-store.ts'

/** What a verb works with that reads tables only. */
export interface TablePorts {
  readonly catalog: RestCatalog
  /** Opens the store of a table, with what the catalog vended for it. */
  readonly storeOf: (config: Readonly<Record<string, string>>) => TableStore
}

/** What most verbs work with: the real ports of a configuration. */
export interface Ports extends TablePorts {
  readonly source: KafkaRecordSource
}

const PARTS = { clock: systemClock, random: systemRandom }

/** Opens the catalog for a verb that does not need the brokers, and closes it whatever becomes of it. */
export async function withTablePorts<T>(
  config: Config,
  act: (ports: TablePorts) => Promise<T>,
): Promise<T> {
  const stores: TableStore[] = []
  const catalog = await openCatalog(config, PARTS)
  try {
    return await act({
      catalog,
      storeOf: (vended) => {
        const store = new TableStore(s3Options(config.storage.s3), vended)
        stores.push(store)
        return store
      },
    })
  } finally {
    await Promise.all(stores.map(async (store) => store.close()))
    await catalog.close()
  }
}

/** Opens catalog and brokers for a verb, and closes them whatever becomes of it. */
export async function withPorts<T>(config: Config, act: (ports: Ports) => Promise<T>): Promise<T> {
  return withTablePorts(config, async (ports) => {
    const source = await KafkaRecordSource.open(sourceOptions(config.kafka), PARTS)
    try {
      return await act({ ...ports, source })
    } finally {
      await source.close()
    }
  })
}

/**
 * Opens the brokers as the reader of another group, which it never joins: for what that group, or a transaction of its
 * writer, has committed.
 */
export async function withGroup<T>(
  { kafka }: Config,
  group: string,
  act: (source: KafkaRecordSource) => Promise<T>,
): Promise<T> {
  const options = sourceOptions({ ...kafka, group, isolation: 'read_committed' })
  const source = await KafkaRecordSource.open(options, PARTS)
  try {
    return await act(source)
  } finally {
    await source.close()
  }
}
