import { describe, expect, test } from 'vitest'
import {
  outcomeOf,
  staleCommit,
  type Operation,
  type Outcome,
} from '../../../src/catalog/outcome-table.ts'

/** Statuses that mean the same for every operation. */
const STATUSES = {
  done: [200, 201, 204],
  redirect: [301, 302, 307, 308],
  unchanged: [304],
  wrong: [400, 402, 403, 405, 406, 410, 412, 413, 415, 422, 451],
  unauthorized: [401, 419],
  missing: [404],
  conflict: [409],
  passedOn: [408, 429],
  failed: [500, 501, 502, 503, 504, 507, 520, 599],
} as const
type StatusClass = keyof typeof STATUSES

type Row = Readonly<Record<StatusClass, Outcome>>

const READ: Row = {
  done: 'done',
  redirect: 'refused',
  unchanged: 'refused',
  wrong: 'refused',
  unauthorized: 'unauthorized',
  missing: 'missing',
  conflict: 'refused',
  passedOn: 'unavailable',
  failed: 'unavailable',
}
/** After anything that may come from behind the catalog's decision, nobody knows whether it was applied. */
const CHANGE: Row = { ...READ, passedOn: 'unknown', failed: 'unknown' }

/** Every operation × every class. No `Partial`: the compiler asks for what is new. */
const TABLE: Readonly<Record<Operation, Row>> = {
  config: READ,
  token: READ,
  'load-table': { ...READ, unchanged: 'unchanged' },
  'list-tables': READ,
  'load-namespace': READ,
  'create-table': { ...CHANGE, conflict: 'exists' },
  'create-namespace': { ...CHANGE, conflict: 'exists' },
  'commit-table': { ...CHANGE, conflict: 'conflict' },
  'drop-table': CHANGE,
}

const cells = (Object.entries(TABLE) as [Operation, Row][]).flatMap(([operation, row]) =>
  (Object.entries(STATUSES) as [StatusClass, readonly number[]][]).flatMap(([kind, statuses]) =>
    statuses.map((status) => ({ operation, status, expected: row[kind] })),
  ),
)

test.each(cells)('$operation, $status: $expected', ({ operation, status, expected }) => {
  expect(outcomeOf(operation, status)).toBe(expected)
})

test('no status of a commit says that it was not applied, but for those that surely do', () => {
  const certain = new Set<Outcome>(['conflict', 'refused', 'missing', 'unauthorized'])
  for (let status = 500; status < 600; status++) {
    expect(certain.has(outcomeOf('commit-table', status))).toBe(false)
  }
})

describe('a 400 to a commit', () => {
  test.each([
    'Cannot add snapshot with sequence number 3 older than last sequence number 4',
    'Cannot add a snapshot, first-row-id is behind table next-row-id',
    'Snapshot id 5 already exists',
  ])('is a conflict by another name: %s', (message) => {
    expect(staleCommit(400, message)).toBe(true)
    expect(staleCommit(500, message)).toBe(false)
  })

  test.each(['Invalid table name', 'Cannot parse schema'])('is a refusal: %s', (message) => {
    expect(staleCommit(400, message)).toBe(false)
  })
})
