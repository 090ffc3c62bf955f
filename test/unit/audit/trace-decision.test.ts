import { describe, expect, test } from 'vitest'
import type { LiveFile } from '../../../src/audit/live-files.ts'
import type { LocatedRow } from '../../../src/audit/locate-rows.ts'
import {
  decideTrace,
  type LogFact,
  type TracedSnapshot,
  type TraceFacts,
} from '../../../src/audit/trace-decision.ts'
import { snapshotId } from '../../../src/core/ids.ts'
import { ORDERS } from '../commit/fixtures.ts'

const OFFSET = 100n
const SNAPSHOT: TracedSnapshot = { snapshotId: snapshotId(7n), timestampMs: 1n }

const FILE: LiveFile = {
  path: 'mem://t/a.parquet',
  format: 'PARQUET',
  sizeBytes: 1,
  rows: 1n,
  snapshotId: snapshotId(7n),
  sequenceNumber: 1n,
  partitions: undefined,
  offsets: undefined,
  deletes: undefined,
}
const row = (deleted: boolean): LocatedRow => ({ file: FILE, row: 3, deleted })

/** Every value that a fact takes. */
const ROWS = { none: [], one: [row(false)], two: [row(false), row(false)], deleted: [row(true)] }
const KNOWN = { yes: true, no: false }
const LEDGER = { none: undefined, below: OFFSET - 1n, at: OFFSET, above: OFFSET + 1n }
const GAP = { none: undefined, some: { reason: 'skip', snapshot: SNAPSHOT } } as const
const ROLLED_BACK = { none: undefined, some: SNAPSHOT }
const REMOVALS = { none: [], some: [SNAPSHOT] }
const LOG = {
  'left-out': { kind: 'left-out' },
  'other-log': { kind: 'other-log', why: 'gone' },
  'below-start': { kind: 'below-start', logStart: OFFSET + 1n },
  'beyond-end': { kind: 'beyond-end', logEnd: OFFSET },
  records: { kind: 'records', logEnd: OFFSET + 50n },
  aborted: { kind: 'aborted', logEnd: OFFSET + 50n },
  control: { kind: 'control', logEnd: OFFSET + 50n },
  absent: { kind: 'absent', logEnd: OFFSET + 50n },
} as const satisfies Record<string, LogFact>

type Choice<T> = '*' | (keyof T & string) | readonly (keyof T & string)[]

interface Rule {
  readonly rows: Choice<typeof ROWS>
  readonly known: Choice<typeof KNOWN>
  readonly ledger: Choice<typeof LEDGER>
  readonly gap: Choice<typeof GAP>
  readonly rolledBack: Choice<typeof ROLLED_BACK>
  readonly removals: Choice<typeof REMOVALS>
  readonly log: Choice<typeof LOG>
  readonly outcome: string
}

const AHEAD = ['none', 'below', 'at'] as const
const HOLES = ['aborted', 'control', 'absent'] as const
const ANY = { gap: '*', rolledBack: '*', removals: '*', log: '*' } as const
const NO_ROW = { rows: 'none', known: 'yes' } as const
const NOT_REACHED = { ...NO_ROW, ...ANY, ledger: AHEAD, rolledBack: 'none' } as const
const PASSED = { ...NO_ROW, ...ANY, ledger: 'above', gap: 'none' } as const

/** The whole decision: each combination of facts meets one rule. */
const RULES: readonly Rule[] = [
  { rows: ['one', 'two'], known: '*', ledger: '*', ...ANY, outcome: 'in-table' },
  { rows: 'deleted', known: '*', ledger: '*', ...ANY, outcome: 'deleted' },
  { rows: 'none', known: 'no', ledger: '*', ...ANY, outcome: 'unknown-topic' },
  { ...NO_ROW, ...ANY, ledger: AHEAD, rolledBack: 'some', outcome: 'rolled-back' },
  { ...NOT_REACHED, log: 'below-start', outcome: 'expired-unread' },
  { ...NOT_REACHED, log: 'beyond-end', outcome: 'beyond-end' },
  { ...NOT_REACHED, log: HOLES, outcome: 'hole' },
  { ...NOT_REACHED, log: ['records', 'left-out', 'other-log'], outcome: 'not-yet' },
  { ...NO_ROW, ...ANY, ledger: 'above', gap: 'some', outcome: 'gap' },
  { ...PASSED, log: HOLES, outcome: 'hole' },
  { ...PASSED, log: 'records', removals: 'some', outcome: 'removed' },
  { ...PASSED, log: 'records', removals: 'none', outcome: 'missing' },
  { ...PASSED, log: ['below-start', 'beyond-end', 'other-log', 'left-out'], outcome: 'untold' },
]

const FACTS = ['rows', 'known', 'ledger', 'gap', 'rolledBack', 'removals', 'log'] as const

type Combination = Record<(typeof FACTS)[number], string>

function* combinations(): Generator<{ names: Combination; facts: TraceFacts }> {
  const place = { topic: ORDERS, partition: 0, offset: OFFSET }
  const addedBy = { ...SNAPSHOT, range: { start: 0n, end: 200n } }
  for (const [rows, ofRows] of Object.entries(ROWS))
    for (const [known, ofKnown] of Object.entries(KNOWN))
      for (const [ledger, ofLedger] of Object.entries(LEDGER))
        for (const [gap, ofGap] of Object.entries(GAP))
          for (const [rolledBack, ofRolledBack] of Object.entries(ROLLED_BACK))
            for (const [removals, ofRemovals] of Object.entries(REMOVALS))
              for (const [log, ofLog] of Object.entries(LOG))
                yield {
                  names: { rows, known, ledger, gap, rolledBack, removals, log },
                  facts: {
                    place,
                    addedBy,
                    replayedBy: undefined,
                    rows: ofRows,
                    known: ofKnown,
                    ledger: ofLedger,
                    gap: ofGap,
                    rolledBack: ofRolledBack,
                    removals: ofRemovals,
                    log: ofLog,
                  },
                }
}

function meets(choice: string | readonly string[], name: string): boolean {
  return choice === '*' || choice === name || (Array.isArray(choice) && choice.includes(name))
}

describe('what became of a record', () => {
  test('every combination of facts meets exactly one rule, and that one', () => {
    let count = 0
    for (const { names, facts } of combinations()) {
      const fitting = RULES.filter((rule) => FACTS.every((fact) => meets(rule[fact], names[fact])))
      expect(fitting.length, JSON.stringify(names)).toBe(1)
      expect(decideTrace(facts).kind, JSON.stringify(names)).toBe(fitting[0]?.outcome)
      count += 1
    }
    expect(count).toBe(4 * 2 * 4 * 2 * 2 * 2 * 8)
  })

  const base: TraceFacts = {
    place: { topic: ORDERS, partition: 0, offset: OFFSET },
    known: true,
    ledger: OFFSET,
    rows: [],
    gap: undefined,
    addedBy: undefined,
    replayedBy: undefined,
    rolledBack: undefined,
    removals: [],
    log: LOG.records,
  }

  test('the lag counts from the ledger to the end of the log', () => {
    expect(decideTrace(base)).toEqual({ kind: 'not-yet', lag: 50n })
    expect(decideTrace({ ...base, ledger: undefined })).toEqual({ kind: 'not-yet', lag: undefined })
    expect(decideTrace({ ...base, log: LOG['left-out'] })).toEqual({
      kind: 'not-yet',
      lag: undefined,
    })
  })

  test('a row that is deleted beside one that is not does not count', () => {
    const rows = [row(true), row(false)]
    expect(decideTrace({ ...base, rows })).toEqual({ kind: 'in-table', rows: [rows[1]] })
  })

  test.each(HOLES)('a hole says which: %s', (hole) => {
    expect(decideTrace({ ...base, ledger: OFFSET + 1n, log: LOG[hole] })).toEqual({
      kind: 'hole',
      hole,
    })
  })
})
