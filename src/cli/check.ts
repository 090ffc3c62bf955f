import { tableText, type LoadedTable } from '../catalog/catalog.ts'
import { RestCatalog } from '../catalog/rest-catalog.ts'
import { chooseCarriers } from '../commit/carriers.ts'
import { probeCatalog } from '../commit/probe.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import { systemClock } from '../core/clock.ts'
import { FirnError, messageOf } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { systemRandom } from '../core/random.ts'
import { KafkaRecordSource } from '../consumer/kafka-record-source.ts'
import { currentSchema } from '../iceberg/metadata-json.ts'
import { schemaProblems, tableCreation } from '../worker/table-definition.ts'
import { openCatalog, s3Options, sourceOptions } from '../worker/open-ports.ts'
import { selectionOf } from '../worker/selects.ts'
import { viewStart } from '../worker/start-plan.ts'
import { TableStore } from '../worker/table-store.ts'
import { readConfigFile } from './config-file.ts'
import type { Mark, Output } from './output.ts'
import type { VerbBody } from './run-cli.ts'

/** One line of the check: what was tried, how it went, and what mends it. */
interface Finding {
  readonly mark: Mark
  readonly text: string
  readonly code: string | undefined
  readonly fix: string | undefined
}

/** `firn check`: everything that `run` will need, tried for real. */
export function checkVerb(env: Readonly<Record<string, string | undefined>>): VerbBody {
  return {
    options: {},
    example: {
      command: 'firn check --config orders.yaml',
      does: 'prints ✓ or ✗ with its fix for each',
    },
    run: async (invocation, output) => {
      const config = readConfigFile(invocation.configPath, env)
      const findings: Finding[] = []
      const tell = (finding: Finding): void => {
        findings.push(finding)
        output.mark(finding.mark, finding.text, finding.fix)
      }
      tell(
        ok(
          `${invocation.configPath} is in order: writer ${config.writer}, ${config.tables.length} table(s)`,
        ),
      )
      await new Check(config, tell).run()
      const failed = findings.filter(({ mark }) => mark === 'failed')
      output.document({ ok: failed.length === 0, findings: findings.map(findingJson) })
      printEnd(output, failed.length)
      return failed.length === 0 ? 0 : 1
    },
  }
}

function printEnd(output: Output, failed: number): void {
  output.line()
  output.line(failed === 0 ? 'firn run can start' : `${failed} of these keep firn run from working`)
}

function findingJson({ mark, text, code, fix }: Finding): JsonObject {
  return { result: mark, what: text, code: code ?? null, fix: fix ?? null }
}

function ok(text: string): Finding {
  return { mark: 'ok', text, code: undefined, fix: undefined }
}

function warning({ code, message, help }: FirnError): Finding {
  return { mark: 'warning', text: `${code}: ${message}`, code, fix: help }
}

function bad(what: string, fault: unknown): Finding {
  const code = fault instanceof FirnError ? fault.code : 'INTERNAL'
  const fix = fault instanceof FirnError ? fault.help : undefined
  return { mark: 'failed', text: `${what}: ${code}: ${messageOf(fault)}`, code, fix }
}

class Check {
  readonly #config: Config
  readonly #tell: (finding: Finding) => void

  constructor(config: Config, tell: (finding: Finding) => void) {
    this.#config = config
    this.#tell = tell
  }

  async run(): Promise<void> {
    const parts = { clock: systemClock, random: systemRandom }
    const source = await this.#try('brokers', async () =>
      KafkaRecordSource.open(sourceOptions(this.#config.kafka), parts),
    )
    const catalog = await this.#try('catalog', async () => openCatalog(this.#config, parts))
    try {
      if (source !== undefined) await this.#kafka(source)
      if (catalog === undefined) return
      this.#tell(ok(`catalog ${this.#config.catalog.uri} answers`))
      for (const table of this.#config.tables) await this.#table(table, { catalog, source })
    } finally {
      await source?.close()
      await catalog?.close()
    }
  }

  async #kafka(source: KafkaRecordSource): Promise<void> {
    this.#tell(ok(`brokers reached: cluster ${await source.clusterId()}`))
    const { group } = this.#config.kafka
    await this.#try(`group ${group}`, async () => {
      await source.groupOffsets([])
      this.#tell(ok(`group ${group} can be used`))
    })
    for (const table of this.#config.tables) await this.#topics(source, table)
  }

  async #topics(source: KafkaRecordSource, table: TableConfig): Promise<void> {
    await this.#try(`topics of ${tableText(table.table)}`, async () => {
      const topics = await source.describeTopics(selectionOf(table))
      const found = new Set<string>(topics.map(({ topic }) => topic))
      for (const wanted of table.topics) {
        if (wanted.kind === 'name' && !found.has(wanted.name)) {
          throw new FirnError('KAFKA_TOPIC_MISSING', `topic ${wanted.name} does not exist`, {
            help: 'create it, correct `topics`, or give the principal DESCRIBE on it',
          })
        }
      }
      await source.logBounds(
        topics.flatMap(({ topic, partitions }) =>
          partitions.map((partition) => ({ topic, partition })),
        ),
      )
      const count = topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
      this.#tell(
        ok(`topics of ${tableText(table.table)}: ${[...found].join(', ')} (${count} partitions)`),
      )
    })
  }

  async #table(
    table: TableConfig,
    {
      catalog,
      source,
    }: { readonly catalog: RestCatalog; readonly source: KafkaRecordSource | undefined },
  ): Promise<void> {
    const name = tableText(table.table)
    const loaded = await this.#try(`table ${name}`, async () => this.#definition(catalog, table))
    if (loaded === undefined) return
    const existing = loaded === 'to-create' ? undefined : loaded
    const storeOf = (vended: Readonly<Record<string, string>>): TableStore =>
      new TableStore(s3Options(this.#config.storage.s3), vended)
    await this.#probe(catalog, table, storeOf(existing?.config ?? {}))
    if (existing !== undefined) await this.#storage(existing, storeOf(existing.config))
    if (source === undefined) return
    await this.#try(`start of ${name}`, async () => {
      const { plan, held } = await viewStart({
        source,
        config: this.#config,
        table,
        loaded: existing,
        storeOf,
      })
      // Not a fault: a person wants it so.
      if (held !== undefined) this.#tell(warning(held))
      if (plan.kind === 'refuse') throw plan.refusal
      const [refusal] = plan.kind === 'start' ? plan.refusals : []
      if (refusal !== undefined) throw refusal
      this.#tell(ok(`${name}: every partition has a start (firn plan shows them)`))
    })
  }

  async #definition(catalog: RestCatalog, table: TableConfig): Promise<LoadedTable | 'to-create'> {
    const name = tableText(table.table)
    const outcome = await catalog.loadTable(table.table)
    if (outcome.kind === 'missing') {
      if (table.columns === undefined || table.create === false) {
        throw new FirnError('TABLE_MISSING', `table ${name} does not exist`, {
          help: 'create it, or declare its `columns`',
        })
      }
      tableCreation(table, table.columns)
      this.#tell(ok(`table ${name} does not exist and will be created`))
      return 'to-create'
    }
    const { metadata } = outcome.table
    if (metadata.formatVersion === 1) {
      throw new FirnError('FORMAT_VERSION_UNSUPPORTED', `table ${name} has format version 1`, {
        help: 'upgrade it: set its property `format-version` to 2',
      })
    }
    const problems = schemaProblems(table, currentSchema(metadata))
    if (problems.length > 0)
      throw new FirnError('SCHEMA_INCOMPATIBLE', problems.join('; '), {
        help: 'correct `columns` or the table',
      })
    this.#tell(ok(`table ${name} exists and takes the configured columns`))
    return outcome.table
  }

  /** What the catalog keeps, tried on a scratch table beside ours. */
  async #probe(catalog: RestCatalog, table: TableConfig, store: TableStore): Promise<void> {
    const { namespace } = table.table
    await this.#try('what the catalog keeps', async () => {
      for (let levels = 1; levels <= namespace.length; levels++) {
        const level = namespace.slice(0, levels)
        if (!(await catalog.namespaceExists(level))) await catalog.createNamespace(level)
      }
      const parts = { catalog, store, clock: systemClock, random: systemRandom }
      const choice = chooseCarriers(await probeCatalog(parts, namespace))
      if (choice.kind === 'refused') throw choice.refusal
      const { tags, properties } = choice.carriers
      const carriers = [tags ? 'tags' : '', properties ? 'properties' : ''].filter(
        (one) => one !== '',
      )
      this.#tell(
        ok(
          `the catalog arbitrates commits and keeps ${carriers.join(' and ')}; scratch table written and dropped`,
        ),
      )
      for (const { promise, why } of choice.weaker) {
        this.#tell({
          mark: 'warning',
          text: `${promise} is weaker on this catalog: ${why}`,
          code: undefined,
          fix: undefined,
        })
      }
    })
    await store.close()
  }

  async #storage({ metadata }: LoadedTable, store: TableStore): Promise<void> {
    const location = `${metadata.location.replace(/\/$/, '')}/metadata/firn-check-${systemRandom.uuid()}`
    await this.#try(`storage at ${metadata.location}`, async () => {
      await store.put(location, new TextEncoder().encode('firn check'))
      await store.get(location)
      await store.delete(location)
      this.#tell(ok(`storage at ${metadata.location}: put, get and delete work`))
    })
    await store.close()
  }

  /** The outcome, or undefined with a line that says what is wrong. */
  async #try<T>(what: string, act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act()
    } catch (fault) {
      this.#tell(bad(what, fault))
      return undefined
    }
  }
}
