import webhooks from '@octokit/webhooks-examples' with { type: 'json' }
import { z } from 'zod'
import type { IcebergField, IcebergType } from '../rig/readers/table.ts'
import { mulberry32 } from './reference-data.ts'

/**
 * GitHub's `issues` events, about 12 KB each and nested: the real payloads of `@octokit/webhooks-examples`, again and
 * again with other ids and hashes, and with a number of their own in front.
 */
const EVENT = 'issues'
const SEED = 0x51ed270b

const examplesSchema = z.array(z.object({ name: z.string(), examples: z.array(z.looseObject({})) }))

const examples = examplesSchema.parse(webhooks).find(({ name }) => name === EVENT)?.examples ?? []

/** Every field that has one type in all examples. */
export const githubFields: readonly IcebergField[] = [
  { name: 'seq', type: 'long' },
  ...fieldsOf(examples),
]

/** The JSON of records 0 to `count` - 1. */
export function* githubRecords(count: number): Generator<string, void> {
  const random = mulberry32(SEED)
  const templates = examples.map((example) => templateOf(JSON.stringify(example)))
  for (let index = 0; index < count; index += 1) {
    const template = templates[index % templates.length] ?? []
    yield `{"seq":${index},${template.map((piece) => varied(piece, random)).join('')}`
  }
}

/** Text as it is, or the length and the digits of what changes from record to record. */
type Piece = string | { readonly digits: number; readonly base: 10 | 16 }

function templateOf(json: string): Piece[] {
  return json
    .slice(1)
    .split(/(\b[0-9a-f]{40}\b|\b[1-9][0-9]{5,14}\b)/)
    .map((text, at) =>
      at % 2 === 0 ? text : { digits: text.length, base: text.length === 40 ? 16 : 10 },
    )
}

function varied(piece: Piece, random: () => number): string {
  if (typeof piece === 'string') return piece
  // No zero in front: JSON has no such number.
  let text = String(1 + Math.floor(random() * 9))
  while (text.length < piece.digits) text += Math.floor(random() * 2 ** 40).toString(piece.base)
  return text.slice(0, piece.digits)
}

function fieldsOf(objects: readonly Readonly<Record<string, unknown>>[]): IcebergField[] {
  const names = new Set(objects.flatMap((object) => Object.keys(object)))
  return [...names].flatMap((name) => {
    const type = typeOf(objects.map((object) => object[name]))
    return type === undefined ? [] : [{ name, type }]
  })
}

/** Undefined where the values have no type in common. */
function typeOf(values: readonly unknown[]): IcebergType | undefined {
  const present = values.filter((value) => value !== null && value !== undefined)
  if (present.length === 0) return 'string'
  if (present.every((value) => Array.isArray(value))) {
    const element = typeOf(present.flat())
    return element === undefined ? undefined : { type: 'list', element }
  }
  if (present.every(isObject)) {
    const fields = fieldsOf(present)
    return fields.length === 0 ? undefined : { type: 'struct', fields }
  }
  const kinds = new Set(present.map((value) => typeof value))
  if (kinds.size > 1) return undefined
  if (kinds.has('boolean')) return 'boolean'
  if (kinds.has('number')) return present.every(Number.isInteger) ? 'long' : 'double'
  return 'string'
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
