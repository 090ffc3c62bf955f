import { once } from 'node:events'
import { z } from 'zod'
import { REFERENCE_PARTITIONS } from '../bench/reference-data.ts'
import { messageOf } from '../src/core/errors.ts'
import { kafkaTool } from './produce.ts'
import { EXAMPLE_TOPIC } from './example-config.ts'
import { startRig } from './start.ts'
import { removeState, writeState } from './state.ts'

/**
 * The process behind `npm run rig -- up`: holds the services until it is told to end. When it is killed instead, they
 * end with it, as they do with a test.
 */
const ENDINGS = ['SIGTERM', 'SIGINT', 'SIGHUP']

const optionsSchema = z.object({
  brokers: z.union([z.literal(1), z.literal(3)]),
  catalog: z.enum(['fixture', 'nessie']),
  s3: z.enum(['moto', 'versitygw', 'any']).optional(),
})

async function keep(): Promise<void> {
  const { brokers, catalog, s3 } = optionsSchema.parse(JSON.parse(process.argv[2] ?? ''))
  const options = { kafka: { brokers }, catalog, ...(s3 === undefined ? {} : { s3 }) }
  const ended = Promise.race(ENDINGS.map(async (name) => once(process, name)))
  await using rig = await startRig(options)
  await using tool = kafkaTool(rig.kafka.bootstrap)
  await tool.createTopic(EXAMPLE_TOPIC, { partitions: REFERENCE_PARTITIONS })
  await writeState(rig, options)
  await ended
  await removeState()
}

// The services do not keep this process alive: this does.
const alive = setInterval(() => undefined, 60_000)
try {
  await keep()
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = 1
} finally {
  clearInterval(alive)
}
