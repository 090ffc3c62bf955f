import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assignPartitions, type GroupMember } from '../../../src/consumer/assignment.ts'
import { topicName } from '../../../src/core/ids.ts'
import { partitionText, type TopicPartition } from '../../../src/core/offsets.ts'

const of = (topic: string, count: number): TopicPartition[] =>
  Array.from({ length: count }, (_, partition) => ({ topic: topicName(topic), partition }))

const member = (
  id: string,
  owned: readonly TopicPartition[] = [],
  topics = ['t'],
): GroupMember => ({
  id,
  topics,
  owned,
  generation: 1,
})

describe('assignPartitions', () => {
  test('gives a moving partition to nobody until its holder has let go', () => {
    const partitions = of('t', 4)
    const first = assignPartitions([member('a', partitions), member('b')], partitions)
    expect(first.get('a')).toHaveLength(2)
    expect(first.get('b')).toEqual([])
    const second = assignPartitions([member('a', first.get('a')), member('b')], partitions)
    expect(second.get('b')).toHaveLength(2)
  })

  test('gives a topic only to members that read it', () => {
    const assigned = assignPartitions(
      [member('a', [], ['t']), member('b', [], ['t', 'u'])],
      [...of('t', 2), ...of('u', 2)],
    )
    expect(assigned.get('a')?.map(partitionText)).toEqual(['t/0', 't/1'])
    expect(assigned.get('b')?.map(partitionText)).toEqual(['u/0', 'u/1'])
  })

  test('gives a partition that two claim to hold to one of them, once both have let go', () => {
    const partitions = of('t', 1)
    const claimed = assignPartitions([member('a', partitions), member('b', partitions)], partitions)
    expect([...claimed.values()].flat()).toEqual([])
    const free = assignPartitions([member('a'), member('b')], partitions)
    expect([...free.values()].flat()).toEqual(partitions)
  })

  test('is even, whole and sticky after two rounds, from whatever is held', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 20 }),
        fc.array(fc.nat(5), { maxLength: 20 }),
        (members, count, holders) => {
          const partitions = of('t', count)
          const held = (id: number): TopicPartition[] =>
            partitions.filter(
              (_, index) => holders[index] !== undefined && holders[index] % members === id,
            )
          const ids = Array.from({ length: members }, (_, id) => id)
          const round = (owned: (id: number) => readonly TopicPartition[]) =>
            assignPartitions(
              ids.map((id) => member(`m${id}`, owned(id))),
              partitions,
            )
          const first = round(held)
          const second = round((id) => first.get(`m${id}`) ?? [])
          const given = [...second.values()].flat().map(partitionText)
          expect(new Set(given).size).toBe(given.length)
          expect(given).toHaveLength(count)
          const sizes = [...second.values()].map(({ length }) => length)
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
          // What a member keeps in the first round it had before, or nobody had.
          for (const id of ids) {
            const others = new Set(
              ids
                .filter((other) => other !== id)
                .flatMap((other) => held(other).map(partitionText)),
            )
            expect(
              (first.get(`m${id}`) ?? []).some((partition) => others.has(partitionText(partition))),
            ).toBe(false)
          }
        },
      ),
    )
  })
})
