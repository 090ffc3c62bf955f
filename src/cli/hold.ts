import { changeTable } from '../commit/change-table.ts'
import { holdProperty, holdToText, readHold } from '../commit/hold.ts'
import type { Config, TableConfig } from '../config/schema.ts'
import { tableText } from '../catalog/catalog.ts'
import { systemClock } from '../core/clock.ts'
import { commitContext } from './commit-context.ts'
import { readConfigFile } from './config-file.ts'
import { type Asking, Confirmation, CONFIRM_OPTIONS } from './confirm.ts'
import type { Invocation } from './arguments.ts'
import type { ExitCode, Output } from './output.ts'
import type { VerbBody } from './run-cli.ts'
import { loadExisting, tableNamed } from './table-operand.ts'
import { withTablePorts, type TablePorts } from './with-ports.ts'

type Env = Readonly<Record<string, string | undefined>>

/** `firn hold`: nothing is committed to a table, or to all, until it is resumed; restarts do not lift it. */
export function holdVerb(env: Env, asking: Asking & { readonly version: string }): VerbBody {
  return {
    options: {
      reason: { type: 'string', value: 'TEXT', description: 'why, for `status` and the logs' },
      ...CONFIRM_OPTIONS,
    },
    example: {
      command: "firn hold lake.orders --reason 'bad deploy upstream' --yes",
      does: 'stops lake.orders; the other tables go on',
    },
    run: async (invocation, output) =>
      onTables(
        { invocation, output, env, asking },
        {
          question: 'Hold?',
          does: (name) => `${name}: nothing more is committed until \`firn resume ${name}\``,
          done: (name) =>
            `${name} is held; what was on its way at this moment may still have landed`,
          change: ({ writer }) => ({
            set: {
              [holdProperty(writer)]: holdToText({
                sinceMs: systemClock.now(),
                reason: invocation.text('reason') ?? '',
              }),
            },
          }),
        },
      ),
  }
}

/** `firn resume`: lifts a hold; workers go on from the ledger. */
export function resumeVerb(env: Env, asking: Asking & { readonly version: string }): VerbBody {
  return {
    options: { ...CONFIRM_OPTIONS },
    example: { command: 'firn resume lake.orders --yes', does: 'lifts the hold on lake.orders' },
    run: async (invocation, output) =>
      onTables(
        { invocation, output, env, asking },
        {
          question: 'Resume?',
          does: (name) => `${name}: goes on from its ledger`,
          done: (name) =>
            `${name} goes on: running workers see it within \`commit.exhausted_retry_ms\``,
          change: ({ writer }) => ({ remove: [holdProperty(writer)] }),
        },
      ),
  }
}

interface Call {
  readonly invocation: Invocation
  readonly output: Output
  readonly env: Env
  readonly asking: Asking & { readonly version: string }
}

interface Act {
  readonly question: string
  readonly does: (name: string) => string
  readonly done: (name: string) => string
  readonly change: (config: Config) => Parameters<typeof changeTable>[1]
}

async function onTables({ invocation, output, env, asking }: Call, act: Act): Promise<ExitCode> {
  const confirmation = new Confirmation(invocation, asking)
  const config = readConfigFile(invocation.configPath, env)
  const [operand] = invocation.operands
  const tables = operand === undefined ? config.tables : [tableNamed(config, operand)]
  for (const table of tables) output.mark('note', act.does(tableText(table.table)))
  if ((await confirmation.confirm(output, act.question)) !== 'go') {
    output.document({ tables: [], done: false })
    return 0
  }
  return withTablePorts(config, async (ports): Promise<ExitCode> => {
    const done = []
    for (const table of tables) {
      done.push(await changed(table, { config, ports, act, version: asking.version }))
      output.mark('ok', act.done(tableText(table.table)))
    }
    output.document({ tables: done, done: true })
    return 0
  })
}

async function changed(
  table: TableConfig,
  parts: { config: Config; ports: TablePorts; act: Act; version: string },
): Promise<{ readonly table: string; readonly held: boolean }> {
  const { config, ports, act, version } = parts
  const loaded = await loadExisting(ports.catalog, table)
  const context = commitContext({ config, table, version }, ports, loaded)
  const { metadata } = await changeTable(context, act.change(config))
  const held = readHold(metadata.properties, config.writer) !== undefined
  return { table: tableText(table.table), held }
}
