import { clusterId, tableUuid, topicId, topicName, writerName } from '../../../src/core/ids.ts'
import { mirrorProperty, mirrorToText, recordToSummary } from '../../../src/commit/ledger-text.ts'
import type { Snapshot } from '../../../src/iceberg/metadata.ts'
import { CLUSTER, ORDERS, ORDERS_ID } from './fixtures.ts'
import { type Asked, type Found, ledger, LOG, mirror, own, record, snapshot } from './start-case.ts'

const otherSnapshot = (id: number, parent: number | null, topic = ORDERS): Snapshot => {
  const topics = new Map([[topic, ledger([1]).topics.get(ORDERS)!]])
  const other = record(id, [1], { writer: writerName('x'), ledger: { cluster: CLUSTER, topics } })
  return snapshot(id, parent, recordToSummary(other))
}

export const TWO = [snapshot(1, null), own(2, 1, [5, 3])]
const otherMirror = {
  [mirrorProperty(writerName('x'))]: mirrorToText(mirror(9, [1])),
}

export const ROWS: readonly (readonly [string, Found, Asked, string])[] = [
  [
    'ledger within the log',
    { snapshots: TWO, head: 2, mirror: mirror(2, [5, 3]), tag: 2 },
    {},
    'start 5 3',
  ],
  [
    'ledger below snapshots of others',
    { snapshots: [...TWO, snapshot(3, 2)], head: 3, mirror: mirror(2, [5, 3]) },
    {},
    'start 5 3',
  ],
  ['ledger, neither mirror nor tag', { snapshots: TWO, head: 2 }, {}, 'start 5 3'],
  [
    'ledger newer than its mirror (put back by hand)',
    { snapshots: [...TWO, own(3, 2, [6, 3])], head: 3, mirror: mirror(2, [5, 3]) },
    { onRollback: 'hold' },
    'start 6 3',
  ],
  [
    'mirror off the ancestry, follow',
    { snapshots: [...TWO, own(3, 2, [6, 3])], head: 2, mirror: mirror(3, [6, 3]) },
    {},
    'start 5 3',
  ],
  [
    'mirror off the ancestry, hold',
    { snapshots: [...TWO, own(3, 2, [6, 3])], head: 2, mirror: mirror(3, [6, 3]) },
    { onRollback: 'hold' },
    'refuse TABLE_ROLLED_BACK',
  ],
  [
    'mirror off the ancestry, skip',
    { snapshots: [...TWO, own(3, 2, [6, 3])], head: 2, mirror: mirror(3, [6, 3]) },
    { onRollback: 'skip' },
    'move skip',
  ],
  [
    'tag off the ancestry, no mirror, hold',
    { snapshots: [...TWO, own(3, 2, [6, 3])], head: 2, tag: 3 },
    { onRollback: 'hold' },
    'refuse TABLE_ROLLED_BACK',
  ],
  [
    'tag disagrees with the mirror',
    { snapshots: [...TWO, own(3, 2, [6, 3])], head: 3, mirror: mirror(3, [6, 3]), tag: 2 },
    { onRollback: 'hold' },
    'start 6 3',
  ],
  [
    'tag on a snapshot of others, no mirror',
    { snapshots: TWO, head: 2, tag: 1 },
    { onRollback: 'hold' },
    'start 5 3',
  ],
  [
    'cut at the mirror',
    { snapshots: [snapshot(3, 2)], head: 3, mirror: mirror(2, [5, 3]) },
    {},
    'move lift',
  ],
  [
    'cut at the tag, no mirror',
    { snapshots: [snapshot(4, 3), own(2, 1, [5, 3])], head: 4, tag: 2, proven: true },
    {},
    'move lift',
  ],
  [
    'cut, and a manifest names the snapshot',
    { snapshots: [snapshot(4, 3)], head: 4, mirror: mirror(2, [5, 3]), proven: true },
    {},
    'move lift',
  ],
  [
    'cut, unknown',
    { snapshots: [snapshot(4, 3)], head: 4, mirror: mirror(2, [5, 3]) },
    {},
    'refuse LEDGER_UNPROVEN',
  ],
  [
    'cut, unknown, whatever the policy',
    { snapshots: [snapshot(4, 3)], head: 4, mirror: mirror(2, [5, 3]) },
    { onRollback: 'skip' },
    'refuse LEDGER_UNPROVEN',
  ],
  [
    'cut below a lower sequence number: off, to a ledger that is gone',
    { snapshots: [snapshot(9, 3), snapshot(3, 2)], head: 9, mirror: mirror(5, [5, 3]) },
    {},
    'refuse LEDGER_UNPROVEN',
  ],
  [
    'head itself not listed',
    { snapshots: [], head: 4, mirror: mirror(2, [5, 3]) },
    {},
    'refuse LEDGER_UNPROVEN',
  ],
  [
    'root, not newer than the origin, follow',
    { snapshots: [snapshot(1, null)], head: 1, mirror: mirror(2, [5, 3]) },
    {},
    'start 0 0',
  ],
  [
    'root, not newer than the origin, hold',
    { snapshots: [snapshot(1, null)], head: 1, mirror: mirror(2, [5, 3]) },
    { onRollback: 'hold' },
    'refuse TABLE_ROLLED_BACK',
  ],
  [
    'root, not newer than the origin, skip',
    { snapshots: [snapshot(1, null)], head: 1, mirror: mirror(2, [5, 3]) },
    { onRollback: 'skip' },
    'move skip',
  ],
  ['no snapshot at all any more', { snapshots: [], mirror: mirror(2, [5, 3]) }, {}, 'start 0 0'],
  [
    'root newer than the origin',
    { snapshots: [snapshot(7, null)], head: 7, mirror: mirror(2, [5, 3]) },
    {},
    'refuse TABLE_REPLACED',
  ],
  [
    'root, evidence without an origin',
    { snapshots: [snapshot(1, null), own(2, 1, [5, 3])], head: 1, tag: 2 },
    {},
    'refuse LEDGER_UNPROVEN',
  ],
  [
    'copied summary',
    { snapshots: [...TWO, snapshot(3, 2, recordToSummary(record(2, [5, 3])))], head: 3 },
    {},
    'refuse LEDGER_COPIED',
  ],
  [
    'cherry-pick of a listed one',
    {
      snapshots: [...TWO, own(3, 2, [6, 3]), snapshot(4, 2, { 'source-snapshot-id': '3' })],
      head: 4,
    },
    {},
    'refuse LEDGER_COPIED',
  ],
  [
    'cherry-pick of the mirror’s',
    {
      snapshots: [...TWO, snapshot(4, 2, { 'source-snapshot-id': '3' })],
      head: 4,
      mirror: mirror(3, [6, 3]),
    },
    {},
    'refuse LEDGER_COPIED',
  ],
  [
    'cherry-pick of another’s',
    { snapshots: [...TWO, snapshot(4, 2, { 'source-snapshot-id': '1' })], head: 4 },
    {},
    'start 5 3',
  ],
  [
    'cherry-pick below the newest ledger',
    {
      snapshots: [
        own(2, null, [1, 1]),
        snapshot(3, 2, { 'source-snapshot-id': '2' }),
        own(4, 3, [5, 3]),
      ],
      head: 4,
    },
    {},
    'start 5 3',
  ],
  [
    'mirror of another table',
    { snapshots: TWO, head: 2, mirror: mirror(2, [5, 3], { tableUuid: tableUuid('u2') }) },
    {},
    'refuse TABLE_RECREATED',
  ],
  [
    'mirror of another branch',
    { snapshots: TWO, head: 2, mirror: mirror(2, [5, 3], { ref: 'audit' }) },
    {},
    'refuse OTHER_REF',
  ],
  [
    'another writer’s ledger',
    { snapshots: [otherSnapshot(2, null)], head: 2 },
    {},
    'refuse OTHER_WRITER',
  ],
  [
    'another writer’s mirror',
    { snapshots: [snapshot(1, null)], head: 1, properties: otherMirror },
    {},
    'refuse OTHER_WRITER',
  ],
  [
    'another writer’s ledger on a cut',
    { snapshots: [otherSnapshot(2, 1)], head: 2 },
    { startConfirmed: true },
    'refuse OTHER_WRITER',
  ],
  [
    'another writer of another topic',
    { snapshots: [otherSnapshot(2, null, topicName('views'))], head: 2 },
    {},
    'move pin',
  ],
  ['nothing, a cut', { snapshots: [snapshot(2, 1)], head: 2 }, {}, 'refuse LEDGER_LOST'],
  [
    'nothing, a cut, confirmed',
    { snapshots: [snapshot(2, 1)], head: 2 },
    { startConfirmed: true },
    'move pin',
  ],
  ['nothing, an empty table', { snapshots: [] }, {}, 'move pin'],
  ['nothing, down to the root', { snapshots: [snapshot(1, null)], head: 1 }, {}, 'move pin'],
  [
    'ledger below the log start',
    { snapshots: TWO, head: 2 },
    { log: { 0: { logStart: 6n, logEnd: 9n }, 1: LOG } },
    'refuse OFFSETS_EXPIRED',
  ],
  [
    'another partition below the log start',
    { snapshots: TWO, head: 2 },
    { log: { 0: { logStart: 6n, logEnd: 9n }, 1: LOG }, partitions: [1] },
    'start 3',
  ],
  [
    'ledger at the log start',
    { snapshots: TWO, head: 2 },
    { log: { 0: { logStart: 5n, logEnd: 5n }, 1: LOG } },
    'start 5 3',
  ],
  [
    'ledger beyond the log end',
    { snapshots: TWO, head: 2 },
    { log: { 0: { logStart: 0n, logEnd: 4n }, 1: LOG } },
    'refuse LOG_TRUNCATED',
  ],
  [
    'ledger beyond the end of its epoch',
    { snapshots: TWO, head: 2 },
    { log: { 0: { ...LOG, epochEnd: 4n }, 1: LOG } },
    'refuse LOG_TRUNCATED',
  ],
  [
    'ledger at the end of its epoch',
    { snapshots: TWO, head: 2 },
    { log: { 0: { ...LOG, epochEnd: 5n }, 1: { ...LOG, epochEnd: 200n } } },
    'start 5 3',
  ],
  [
    'other cluster',
    { snapshots: TWO, head: 2 },
    { cluster: clusterId('c2') },
    'refuse CLUSTER_CHANGED',
  ],
  ['other topic id', { snapshots: TWO, head: 2 }, { id: topicId('t2') }, 'refuse TOPIC_RECREATED'],
  ['topic is gone', { snapshots: TWO, head: 2 }, { id: null }, 'refuse TOPIC_RECREATED'],
  ['topic was never there', { snapshots: [] }, { id: null }, 'refuse TOPIC_RECREATED'],
  [
    'a partition that appeared later',
    { snapshots: TWO, head: 2 },
    { log: { 0: LOG, 1: LOG, 2: LOG }, partitions: [2] },
    'start 0',
  ],
  [
    'a partition that appeared later, and is gone in part',
    { snapshots: TWO, head: 2 },
    { log: { 2: { logStart: 1n, logEnd: 2n } }, partitions: [2] },
    'refuse OFFSETS_EXPIRED',
  ],
  [
    'a partition in the origin only',
    {
      snapshots: [snapshot(1, null), own(2, 1, [5]), own(3, 2, [5, 9])],
      head: 2,
      mirror: mirror(3, [5, 9], {
        origin: {
          sequenceNumber: 1n,
          topics: new Map([
            [
              ORDERS,
              {
                id: ORDERS_ID,
                start: new Map([
                  [0, 2n],
                  [1, 8n],
                ]),
              },
            ],
          ]),
        },
      }),
    },
    {},
    'start 5 8',
  ],
  [
    'an origin of another log',
    {
      snapshots: [snapshot(1, null), own(2, 1, [5]), own(3, 2, [5, 9])],
      head: 2,
      mirror: mirror(3, [5, 9], {
        origin: {
          sequenceNumber: 1n,
          topics: new Map([[ORDERS, { id: topicId('t2'), start: new Map([[1, 8n]]) }]]),
        },
      }),
    },
    {},
    'start 5 0',
  ],
]
