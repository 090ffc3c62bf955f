import { describe, expect, test } from 'vitest'
import type { LocatedRow } from '../../../src/audit/locate-rows.ts'
import type { TracedSnapshot, TraceFacts, TraceOutcome } from '../../../src/audit/trace-decision.ts'
import { traceJson, traceText } from '../../../src/cli/trace-text.ts'
import { stringifyJson } from '../../../src/core/json.ts'
import { snapshotId } from '../../../src/core/ids.ts'
import { ORDERS } from '../commit/fixtures.ts'

const snapshot = (id: number): TracedSnapshot => ({
  snapshotId: snapshotId(BigInt(id)),
  timestampMs: BigInt(Date.UTC(2026, 10, 23, 8, 0, id)),
})

const row: LocatedRow = {
  row: 17,
  deleted: false,
  file: {
    path: 's3://b/a.parquet',
    format: 'PARQUET',
    sizeBytes: 1,
    rows: 1n,
    snapshotId: snapshotId(8n),
    sequenceNumber: 1n,
    partitions: undefined,
    offsets: undefined,
    deletes: undefined,
  },
}

const FACTS: TraceFacts = {
  place: { topic: ORDERS, partition: 3, offset: 120n },
  known: true,
  ledger: 130n,
  rows: [],
  gap: undefined,
  addedBy: { ...snapshot(7), range: { start: 100n, end: 125n } },
  replayedBy: undefined,
  rolledBack: undefined,
  removals: [],
  log: { kind: 'left-out' },
}

const say = (outcome: TraceOutcome, more: Partial<TraceFacts> = {}): readonly string[] => {
  const { mark, text, details } = traceText({ ...FACTS, ...more }, outcome, 'lake.orders')
  return [mark, text, ...details]
}

const ADDED = 'in the range [100,125) of snapshot 7 of 2026-11-23 08:00:07Z'

describe('what a trace says', () => {
  const CASES: readonly (readonly [TraceOutcome, Partial<TraceFacts>, readonly string[]])[] = [
    [
      { kind: 'in-table', rows: [row] },
      {},
      [
        'ok',
        'orders/3@120 is in lake.orders',
        'row 17 of s3://b/a.parquet',
        'the file was written by snapshot 8',
        ADDED,
      ],
    ],
    [
      { kind: 'in-table', rows: [row, row] },
      { addedBy: undefined, replayedBy: snapshot(9) },
      [
        'failed',
        'orders/3@120 is in lake.orders 2 times',
        'row 17 of s3://b/a.parquet',
        'row 17 of s3://b/a.parquet',
        'the snapshot that added its range has expired',
        'read again by snapshot 9 of 2026-11-23 08:00:09Z',
      ],
    ],
    [
      { kind: 'not-yet', lag: 40n },
      { ledger: 110n },
      [
        'note',
        "orders/3@120 is not in lake.orders yet: the ledger is at 110, 40 behind the log's end",
      ],
    ],
    [
      { kind: 'not-yet', lag: undefined },
      { ledger: undefined },
      ['note', 'orders/3@120 is not in lake.orders yet: the ledger does not have the partition'],
    ],
    [
      { kind: 'gap', reason: 'skip' },
      { gap: { reason: 'skip', snapshot: snapshot(5) }, rolledBack: snapshot(4) },
      [
        'note',
        'orders/3@120 is not in lake.orders: the table was rolled back, and the difference was skipped',
        'the gap is recorded in snapshot 5 of 2026-11-23 08:00:05Z',
        'it had been added by snapshot 4 of 2026-11-23 08:00:04Z',
      ],
    ],
    [
      { kind: 'rolled-back', snapshot: { snapshotId: snapshotId(4n), timestampMs: undefined } },
      { ledger: 100n, log: { kind: 'below-start', logStart: 121n } },
      [
        'warning',
        'orders/3@120 is not in lake.orders: a rollback took it out, and it has not been read again: the ledger is at 100',
        'it was added by snapshot 4',
        'it cannot be read again: the log begins at 121 by now',
      ],
    ],
    [
      { kind: 'expired-unread', logStart: 121n },
      { ledger: 100n },
      [
        'failed',
        'orders/3@120 is not in lake.orders: retention deleted it before it was read: the log begins at 121, the ledger is at 100',
      ],
    ],
    [
      { kind: 'hole', hole: 'aborted' },
      {},
      ['note', 'orders/3@120 is a hole in the log: its transaction was aborted', ADDED],
    ],
    [
      { kind: 'removed', removals: [snapshot(9)] },
      {},
      [
        'failed',
        'orders/3@120 is not in lake.orders: the log has it, the ledger has passed it, and others took rows out since',
        ADDED,
        'rows were taken out by snapshot 9 of 2026-11-23 08:00:09Z',
      ],
    ],
    [
      { kind: 'missing' },
      {},
      [
        'failed',
        'orders/3@120 is not in lake.orders: the log has it, the ledger has passed it, and nobody is known to have taken it out',
        ADDED,
        'firn audit lake.orders lists everything that is missing',
      ],
    ],
    [
      { kind: 'unknown-topic' },
      {},
      ['note', 'orders/3@120 is of a topic that lake.orders does not take'],
    ],
  ]

  test.each(CASES)('%o', (outcome, more, said) => {
    expect(say(outcome, more)).toEqual(said)
  })

  test('and says it to programs, whatever the outcome, with all digits', () => {
    for (const [outcome, more] of CASES) {
      const json = traceJson({ ...FACTS, ...more, rows: [row] }, outcome, 'lake.orders')
      expect(JSON.parse(stringifyJson(json))).toMatchObject({
        table: 'lake.orders',
        topic: 'orders',
        partition: 3,
        offset: 120,
        outcome: outcome.kind,
        rows: [{ file: 's3://b/a.parquet', row: 17, 'file-snapshot-id': 8, deleted: false }],
      })
    }
  })
})
