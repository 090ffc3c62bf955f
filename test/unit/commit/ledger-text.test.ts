import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FirnError } from '../../../src/core/errors.ts'
import {
  clusterId,
  commitId,
  snapshotId,
  tableUuid,
  topicId,
  topicName,
} from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import { GAP_REASONS, type Mirror, type SnapshotRecord } from '../../../src/commit/ledger.ts'
import {
  mirrorProperty,
  mirrorToText,
  readMirror,
  readRecord,
  recordToSummary,
  SUMMARY_KEYS,
} from '../../../src/commit/ledger-text.ts'
import { WRITER } from './fixtures.ts'
import { mirror, record, snapshot } from './start-case.ts'

const INT64_MAX = 2n ** 63n - 1n
const position = fc.bigInt({ min: 0n, max: INT64_MAX })
const partition = fc.nat({ max: 999_999_999 })
const name = fc.stringMatching(/^[a-zA-Z0-9._-]{1,20}$/).filter((text) => text !== '__proto__')
const numbers = <T>(value: fc.Arbitrary<T>) =>
  fc.array(fc.tuple(partition, value), { maxLength: 4 }).map((entries) => new Map(entries))
const filled = <T>(value: fc.Arbitrary<T>) =>
  fc.array(fc.tuple(partition, value), { minLength: 1, maxLength: 4 }).map((list) => new Map(list))
const byTopic = <T>(value: fc.Arbitrary<T>) =>
  fc
    .array(fc.tuple(name.map(topicName), value), { maxLength: 3 })
    .map((entries) => new Map(entries))
const ranges = fc
  .tuple(position, position)
  .map(([a, b]) => (a < b ? { start: a, end: b } : { start: b, end: a }))
const partitions = <T>(value: fc.Arbitrary<T>) =>
  byTopic(filled(value)).map(
    (topics) =>
      new PartitionMap(
        [...topics].flatMap(([topic, of]) =>
          [...of].map(([number, one]) => [{ topic, partition: number }, one] as const),
        ),
      ),
  )
const ledgers = fc.record({
  cluster: fc.string().map(clusterId),
  topics: byTopic(
    fc.record({
      id: fc.string().map(topicId),
      next: numbers(position),
      epoch: numbers(fc.nat()),
      through: numbers(fc.integer()),
    }),
  ),
})
const origins = fc.option(
  fc.record({
    sequenceNumber: position,
    topics: byTopic(fc.record({ id: fc.string().map(topicId), start: numbers(position) })),
  }),
  { nil: undefined },
)
const ids = fc.bigInt({ min: 1n, max: INT64_MAX }).map(snapshotId)

const records: fc.Arbitrary<SnapshotRecord> = fc.record({
  writer: fc.constant(WRITER),
  commitId: fc.uuid().map(commitId),
  namedSnapshotId: ids,
  ranges: partitions(ranges),
  ledger: ledgers,
  gaps: fc
    .array(fc.tuple(fc.constantFrom(...GAP_REASONS), partitions(ranges)))
    .map((entries) => new Map(entries)),
  replayed: partitions(ranges),
  rejected: partitions(position),
  completeThroughMs: fc.option(fc.integer(), { nil: undefined }),
  origin: origins,
})

const mirrors: fc.Arbitrary<Mirror> = fc.record({
  tableUuid: fc.uuid().map(tableUuid),
  ref: fc.string(),
  snapshotId: ids,
  sequenceNumber: position,
  commitId: fc.uuid().map(commitId),
  ledger: ledgers,
  origin: origins,
})

/** Maps compare by order of insertion; JSON objects have numbers in order. */
const sorted = (value: unknown): unknown => {
  if (value instanceof PartitionMap)
    return sorted(new Map([...value].map(([k, v]) => [`${k.topic}/${k.partition}`, v])))
  if (value instanceof Map) {
    return [...value]
      .map(([key, one]) => [String(key), sorted(one)])
      .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, sorted(one)]))
  }
  return value
}

describe('the text of a ledger', () => {
  test('of a snapshot reads back to the last digit', () => {
    fc.assert(
      fc.property(records, (one) => {
        expect(sorted(readRecord(snapshot(1, null, recordToSummary(one))))).toEqual(sorted(one))
      }),
    )
  })

  test('of a mirror reads back to the last digit', () => {
    fc.assert(
      fc.property(mirrors, (one) => {
        const properties = { [mirrorProperty(WRITER)]: mirrorToText(one) }
        expect(sorted(readMirror(properties, WRITER))).toEqual(sorted(one))
      }),
    )
  })

  test('is as the specification of the summary keys has it', () => {
    const summary = recordToSummary(record(7, [1235, 940]))
    expect(summary[SUMMARY_KEYS.commitId]).toBe('c7@7')
    expect(summary[SUMMARY_KEYS.ledger]).toBe(
      '{"cluster":"cluster-1","topics":{"orders":{"id":"topic-1","next":{"0":1235,"1":940},"epoch":{"0":7}}}}',
    )
    expect(Object.keys(summary)).not.toContain(SUMMARY_KEYS.gap)
  })

  test('nothing of ours is no ledger, and no error', () => {
    expect(readRecord(snapshot(1, null))).toBeUndefined()
    expect(readMirror({}, WRITER)).toBeUndefined()
  })
})

const corrupt = (read: () => unknown): FirnError => {
  try {
    read()
  } catch (fault) {
    if (fault instanceof FirnError) return fault
    throw fault
  }
  throw new Error('was read')
}

const message = (error: FirnError): string => `${error.message} ${String(error.cause)}`

const ledgerWith = (topic: string): string => `{"cluster":"c","topics":{"orders":${topic}}}`

describe('a damaged ledger is refused, with its place', () => {
  const good = recordToSummary(record(7, [1]))
  test.each([
    [SUMMARY_KEYS.commitId, 'c7', '<uuid>@<snapshot id>'],
    [SUMMARY_KEYS.ranges, '{', 'not JSON'],
    [SUMMARY_KEYS.ranges, '{"orders":{"0":[1]}}', 'firn.ranges.orders.0'],
    [SUMMARY_KEYS.ranges, '{"orders":{"0":[1,2,3]}}', 'firn.ranges.orders.0'],
    [SUMMARY_KEYS.ranges, '{"orders":{"0":[2,1]}}', 'start ≤ end'],
    [SUMMARY_KEYS.ledger, '[]', 'firn.ledger'],
    [SUMMARY_KEYS.ledger, ledgerWith('{"next":{}}'), 'firn.ledger.topics.orders.id'],
    [SUMMARY_KEYS.ledger, ledgerWith('{"id":"t","next":{"0":-1}}'), 'next.0'],
    [SUMMARY_KEYS.ledger, ledgerWith('{"id":"t","next":{"0":1.5}}'), 'next.0'],
    [SUMMARY_KEYS.ledger, ledgerWith('{"id":"t","next":{"0":9223372036854775808}}'), 'next.0'],
    [SUMMARY_KEYS.ledger, ledgerWith('{"id":"t","next":{"x":1}}'), 'partition number'],
    [SUMMARY_KEYS.ledger, ledgerWith('{"id":"t","next":{},"epoch":{"0":-1}}'), 'leader epoch'],
    [SUMMARY_KEYS.ledger, ledgerWith('{"id":"t","next":{},"through":{"0":1.5}}'), 'milliseconds'],
    [SUMMARY_KEYS.gap, '{"oops":{}}', 'one of start'],
  ])('%s = %s', (key, text, place) => {
    const error = corrupt(() => readRecord(snapshot(7, null, { ...good, [key]: text })))
    expect(error.code).toBe('LEDGER_CORRUPT')
    expect(message(error)).toContain('snapshot 7')
    expect(message(error)).toContain(place)
  })

  test('a missing key too', () => {
    const { [SUMMARY_KEYS.ledger]: _gone, ...rest } = good
    expect(message(corrupt(() => readRecord(snapshot(7, null, rest))))).toContain('firn.ledger')
  })

  test('a mirror that contradicts itself', () => {
    const key = mirrorProperty(WRITER)
    const text = mirrorToText(mirror(7, [1])).replace('c7@7', 'c7@8')
    const error = corrupt(() => readMirror({ [key]: text }, WRITER))
    expect(error.code).toBe('LEDGER_CORRUPT')
    expect(message(error)).toContain(key)
  })
})
