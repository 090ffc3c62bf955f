import { describe, expect, test } from 'vitest'
import { kafkaTool } from '../../../rig/produce.ts'
import { topicName } from '../../../src/core/ids.ts'
import { PartitionMap } from '../../../src/core/offsets.ts'
import type { KafkaRecordSource } from '../../../src/consumer/kafka-record-source.ts'
import type { KafkaOptions } from '../../../src/consumer/options.ts'
import { useRig } from '../../support/rig.ts'
import { Member, open, until } from './support.ts'

const rig = useRig({ kafka: true })
const PARTITIONS = 6
const SHORT_SESSION = { sessionTimeoutMs: 1_500, heartbeatIntervalMs: 200 }

describe.each(['classic', 'consumer'] as const)(
  'a group under the %s protocol',
  (groupProtocol) => {
    const topic = `group-${groupProtocol}`
    const join = async (
      group: string,
      changes: Partial<KafkaOptions> = {},
    ): Promise<[KafkaRecordSource, Member]> => {
      const source = await open(rig().kafka.bootstrap, { group, groupProtocol, ...changes })
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

    test('commits while it leaves, for longer than the session lasts', async () => {
      const group = `g4-${groupProtocol}`
      const [source, member] = await join(group, SHORT_SESSION)
      await until(() => member.owned.size === PARTITIONS, 'all partitions')
      const [other, b] = await join(group, SHORT_SESSION)
      await until(() => member.owned.size === 3 && b.owned.size === 3, 'an even split')
      const [held = ''] = member.owned
      const partition = { topic: topicName(topic), partition: Number(held.split('/')[1]) }
      const hold = Promise.withResolvers<void>()
      member.revoking = hold.promise
      const leaving = source.leave()
      await until(() => member.log.some((line) => line.startsWith('revoking')), 'asked to let go')
      const heldSinceMs = performance.now()
      // The broker's least session timeouts: 1.5 s as asked for, and 6 s under the new protocol.
      const sessionMs = groupProtocol === 'classic' ? 1_500 : 6_000
      await until(() => performance.now() - heldSinceMs > sessionMs + 1_000, 'more than a session')
      expect(b.owned.size).toBe(3)
      // Still a member, or this was refused.
      await source.commitGroupOffsets(new PartitionMap([[partition, 0n]]))
      hold.resolve()
      await leaving
      await until(() => b.owned.size === PARTITIONS, 'all with the other')
      expect(member.log.filter((line) => line.startsWith('lost'))).toEqual([])
      await source.close()
      await other.leave()
      await other.close()
    })

    test('a static member comes back to what it had, and nobody else is troubled', async () => {
      const group = `g5-${groupProtocol}`
      const [first, a] = await join(group, { instanceId: 'one' })
      const [second, b] = await join(group, { instanceId: 'two' })
      await until(() => a.owned.size === 3 && b.owned.size === 3, 'an even split')
      const [had, troubles] = [new Set(a.owned), b.log.length]
      await first.leave()
      await first.close()
      const [again, c] = await join(group, { instanceId: 'one' })
      await until(() => c.owned.size === 3, 'its partitions')
      expect(c.owned).toEqual(had)
      expect(b.log).toHaveLength(troubles)
      // Another process under the same name: one of the two must go.
      if (groupProtocol === 'classic') {
        const [thief, d] = await join(group, { instanceId: 'one' })
        await until(() => d.owned.size === 3, 'the newer one')
        await until(() => c.failure !== undefined, 'the older one is told')
        expect(c.failure).toMatchObject({
          code: 'KAFKA_GROUP_FAILED',
          help: expect.stringContaining('kafka.instance_id'),
        })
        expect(c.owned.size).toBe(0)
        await thief.leave()
        await thief.close()
      }
      await Promise.all([again.leave(), second.leave()])
      await Promise.all([again.close(), second.close()])
    })

    test('notices new topics of a pattern, and new partitions', async () => {
      await using tool = kafkaTool(rig().kafka.bootstrap)
      const group = `g6-${groupProtocol}`
      const source = await open(rig().kafka.bootstrap, { group, groupProtocol })
      const member = new Member()
      const pattern = new RegExp(`^new-${groupProtocol}-.*$`)
      await source.join({ kind: 'pattern', pattern }, member)
      await tool.createTopic(`new-${groupProtocol}-a`, { partitions: 1 })
      await until(() => member.owned.size === 1, 'the first topic')
      await tool.createTopic(`new-${groupProtocol}-b`, { partitions: 2 })
      await until(() => member.owned.size === 3, 'the second topic')
      const admin = tool.kafka.admin()
      await admin.connect()
      await admin.createPartitions({
        topicPartitions: [{ topic: `new-${groupProtocol}-a`, count: 4 }],
      })
      await admin.disconnect()
      await until(() => member.owned.size === 6, 'new partitions')
      expect(member.log.every((line) => line.startsWith('assigned'))).toBe(true)
      await source.leave()
      await source.close()
    })

    test('a member is given only what it subscribed to', async () => {
      await using tool = kafkaTool(rig().kafka.bootstrap)
      const extra = `extra-${groupProtocol}`
      await tool.createTopic(extra, { partitions: 4 })
      const group = `g7-${groupProtocol}`
      const [first, a] = await join(group)
      const second = await open(rig().kafka.bootstrap, { group, groupProtocol })
      const b = new Member()
      await second.join({ kind: 'names', names: [topicName(topic), topicName(extra)] }, b)
      await until(() => a.owned.size + b.owned.size === PARTITIONS + 4, 'all are taken')
      expect([...a.owned].filter((name) => name.startsWith(extra))).toEqual([])
      await Promise.all([first.leave(), second.leave()])
      await Promise.all([first.close(), second.close()])
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
