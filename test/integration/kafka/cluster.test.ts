import { beforeAll, describe, expect, test } from 'vitest'
import { kafkaTool } from '../../../rig/produce.ts'
import { Brokers } from '../../../src/consumer/brokers.ts'
import { Coordinator } from '../../../src/consumer/coordinator.ts'
import { systemClock } from '../../../src/core/clock.ts'
import { topicName } from '../../../src/core/ids.ts'
import { systemRandom } from '../../../src/core/random.ts'
import { useRig } from '../../support/rig.ts'
import { Member, open, options, Reader, until } from './support.ts'

const rig = useRig({ kafka: { brokers: 3 } })

const values = (prefix: string, count: number, partitions: number) =>
  Array.from({ length: count }, (_, index) => ({
    value: `${prefix}${index}`,
    partition: index % partitions,
  }))

/** The broker that coordinates a group now. */
async function coordinatorOf(group: string) {
  const brokers = new Brokers(options(rig().kafka.bootstrap, { group }), {
    clock: systemClock,
    random: systemRandom,
  })
  const { port } = await new Coordinator(brokers).connection()
  await brokers.close()
  const found = rig().kafka.brokers.find((broker) => broker.port === port)
  if (found === undefined) throw new Error(`no broker at port ${port}`)
  return found
}

beforeAll(async () => {
  await using tool = kafkaTool(rig().kafka.bootstrap)
  await tool.createTopic('moving', { partitions: 6 })
  for (const protocol of ['classic', 'consumer']) {
    await tool.createTopic(`led-${protocol}`, { partitions: 4 })
  }
})

describe('three brokers', () => {
  test('every record once, in order, while the leaders of the partitions die and come back', async () => {
    const topic = 'moving'
    await using tool = kafkaTool(rig().kafka.bootstrap)
    await tool.produce(topic, values('a', 600, 6))
    const source = await open(rig().kafka.bootstrap)
    const reader = new Reader(source)
    const partitions = [0, 1, 2, 3, 4, 5].map((partition) => reader.seek(topic, partition, 0n))
    const readTo = async (end: bigint): Promise<void> =>
      reader.readTo(partitions.map((partition) => [partition, end] as const))
    await readTo(100n)
    for (const [index, broker] of rig().kafka.brokers.entries()) {
      await tool.inSync(topic)
      await broker.kill9()
      await tool.produce(topic, values(`${index}-`, 60, 6))
      await readTo(110n + 10n * BigInt(index))
      await broker.start()
    }
    for (const { partition } of partitions) {
      const offsets = reader.of(topic, partition).map(({ offset }) => offset)
      expect(offsets).toEqual(offsets.map((_, index) => BigInt(index)))
    }
    expect(reader.others).toEqual([])
    await source.close()
  })

  test.each(['classic', 'consumer'] as const)(
    'a group outlives its coordinator, %s',
    async (groupProtocol) => {
      const topic = `led-${groupProtocol}`
      const group = `g-${groupProtocol}`
      const join = async () => {
        const source = await open(rig().kafka.bootstrap, { group, groupProtocol })
        const member = new Member()
        await source.join({ kind: 'names', names: [topicName(topic)] }, member)
        return [source, member] as const
      }
      const [first, a] = await join()
      await until(() => a.owned.size === 4, 'all partitions')
      const broker = await coordinatorOf(group)
      await broker.kill9()
      const [second, b] = await join()
      await until(() => a.owned.size === 2 && b.owned.size === 2, 'an even split', 60_000)
      expect(new Set([...a.owned, ...b.owned]).size).toBe(4)
      await second.leave()
      await second.close()
      await until(() => a.owned.size === 4, 'all with the first again', 60_000)
      await broker.start()
      expect(a.failure).toBeUndefined()
      await first.leave()
      await first.close()
    },
  )
})
