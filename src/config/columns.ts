import { z } from 'zod'
import { readColumnType, type ColumnType, type DeclaredColumn } from './column-type.ts'
import { checkedBy, section, text, type Problems } from './section.ts'

const typeText = text().transform((value, context): ColumnType => {
  const reading = readColumnType(value)
  if (reading.kind === 'type') return reading.type
  context.addIssue({ code: 'custom', message: `${reading.expected} at character ${reading.at}` })
  return z.NEVER
})

const required = z.boolean().default(false)

const structType = section({
  struct: z
    .lazy(() => columnList)
    .meta({ description: 'The fields of a struct, each as a column.' }),
}).transform(({ struct }): ColumnType => ({ kind: 'struct', fields: struct }))

const listType = section({
  list: z.lazy(() => columnType).meta({ description: "The type of a list's elements." }),
  element_required: required.meta({ description: 'Whether an element is never null.' }),
}).transform(({ list, elementRequired }): ColumnType => ({
  kind: 'list',
  element: list,
  elementRequired,
}))

const mapType = section({
  map: section({
    key: z
      .lazy(() => columnType)
      .meta({ description: 'The type of the keys; they are never null.' }),
    value: z.lazy(() => columnType).meta({ description: 'The type of the values.' }),
    value_required: required.meta({ description: 'Whether a value is never null.' }),
  }).meta({ description: "A map's key and value." }),
}).transform(({ map }): ColumnType => ({ kind: 'map', ...map }))

/** A type: text in Iceberg's words, or nested lists and sections. */
const columnType: z.ZodType<ColumnType> = z
  .union([typeText, structType, listType, mapType])
  .meta({ id: 'ColumnType' })

const column: z.ZodType<DeclaredColumn> = section({
  name: text().meta({ description: "The column's name, and the name of the value's member." }),
  type: z
    .lazy(() => columnType)
    .meta({
      description:
        "Its type in Iceberg's words: `long`, `decimal(10, 2)`, `struct<id: long not null, tags: list<string>>`, `map<string, long>`; or nested: `{struct: [columns]}`, `{list: type}`, `{map: {key: type, value: type}}`.",
    }),
  required: required.meta({
    description: 'Whether it is never null. A record without it is refused.',
  }),
  doc: text().optional().meta({ description: "The column's comment in the table." }),
  aliases: z.array(text()).default([]).meta({
    description: "Other names of the value's member, tried in order.",
  }),
})
  .transform(({ doc, ...rest }) => ({ ...rest, doc }))
  .meta({ id: 'Column' })

const columnList: z.ZodType<readonly DeclaredColumn[]> = z
  .array(column)
  .min(1)
  .superRefine(checkedBy(distinctNames))
  .meta({ id: 'Columns' })

function distinctNames(columns: readonly DeclaredColumn[], problems: Problems): void {
  const seen = new Map<string, number>()
  for (const [index, { name }] of columns.entries()) {
    const first = seen.get(name)
    if (first === undefined) seen.set(name, index)
    else problems([index, 'name'], `another name than that of column ${first + 1}`)
  }
}

/** `columns:` of a table. */
export const columnsSection = columnList
