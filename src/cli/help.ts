import { COMMON_OPTIONS, type VerbListing, type VerbOption, type VerbSyntax } from './arguments.ts'
import { tableText } from './format.ts'

/** What `firn --help` prints. */
export function overviewText(verbs: readonly VerbListing[]): string {
  const rows = verbs.map((verb) => [`  ${signature(verb)}`, verb.summary])
  return [
    'Firn turns Kafka topics into Iceberg tables, exactly once.',
    '',
    'usage: firn VERB [options]',
    '',
    columns(rows),
    '',
    'firn VERB --help explains a verb, with an example. Exit codes: 0 done, 1 failed, 2 wrong use, 3 refused.',
  ].join('\n')
}

/** What `firn VERB --help` prints. */
export function verbText(verb: VerbSyntax): string {
  const options = Object.entries({ ...verb.options, ...COMMON_OPTIONS })
  return [
    verb.summary,
    '',
    `usage: firn ${signature(verb)} [options]`,
    '',
    columns(options.map(([name, option]) => [`  ${optionText(name, option)}`, option.description])),
    '',
    'example:',
    `  ${verb.example.command}`,
    `      ${verb.example.does}`,
  ].join('\n')
}

function signature({ name, operands }: VerbListing): string {
  return [name, ...operands].join(' ')
}

function optionText(name: string, { type, value }: VerbOption): string {
  return type === 'boolean' ? `--${name}` : `--${name} ${value ?? 'TEXT'}`
}

/** Two columns without a heading. */
function columns(rows: readonly (readonly string[])[]): string {
  const [first = [], ...others] = rows
  return tableText(
    first.map((title) => ({ title })),
    others,
  )
}
