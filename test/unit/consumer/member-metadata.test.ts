import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeAssignment,
  decodeMetadata,
  encodeAssignment,
  encodeMetadata,
} from '../../../src/consumer/member-metadata.ts'
import { topicName } from '../../../src/core/ids.ts'

const t = topicName('t')

describe("a member's metadata, Kafka's ConsumerProtocolSubscription", () => {
  test('version 2, byte for byte', () => {
    const bytes = encodeMetadata({
      topics: ['t'],
      owned: [
        { topic: t, partition: 1 },
        { topic: t, partition: 2 },
      ],
      generation: 9,
    })
    expect(bytes.toString('hex')).toBe(
      [
        '0002', // version
        '00000001000174', // topics
        'ffffffff', // no user data
        '00000001000174000000020000000100000002', // owned partitions
        '00000009', // their generation
      ].join(''),
    )
  })

  test.each([
    ['0', '00000000000100017400000003aabbcc', [], -1],
    [
      '1',
      '000100000001000174ffffffff000000010001740000000100000007',
      [{ topic: t, partition: 7 }],
      -1,
    ],
    ['3, with a rack behind', '000300000001000174ffffffff0000000000000004000172', [], 4],
  ] as const)('reads version %s', (_, hex, owned, generation) => {
    expect(decodeMetadata(Buffer.from(hex, 'hex'))).toEqual({ topics: ['t'], owned, generation })
  })

  const partitions = fc
    .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'ü'), fc.nat(9)), { selector: String })
    .map((pairs) =>
      pairs
        .sort((a, b) => (String(a) < String(b) ? -1 : 1))
        .map(([topic, partition]) => ({ topic: topicName(topic), partition })),
    )

  test('what is written is read', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string()),
        partitions,
        fc.integer({ min: -1 }),
        (topics, owned, n) => {
          const metadata = { topics, owned, generation: Math.min(n, 2 ** 31 - 1) }
          expect(decodeMetadata(encodeMetadata(metadata))).toEqual(metadata)
          expect(decodeAssignment(encodeAssignment(owned))).toEqual(owned)
        },
      ),
    )
  })

  test('an assignment that is empty may be no bytes at all', () => {
    expect(decodeAssignment(Buffer.alloc(0))).toEqual([])
  })
})
