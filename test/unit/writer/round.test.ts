import { describe, expect, test } from 'vitest'
import { topicId, topicName } from '../../../src/core/ids.ts'
import type { PushOutcome } from '../../../src/writer/encoder.ts'
import { Round } from '../../../src/writer/round.ts'
import type { RangeFacts } from '../../../src/writer/sealed-files.ts'

const AT = { topic: topicName('orders'), partition: 0 }
const OTHER = { topic: topicName('orders'), partition: 1 }

const pushed = (
  start: bigint,
  end: bigint,
  { rowCount = Number(end - start), ...facts }: Partial<RangeFacts> & { rowCount?: number } = {},
): PushOutcome => ({
  range: { start, end },
  facts: {
    leaderEpoch: undefined,
    timestampMsMax: undefined,
    timestampType: 'create',
    reachedEndAtMs: undefined,
    ...facts,
  },
  rowCount,
  halt: undefined,
  bytesHeld: 0,
  bytesToCome: 0,
})

describe('Round', () => {
  test('begins with the first positions, and grows at the end of each partition', () => {
    const round = new Round()
    expect([round.empty, round.openedAtMs]).toEqual([true, undefined])
    round.add(AT, pushed(5n, 7n), 10)
    round.add(OTHER, pushed(0n, 3n), 20)
    round.add(AT, pushed(7n, 9n), 30)
    expect([...round.ranges]).toEqual([
      [AT, { start: 5n, end: 9n }],
      [OTHER, { start: 0n, end: 3n }],
    ])
    expect([round.empty, round.openedAtMs, round.lastPushAtMs, round.rowCount]).toEqual([
      false,
      10,
      30,
      7,
    ])
  })

  test('is of one log per topic: the same positions of another are other records', () => {
    const round = new Round()
    const log = { topic: AT.topic, topicId: topicId('first') }
    round.begin(log)
    round.begin(log)
    expect([...round.topics]).toEqual([[AT.topic, 'first']])
    const again = { topic: AT.topic, topicId: topicId('second') }
    expect([round.isOfAnotherLog(log), round.isOfAnotherLog(again)]).toEqual([false, true])
    expect(() => {
      round.begin(again)
    }).toThrow('of one log')
  })

  test('positions without rows count as something to claim', () => {
    const round = new Round()
    round.add(AT, pushed(5n, 9n, { rowCount: 0 }), 10)
    expect([round.empty, round.rowCount]).toEqual([false, 0])
  })

  test('a push that took nothing leaves no trace', () => {
    const round = new Round()
    round.add(AT, pushed(5n, 5n), 10)
    expect([round.empty, [...round.ranges], [...round.facts]]).toEqual([true, [], []])
  })

  test.each([
    ['a gap', 8n],
    ['an overlap', 6n],
  ])('%s is a bug, not a range', (_name, start) => {
    const round = new Round()
    round.add(AT, pushed(5n, 7n), 10)
    expect(() => {
      round.add(AT, pushed(start, 10n), 20)
    }).toThrow(/orders\/0/)
    expect(round.ranges.get(AT)).toEqual({ start: 5n, end: 7n })
    expect(round.rowCount).toBe(2)
  })

  test('facts: the newest epoch and end, the greatest timestamp', () => {
    const round = new Round()
    round.add(AT, pushed(0n, 1n, { leaderEpoch: 3, timestampMsMax: 50, reachedEndAtMs: 1 }), 1)
    round.add(AT, pushed(1n, 2n, { timestampMsMax: 40, timestampType: 'log-append' }), 2)
    expect(round.facts.get(AT)).toEqual({
      leaderEpoch: 3,
      timestampMsMax: 50,
      timestampType: 'log-append',
      reachedEndAtMs: undefined,
    })
    round.add(AT, pushed(2n, 3n, { leaderEpoch: 4 }), 3)
    expect(round.facts.get(AT)).toMatchObject({ leaderEpoch: 4, timestampMsMax: 50 })
  })
})
