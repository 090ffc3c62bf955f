import {
  parseCommandLine,
  type CommandLine,
  type Invocation,
  type VerbSyntax,
} from './arguments.ts'
import { overviewText, verbText } from './help.ts'
import { Output, type ExitCode, type TextSink } from './output.ts'

/** What of the outside a command line is run with. */
export interface CliIo {
  readonly stdout: TextSink
  readonly stderr: TextSink
  /** Whether stdout is a terminal. */
  readonly terminal: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
}

/** A verb: how it is called, and what it does. */
export interface Verb extends VerbSyntax {
  run(invocation: Invocation, output: Output): Promise<ExitCode>
}

/** Runs one command line; whatever is thrown is printed. Never throws. */
export async function runCli(
  argv: readonly string[],
  verbs: readonly Verb[],
  io: CliIo,
): Promise<ExitCode> {
  const colours = io.terminal && (io.env['NO_COLOR'] ?? '') === ''
  const outputOf = (json: boolean): Output =>
    new Output({ stdout: io.stdout, stderr: io.stderr, colours, json })
  let output = outputOf(argv.includes('--json'))
  try {
    const line = parseCommandLine(argv, verbs, io.env)
    if (line.kind !== 'run') {
      io.stdout.write(`${answerText(line, verbs, io.version)}\n`)
      return 0
    }
    output = outputOf(line.invocation.json)
    return await line.verb.run(line.invocation, output)
  } catch (error) {
    return output.error(error)
  }
}

function answerText(
  line: Exclude<CommandLine<Verb>, { kind: 'run' }>,
  verbs: readonly Verb[],
  version: string,
): string {
  if (line.kind === 'version') return `firn ${version}`
  return line.verb === undefined ? overviewText(verbs) : verbText(line.verb)
}
