import { tableText, type LoadedTable } from '../catalog/catalog.ts'
import { BatchBuilder } from '../columns/batch-builder.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import { FirnError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { partitionText, type TopicPartition } from '../core/offsets.ts'
import { currentSchema, defaultSortOrder, defaultSpec } from '../iceberg/metadata-json.ts'
import type { PartitionSpec, SortOrder } from '../iceberg/partition.ts'
import { fieldById } from '../iceberg/schema.ts'
import { transformText } from '../iceberg/transform-text.ts'
import { typeText } from '../iceberg/type-text.ts'
import type { Schema } from '../iceberg/types.ts'
import { decoderSource } from '../record/decoder.ts'
import {
  missingHelp,
  missingText,
  schemaProblems,
  tableCreation,
} from '../worker/table-definition.ts'
import { decodingOf, writableSchema } from '../worker/encoding-plan.ts'
import { viewStart, type StartView } from '../worker/start-plan.ts'
import { refusalsOf } from './standing.ts'
import { readConfigFile } from './config-file.ts'
import type { Output } from './output.ts'
import type { VerbBody } from './run-cli.ts'
import { withPorts, type Ports } from './with-ports.ts'

interface TablePlan {
  readonly name: string
  readonly create: boolean
  readonly schema: Schema
  readonly spec: PartitionSpec
  readonly sortOrder: SortOrder
  readonly formatVersion: number
  readonly problems: readonly string[]
  readonly view: StartView
  /** The code that reads the table's values; undefined where it was not asked for. */
  readonly decoder: string | undefined
}

/** `firn plan`: what `run` would do, and why; nothing is changed. */
export function planVerb(env: Readonly<Record<string, string | undefined>>): VerbBody {
  return {
    options: {
      'show-decoder': {
        type: 'boolean',
        description: 'print the code that is generated to read the values of each table',
      },
    },
    example: {
      command: 'firn plan --config orders.yaml',
      does: 'shows tables, columns and start positions',
    },
    run: async (invocation, output) => {
      const config = readConfigFile(invocation.configPath, env)
      return withPorts(config, async (ports) => {
        const plans: TablePlan[] = []
        const shown = invocation.flag('show-decoder')
        for (const table of config.tables) plans.push(await planOf(config, table, { ports, shown }))
        output.document({ writer: config.writer, tables: plans.map(planJson) })
        for (const plan of plans) print(output, plan)
        return plans.some(
          ({ problems, view }) => problems.length > 0 || refusalsOf(view).length > 0,
        )
          ? 3
          : 0
      })
    },
  }
}

async function planOf(
  config: Config,
  table: TableConfig,
  { ports, shown }: { readonly ports: Ports; readonly shown: boolean },
): Promise<TablePlan> {
  const outcome = await ports.catalog.loadTable(table.table)
  const loaded = outcome.kind === 'loaded' ? outcome.table : undefined
  const view = await viewStart({ ...ports, config, table, loaded })
  const definition = definitionOf(table, loaded)
  const decoder = shown ? decoderText(table, definition.schema) : undefined
  return { name: tableText(table.table), view, decoder, ...definition }
}

function decoderText(table: TableConfig, schema: Schema): string {
  const written = writableSchema(schema)
  return decoderSource(new BatchBuilder(written), decodingOf(table, written))
}

function definitionOf(
  table: TableConfig,
  loaded: LoadedTable | undefined,
): Omit<TablePlan, 'name' | 'view' | 'decoder'> {
  if (loaded !== undefined) {
    const { metadata } = loaded
    const schema = currentSchema(metadata)
    return {
      create: false,
      schema,
      spec: defaultSpec(metadata),
      sortOrder: defaultSortOrder(metadata),
      formatVersion: metadata.formatVersion,
      problems: schemaProblems(table, schema),
    }
  }
  if (table.columns === undefined || table.create === false) {
    throw new FirnError('TABLE_MISSING', missingText(table), missingHelp(table))
  }
  const {
    schema,
    partitionSpec: spec,
    sortOrder,
    formatVersion,
  } = tableCreation(table, table.columns)
  return { create: true, schema, spec, sortOrder, formatVersion, problems: [] }
}

function print(output: Output, plan: TablePlan): void {
  const { name, create, schema, spec, sortOrder, formatVersion, problems, view } = plan
  output.heading(name)
  output.mark(
    create ? 'note' : 'ok',
    create
      ? `to be created, format version ${formatVersion}`
      : `exists, format version ${formatVersion}`,
  )
  output.table(
    [{ title: 'column' }, { title: 'type' }, { title: 'required' }],
    schema.fields.map((field) => [field.name, typeText(field.type), field.required ? 'yes' : '']),
  )
  output.mark('note', `partitioned by ${specText(spec, schema)}`)
  output.mark('note', `sorted by ${orderText(sortOrder, schema)}`)
  for (const problem of problems) output.mark('failed', problem)
  for (const { code, message, help } of refusalsOf(view))
    output.mark('failed', `${code}: ${message}`, help)
  const starts = startsOf(view)
  if (starts.length > 0) {
    output.table(
      [{ title: 'partition' }, { title: 'starts at', align: 'right' }, { title: 'because' }],
      starts.map(({ partition, position, why }) => [
        partitionText(partition),
        String(position),
        why,
      ]),
    )
  }
  if (plan.decoder !== undefined) for (const line of plan.decoder.split('\n')) output.line(line)
  output.line()
}

interface Start {
  readonly partition: TopicPartition
  readonly position: bigint
  readonly why: string
}

function startsOf({ plan, verdict }: StartView): readonly Start[] {
  if (plan.kind === 'start') {
    const followed =
      verdict !== undefined &&
      'warnings' in verdict &&
      verdict.warnings.some(({ kind }) => kind === 'rollback-followed')
    const why = followed ? 'the ledger, after a rollback' : 'the ledger'
    return [...plan.positions].map(([partition, { position }]) => ({ partition, position, why }))
  }
  if (plan.kind !== 'move' || plan.move.kind !== 'pin') return []
  return [...plan.move.topics].flatMap(([topic, { positions }]) =>
    [...positions].map(([partition, position]) => ({
      partition: { topic, partition },
      position,
      why: 'first start: `start` of the configuration',
    })),
  )
}

function specText({ fields }: PartitionSpec, schema: Schema): string {
  if (fields.length === 0) return 'nothing'
  return fields
    .map(
      ({ sourceId, transform }) =>
        `${transformText(transform)}(${fieldById(schema, sourceId)?.path ?? sourceId})`,
    )
    .join(', ')
}

function orderText({ fields }: SortOrder, schema: Schema): string {
  if (fields.length === 0) return 'nothing'
  return fields
    .map(({ sourceId, transform, direction, nullOrder }) => {
      const column = fieldById(schema, sourceId)?.path ?? String(sourceId)
      const source =
        transform.kind === 'identity' ? column : `${transformText(transform)}(${column})`
      return `${source} ${direction} ${nullOrder.replace('-', ' ')}`
    })
    .join(', ')
}

function planJson(plan: TablePlan): JsonObject {
  const { name, create, schema, spec, sortOrder, formatVersion, problems, view } = plan
  return {
    table: name,
    action: create ? 'create' : 'use',
    'format-version': formatVersion,
    columns: schema.fields.map((field) => ({
      name: field.name,
      type: typeText(field.type),
      required: field.required,
    })),
    'partition-by': specText(spec, schema),
    'sort-by': orderText(sortOrder, schema),
    ...(plan.decoder === undefined ? {} : { decoder: plan.decoder }),
    problems,
    refusals: refusalsOf(view).map(({ code, message, help }) => ({
      code,
      message,
      help: help ?? null,
    })),
    starts: startsOf(view).map(({ partition: { topic, partition }, position, why }) => ({
      topic,
      partition,
      position,
      because: why,
    })),
  }
}
