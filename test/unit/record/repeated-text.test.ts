import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { appendText } from '../../../src/columns/append.ts'
import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import { RepeatedText } from '../../../src/record/repeated-text.ts'
import { field, rowsOf, schemaOf } from './rows.ts'

const texts = fc.constantFrom('orders', 'page_views', 'bestellungen-ü', '', 'o')

/** What may happen to a builder between two rows. */
const stepArb = fc.oneof(
  fc.record({ kind: fc.constant('rows'), text: texts, count: fc.integer({ min: 1, max: 1200 }) }),
  fc.record({ kind: fc.constant('half a row'), text: texts, count: fc.constant(1) }),
  fc.record({ kind: fc.constant('somebody else’s row'), text: texts, count: fc.constant(1) }),
  fc.record({ kind: fc.constant('reset'), text: texts, count: fc.constant(0) }),
  fc.record({ kind: fc.constant('free'), text: texts, count: fc.constant(0) }),
)

test('every row has its text, whatever came between', () => {
  fc.assert(
    fc.property(fc.array(stepArb, { maxLength: 12 }), (steps) => {
      const builder = new BatchBuilder(schemaOf(field('topic!', 'string')))
      const column = builder.column(0)
      const repeated = new RepeatedText(column)
      let expected: string[] = []
      for (const { kind, text, count } of steps) {
        for (let row = 0; row < count; row += 1) {
          if (kind === 'somebody else’s row') appendText(column, text)
          else repeated.append(text)
          if (kind === 'half a row') builder.rollback()
          else {
            builder.endRow()
            expected.push(text)
          }
        }
        if (kind === 'reset' || kind === 'free') {
          builder[kind]()
          expected = []
        }
      }
      expect(rowsOf(builder).map(({ topic }) => topic)).toEqual(expected)
    }),
  )
})

test('copies are laid out once for many rows', () => {
  const builder = new BatchBuilder(schemaOf(field('topic!', 'string')))
  const column = builder.column(0)
  const repeated = new RepeatedText(column)
  repeated.append('orders')
  const { bytes } = column
  // Whoever writes where the copies are sees that the next rows take them as they lie.
  bytes.write('O', 6)
  repeated.append('orders')
  expect(column.bytes.toString('latin1', 0, 12)).toBe('ordersOrders')
})
