import { z } from 'zod'
import { configSchema } from './schema.ts'
import type { KeyPath } from './yaml-document.ts'

/** The parts of JSON Schema (2020-12) that the configuration's schema is made of. */
export interface JsonSchema {
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema | false
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly pattern?: string
}

/** The types that a schema takes; none: it does not say. */
export function typesOf({ type }: JsonSchema): readonly string[] {
  if (type === undefined) return []
  return typeof type === 'string' ? [type] : type
}

/** The configuration as JSON Schema: for editors, for the documentation and to word problems. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(
    configSchema(() => ''),
    {
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        // YAML has integers of any size.
        if (zodSchema._zod.def.type === 'bigint') jsonSchema.type = 'integer'
        if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
      },
    },
  )
  // What zod writes is JSON Schema; the interface above names the part of it that is used.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return schema as JsonSchema
}

/** The alternatives that a schema stands for: references followed, unions laid out. */
export function alternatives(root: JsonSchema, schema: JsonSchema): readonly JsonSchema[] {
  const { $ref, anyOf, oneOf } = schema
  if ($ref !== undefined) return alternatives(root, referenced(root, $ref))
  const choices = anyOf ?? oneOf
  return choices === undefined ? [schema] : choices.flatMap((choice) => alternatives(root, choice))
}

function referenced(root: JsonSchema, reference: string): JsonSchema {
  const name = reference.replace(/^#\/\$defs\//, '')
  return reference === '#' ? root : (root.$defs?.[name] ?? {})
}

/** What may stand at a path: every alternative of it. */
export function schemasAt(root: JsonSchema, path: KeyPath): readonly JsonSchema[] {
  return path.reduce<readonly JsonSchema[]>(
    (schemas, step) =>
      schemas
        .flatMap((schema) => memberOf(schema, step))
        .flatMap((member) => alternatives(root, member)),
    alternatives(root, root),
  )
}

function memberOf(schema: JsonSchema, step: PropertyKey): readonly JsonSchema[] {
  const { properties, additionalProperties, items } = schema
  if (typeof step === 'number') return items === undefined ? [] : [items]
  const named = properties?.[String(step)]
  if (named !== undefined) return [named]
  return additionalProperties === undefined || additionalProperties === false
    ? []
    : [additionalProperties]
}

/** The keys that a section at this path may have. */
export function keysAt(root: JsonSchema, path: KeyPath): readonly string[] {
  const keys = schemasAt(root, path).flatMap((schema) => Object.keys(schema.properties ?? {}))
  return [...new Set(keys)]
}

/** What is expected, in words: `a whole number from 1 to 100, or false`. */
export function expectationText(schemas: readonly JsonSchema[]): string {
  const constants = schemas.flatMap((schema) => constantsOf(schema))
  const others = schemas.filter((schema) => constantsOf(schema).length === 0).flatMap(shapeTexts)
  const listed =
    constants.length > 1 ? `one of ${constants.map(code).join(', ')}` : constants.map(code).join('')
  const words = [...new Set([listed, ...others].filter((word) => word !== ''))]
  return words.length === 0 ? 'something else' : words.join(', or ')
}

function constantsOf(schema: JsonSchema): readonly unknown[] {
  return schema.enum ?? (schema.const === undefined ? [] : [schema.const])
}

function code(value: unknown): string {
  return `\`${String(value)}\``
}

function shapeTexts(schema: JsonSchema): readonly string[] {
  return typesOf(schema).map((type) => shapeText(type, schema))
}

function shapeText(type: string, schema: JsonSchema): string {
  switch (type) {
    case 'integer':
      return `a whole number${rangeText(schema)}`
    case 'number':
      return `a number${rangeText(schema)}`
    case 'boolean':
      return 'true or false'
    case 'string':
      return 'text'
    case 'array':
      return (schema.minItems ?? 0) > 0 ? 'a list with something in it' : 'a list'
    case 'object':
      return objectText(schema)
    default:
      return ''
  }
}

function objectText({ properties, required }: JsonSchema): string {
  const keys = required ?? Object.keys(properties ?? {})
  const named = keys.slice(0, 3).map(code).join(', ')
  return keys.length === 0 ? 'a section' : `a section with ${named}`
}

function rangeText({ minimum, maximum }: JsonSchema): string {
  if (minimum === undefined) return maximum === undefined ? '' : ` of at most ${maximum}`
  return maximum === undefined ? ` of at least ${minimum}` : ` from ${minimum} to ${maximum}`
}
