import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { assignPartitions, type GroupMember } from '../../../src/consumer/assignment.ts'
import { topicName } from '../../../src/core/ids.ts'
import { partitionText, type TopicPartition } from '../../../src/core/offsets.ts'

const TOPICS = ['a', 'b', 'c'].map(topicName)

const partitionsOf = (counts: readonly number[]): TopicPartition[] =>
  TOPICS.flatMap((topic, index) =>
    Array.from({ length: counts[index] ?? 0 }, (_, partition) => ({ topic, partition })),
  )

/** What members make of assignments: each lets go and takes, until nothing moves. */
function settle(
  members: readonly GroupMember[],
  partitions: readonly TopicPartition[],
): { members: readonly GroupMember[]; rounds: number } {
  let now = members
  for (let rounds = 0; ; rounds++) {
    const assigned = assignPartitions(now, partitions)
    const next = now.map((member) => ({
      ...member,
      owned: assigned.get(member.id) ?? [],
      generation: rounds + 100,
    }))
    const same = next.every((member, index) => text(member.owned) === text(now[index]!.owned))
    if (same) return { members: next, rounds }
    if (rounds > 5) throw new Error('does not settle')
    now = next
  }
}

const text = (partitions: readonly TopicPartition[]): string =>
  partitions.map(partitionText).sort().join(' ')

const counts = fc.tuple(fc.nat(12), fc.nat(12), fc.nat(3))

/** Members that say anything about what they hold, true or not. */
const anyMembers = (all: readonly TopicPartition[]): fc.Arbitrary<GroupMember[]> =>
  fc
    .array(
      fc.record({
        topics: fc.subarray(TOPICS, { minLength: 1 }),
        owned: fc.subarray([...all, { topic: topicName('deleted'), partition: 0 }]),
        generation: fc.integer({ min: -1, max: 3 }),
      }),
      { minLength: 1, maxLength: 6 },
    )
    .map((members) => members.map((member, index) => ({ id: `m${index}`, ...member })))

const worlds = counts.chain((sizes) => {
  const partitions = partitionsOf(sizes)
  return fc.record({ partitions: fc.constant(partitions), members: anyMembers(partitions) })
})

describe('assigning', () => {
  test('no partition to two, none to whom does not read it, none that does not exist', () => {
    fc.assert(
      fc.property(worlds, ({ partitions, members }) => {
        const assigned = assignPartitions(members, partitions)
        const given = [...assigned.values()].flat().map(partitionText)
        expect(new Set(given).size).toBe(given.length)
        expect(partitions.map(partitionText)).toEqual(expect.arrayContaining(given))
        for (const { id, topics } of members) {
          for (const { topic } of assigned.get(id) ?? []) expect(topics).toContain(topic)
        }
      }),
    )
  })

  test('nothing is given away while another member of the newest generation holds it', () => {
    fc.assert(
      fc.property(worlds, ({ partitions, members }) => {
        for (const [id, own] of assignPartitions(members, partitions)) {
          for (const key of own.map(partitionText)) {
            const claims = members.filter(({ owned }) => owned.map(partitionText).includes(key))
            const newest = Math.max(...claims.map(({ generation }) => generation))
            const holders = claims.filter(({ generation }) => generation === newest)
            expect(holders.every((holder) => holder.id === id)).toBe(true)
          }
        }
      }),
    )
  })

  test('settles: every partition that somebody reads has one owner, and moves no more', () => {
    fc.assert(
      fc.property(worlds, ({ partitions, members }) => {
        const settled = settle(members, partitions)
        const given = settled.members.flatMap(({ owned }) => owned)
        const read = partitions.filter(({ topic }) =>
          members.some(({ topics }) => topics.includes(topic)),
        )
        expect(text(given)).toBe(text(read))
      }),
    )
  })

  test('is even among members that read the same', () => {
    fc.assert(
      fc.property(worlds, ({ partitions, members }) => {
        const settled = settle(
          members.map((one) => ({ ...one, topics: TOPICS })),
          partitions,
        )
        const sizes = settled.members.map(({ owned }) => owned.length)
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
      }),
    )
  })

  test('is the same whatever the order of the members', () => {
    fc.assert(
      fc.property(worlds, ({ partitions, members }) => {
        const one = assignPartitions(members, partitions)
        const other = assignPartitions([...members].reverse(), partitions)
        for (const { id } of members) expect(text(other.get(id)!)).toBe(text(one.get(id)!))
      }),
    )
  })

  test('moves no more than a new member needs', () => {
    const partitions = partitionsOf([12, 0, 0])
    const { members } = settle([member('m0'), member('m1'), member('m2')], partitions)
    const grown = settle([...members, member('m3')], partitions)
    const kept = members.flatMap(({ id, owned }) => {
      const now = new Set(grown.members.find((one) => one.id === id)!.owned.map(partitionText))
      return owned.filter((partition) => now.has(partitionText(partition)))
    })
    expect(kept).toHaveLength(9)
    expect(grown.rounds).toBe(2)
  })

  test('a member that missed losing a partition does not take it from its owner', () => {
    const partitions = partitionsOf([2, 0, 0])
    const owner = { ...member('m1'), owned: partitions.slice(0, 1), generation: 5 }
    const zombie = { ...member('m0'), owned: partitions, generation: 3 }
    const assigned = assignPartitions([zombie, owner], partitions)
    expect(text(assigned.get('m1')!)).toBe('a/0')
    expect(text(assigned.get('m0')!)).toBe('a/1')
  })

  function member(id: string): GroupMember {
    return { id, topics: TOPICS, owned: [], generation: -1 }
  }
})
