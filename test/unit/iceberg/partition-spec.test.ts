import { describe, expect, test } from 'vitest'
import { metricsConfig, metricsModeFor } from '../../../src/iceberg/metrics-config.ts'
import { partitionPath } from '../../../src/iceberg/partition-path.ts'
import type { PartitionField, PartitionSpec } from '../../../src/iceberg/partition.ts'
import {
  buildPartitionSpec,
  defaultPartitionName,
  isPartitioned,
  NO_PARTITION_ID,
  partitionSpecProblems,
  partitionType,
  partitionWriteProblems,
} from '../../../src/iceberg/partition-spec.ts'
import { parseTransform } from '../../../src/iceberg/transform-text.ts'
import type { Schema } from '../../../src/iceberg/types.ts'

const schema: Schema = {
  schemaId: 0,
  fields: [
    { id: 1, name: 'id', type: { kind: 'long' }, required: true },
    { id: 2, name: 'ts', type: { kind: 'timestamptz' }, required: false },
    {
      id: 3,
      name: 'user',
      type: {
        kind: 'struct',
        fields: [{ id: 4, name: 'country', type: { kind: 'string' }, required: false }],
      },
      required: false,
    },
    {
      id: 5,
      name: 'tags',
      type: { kind: 'list', elementId: 6, element: { kind: 'string' }, elementRequired: true },
      required: false,
    },
    { id: 7, name: 'hash', type: { kind: 'fixed', length: 4 }, required: false },
    { id: 8, name: 'v', type: { kind: 'unsupported', text: 'variant' }, required: false },
  ],
  identifierFieldIds: [],
}

const request = (column: string, transform: string, name?: string) => ({
  column,
  transform: parseTransform(transform),
  ...(name === undefined ? {} : { name }),
})
const build = (...fields: ReturnType<typeof request>[]): PartitionSpec =>
  buildPartitionSpec({ schema, fields, existing: [], lastPartitionId: NO_PARTITION_ID })
const field = (sourceId: number, transform: string, name: string): PartitionField => ({
  sourceId,
  fieldId: 1000,
  name,
  transform: parseTransform(transform),
})
const problems = (...fields: PartitionField[]) =>
  partitionSpecProblems({ specId: 0, fields }, schema)

describe('building a spec', () => {
  test('ids from 1000 and the names that Iceberg gives', () => {
    const spec = build(
      request('ts', 'day'),
      request('id', 'bucket[16]'),
      request('user.country', 'identity'),
      request('user.country', 'truncate[2]', 'c2'),
    )
    expect(spec.specId).toBe(0)
    expect(spec.fields.map(({ fieldId, name }) => [fieldId, name])).toEqual([
      [1000, 'ts_day'],
      [1001, 'id_bucket'],
      [1002, 'user.country'],
      [1003, 'c2'],
    ])
    expect(partitionType(spec, schema).fields.map(({ type }) => type.kind)).toEqual([
      'date',
      'int',
      'string',
      'string',
    ])
    expect(defaultPartitionName('a', parseTransform('void'))).toBe('a_null')
  })

  test('a changed spec uses the ids of what stays, and an equivalent one is not made again', () => {
    const first = build(request('ts', 'day'), request('id', 'bucket[16]'))
    const evolve = (...fields: ReturnType<typeof request>[]) =>
      buildPartitionSpec({ schema, fields, existing: [first], lastPartitionId: 1001 })
    const second = evolve(request('ts', 'hour'), request('id', 'bucket[16]'))
    expect(second.specId).toBe(1)
    expect(second.fields.map(({ fieldId }) => fieldId)).toEqual([1002, 1001])
    expect(evolve(request('ts', 'day'), request('id', 'bucket[16]'))).toBe(first)
  })

  test('no fields is a spec too', () => {
    expect(build()).toEqual({ specId: 0, fields: [] })
    expect(isPartitioned(build())).toBe(false)
    expect(isPartitioned({ specId: 0, fields: [field(1, 'void', 'x')] })).toBe(false)
    expect(isPartitioned(build(request('id', 'identity')))).toBe(true)
  })

  test.each([
    [[request('nope', 'day')], /partition column nope: the table has no such column/],
    [[request('id', 'day')], /day does not take id, which is long/],
    [[request('user', 'identity')], /identity does not take user, which is struct/],
    [[request('v', 'identity')], /identity does not take v, which is variant/],
    [[request('tags.element', 'identity')], /lies in a list and cannot be partitioned by/],
    [[request('ts', 'zorder')], /does not know the transform zorder/],
    [[request('hash', 'identity')], /readers disagree on how manifests hold fixed/],
    [[request('id', 'bucket[4]', 'ts')], /a column has the same name/],
    [[request('id', 'bucket[4]', '')], /has no name/],
  ])('%j is refused', (fields, message) => {
    expect(() => build(...fields)).toThrow(message)
  })
})

describe('problems of a spec', () => {
  test('names twice and the same thing twice', () => {
    expect(problems(field(2, 'day', 'd'), field(1, 'bucket[4]', 'd'))).toEqual([
      'partition field d: another one has the same name',
    ])
    expect(problems(field(2, 'day', 'd'), field(2, 'hour', 'h'))).toEqual([
      'partition field h: it is redundant beside d',
    ])
    expect(problems(field(1, 'bucket[4]', 'a'), field(1, 'bucket[8]', 'b'))).toEqual([])
  })

  test('identity may have the name of its column; void needs no column', () => {
    expect(problems(field(1, 'identity', 'id'), field(99, 'void', 'gone'))).toEqual([])
    expect(problems(field(99, 'day', 'gone'))).toEqual([
      'partition field gone: there is no column with id 99',
    ])
  })

  test('fixed values are no fault of the spec, but Firn does not write them', () => {
    const spec = { specId: 0, fields: [field(7, 'identity', 'hash')] }
    expect(partitionSpecProblems(spec, schema)).toEqual([])
    expect(partitionWriteProblems(spec, schema)).toHaveLength(1)
    expect(partitionWriteProblems(build(request('hash', 'bucket[4]')), schema)).toEqual([])
  })
})

test('a path is encoded as a form is', () => {
  const spec = build(request('user.country', 'identity'), request('ts', 'day'))
  expect(partitionPath(spec, schema, ["a/b c'=ü", null])).toBe(
    'user.country=a%2Fb+c%27%3D%C3%BC/ts_day=null',
  )
})

describe('metrics modes', () => {
  test('what is no mode is told, and does not count', () => {
    const config = metricsConfig(schema, {
      'write.metadata.metrics.default': 'truncate(0)',
      'write.metadata.metrics.column.id': 'everything',
      'write.metadata.metrics.column.ts': 'counts',
    })
    expect(config.ignored).toEqual([
      'write.metadata.metrics.default',
      'write.metadata.metrics.column.id',
    ])
    expect([1, 2].map(config.modeOf)).toEqual([
      { kind: 'truncate', length: 16 },
      { kind: 'counts' },
    ])
  })

  test('of one column', () => {
    const properties = { 'write.metadata.metrics.column.user.country': 'full' }
    expect(metricsModeFor(schema, properties, 4)).toEqual({ kind: 'full' })
  })
})
