import { describe, expect, test } from 'vitest'
import { snapshotId, tableUuid } from '../../../src/core/ids.ts'
import { checkMetadata } from '../../../src/iceberg/check-metadata.ts'
import type { Snapshot, TableMetadata } from '../../../src/iceberg/metadata.ts'
import type { Schema } from '../../../src/iceberg/types.ts'

const schema: Schema = {
  schemaId: 0,
  fields: [{ id: 1, name: 'id', type: { kind: 'long' }, required: true }],
  identifierFieldIds: [],
}

function snapshot(id: bigint, changes: Partial<Snapshot> = {}): Snapshot {
  return {
    snapshotId: snapshotId(id),
    parentSnapshotId: id === 1n ? null : snapshotId(id - 1n),
    sequenceNumber: id,
    timestampMs: id * 1000n,
    summary: { operation: 'append' },
    manifestList: `s3://b/t/${id}.avro`,
    schemaId: 0,
    firstRowId: (id - 1n) * 10n,
    addedRows: 10n,
    ...changes,
  }
}

const sound: TableMetadata = {
  formatVersion: 3,
  tableUuid: tableUuid('u'),
  location: 's3://b/t',
  lastSequenceNumber: 3n,
  lastUpdatedMs: 3000n,
  lastColumnId: 1,
  currentSchemaId: 0,
  schemas: [schema],
  defaultSpecId: 0,
  partitionSpecs: [
    {
      specId: 0,
      fields: [
        { sourceId: 1, fieldId: 1000, name: 'b', transform: { kind: 'bucket', buckets: 2 } },
      ],
    },
  ],
  lastPartitionId: 1000,
  defaultSortOrderId: 0,
  sortOrders: [{ orderId: 0, fields: [] }],
  properties: {},
  currentSnapshotId: snapshotId(3n),
  snapshots: [snapshot(1n), snapshot(2n), snapshot(3n)],
  snapshotLog: [{ timestampMs: 3000n, snapshotId: snapshotId(3n) }],
  refs: { main: { snapshotId: snapshotId(3n), type: 'branch' } },
  nextRowId: 30n,
}

const withSnapshot = (id: bigint, changes: Partial<Snapshot>): Partial<TableMetadata> => ({
  snapshots: sound.snapshots.map((known) =>
    known.snapshotId === id ? snapshot(id, changes) : known,
  ),
})
const [spec] = sound.partitionSpecs

test('sound metadata has no problem', () => {
  expect(checkMetadata(sound)).toEqual([])
})

describe('each rule finds what breaks it, and nothing else', () => {
  const broken: [string, Partial<TableMetadata>, RegExp][] = [
    ['location', { location: '' }, /location is empty/],
    ['uuid', { tableUuid: tableUuid('') }, /no table uuid/],
    ['schema twice', { schemas: [schema, schema] }, /schema id 0 is listed twice/],
    ['column id', { lastColumnId: 0 }, /schema 0 has field id 1, above last-column-id 0/],
    [
      'column twice',
      { schemas: [{ ...schema, fields: [...schema.fields, ...schema.fields] }] },
      /schema 0 has field id 1 twice/,
    ],
    ['spec', { defaultSpecId: 4 }, /default spec 4 is not listed/],
    ['spec twice', { partitionSpecs: [spec!, spec!] }, /spec id 0 is listed twice/],
    ['sort order', { defaultSortOrderId: 4 }, /default sort order 4 is not listed/],
    ['partition id', { lastPartitionId: 999 }, /1000 is above last-partition-id 999/],
    [
      'partition id of two meanings',
      {
        partitionSpecs: [
          spec!,
          { specId: 1, fields: [{ ...spec!.fields[0]!, transform: { kind: 'identity' } }] },
        ],
      },
      /partition field id 1000 is bucket\[2\] of column 1 and identity of column 1/,
    ],
    [
      'spec without its column',
      { partitionSpecs: [{ specId: 0, fields: [{ ...spec!.fields[0]!, sourceId: 9 }] }] },
      /there is no column with id 9/,
    ],
    [
      'ref',
      { refs: { ...sound.refs, t: { snapshotId: snapshotId(9n), type: 'tag' } } },
      /ref t points to 9/,
    ],
    ['main', { refs: {} }, /main points to null, but the current snapshot is 3/],
    [
      'main is a tag',
      { refs: { main: { snapshotId: snapshotId(3n), type: 'tag' } } },
      /main is a tag/,
    ],
    ['snapshot schema', withSnapshot(2n, { schemaId: 8 }), /snapshot 2: its schema 8 is not/],
    ['last sequence number', { lastSequenceNumber: 2n }, /snapshot 3: .* above the last, 2/],
    [
      'manifest list',
      withSnapshot(2n, { manifestList: '' }),
      /snapshot 2: it has no manifest list/,
    ],
    ['operation', withSnapshot(2n, { summary: {} }), /snapshot 2: its summary has no operation/],
    ['time', { lastUpdatedMs: -60_000n }, /newer than the last update/],
    ['row ids beyond', { nextRowId: 29n }, /snapshot 3: its row ids reach beyond next-row-id/],
    ['row ids shared', withSnapshot(2n, { firstRowId: 9n }), /snapshots 1 and 2 share row ids/],
    ['row ids half', withSnapshot(3n, { addedRows: null }), /first-row-id and added-rows/],
    [
      'row ids lost',
      withSnapshot(3n, { firstRowId: null, addedRows: null }),
      /snapshot 3: it has no first row id, but its parent has/,
    ],
    [
      'log back in time',
      {
        snapshotLog: [
          { timestampMs: 70_000n, snapshotId: snapshotId(1n) },
          { timestampMs: 3000n, snapshotId: snapshotId(3n) },
        ],
      },
      /log goes back in time at 3/,
    ],
    [
      'log end',
      { snapshotLog: [{ timestampMs: 1n, snapshotId: snapshotId(1n) }] },
      /does not end at the current/,
    ],
  ]

  test.each(broken)('%s', (_name, changes, message) => {
    const problems = checkMetadata({ ...sound, ...changes })
    expect(problems.filter((problem) => !message.test(problem))).toEqual([])
    expect(problems.length).toBeGreaterThan(0)
  })

  test('a current schema that is not listed', () => {
    expect(checkMetadata({ ...sound, currentSchemaId: 4 })).toEqual([
      'current schema 4 is not listed',
    ])
  })

  test('a sequence number that does not grow', () => {
    const problems = checkMetadata({ ...sound, ...withSnapshot(3n, { sequenceNumber: 2n }) })
    expect(problems).toEqual([
      'sequence number 2 belongs to two snapshots',
      "snapshot 3: its sequence number is not above its parent's",
    ])
  })

  test('a snapshot twice', () => {
    const snapshots = [...sound.snapshots, snapshot(3n)]
    expect(checkMetadata({ ...sound, snapshots })).toContain('snapshot id 3 is listed twice')
  })

  test('an expired parent is no problem, nor are snapshots from before an upgrade', () => {
    expect(checkMetadata({ ...sound, snapshots: sound.snapshots.slice(1) })).toEqual([])
    const early = withSnapshot(1n, { firstRowId: null, addedRows: null, sequenceNumber: 0n })
    expect(checkMetadata({ ...sound, ...early })).toEqual([])
  })
})
