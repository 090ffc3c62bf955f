import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { snapshotId, tableUuid } from '../../../src/core/ids.ts'
import { type JsonObject, parseJson, stringifyJson } from '../../../src/core/json.ts'
import { snapshotById, snapshotOfRef, walkAncestors } from '../../../src/iceberg/ancestry.ts'
import {
  currentSchema,
  defaultSortOrder,
  defaultSpec,
  parseTableMetadata,
} from '../../../src/iceberg/metadata-json.ts'
import type { Snapshot, SnapshotRef, TableMetadata } from '../../../src/iceberg/metadata.ts'
import { snapshotFromJson, snapshotToJson } from '../../../src/iceberg/snapshot-json.ts'
import {
  requirementFromJson,
  requirementToJson,
  updateFromJson,
  updateToJson,
} from '../../../src/iceberg/update-json.ts'
import type { TableRequirement, TableUpdate } from '../../../src/iceberg/update.ts'
import { int64, positiveInt64, text } from './arbitraries.ts'
import { goldenMetadata, goldenMetadataText, viaText } from './golden-files.ts'

/** Metadata of a golden table with some keys changed, in JSON. */
function changed(table: string, changes: string): TableMetadata {
  const original = parseJson(goldenMetadataText(table), 'the metadata') as JsonObject
  const json = { ...original, ...(parseJson(changes, 'the changes') as JsonObject) }
  return parseTableMetadata(json)
}

describe('metadata of version 1 as old writers left it', () => {
  const old = parseTableMetadata(
    parseJson(
      `{"format-version":1,"location":"s3://b/t","last-updated-ms":1,"last-column-id":2,
        "schema":{"type":"struct","fields":[{"id":1,"name":"d","required":false,"type":"date"}]},
        "partition-spec":[{"name":"d","transform":"identity","source-id":1},
                          {"name":"d_bucket","transform":"bucket[4]","source-id":1}],
        "current-snapshot-id":6838723292707092922,
        "snapshots":[{"snapshot-id":6838723292707092922,"timestamp-ms":1,"manifests":["s3://b/m"]}]}`,
      'the metadata',
    ),
  )

  test('has one schema, one spec with ids from 1000, no order', () => {
    expect(currentSchema(old).fields).toHaveLength(1)
    expect(defaultSpec(old).fields.map(({ fieldId }) => fieldId)).toEqual([1000, 1001])
    expect(old).toMatchObject({ defaultSpecId: 0, lastPartitionId: 1001, tableUuid: '' })
    expect(defaultSortOrder(old).fields).toEqual([])
  })

  test('has main where there are no refs, and manifests in place of a list', () => {
    expect(old.refs).toEqual({ main: { snapshotId: 6838723292707092922n, type: 'branch' } })
    expect(old.snapshots).toMatchObject([{ manifestList: '', manifests: ['s3://b/m'] }])
    expect(old.snapshots[0]).toMatchObject({ sequenceNumber: 0n, summary: {} })
  })
})

describe('metadata that is wrong is reported with its place', () => {
  test.each([
    ['{"format-version":4}', /format-version: expected a format version that Firn knows/],
    ['{"location":null}', /location: expected a string, found null/],
    ['{"last-sequence-number":1.5}', /last-sequence-number: expected a 64-bit integer, found 1.5/],
    ['{"last-sequence-number":"1"}', /last-sequence-number: .* found "1"/],
    ['{"current-schema-id":77}', /current-schema-id: expected the id of a schema in `schemas`/],
    ['{"default-spec-id":77}', /default-spec-id: expected the id of a spec/],
    ['{"snapshots":[{}]}', /snapshots\[0\]\.snapshot-id: .* found nothing/],
    ['{"refs":{"main":{"snapshot-id":1,"type":"twig"}}}', /refs\.main\.type: .* found "twig"/],
    ['{"properties":{"a":1}}', /properties\.a: expected a string, found 1/],
    [
      '{"sort-orders":[{"order-id":0,"fields":[{"transform":"day","source-id":1,"direction":"up"}]}]}',
      /sort-orders\[0\]\.fields\[0\]\.direction: expected asc or desc/,
    ],
    [
      '{"partition-specs":[{"spec-id":0,"fields":[{"transform":"x","source-ids":[]}]}]}',
      /partition-specs\[0\]\.fields\[0\]\.source-ids: expected at least one/,
    ],
  ])('%s', (changes, message) => {
    expect(() => changed('v2_nested', changes)).toThrow(message)
  })

  test('also where it is no object at all', () => {
    expect(() => parseTableMetadata([])).toThrow(/the table metadata: expected an object/)
    expect(() => parseTableMetadata(undefined)).toThrow(/found nothing/)
  })
})

test('unknown keys and unknown transforms are passed over', () => {
  const metadata = changed(
    'v3_empty',
    `{"brand-new":{"a":[1]},"default-spec-id":9,"partition-specs":[{"spec-id":9,"fields":[
      {"name":"z","transform":"zorder","source-ids":[1,2],"field-id":1000},
      {"name":"one","transform":"bucket[2]","source-ids":[1],"field-id":1001}]}]}`,
  )
  expect(defaultSpec(metadata).fields).toMatchObject([
    { sourceId: 1, transform: { kind: 'unknown', text: 'zorder' } },
    { sourceId: 1, transform: { kind: 'bucket', buckets: 2 } },
  ])
})

test('-1 is no current snapshot', () => {
  expect(goldenMetadata('v2_empty').currentSnapshotId).toBeNull()
  expect(goldenMetadata('v3_empty').currentSnapshotId).toBeNull()
})

const ids = positiveInt64.map(snapshotId)
const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
  snapshotId: ids,
  parentSnapshotId: fc.option(ids, { nil: null }),
  sequenceNumber: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  timestampMs: int64,
  summary: fc.dictionary(text, text, { noNullPrototype: true }),
  manifestList: text,
  schemaId: fc.option(fc.nat(), { nil: null }),
  firstRowId: fc.option(int64, { nil: null }),
  addedRows: fc.option(int64, { nil: null }),
})
const anyRef: fc.Arbitrary<SnapshotRef> = fc.record(
  {
    snapshotId: ids,
    type: fc.constantFrom('branch', 'tag'),
    minSnapshotsToKeep: fc.nat(),
    maxSnapshotAgeMs: positiveInt64,
    maxRefAgeMs: positiveInt64,
  },
  { requiredKeys: ['snapshotId', 'type'], noNullPrototype: true },
)

test('snapshots come back from JSON, ids of 63 bits and all', () => {
  fc.assert(
    fc.property(anySnapshot, (snapshot) => {
      expect(snapshotFromJson(viaText(snapshotToJson(snapshot)) as never)).toEqual(snapshot)
    }),
  )
})

describe('updates and requirements', () => {
  const { schemas, partitionSpecs, sortOrders } = goldenMetadata('v2_nested')
  const uuid = tableUuid('f79c3e09-677c-4bbd-a479-3f349cb785e7')
  const id = snapshotId(6_838_723_292_707_092_922n)
  const simple: TableUpdate[] = [
    { action: 'assign-uuid', uuid },
    { action: 'upgrade-format-version', formatVersion: 3 },
    { action: 'add-schema', schema: schemas[0]! },
    { action: 'add-schema', schema: schemas[1]!, lastColumnId: 16 },
    { action: 'set-current-schema', schemaId: -1 },
    { action: 'add-spec', spec: partitionSpecs[1]! },
    { action: 'set-default-spec', specId: 1 },
    { action: 'add-sort-order', sortOrder: sortOrders[1]! },
    { action: 'set-default-sort-order', sortOrderId: 1 },
    { action: 'remove-snapshots', snapshotIds: [id] },
    { action: 'remove-snapshot-ref', refName: 'old' },
    { action: 'set-location', location: 's3://b/t' },
    { action: 'set-properties', updates: { a: 'b' } },
    { action: 'remove-properties', removals: ['a'] },
  ]

  test.each(simple)('$action comes back from JSON', (update) => {
    expect(updateFromJson(viaText(updateToJson(update)) as never)).toEqual(update)
  })

  test('add-snapshot and set-snapshot-ref come back from JSON', () => {
    fc.assert(
      fc.property(anySnapshot, anyRef, text, (snapshot, ref, refName) => {
        for (const update of [
          { action: 'add-snapshot', snapshot },
          { action: 'set-snapshot-ref', refName, ref },
        ] as const) {
          expect(updateFromJson(viaText(updateToJson(update)) as never)).toEqual(update)
        }
      }),
    )
  })

  test('a tag as the REST specification has it', () => {
    const ref = { snapshotId: id, type: 'tag' } as const
    expect(
      stringifyJson(updateToJson({ action: 'set-snapshot-ref', refName: 'firn-a', ref })),
    ).toBe(
      '{"action":"set-snapshot-ref","ref-name":"firn-a","snapshot-id":6838723292707092922,"type":"tag"}',
    )
  })

  const requirements: TableRequirement[] = [
    { type: 'assert-create' },
    { type: 'assert-table-uuid', uuid },
    { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: id },
    { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: null },
    { type: 'assert-last-assigned-field-id', lastAssignedFieldId: 1 },
    { type: 'assert-current-schema-id', currentSchemaId: 2 },
    { type: 'assert-last-assigned-partition-id', lastAssignedPartitionId: 3 },
    { type: 'assert-default-spec-id', defaultSpecId: 4 },
    { type: 'assert-default-sort-order-id', defaultSortOrderId: 5 },
  ]

  test.each(requirements)('$type comes back from JSON', (requirement) => {
    expect(requirementFromJson(viaText(requirementToJson(requirement)) as never)).toEqual(
      requirement,
    )
  })

  test('that a ref must not exist is said with null, not by leaving it out', () => {
    const requirement = { type: 'assert-ref-snapshot-id', ref: 'main', snapshotId: null } as const
    expect(stringifyJson(requirementToJson(requirement))).toBe(
      '{"type":"assert-ref-snapshot-id","ref":"main","snapshot-id":null}',
    )
  })

  test('what Firn does not know is refused', () => {
    expect(() => updateFromJson({ action: 'dance' })).toThrow(/update\.action/)
    expect(() => requirementFromJson({ type: 'assert-dance' })).toThrow(/requirement\.type/)
  })
})

describe('ancestry', () => {
  const metadata = goldenMetadata('v2_nested')
  const byNumber = metadata.snapshots.map(({ snapshotId: id }) => id)

  test('from the head to the root', () => {
    const { snapshots, end } = walkAncestors(metadata, metadata.currentSnapshotId)
    expect(end).toEqual({ kind: 'root' })
    expect(snapshots[0]?.snapshotId).toBe(metadata.currentSnapshotId)
    expect(snapshots.at(-1)?.parentSnapshotId).toBeNull()
    // The branch that was left behind is not on it.
    const audit = snapshotOfRef(metadata, 'audit')
    expect(snapshots).not.toContainEqual(audit)
    expect(snapshots.length).toBe(byNumber.length - 1)
  })

  test('to where it is cut', () => {
    const { snapshots: all } = walkAncestors(metadata, metadata.currentSnapshotId)
    const gone = all[2]!.snapshotId
    const listed = metadata.snapshots.filter(({ snapshotId: id }) => id !== gone)
    const cut = { ...metadata, snapshots: listed }
    const { snapshots, end } = walkAncestors(cut, metadata.currentSnapshotId)
    expect(snapshots).toEqual(all.slice(0, 2))
    expect(end).toEqual({ kind: 'cut', missing: gone })
    expect(snapshotById(cut, gone)).toBeUndefined()
    expect(snapshotOfRef(cut, 'no such ref')).toBeNull()
  })

  test('an empty table has none, a loop ends', () => {
    expect(walkAncestors(metadata, null)).toEqual({ snapshots: [], end: { kind: 'root' } })
    const only = metadata.snapshots[0]!
    const loop = { ...only, parentSnapshotId: only.snapshotId }
    const { snapshots, end } = walkAncestors({ ...metadata, snapshots: [loop] }, only.snapshotId)
    expect([snapshots.length, end.kind]).toEqual([1, 'cut'])
  })
})
