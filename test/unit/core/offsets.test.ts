import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AssertionError } from '../../../src/core/assert.ts'
import { topicName } from '../../../src/core/ids.ts'
import {
  PartitionMap,
  partitionText,
  positionRange,
  type TopicPartition,
} from '../../../src/core/offsets.ts'

const key = (topic: string, partition: number): TopicPartition => ({
  topic: topicName(topic),
  partition,
})

describe('a range of positions', () => {
  test('runs forward and may be empty', () => {
    expect(positionRange(3n, 3n)).toEqual({ start: 3n, end: 3n })
    expect(() => positionRange(4n, 3n)).toThrow(AssertionError)
    expect(() => positionRange(-1n, 3n)).toThrow(AssertionError)
  })
})

describe('PartitionMap', () => {
  test('has one value for each partition of each topic', () => {
    const map = new PartitionMap([
      [key('a', 0), 1],
      [key('b', 0), 2],
      [key('a', 1), 3],
      [key('a', 0), 4],
    ])
    expect(map.size).toBe(3)
    expect(map.get(key('a', 0))).toBe(4)
    expect(map.get(key('c', 0))).toBeUndefined()
    expect([map.has(key('b', 0)), map.has(key('b', 1)), map.has(key('c', 0))]).toEqual([
      true,
      false,
      false,
    ])
    expect(map.topics).toEqual(['a', 'b'])
    expect([...map.ofTopic(topicName('a'))]).toEqual([
      [0, 4],
      [1, 3],
    ])
    expect(map.ofTopic(topicName('c')).size).toBe(0)
    expect([...map.keys()].map(partitionText)).toEqual(['a/0', 'a/1', 'b/0'])
    expect([...map.values()]).toEqual([4, 3, 2])
  })

  test('a value that is undefined is there', () => {
    const map = new PartitionMap<number | undefined>([[key('a', 0), undefined]])
    expect([map.has(key('a', 0)), map.size]).toEqual([true, 1])
  })

  test('forgets a topic with its last partition', () => {
    const map = new PartitionMap([[key('a', 0), 1]])
    expect(map.delete(key('a', 1))).toBe(false)
    expect(map.delete(key('b', 0))).toBe(false)
    expect(map.delete(key('a', 0))).toBe(true)
    expect([map.topics, map.size]).toEqual([[], 0])
  })

  test('maps into a map of its own', () => {
    const map = new PartitionMap([[key('a', 2), 1n]])
    const texts = map.map((value, where) => `${partitionText(where)}@${value}`)
    map.clear()
    expect(texts.get(key('a', 2))).toBe('a/2@1')
    expect(map.size).toBe(0)
  })

  test('does what a Map by text would', () => {
    const step = fc.record({
      topic: fc.constantFrom('a', 'b', 'c'),
      partition: fc.nat({ max: 3 }),
      value: fc.option(fc.nat(), { nil: undefined }),
    })
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const map = new PartitionMap<number>()
        const model = new Map<string, number>()
        for (const { topic, partition, value } of steps) {
          const where = key(topic, partition)
          if (value === undefined) {
            expect(map.delete(where)).toBe(model.delete(partitionText(where)))
          } else {
            map.set(where, value)
            model.set(partitionText(where), value)
          }
          expect(map.size).toBe(model.size)
        }
        expect(new Map([...map].map(([where, value]) => [partitionText(where), value]))).toEqual(
          model,
        )
      }),
    )
  })
})
