import { dirname, isAbsolute, resolve } from 'node:path'
import type { Environment } from './interpolate.ts'
import { problemsOf } from './issues.ts'
import { configJsonSchema, schemasAt, typesOf, type JsonSchema } from './json-schema.ts'
import { problemText, type ConfigProblem } from './problem.ts'
import { configSchema, type Config } from './schema.ts'
import type { ReadFile } from './section.ts'
import { readYaml, type KeyPath } from './yaml-document.ts'

export interface ConfigSource {
  /** The YAML text. */
  readonly text: string
  /** Where it comes from: the folder that relative paths in it start from. */
  readonly path: string
  /** `process.env`. */
  readonly env: Environment
  /** Reads a text file by its absolute path; throws what cannot be read. */
  readonly readFile: ReadFile
}

export type ConfigLoading =
  | { readonly kind: 'loaded'; readonly config: Config }
  /** Every problem there is, in the order of the file. */
  | { readonly kind: 'invalid'; readonly problems: readonly ConfigProblem[] }

/** Reads a configuration. Rules across sections are looked at once each section is right by itself. */
export function loadConfig({ text, path, env, readFile }: ConfigSource): ConfigLoading {
  const jsonSchema = once(configJsonSchema)
  const typed = (at: KeyPath, value: string): unknown => typedText(jsonSchema(), at, value)
  const document = readYaml(text, { env, typed })
  if (document.value === undefined && document.problems.length > 0) {
    return { kind: 'invalid', problems: document.problems }
  }
  const folder = dirname(resolve(path))
  const schema = configSchema((name) => readFile(isAbsolute(name) ? name : resolve(folder, name)))
  const parsed = schema.safeParse(document.value ?? {})
  if (parsed.success && document.problems.length === 0) {
    return { kind: 'loaded', config: parsed.data }
  }
  const found = parsed.success ? [] : problemsOf(parsed.error.issues, document, jsonSchema())
  // A value that could not be read is not wrong a second time.
  const unread = new Set(document.problems.map((problem) => problem.key))
  const others = found.filter((problem) => !unread.has(problem.key))
  return { kind: 'invalid', problems: inOrder([...document.problems, ...others]) }
}

/** The schema takes a while to make, and most files need none. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

/** A variable's text as the number or boolean that the key wants, where it does not take text. */
function typedText(root: JsonSchema, path: KeyPath, text: string): unknown {
  const types = new Set(schemasAt(root, path).flatMap(typesOf))
  if (types.has('string')) return text
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if ((types.has('integer') || types.has('number')) && /^-?\d{1,19}$/.test(text)) {
    const number = Number(text)
    return Number.isSafeInteger(number) ? number : BigInt(text)
  }
  return text
}

function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const distinct = new Map(problems.map((problem) => [problemText(problem, ''), problem]))
  return [...distinct.values()].toSorted(
    (left, right) => left.line - right.line || left.column - right.column,
  )
}
