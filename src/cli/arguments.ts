import { parseArgs } from 'node:util'
import { FirnError } from '../core/errors.ts'
import { nearest } from '../core/nearest.ts'

/** An option of a verb: `--to`. */
export interface VerbOption {
  readonly type: 'string' | 'boolean'
  readonly description: string
  /** What stands for the value in the help: `SNAPSHOT`. */
  readonly value?: string
}

/** A verb as it is called and explained. A name may have two words: `ledger show`. */
export interface VerbSyntax {
  readonly name: string
  /** One line for the list of verbs. */
  readonly summary: string
  /** What follows the name, as it stands in the help: `['TABLE']`, `['[TABLE]']`. */
  readonly operands: readonly string[]
  readonly options: Readonly<Record<string, VerbOption>>
  /** A whole command line that works, and what it does. */
  readonly example: { readonly command: string; readonly does: string }
}

/** A command line, understood. */
export interface Invocation {
  readonly configPath: string
  readonly json: boolean
  readonly operands: readonly string[]
  /** The value of a text option; undefined where it was not given. */
  text(name: string): string | undefined
  /** Whether an on-off option was given. */
  flag(name: string): boolean
}

export type CommandLine<V extends VerbSyntax> =
  | { readonly kind: 'run'; readonly verb: V; readonly invocation: Invocation }
  | { readonly kind: 'help'; readonly verb: V | undefined }
  | { readonly kind: 'version' }

/** The options that every verb has. */
export const COMMON_OPTIONS: Readonly<Record<string, VerbOption>> = {
  config: {
    type: 'string',
    value: 'FILE',
    description: 'the configuration; default: $FIRN_CONFIG, else ./firn.yaml',
  },
  json: { type: 'boolean', description: 'print one JSON document for programs' },
  help: { type: 'boolean', description: 'print this' },
}

const CONFIG_PATH = './firn.yaml'
const HELP = new Set(['--help', '-h', 'help'])

/** Understands a command line, or throws `USAGE` with what was probably meant. */
export function parseCommandLine<V extends VerbSyntax>(
  argv: readonly string[],
  verbs: readonly V[],
  env: Readonly<Record<string, string | undefined>>,
): CommandLine<V> {
  const [first] = argv
  if (first === '--version' || first === '-V') return { kind: 'version' }
  if (first === undefined) {
    throw new FirnError('USAGE', 'a verb is missing', { help: 'firn --help lists the verbs' })
  }
  if (HELP.has(first)) {
    return { kind: 'help', verb: argv.length === 1 ? undefined : verbOf(argv.slice(1), verbs).verb }
  }
  const { verb, rest } = verbOf(argv, verbs)
  const { values, positionals } = parsed(verb, rest)
  if (values['help'] === true) return { kind: 'help', verb }
  checkOperands(verb, positionals)
  const text = (name: string): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  return {
    kind: 'run',
    verb,
    invocation: {
      configPath: text('config') ?? env['FIRN_CONFIG'] ?? CONFIG_PATH,
      json: values['json'] === true,
      operands: positionals,
      text,
      flag: (name) => values[name] === true,
    },
  }
}

function verbOf<V extends VerbSyntax>(
  words: readonly string[],
  verbs: readonly V[],
): { readonly verb: V; readonly rest: readonly string[] } {
  for (const count of [2, 1]) {
    const name = words.slice(0, count).join(' ')
    const verb = verbs.find((one) => one.name === name)
    if (verb !== undefined) return { verb, rest: words.slice(count) }
  }
  throw unknownVerb(words, verbs)
}

function unknownVerb(words: readonly string[], verbs: readonly VerbSyntax[]): FirnError {
  const [word = '', second = ''] = words
  const within = verbs.filter((verb) => verb.name.startsWith(`${word} `)).map((verb) => verb.name)
  if (within.length > 0) {
    const near = nearest(`${word} ${second}`, within)
    const message = `\`${word}\` needs one of: ${within.join(', ')}`
    return new FirnError('USAGE', message, { help: `firn ${near ?? within[0] ?? ''} --help` })
  }
  const names = verbs.map((verb) => verb.name)
  const near = nearest(word, names)
  return new FirnError('USAGE', `there is no verb \`${word}\``, {
    help: near === undefined ? 'firn --help lists the verbs' : `did you mean \`firn ${near}\`?`,
  })
}

interface Parsed {
  readonly values: Readonly<Record<string, string | boolean | undefined>>
  readonly positionals: readonly string[]
}

interface OptionType {
  readonly type: 'string' | 'boolean'
  readonly short?: string
}

function parsed(verb: VerbSyntax, args: readonly string[]): Parsed {
  const options = { ...COMMON_OPTIONS, ...verb.options }
  const types = Object.entries(options).map(([name, { type }]): [string, OptionType] => [
    name,
    name === 'help' ? { type, short: 'h' } : { type },
  ])
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: Object.fromEntries(types),
      allowPositionals: true,
      strict: true,
    })
    return { values, positionals }
  } catch (cause) {
    throw wrongOption(cause, verb, Object.keys(options))
  }
}

function wrongOption(cause: unknown, verb: VerbSyntax, names: readonly string[]): FirnError {
  const said = cause instanceof Error ? (cause.message.split('. ')[0] ?? '') : String(cause)
  const unknown = /^Unknown option '-{1,2}([^']*)'/.exec(said)?.[1]
  const near = unknown === undefined ? undefined : nearest(unknown, names)
  return new FirnError('USAGE', said, {
    help: near === undefined ? `firn ${verb.name} --help` : `did you mean \`--${near}\`?`,
  })
}

function checkOperands(verb: VerbSyntax, operands: readonly string[]): void {
  const needed = verb.operands.filter((operand) => !operand.startsWith('['))
  if (operands.length >= needed.length && operands.length <= verb.operands.length) return
  const missing = needed[operands.length]
  const message =
    missing === undefined
      ? `\`firn ${verb.name}\` does not take \`${operands[verb.operands.length] ?? ''}\``
      : `\`firn ${verb.name}\` needs ${missing}`
  throw new FirnError('USAGE', message, { help: verb.example.command })
}
