import type { SortOrder, Transform } from './partition.ts'
import { childFields, fieldById } from './schema.ts'
import type { NestedField, Schema, Type } from './types.ts'

/** What a writer keeps about a column: nothing, counts, or counts and bounds, cut or whole. */
export type MetricsMode =
  | { readonly kind: 'none' | 'counts' | 'full' }
  | { readonly kind: 'truncate'; readonly length: number }

export interface MetricsConfig {
  /** The mode of a column. */
  readonly modeOf: (fieldId: number) => MetricsMode
  /** Properties whose value is no mode, and which therefore do not count: worth a warning. */
  readonly ignored: readonly string[]
}

const DEFAULT_KEY = 'write.metadata.metrics.default'
const COLUMN_KEY = 'write.metadata.metrics.column.'
const COLUMNS_MAX_KEY = 'write.metadata.metrics.max-inferred-column-defaults'
const COLUMNS_MAX_DEFAULT = 100
const TRUNCATE_16: MetricsMode = { kind: 'truncate', length: 16 }
const NONE: MetricsMode = { kind: 'none' }

/**
 * The metrics modes that a table's properties ask for, by the rules of Iceberg's own writers: `truncate(16)` for all
 * columns of a table of at most 100, else for the first 100 only; sorted columns at least that; columns named in
 * properties as these say.
 */
export function metricsConfig(
  schema: Schema,
  properties: Readonly<Record<string, string>>,
  sortOrder?: SortOrder,
): MetricsConfig {
  const ignored: string[] = []
  const configured = (key: string, fallback: MetricsMode): MetricsMode => {
    const mode = parseMetricsMode(properties[key] ?? '')
    if (mode === undefined) ignored.push(key)
    return mode ?? fallback
  }
  const inferred =
    properties[DEFAULT_KEY] === undefined
      ? inferDefaults(schema, columnsMax(properties))
      : undefined
  const fallback = inferred?.fallback ?? configured(DEFAULT_KEY, TRUNCATE_16)
  const modes = new Map<number, MetricsMode>()
  for (const id of inferred?.limitedIds ?? []) modes.set(id, TRUNCATE_16)
  const sorted = fallback.kind === 'none' || fallback.kind === 'counts' ? TRUNCATE_16 : fallback
  for (const field of sortOrder?.fields ?? []) {
    if (preservesOrder(field.transform)) modes.set(field.sourceId, sorted)
  }
  const byColumn = new Map<string, MetricsMode>()
  for (const key of Object.keys(properties)) {
    if (key.startsWith(COLUMN_KEY)) {
      byColumn.set(key.slice(COLUMN_KEY.length), configured(key, fallback))
    }
  }
  const modeOf = (fieldId: number): MetricsMode =>
    byColumn.get(fieldById(schema, fieldId)?.path ?? '') ?? modes.get(fieldId) ?? fallback
  return { modeOf, ignored }
}

/** The mode of one column. @see metricsConfig */
export function metricsModeFor(
  schema: Schema,
  properties: Readonly<Record<string, string>>,
  fieldId: number,
): MetricsMode {
  return metricsConfig(schema, properties).modeOf(fieldId)
}

/** A mode's text, as `truncate(16)`; undefined where the text is none. */
export function parseMetricsMode(text: string): MetricsMode | undefined {
  const name = text.toLowerCase()
  if (name === 'none' || name === 'counts' || name === 'full') return { kind: name }
  const length = Number(/^truncate\((\d{1,9})\)$/.exec(name)?.[1])
  return length > 0 ? { kind: 'truncate', length } : undefined
}

function columnsMax(properties: Readonly<Record<string, string>>): number {
  const text = properties[COLUMNS_MAX_KEY] ?? ''
  return /^\d{1,9}$/.test(text) ? Number(text) : COLUMNS_MAX_DEFAULT
}

interface InferredDefaults {
  readonly fallback: MetricsMode
  readonly limitedIds: ReadonlySet<number>
}

function inferDefaults(schema: Schema, max: number): InferredDefaults {
  return countedFields(schema.fields) <= max
    ? { fallback: TRUNCATE_16, limitedIds: new Set() }
    : { fallback: NONE, limitedIds: firstColumns(schema, max) }
}

/**
 * How many fields count against the maximum. A struct's fields count where they are structs or hold values; a list's
 * element, and a map's key and value, where the element or value holds values itself.
 */
function countedFields(fields: readonly NestedField[]): number {
  return fields.reduce((sum, { type }) => {
    const own = type.kind === 'struct' || holdsValues(type) ? 1 : 0
    return sum + own + countedWithin(type)
  }, 0)
}

function countedWithin(type: Type): number {
  switch (type.kind) {
    case 'struct':
      return countedFields(type.fields)
    case 'list':
      return holdsValues(type.element) ? 1 : countedWithin(type.element)
    case 'map':
      return holdsValues(type.value) ? 2 : countedWithin(type.key) + countedWithin(type.value)
    default:
      return 0
  }
}

/** The first columns that hold values: of each struct its own before those of the structs in it. */
function firstColumns(schema: Schema, max: number): ReadonlySet<number> {
  const ids = new Set<number>()
  const visit = (fields: readonly NestedField[]): void => {
    for (const { id, type } of fields) if (ids.size < max && holdsValues(type)) ids.add(id)
    for (const { type } of fields) if (ids.size < max) visit(childFields(type))
  }
  visit(schema.fields)
  return ids
}

function holdsValues({ kind }: Type): boolean {
  return kind !== 'struct' && kind !== 'list' && kind !== 'map'
}

function preservesOrder({ kind }: Transform): boolean {
  return kind !== 'bucket' && kind !== 'void' && kind !== 'unknown'
}
