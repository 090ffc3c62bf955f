import { describe, expect, test } from 'vitest'
import { kafkaTool } from '../../../rig/produce.ts'
import { topicName } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import type { KafkaRecordSource } from '../../../src/consumer/kafka-record-source.ts'
import { useRig } from '../../support/rig.ts'
import { Member, open, until } from './support.ts'

const rig = useRig({ kafka: true })
const PARTITIONS = 6

describe.each(['classic', 'consumer'] as const)(
  'a group under the %s protocol',
  (groupProtocol) => {
    const topic = `group-${groupProtocol}`
    const join = async (group: string): Promise<[KafkaRecordSource, Member]> => {
      const source = await open(rig().kafka.bootstrap, { group, groupProtocol })
      const member = new Member()
      await source.join({ kind: 'names', names: [topicName(topic)] }, member)
      return [source, member]
    }
    const created = async (): Promise<void> => {
      await using tool = kafkaTool(rig().kafka.bootstrap)
      await tool.createTopic(topic, { partitions: PARTITIONS })
    }

    test('hands over: one member, two, and one again; each partition with one of them', async () => {
      await created()
      const [first, a] = await join(`g1-${groupProtocol}`)
      await until(() => a.owned.size === PARTITIONS, 'the first member has all')
      // The second gets nothing before the first has let go.
      let letGo = (): void => undefined
      a.revoking = new Promise((resolve) => {
        letGo = resolve
      })
      const [second, b] = await join(`g1-${groupProtocol}`)
      await until(
        () => a.log.some((line) => line.startsWith('revoking')),
        'the first is asked to let go',
      )
      expect(b.owned.size).toBe(0)
      letGo()
      await until(() => a.owned.size === 3 && b.owned.size === 3, 'an even split')
      expect(new Set([...a.owned, ...b.owned]).size).toBe(PARTITIONS)
      await second.leave()
      expect(b.owned.size).toBe(0)
      await second.close()
      await until(() => a.owned.size === PARTITIONS, 'the first has all again')
      expect(a.log.filter((line) => line.startsWith('lost'))).toEqual([])
      await first.leave()
      await first.close()
      expect(a.failure).toBeUndefined()
    })

    test('commits offsets and reads them back', async () => {
      const group = `g2-${groupProtocol}`
      const [source, member] = await join(group)
      await until(() => member.owned.size === PARTITIONS, 'all partitions')
      const partition = { topic: topicName(topic), partition: 2 }
      await source.commitGroupOffsets(new PartitionMap([[partition, 0n]]))
      expect((await source.groupOffsets([partition])).get(partition)).toBe(0n)
      await source.leave()
      await source.close()
    })

    test('outlives a restart of the broker', async () => {
      const [source, member] = await join(`g3-${groupProtocol}`)
      await until(() => member.owned.size === PARTITIONS, 'all partitions')
      await rig().kafka.restart()
      await until(() => member.owned.size === PARTITIONS, 'all partitions, still or again', 60_000)
      const [other, b] = await join(`g3-${groupProtocol}`)
      await until(() => member.owned.size === 3 && b.owned.size === 3, 'an even split', 60_000)
      await Promise.all([source.leave(), other.leave()])
      await Promise.all([source.close(), other.close()])
    })
  },
)

test('a topic that is named and missing is an error, with what helps', async () => {
  const source = await open(rig().kafka.bootstrap)
  await expect(
    source.join({ kind: 'names', names: [topicName('nowhere')] }, new Member()),
  ).rejects.toMatchObject({
    code: 'KAFKA_TOPIC_MISSING',
    message: expect.stringContaining('nowhere'),
  })
  await source.close()
})
