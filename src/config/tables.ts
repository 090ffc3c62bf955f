import { z } from 'zod'
import { topicName, type TopicName } from '../core/ids.ts'
import { columnsSection } from './columns.ts'
import { ownFlushSection } from './flush.ts'
import { readPartitionField, readSortField } from './partition-text.ts'
import { MIB, section, text, whole, type Problems } from './section.ts'
import { startSection, startTopics, type StartPolicy } from './start.ts'

// As in section.ts: the types are the schema's own.
/* oxlint-disable typescript/explicit-module-boundary-types */

/** Which topics a table takes: one by its name, or all whose whole name a pattern matches. */
export type TopicChoice =
  | { readonly kind: 'name'; readonly name: TopicName }
  | { readonly kind: 'pattern'; readonly pattern: RegExp }

/** A table's name, as the catalog takes it. */
export interface TableName {
  readonly namespace: readonly string[]
  readonly name: string
}

const TABLE = 'the name of a table with its namespace, as `lake.orders`'

const table = z
  .union([
    text()
      .regex(/^[^.]+(\.[^.]+)+$/, { error: TABLE })
      .transform((name) => name.split('.')),
    z.array(text()).min(2),
  ])
  .transform((levels): TableName => ({
    namespace: levels.slice(0, -1),
    name: levels.at(-1) ?? '',
  }))

const topic = z
  .string()
  .regex(/^[a-zA-Z0-9._-]{1,249}$/, { error: "a topic's name: letters, digits, `.`, `_` and `-`" })
  .transform((name): TopicChoice => ({ kind: 'name', name: topicName(name) }))

const pattern = section({
  pattern: text()
    .transform((source, context) => {
      try {
        return new RegExp(`^(?:${source})$`, 'u')
      } catch {
        context.addIssue({ code: 'custom', message: 'a regular expression, as `orders\\..*`' })
        return z.NEVER
      }
    })
    .meta({ description: "A regular expression that must match a topic's whole name." }),
}).transform((choice): TopicChoice => ({ kind: 'pattern', ...choice }))

const topicChoice = z.union([topic, pattern])

const topics = z
  .union([topicChoice, z.array(topicChoice).min(1)])
  .transform((choice): readonly TopicChoice[] => (Array.isArray(choice) ? choice : [choice]))

const valueSection = section({
  format: z.enum(['json']).default('json').meta({ description: 'How the values are written.' }),
  case_insensitive: z.boolean().default(false).meta({
    description:
      "Whether a member's name matches a column's in any case. An exact match goes first.",
  }),
  depth_max: whole(1, 512).default(64).meta({
    description: 'How deep a value may be nested; a deeper one is refused.',
  }),
  bytes_max: whole(1024, 512 * MIB)
    .default(16 * MIB)
    .meta({ description: 'How large a value may be; a larger one is refused.' }),
})

const metadataColumnSection = section({
  enabled: z.boolean().default(true).meta({
    description:
      'Whether the table has the column. `firn trace`, `audit` and `replay` stand on it.',
  }),
  name: text().default('_kafka').meta({ description: 'Its name.' }),
  key: z.boolean().default(false).meta({ description: "Whether it holds the record's key." }),
  headers: z.boolean().default(false).meta({
    description: "Whether it holds the record's headers.",
  }),
})

const partitionField = text().transform((source, context) => {
  const field = readPartitionField(source)
  if (field !== undefined) return field
  const message =
    'a column or a transform of one, as `region`, `day(ts)` or `bucket(16, id) as shard`'
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

const sortField = text().transform((source, context) => {
  const field = readSortField(source)
  if (field !== undefined) return field
  const message = 'a column or a transform of one, as `ts desc nulls last`'
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

const createSection = section({
  partition_by: z.array(partitionField).prefault([]).meta({
    description:
      'The partition spec: `region`, `day(ts)`, `bucket(16, customer.id)`, `truncate(10, name)`, `year`, `month`, `hour`, `void`; `as NAME` names the field.',
  }),
  sort_by: z.array(sortField).prefault([]).meta({
    description: 'The sort order: `ts desc nulls last`, `bucket(16, id)`.',
  }),
  properties: z
    .record(text(), z.union([z.string(), z.number(), z.boolean()]).transform(String))
    .prefault({})
    .meta({ description: "The table's properties, as `write.target-file-size-bytes`." }),
  location: text().optional().meta({
    description: 'Where its files lie. Default: where the catalog puts them.',
  }),
  format_version: z
    .union([z.literal(2), z.literal(3)])
    .default(2)
    .meta({
      description: "Iceberg's format version. 3 is needed for `timestamp_ns`.",
    }),
})

/** An element of `tables:`. */
export const tableSection = section(
  {
    table: table.meta({
      description: 'The table: `namespace.name`, or a list where a name has a dot in it.',
    }),
    topics: topics.meta({
      description:
        'The topics whose records it takes: a name, `{pattern: regular expression}`, or a list of both.',
    }),
    value: valueSection.prefault({}).meta({ description: "How a record's value is read." }),
    start: startSection.prefault('earliest').meta({
      description:
        'Where a topic begins that the ledger does not hold yet: `earliest`, `latest`, `group` (the committed offsets of the group), `{timestamp: …}` or `{offsets: …}`. Later starts go on from the ledger, whatever stands here.',
    }),
    on_rollback: z.enum(['follow', 'hold', 'skip']).default('follow').meta({
      description:
        'What happens when somebody rolls the table back: `follow` reads the records again from where the table now stands, `hold` stops the table until a person decides, `skip` goes on where it was.',
    }),
    branch: text()
      .default('main')
      .meta({ description: 'The branch of the table that is written.' }),
    metadata_column: metadataColumnSection.prefault({}).meta({
      description: "The column that holds each record's topic, partition, offset and timestamp.",
    }),
    columns: columnsSection.optional().meta({
      description: 'The columns of a table that is to be created. An existing table has its own.',
    }),
    create: z
      .union([z.literal(false), createSection])
      .prefault({})
      .meta({
        description:
          'How the table is created when it is missing and `columns` are declared; `false`: never.',
      }),
    flush: ownFlushSection.prefault({}).meta({
      description: 'Where this table differs from `flush`.',
    }),
  },
  (value, problems) => {
    startNamesOwnTopics(value.start, value.topics, problems)
  },
)

function startNamesOwnTopics(
  start: StartPolicy,
  choices: readonly TopicChoice[],
  problems: Problems,
): void {
  for (const name of startTopics(start)) {
    if (!choices.some((choice) => covers(choice, name))) {
      problems(['start', 'offsets', name], 'one of the topics of this table')
    }
  }
}

/** Whether a choice takes the topic of this name. */
export function covers(choice: TopicChoice, name: TopicName): boolean {
  return choice.kind === 'name' ? choice.name === name : choice.pattern.test(name)
}
