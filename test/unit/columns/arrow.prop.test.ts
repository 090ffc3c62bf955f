import { Table } from 'apache-arrow'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { arrowBatch } from '../../support/arrow-batch.ts'
import { arrowRows } from './arrow-trees.ts'
import { schemaAndRows } from './schemas.ts'
import { batchOf } from './tree.ts'

test('a batch is an Arrow batch over the same memory', () => {
  fc.assert(
    fc.property(schemaAndRows, ({ schema, rows }) => {
      const batch = batchOf(schema, rows)
      const table = new Table([arrowBatch(batch)])
      const types = schema.fields.map((field) => field.type)
      expect(rows.length === 0 ? [] : arrowRows(table, types)).toEqual(rows)
    }),
  )
})

test('no bytes are copied', () => {
  const batch = batchOf(
    {
      schemaId: 0,
      identifierFieldIds: [],
      fields: [{ id: 1, name: 'text', required: true, type: { kind: 'string' } }],
    },
    [['a'], ['b']],
  )
  const [data] = arrowBatch(batch).data.children
  expect((data!.values as Uint8Array).buffer).toBe(batch.columns[0]!.bytes.buffer)
})
