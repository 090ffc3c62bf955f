import { describe, expect, test } from 'vitest'
import { parseJson } from '../../../src/core/json.ts'
import { avroName } from '../../../src/iceberg/avro-schema.ts'
import {
  truncateBytes,
  truncateBytesUp,
  truncateText,
  truncateTextUp,
} from '../../../src/iceberg/bounds.ts'
import { assignFreshIds } from '../../../src/iceberg/field-ids.ts'
import { JsonPlace } from '../../../src/iceberg/json-place.ts'
import { metricsConfig, parseMetricsMode } from '../../../src/iceberg/metrics-config.ts'
import { humanText } from '../../../src/iceberg/partition-path.ts'
import { schemaFromJson, schemaToJson } from '../../../src/iceberg/schema-json.ts'
import { allFields, fieldByPath } from '../../../src/iceberg/schema.ts'
import { valueFromJson, valueToJson } from '../../../src/iceberg/single-value-json.ts'
import { valueFromBytes, valueToBytes } from '../../../src/iceberg/single-value.ts'
import { sortOrderFromJson } from '../../../src/iceberg/spec-json.ts'
import { parseTransform } from '../../../src/iceberg/transform-text.ts'
import { applyTransform, resultType, takesType } from '../../../src/iceberg/transform.ts'
import { parseType, typeText } from '../../../src/iceberg/type-text.ts'
import type { PrimitiveType, Value } from '../../../src/iceberg/types.ts'
import { hexText, parseHex } from '../../../src/iceberg/uuid.ts'
import { goldenJson, viaText } from './golden-files.ts'

interface TransformVectors {
  readonly type: string
  readonly transform: string
  readonly takes: boolean
  readonly result?: string
  readonly cases?: readonly { value: string; to: string | null; human: string }[]
}

/** What Java computed, in hexadecimal single-value bytes; see test/golden/iceberg/README.md. */
const vectors = goldenJson('vectors.json') as {
  readonly transforms: readonly TransformVectors[]
  readonly values: readonly { type: string; bytes: string; json?: string }[]
  readonly bounds: readonly {
    readonly text?: string
    readonly bytes?: string
    readonly length: number
    readonly lower: string
    readonly upper: string | null
  }[]
  readonly names: readonly { name: string; avro: string }[]
  readonly metrics: readonly {
    readonly schema: never
    readonly properties: Record<string, string>
    readonly sortOrder: never
    readonly modes: Record<string, string>
  }[]
  readonly freshIds: readonly {
    readonly schema: never
    readonly fresh: never
    readonly names: Record<string, number>
  }[]
}

const primitive = (text: string) => parseType(text) as PrimitiveType
const fromHex = (type: PrimitiveType, hex: string): Value => valueFromBytes(type, parseHex(hex)!)
const toHex = (type: PrimitiveType, value: Value | null): string | null =>
  value === null ? null : hexText(valueToBytes(type, value))

describe.each(vectors.transforms)('$transform of $type', (vector) => {
  const type = primitive(vector.type)
  const transform = parseTransform(vector.transform)

  test('takes the type where Java does', () => {
    expect(takesType(transform, type)).toBe(vector.takes)
  })

  test('computes and prints what Java does', () => {
    for (const { value, to, human } of vector.cases ?? []) {
      const result = resultType(transform, type) as PrimitiveType
      expect(typeText(result)).toBe(vector.result)
      const transformed = applyTransform(transform, type, fromHex(type, value))
      expect(toHex(result, transformed)).toBe(to)
      expect(humanText(transform, result, transformed)).toBe(human)
    }
  })
})

test.each(vectors.values)('single value $bytes of $type', ({ type: name, bytes, json }) => {
  const type = primitive(name)
  const value = fromHex(type, bytes)
  expect(toHex(type, value)).toBe(bytes)
  if (json === undefined) return
  const place = new JsonPlace(parseJson(json, 'a value'), 'value')
  expect(toHex(type, valueFromJson(type, place))).toBe(bytes)
  // Java writes bytes in capitals, and 0.0 where we write 0: the same values.
  if (['float', 'double', 'fixed', 'binary'].includes(type.kind)) return
  expect(viaText(valueToJson(type, value))).toEqual(parseJson(json, 'a value'))
})

test.each(vectors.bounds)('bounds of $text$bytes cut to $length', (vector) => {
  const { text, bytes, length, lower, upper } = vector
  if (text !== undefined) {
    expect([truncateText(text, length), truncateTextUp(text, length)]).toEqual([lower, upper])
  } else {
    const whole = parseHex(bytes!)!
    const cut = truncateBytesUp(whole, length)
    expect(hexText(truncateBytes(whole, length))).toBe(lower)
    expect(cut === null ? null : hexText(cut)).toBe(upper)
  }
})

test.each(vectors.names)('the column name $name is $avro in Avro', ({ name, avro }) => {
  expect(avroName(name)).toBe(avro)
})

test.each(vectors.metrics)('metrics modes of $properties', (vector) => {
  const schema = schemaFromJson(vector.schema)
  const order = sortOrderFromJson(vector.sortOrder)
  const { modeOf } = metricsConfig(schema, vector.properties, order)
  for (const [id, mode] of Object.entries(vector.modes)) {
    expect([id, modeOf(Number(id))]).toEqual([id, parseMetricsMode(mode)])
  }
})

test.each(vectors.freshIds)('fresh ids and names', ({ schema: json, fresh, names }) => {
  const schema = schemaFromJson(json)
  expect(viaText(schemaToJson(schema))).toEqual(json)
  const assigned = assignFreshIds(schema)
  expect(viaText(schemaToJson(assigned.schema))).toEqual(fresh)
  expect(assigned.lastColumnId).toBe(allFields(schema).length)
  for (const [path, id] of Object.entries(names)) {
    expect([path, fieldByPath(schema, path)?.field.id]).toEqual([path, id])
  }
})
