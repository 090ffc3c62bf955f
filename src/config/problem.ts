import { FirnError } from '../core/errors.ts'

/** One thing that is wrong with a configuration file, and where. */
export interface ConfigProblem {
  /** The key as a person finds it: `tables.0.start`; empty for the file as a whole. */
  readonly key: string
  /** Both from 1. */
  readonly line: number
  readonly column: number
  readonly expected: string
  /** What is there instead; never a secret. */
  readonly found: string
  /** What to do about it, where that is known. */
  readonly help?: string
}

/** A problem in one line: `firn.yaml:12:5: http.port: expected a whole number, found "abc"`. */
export function problemText(problem: ConfigProblem, file: string): string {
  const { key, line, column, expected, found, help } = problem
  const place = `${file}:${line}:${column}: ${key === '' ? '' : `${key}: `}`
  return `${place}expected ${expected}, found ${found}${help === undefined ? '' : ` (${help})`}`
}

/** All problems of a file as the error that a verb ends with. */
export function configError(problems: readonly ConfigProblem[], file: string): FirnError {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`
  const lines = problems.map((problem) => `  ${problemText(problem, file)}`)
  return new FirnError('CONFIG_INVALID', `${file} has ${count}\n${lines.join('\n')}`, {
    context: { file, problems: problems.length },
    help: 'every key is in docs/configuration.md; editors can use config/schema.json',
  })
}
