import { Readable } from 'node:stream'
import { z } from 'zod'
import { runCli } from '../../../src/cli/run-cli.ts'
import { verbs } from '../../../src/cli/verbs.ts'
import { isJsonObject, parseJson, type JsonObject } from '../../../src/core/json.ts'

/** How a verb ended, and what it said. */
export interface VerbEnd {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

class Lines {
  text = ''
  write(text: string): boolean {
    this.text += text
    return true
  }
}

/** Runs verbs in this process, as nobody's terminal: a process of its own for each would take most of the time. */
export async function runVerb(config: string, ...argv: readonly string[]): Promise<VerbEnd> {
  const [stdout, stderr] = [new Lines(), new Lines()]
  const outside = {
    env: {},
    stdin: Readable.from([]),
    stderr,
    version: 'test',
    availableMemoryBytes: 0,
    cores: 1,
    onLoaded: () => undefined,
    onStop: () => undefined,
  }
  const status = await runCli(
    [...argv, '--config', config],
    // No verb that is run here is one that runs on; the streams are what verbs write to, and no more.
    verbs(outside as unknown as Parameters<typeof verbs>[0]),
    { stdout, stderr, terminal: false, env: {}, version: 'test' },
  )
  return { status, stdout: stdout.text, stderr: stderr.text }
}

/** The document that a verb prints under `--json`. */
export async function verbDocument(
  config: string,
  ...argv: readonly string[]
): Promise<{ readonly status: number; readonly document: JsonObject }> {
  const { status, stdout } = await runVerb(config, ...argv, '--json')
  const document = parseJson(stdout, argv.join(' '))
  if (!isJsonObject(document)) throw new Error(`no document: ${stdout}`)
  return { status, document }
}

/** The command line at the beginning of a help text: `firn resume lake.orders`, as its words behind `firn`. */
export function commandIn(help: string, words: number): readonly string[] {
  const [first, ...rest] = help.split(' ')
  if (first !== 'firn') throw new Error(`no command: ${help}`)
  return rest.slice(0, words)
}

const statusSchema = z.object({
  tables: z.array(
    z.object({
      table: z.string(),
      refusals: z.array(z.string()),
      'metadata-bytes': z.number(),
      partitions: z.array(
        z.object({
          partition: z.number(),
          ledger: z.number().nullable(),
          'log-start': z.number(),
          'log-end': z.number(),
          lag: z.number(),
          'retention-ms': z.number().nullable(),
          headroom: z.string(),
          'headroom-ms': z.number().nullable(),
          'headroom-short': z.boolean(),
        }),
      ),
    }),
  ),
})

export type TableStatus = z.infer<typeof statusSchema>['tables'][number]

/** What `firn status` says of one table. */
export async function tableStatus(config: string, name: string): Promise<TableStatus> {
  const { stdout } = await runVerb(config, 'status', '--json')
  const { tables } = statusSchema.parse(JSON.parse(stdout))
  const found = tables.find(({ table }) => table === name)
  if (found === undefined) throw new Error(`no ${name} in ${stdout}`)
  return found
}
