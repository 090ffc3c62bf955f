import { expect, test } from 'vitest'
import { kafkaTool } from '../../../rig/produce.ts'
import { topicName } from '../../../src/core/ids.ts'
import { FetchedRecords } from '../../../src/record/fetched-records.ts'
import { useRig } from '../../support/rig.ts'
import { open } from './support.ts'

const rig = useRig({ kafka: true })
const PARTITIONS = 4
const ROUNDS = 600

// A broker states the end of its log as it was before it read: what it sends may lie behind that end.
test('what is fetched of a log that grows is whole: each batch begins where the one before it was read to', async () => {
  await using tool = kafkaTool(rig().kafka.bootstrap)
  await tool.createTopic('growing', { partitions: PARTITIONS })
  const source = await open(rig().kafka.bootstrap)
  const topic = topicName('growing')
  const read = new Map<number, bigint>()
  for (let partition = 0; partition < PARTITIONS; partition++) {
    read.set(partition, 0n)
    source.seek({ topic, partition }, { position: 0n })
  }
  const holes: string[] = []
  const produced = (async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const records = Array.from({ length: PARTITIONS }, (_, partition) => ({
        value: `${round}`,
        partition,
      }))
      await Promise.all([tool.produce('growing', records), tool.produce('growing', records)])
    }
  })()
  const wanted = BigInt(ROUNDS * 2)
  while (holes.length === 0 && [...read.values()].some((at) => at < wanted)) {
    for (const event of await source.poll(200)) {
      if (event.kind !== 'batch') continue
      const at = read.get(event.partition) ?? 0n
      if (event.position !== at) holes.push(`${event.partition}: ${event.position}, not ${at}`)
      const records = new FetchedRecords(event, { isolation: 'read_committed' })
      while (records.next());
      read.set(event.partition, records.position)
    }
  }
  await produced
  await source.close()
  expect(holes).toEqual([])
  expect([...read.values()]).toEqual(Array.from({ length: PARTITIONS }, () => wanted))
})
