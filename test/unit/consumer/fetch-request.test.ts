import { fetchV13 } from '@platformatic/kafka'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { fetchRequest } from '../../../src/consumer/fetch-request.ts'

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const partition = fc.record({
  partition: int32,
  currentLeaderEpoch: int32,
  fetchOffset: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  lastFetchedEpoch: int32,
  partitionMaxBytes: int32,
})
const topic = fc.record({ topicId: fc.uuid(), partitions: fc.array(partition) })
const request = fc.record({
  maxWaitMs: int32,
  minBytes: int32,
  maxBytes: int32,
  isolation: fc.constantFrom('read_committed' as const, 'read_uncommitted' as const),
  topics: fc.array(topic),
  rack: fc.string({ unit: 'grapheme' }),
})

test('a Fetch request has the bytes that the client itself would send', () => {
  fc.assert(
    fc.property(request, (asked) => {
      const { maxWaitMs, minBytes, maxBytes, isolation, topics, rack } = asked
      const level = isolation === 'read_committed' ? 1 : 0
      const theirs = fetchV13.createRequest(
        maxWaitMs,
        minBytes,
        maxBytes,
        level,
        0,
        -1,
        topics,
        [],
        rack,
      )
      expect(fetchRequest(asked).buffer).toEqual(theirs.buffer)
    }),
  )
})
