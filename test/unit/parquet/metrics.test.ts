import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { valueFromBytes } from '../../../src/iceberg/single-value.ts'
import type { PrimitiveType, Schema, Type, Value } from '../../../src/iceberg/types.ts'
import { primitiveType, valueOf } from '../iceberg/arbitraries.ts'
import { batchOf, type Tree } from '../columns/tree.ts'
import { encodeFile, type EncodingOptions } from './parquet-files.ts'

function oneColumn(type: Type): Schema {
  return {
    schemaId: 0,
    identifierFieldIds: [],
    fields: [{ id: 1, name: 'column', required: false, type }],
  }
}

function metricsOf(type: Type, values: readonly Tree[], options: EncodingOptions = {}) {
  const schema = oneColumn(type)
  const half = Math.floor(values.length / 2)
  const batches = [values.slice(0, half), values.slice(half)].map((part) =>
    batchOf(
      schema,
      part.map((value) => [value]),
    ),
  )
  return encodeFile(schema, batches, options).metrics
}

/** An order of its own, so that the encoder's is judged by another. */
function compare(left: Value, right: Value): number {
  if (typeof left === 'string') return Buffer.compare(Buffer.from(left), Buffer.from(String(right)))
  if (left instanceof Uint8Array) return Buffer.compare(left, right as Uint8Array)
  if (left === right) return Object.is(left, right) ? 0 : Object.is(left, -0) ? -1 : 1
  return left < right ? -1 : 1
}

const column = primitiveType.chain((type) =>
  fc
    .array(fc.option(valueOf(type), { freq: 4 }), { minLength: 1, maxLength: 30 })
    .map((values) => ({ type, values })),
)

describe('metrics of a column', () => {
  test('counts and bounds are those of its values', () => {
    fc.assert(
      fc.property(column, ({ type, values }) => {
        const metrics = metricsOf(type, values, { metricsMode: { kind: 'full' } })
        const present = values.filter((value): value is Value => value !== null)
        const nans = present.filter((value) => Number.isNaN(value)).length
        expect(metrics.valueCounts.get(1)).toBe(BigInt(values.length))
        expect(metrics.nullValueCounts.get(1)).toBe(BigInt(values.length - present.length))
        const floating = type.kind === 'float' || type.kind === 'double'
        expect(metrics.nanValueCounts.get(1)).toBe(floating ? BigInt(nans) : undefined)
        const bounded = type.kind === 'uuid' ? [] : present
        const sorted = bounded.filter((value) => !Number.isNaN(value)).sort(compare)
        expect(boundOf(type, metrics.lowerBounds.get(1))).toEqual(zero(sorted[0], -0))
        expect(boundOf(type, metrics.upperBounds.get(1))).toEqual(zero(sorted.at(-1), 0))
      }),
      { numRuns: 500 },
    )
  })

  test('truncated bounds hold', () => {
    fc.assert(
      fc.property(column, fc.integer({ min: 1, max: 20 }), ({ type, values }, length) => {
        const metrics = metricsOf(type, values, { metricsMode: { kind: 'truncate', length } })
        const lower = boundOf(type, metrics.lowerBounds.get(1))
        const upper = boundOf(type, metrics.upperBounds.get(1))
        for (const value of values) {
          if (value === null || Number.isNaN(value) || type.kind === 'uuid') continue
          expect(compare(lower!, value)).toBeLessThanOrEqual(0)
          if (upper !== undefined) expect(compare(upper, value)).toBeGreaterThanOrEqual(0)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('uuids have no bounds: Java orders them otherwise than the specification', () => {
    const metrics = metricsOf({ kind: 'uuid' }, [new Uint8Array(16), new Uint8Array(16).fill(0xff)])
    expect(metrics.valueCounts.get(1)).toBe(2n)
    expect(metrics.lowerBounds.has(1)).toBe(false)
    expect(metrics.upperBounds.has(1)).toBe(false)
  })

  test('NaN alone has no bounds', () => {
    const metrics = metricsOf({ kind: 'double' }, [NaN, NaN, null])
    expect(metrics.nanValueCounts.get(1)).toBe(2n)
    expect(metrics.lowerBounds.has(1)).toBe(false)
    expect(metrics.upperBounds.has(1)).toBe(false)
  })

  test('long text is cut to 16 characters, up at the top', () => {
    const long = 'äöü-0123456789-abcdefgh'
    const metrics = metricsOf({ kind: 'string' }, [long])
    expect(boundOf({ kind: 'string' }, metrics.lowerBounds.get(1))).toBe('äöü-0123456789-a')
    expect(boundOf({ kind: 'string' }, metrics.upperBounds.get(1))).toBe('äöü-0123456789-b')
  })

  test('text of nothing but the greatest character has no upper bound', () => {
    const metrics = metricsOf({ kind: 'string' }, ['\u{10ffff}'.repeat(70)])
    expect(metrics.lowerBounds.has(1)).toBe(true)
    expect(metrics.upperBounds.has(1)).toBe(false)
  })

  test('modes leave out what they say', () => {
    const counts = metricsOf({ kind: 'int' }, [1, 2], { metricsMode: { kind: 'counts' } })
    expect(counts.valueCounts.get(1)).toBe(2n)
    expect(counts.lowerBounds.size).toBe(0)
    const none = metricsOf({ kind: 'int' }, [1, 2], { metricsMode: { kind: 'none' } })
    for (const map of Object.values(none) as Map<number, unknown>[]) expect(map.size).toBe(0)
  })

  test('a list counts placeholders of nulls and empty lists, and has no bounds', () => {
    const list: Type = {
      kind: 'list',
      elementId: 2,
      element: { kind: 'int' },
      elementRequired: false,
    }
    const metrics = metricsOf(list, [[1, null, 3], [], null])
    expect([...metrics.valueCounts]).toEqual([[2, 5n]])
    expect([...metrics.nullValueCounts]).toEqual([[2, 3n]])
    expect(metrics.lowerBounds.size).toBe(0)
  })

  test('column sizes and row groups make up the file', () => {
    const schema = oneColumn({ kind: 'long' })
    const batch = batchOf(
      schema,
      Array.from({ length: 1000 }, (_, row) => [BigInt(row * 7919)]),
    )
    const file = encodeFile(schema, [batch, batch])
    expect(file.recordCount).toBe(2000n)
    expect(file.fileSize).toBe(file.bytes.length)
    expect(file.splitOffsets).toHaveLength(2)
    const size = Number(file.metrics.columnSizes.get(1))
    expect(file.splitOffsets).toEqual([4n, BigInt(4 + size / 2)])
  })
})

function boundOf(type: PrimitiveType, bytes: Uint8Array | undefined): Value | undefined {
  return bytes === undefined ? undefined : valueFromBytes(type, bytes)
}

/** Bounds of zero stand for both zeros. */
function zero(value: Value | undefined, sign: number): Value | undefined {
  return value === 0 ? sign : value
}
