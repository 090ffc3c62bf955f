import type { z } from 'zod'
import { nearest } from '../core/nearest.ts'
import { expectationText, keysAt, schemasAt, type JsonSchema } from './json-schema.ts'
import type { ConfigProblem } from './problem.ts'
import { pathText, type KeyPath, type YamlDocument } from './yaml-document.ts'

type Issue = z.core.$ZodIssue

const NOTHING = 'nothing'
const UNKNOWN_KEY = 'the unknown key'

/** Says what zod found wrong in the file's own terms: place, key, expected, found. */
export function problemsOf(
  issues: readonly Issue[],
  document: YamlDocument,
  schema: JsonSchema,
): readonly ConfigProblem[] {
  const problems = issues.flatMap((issue) =>
    problemsOfIssue(issue, issue.path, { document, schema }),
  )
  return problems.filter((problem) => !misspelt(problem, problems))
}

/** Whether a key is missing because it is there misspelt, which is a problem of its own. */
function misspelt(problem: ConfigProblem, problems: readonly ConfigProblem[]): boolean {
  if (problem.found !== NOTHING) return false
  const [, section = '', name] = /^(.*?\.?)([^.]*)$/.exec(problem.key) ?? []
  return problems.some(
    (other) =>
      other.found.startsWith(UNKNOWN_KEY) &&
      other.expected === `\`${name}\`` &&
      other.key.slice(0, other.key.lastIndexOf('.') + 1) === section,
  )
}

interface Reading {
  readonly document: YamlDocument
  readonly schema: JsonSchema
}

function problemsOfIssue(issue: Issue, path: KeyPath, reading: Reading): readonly ConfigProblem[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], reading))
    case 'invalid_union': {
      const branch = meantBranch(issue, path, reading.document)
      return branch === undefined
        ? [mismatch(path, undefined, reading)]
        : branch.flatMap((inner) => problemsOfIssue(inner, [...path, ...inner.path], reading))
    }
    case 'invalid_key':
      return issue.issues.map((inner) => wrongKey(path, inner.message, reading))
    case 'custom':
    case 'invalid_format':
      return [mismatch(path, issue.message, reading)]
    default:
      return [mismatch(path, undefined, reading)]
  }
}

/**
 * The alternative of a union that the file means: the one whose problems lie deepest, if any alternative takes the
 * value's shape at all.
 */
function meantBranch(
  issue: z.core.$ZodIssueInvalidUnion,
  path: KeyPath,
  document: YamlDocument,
): readonly Issue[] | undefined {
  const value = valueAt(document.value, path)
  const shaped = issue.errors.filter((branch) => !branch.some(refusesShape))
  const missing = (inner: Issue): boolean => valueAt(value, inner.path) === undefined
  const depth = (branch: readonly Issue[]): number => Math.min(...branch.map(issueDepth))
  const meant = shaped.toSorted(
    (left, right) =>
      depth(right) - depth(left) || left.filter(missing).length - right.filter(missing).length,
  )[0]
  // A section without a key of its own may be any of the alternatives: then the keys that none of them has count.
  const unknown = meant?.filter((inner) => inner.code === 'unrecognized_keys') ?? []
  return unknown.length > 0 && shaped.length > 1 ? unknown : meant
}

/** Whether the value as a whole is of another kind than this alternative takes. */
function refusesShape(issue: Issue): boolean {
  if (issue.path.length > 0) return false
  if (issue.code === 'invalid_union') return issue.errors.every((inner) => inner.some(refusesShape))
  return issue.code === 'invalid_type' || issue.code === 'invalid_value'
}

function issueDepth(issue: Issue): number {
  return issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0)
}

function unknownKey(path: KeyPath, { document, schema }: Reading): ConfigProblem {
  const name = String(path.at(-1))
  const keys = keysAt(schema, path.slice(0, -1))
  const near = nearest(name, keys)
  return {
    key: pathText(path),
    ...document.placeOfKey(path),
    expected:
      near === undefined ? `one of ${keys.map((key) => `\`${key}\``).join(', ')}` : `\`${near}\``,
    found: `${UNKNOWN_KEY} \`${name}\``,
    ...(near === undefined ? {} : { help: `did you mean \`${near}\`?` }),
  }
}

function wrongKey(path: KeyPath, expected: string, { document }: Reading): ConfigProblem {
  const found = `the key \`${String(path.at(-1))}\``
  return { key: pathText(path), ...document.placeOfKey(path), expected, found }
}

function mismatch(path: KeyPath, message: string | undefined, reading: Reading): ConfigProblem {
  const { document, schema } = reading
  const value = valueAt(document.value, path)
  const schemas = schemasAt(schema, path)
  const near =
    typeof value === 'string' ? nearest(value, schemas.flatMap(constantTexts)) : undefined
  return {
    key: pathText(path),
    ...document.placeOf(path),
    expected: message ?? expectationText(schemas),
    found: foundText(path, value, document),
    ...(near === undefined || message !== undefined ? {} : { help: `did you mean \`${near}\`?` }),
  }
}

function constantTexts(schema: JsonSchema): readonly string[] {
  return (schema.enum ?? []).map(String)
}

const SECRETS = /(?:password|secret|token|headers\.[^.]*|secret_access_key|session_token)$/
const FOUND_LENGTH_MAX = 60

/** What stands there, without showing what may be a secret. */
function foundText(path: KeyPath, value: unknown, document: YamlDocument): string {
  if (value === undefined || value === null) return NOTHING
  const variables = document.variablesOf(path)
  if (variables.length > 0) return `the value of ${variables.map((name) => `\${${name}}`).join('')}`
  if (SECRETS.test(pathText(path))) return 'something else'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'a section'
  const shown = typeof value === 'bigint' ? `${value}` : JSON.stringify(value)
  return shown.length > FOUND_LENGTH_MAX ? `${shown.slice(0, FOUND_LENGTH_MAX)}…` : shown
}

/** The value at a path; undefined where there is none. */
function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>((inner, step) => {
    if (typeof inner !== 'object' || inner === null) return undefined
    return Object.hasOwn(inner, step) ? Reflect.get(inner, step) : undefined
  }, value)
}
