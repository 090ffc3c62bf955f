import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BatchBuilder } from '../../../src/columns/batch-builder.ts'
import { appendRange, rangeBytes } from '../../../src/columns/append-range.ts'
import { appendRows, takeRows } from '../../../src/columns/take-rows.ts'
import { schemaAndRows } from './schemas.ts'
import { appendHalf, appendRow, appendTree, batchOf, rowsOf } from './tree.ts'

describe('rows in columns', () => {
  test('come back as they were appended', () => {
    fc.assert(
      fc.property(schemaAndRows, ({ schema, rows }) => {
        expect(rowsOf(batchOf(schema, rows))).toEqual(rows)
      }),
    )
  })

  test('a row that is taken back leaves no trace, wherever it broke off', () => {
    fc.assert(
      fc.property(schemaAndRows, fc.nat(), fc.nat(), ({ schema, rows }, badRow, columns) => {
        const builder = new BatchBuilder(schema)
        const clean = new BatchBuilder(schema)
        rows.forEach((row, index) => {
          const bad = rows[(badRow + index) % rows.length]!
          const brokenOff = columns % (builder.columns.length + 1)
          for (let at = 0; at < brokenOff; at += 1) appendTree(builder.column(at), bad[at]!)
          const half = builder.columns[brokenOff]
          if (half !== undefined) appendHalf(half, bad[brokenOff]!)
          builder.rollback()
          appendRow(builder, row)
          appendRow(clean, row)
        })
        expect(rowsOf(builder.seal())).toEqual(rows)
        expect(builder.byteSize).toBe(clean.byteSize)
        expect(builder.counters).toEqual(clean.counters)
      }),
    )
  })

  test('a builder that was reset takes other rows, and one that was released leaves its batch alone', () => {
    fc.assert(
      fc.property(schemaAndRows, ({ schema, rows }) => {
        const builder = new BatchBuilder(schema)
        for (const row of rows) appendRow(builder, row)
        builder.reset()
        const turned = [...rows].reverse()
        for (const row of turned) appendRow(builder, row)
        const batch = builder.seal()
        builder.release()
        expect(builder.allocatedBytes).toBe(0)
        for (const row of rows) appendRow(builder, row)
        expect(rowsOf(batch)).toEqual(turned)
        expect(rowsOf(builder.seal())).toEqual(rows)
      }),
    )
  })

  test('rows are taken in any order and any number of times', () => {
    fc.assert(
      fc.property(
        schemaAndRows,
        fc.array(fc.nat(), { maxLength: 40 }),
        ({ schema, rows }, picks) => {
          const indices = rows.length === 0 ? [] : picks.map((pick) => pick % rows.length)
          const taken = takeRows(batchOf(schema, rows), Int32Array.from(indices))
          expect(rowsOf(taken)).toEqual(indices.map((index) => rows[index]))
        },
      ),
    )
  })

  test('neighbouring rows are copied as if they were taken one by one', () => {
    fc.assert(
      fc.property(schemaAndRows, fc.nat(), fc.nat(), ({ schema, rows }, from, to) => {
        const batch = batchOf(schema, rows)
        const [start = 0, end = 0] = [from, to]
          .map((at) => at % (rows.length + 1))
          .sort((left, right) => left - right)
        const builder = new BatchBuilder(schema)
        for (const range of [
          { start: 0, end: start },
          { start, end },
          { start: end, end: rows.length },
        ]) {
          appendRange(builder, batch, range)
        }
        expect(rowsOf(builder.seal())).toEqual(rows)
        const middle = new BatchBuilder(schema)
        appendRange(middle, batch, { start, end })
        expect(rowsOf(middle.seal())).toEqual(rows.slice(start, end))
        // Less the last offset of each column that has some.
        expect(rangeBytes(batch, { start, end })).toBeLessThanOrEqual(middle.byteSize)
        expect(middle.byteSize - rangeBytes(batch, { start, end })).toBeLessThanOrEqual(
          middle.allColumns.length * 4,
        )
      }),
    )
  })

  test('a builder that was freed has given its memory back, and takes rows again', () => {
    fc.assert(
      fc.property(schemaAndRows, ({ schema, rows }) => {
        const builder = new BatchBuilder(schema)
        for (const row of rows) appendRow(builder, row)
        builder.reserveRows(2 ** 14)
        const views = builder.allColumns
          .flatMap(({ validity, words, offsets, bytes }) => [validity, words, offsets, bytes])
          .filter(({ byteLength }) => byteLength > Buffer.poolSize)
        builder.free()
        expect(builder.allocatedBytes).toBe(0)
        expect(views.every(({ byteLength }) => byteLength === 0)).toBe(true)
        for (const row of rows) appendRow(builder, row)
        expect(rowsOf(builder.seal())).toEqual(rows)
      }),
    )
  })

  test('rows split in two builders and read back together are all there', () => {
    fc.assert(
      fc.property(schemaAndRows, ({ schema, rows }) => {
        const batch = batchOf(schema, rows)
        const indices = rows.map((_, index) => index)
        const [even, odd] = [new BatchBuilder(schema), new BatchBuilder(schema)]
        appendRow0(even, rows)
        appendRows(even, batch, Int32Array.from(indices.filter((index) => index % 2 === 0)))
        appendRows(odd, batch, Int32Array.from(indices.filter((index) => index % 2 === 1)))
        expect(rowsOf(even.seal())).toEqual([
          ...rows.slice(0, 1),
          ...rows.filter((_, index) => index % 2 === 0),
        ])
        expect(rowsOf(odd.seal())).toEqual(rows.filter((_, index) => index % 2 === 1))
      }),
    )
  })

  test('memory is bounded by what is in use', () => {
    fc.assert(
      fc.property(schemaAndRows, ({ schema, rows }) => {
        const builder = new BatchBuilder(schema)
        for (const row of rows) appendRow(builder, row)
        const fixedCost = 64 * 64 * builder.allColumns.length
        expect(builder.allocatedBytes).toBeLessThanOrEqual(builder.byteSize * 3 + fixedCost)
      }),
    )
  })
})

/** Something already there, so that gathered slots do not start at 0. */
function appendRow0(builder: BatchBuilder, rows: readonly Parameters<typeof appendRow>[1][]): void {
  const first = rows[0]
  if (first !== undefined) appendRow(builder, first)
}
