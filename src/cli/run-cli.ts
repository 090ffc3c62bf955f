import {
  askedOf,
  invocationOf,
  type Invocation,
  type VerbListing,
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

/** What is behind the name of a verb: how it is called, and what it does. */
export interface VerbBody extends Omit<VerbSyntax, keyof VerbListing> {
  run(invocation: Invocation, output: Output): Promise<ExitCode>
}

/** A verb of the list. What is behind its name is loaded once somebody asks for it. */
export interface Verb extends VerbListing {
  load(): Promise<VerbBody>
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
    const asked = askedOf(argv, verbs)
    const answer = (text: string): ExitCode => {
      io.stdout.write(`${text}\n`)
      return 0
    }
    if (asked.kind === 'version') return answer(`firn ${io.version}`)
    if (asked.kind === 'overview') return answer(overviewText(verbs))
    const verb = { ...asked.verb, ...(await asked.verb.load()) }
    const invocation = asked.kind === 'verb' ? invocationOf(verb, asked.rest, io.env) : undefined
    if (invocation === undefined) return answer(verbText(verb))
    output = outputOf(invocation.json)
    return await verb.run(invocation, output)
  } catch (error) {
    return output.error(error)
  }
}
