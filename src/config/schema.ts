import { z } from 'zod'
import { writerName } from '../core/ids.ts'
import { catalogSection } from './catalog.ts'
import { flushOf, flushSection } from './flush.ts'
import { kafkaSection } from './kafka.ts'
import { configRules } from './rules.ts'
import { section, type ReadFile } from './section.ts'
import { commitSection, httpSection, logSection, memorySection, threads } from './service.ts'
import { storageSection } from './storage.ts'
import { tableSection } from './tables.ts'

// As in section.ts: the types are the schema's own.
/* oxlint-disable typescript/explicit-module-boundary-types */

/**
 * The configuration's only definition: the documentation and the JSON Schema are generated from it. `readFile` reads
 * the files that it names (`*_file`).
 */
export const configSchema = (readFile: ReadFile) =>
  section(
    {
      writer: z
        .string()
        .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
          error: 'at most 63 lower-case letters, digits and `-`, as `orders-lake`',
        })
        .meta({
          description:
            'The name that owns the ledger in each table. All workers of one job share it; no two jobs may.',
        }),
      kafka: kafkaSection(readFile).meta({ description: 'The cluster that is read.' }),
      catalog: catalogSection(readFile).meta({ description: 'The Iceberg REST catalog.' }),
      storage: storageSection(readFile)
        .prefault({})
        .meta({ description: 'Where the files of the tables lie.' }),
      tables: z.array(tableSection).min(1).max(1000).meta({
        description: 'The tables that are written, and from which topics.',
      }),
      flush: flushSection.prefault({}).meta({
        description:
          'When what has been read is sealed and committed; the first limit that is reached decides.',
      }),
      memory: memorySection.prefault({}).meta({ description: 'Bounds of what is held in memory.' }),
      threads: threads.optional().meta({
        description:
          'Threads that decode and encode; 0: all on the main thread. Default: one less than there are cores, at least 1.',
      }),
      commit: commitSection.prefault({}).meta({ description: 'How snapshots are committed.' }),
      http: httpSection.prefault({}).meta({ description: 'Health and metrics.' }),
      log: logSection.prefault({}).meta({ description: 'The log.' }),
    },
    configRules,
  ).transform(({ writer, kafka, tables, ...rest }) => ({
    ...rest,
    writer: writerName(writer),
    kafka: { ...kafka, group: kafka.group ?? `firn-${writer}` },
    tables: tables.map((table) => ({ ...table, flush: flushOf(table.flush, rest.flush) })),
  }))

/** A configuration as the program uses it: every default in place, every secret behind `reveal()`. */
export type Config = z.output<ReturnType<typeof configSchema>>
/** `kafka:` */
export type KafkaConfig = Config['kafka']
/** `catalog:` */
export type CatalogConfig = Config['catalog']
/** `storage.s3:` */
export type S3Config = Config['storage']['s3']
/** An element of `tables:` */
export type TableConfig = Config['tables'][number]
