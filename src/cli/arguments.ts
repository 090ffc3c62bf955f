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

/** A verb as it is listed. */
export interface VerbListing {
  /** May have two words: `ledger show`. */
  readonly name: string
  /** One line for the list of verbs. */
  readonly summary: string
  /** What follows the name, as it stands in the help: `['TABLE']`, `['[TABLE]']`. */
  readonly operands: readonly string[]
}

/** A verb as it is called and explained. */
export interface VerbSyntax extends VerbListing {
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

/** What a command line asks for: a verb by its name, and `rest` as it follows the name. */
export type Asked<V extends VerbListing> =
  | { readonly kind: 'version' }
  | { readonly kind: 'overview' }
  | { readonly kind: 'explanation'; readonly verb: V }
  | { readonly kind: 'verb'; readonly verb: V; readonly rest: readonly string[] }

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

/** Tells which verb a command line is about, or throws `USAGE` with what was probably meant. */
export function askedOf<V extends VerbListing>(
  argv: readonly string[],
  verbs: readonly V[],
): Asked<V> {
  const [first] = argv
  if (first === '--version' || first === '-V') return { kind: 'version' }
  if (first === undefined) {
    throw new FirnError('USAGE', 'a verb is missing', { help: 'firn --help lists the verbs' })
  }
  if (!HELP.has(first)) return { kind: 'verb', ...verbOf(argv, verbs) }
  if (argv.length === 1) return { kind: 'overview' }
  return { kind: 'explanation', verb: verbOf(argv.slice(1), verbs).verb }
}

/**
 * Understands what follows the name of a verb, or throws `USAGE` with what was probably meant. Undefined: it is to be
 * explained.
 */
export function invocationOf(
  verb: VerbSyntax,
  rest: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation | undefined {
  const { values, positionals } = parsed(verb, rest)
  if (values['help'] === true) return undefined
  checkOperands(verb, positionals)
  const text = (name: string): string | undefined => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  return {
    configPath: text('config') ?? env['FIRN_CONFIG'] ?? CONFIG_PATH,
    json: values['json'] === true,
    operands: positionals,
    text,
    flag: (name) => values[name] === true,
  }
}

function verbOf<V extends VerbListing>(
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

function unknownVerb(words: readonly string[], verbs: readonly VerbListing[]): FirnError {
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
