import { join } from 'node:path'
import { peakMemoryBytes, processorMs } from '../rig/process-cost.ts'
import { startConnect } from '../rig/services/connect.ts'
import { type Contest, digestOf, type Run, tableSize, untilComplete } from './contest.ts'
import { createTable } from './run-firn.ts'
import { createTopic } from './topic.ts'

let started = 0

/**
 * Apache's sink, one task (its cheapest setting), into a table that is there already. Its boot is counted in neither
 * time nor CPU seconds.
 */
export async function runConnect(
  contest: Contest,
  options: { readonly emptyTopic: string },
): Promise<Run> {
  const name = `connect-${++started}`
  const table = `bench.${name}`
  await createTable(contest, name, options.emptyTopic)
  const { rig, topic, intervalMs } = contest
  await createTopic(rig.kafka.bootstrap, `control-${name}`, 1)
  const place = join(rig.scratch, name)
  const at = { scratch: place, bootstrap: rig.kafka.bootstrap }
  const connect = await startConnect({ ...at, jvm: 'usual' })
  try {
    const boot = await processorMs(connect.pid)
    const began = performance.now()
    await connect.putSink({
      name,
      topics: [topic],
      table,
      catalogUri: rig.catalog.uri,
      commitIntervalMs: intervalMs,
    })
    await connect.untilRunning(name)
    await untilComplete(contest, table, async () => {
      const failure = await connect.failure(name)
      return failure === undefined ? undefined : `${failure}\n${await connect.logTail()}`
    })
    const seconds = (performance.now() - began) / 1_000
    const cpuSeconds = ((await processorMs(connect.pid)) - boot) / 1_000
    const peakBytes = (await peakMemoryBytes(connect.pid)) ?? 0
    await connect.deleteConnector(name)
    const digest = await digestOf(contest, table)
    return { seconds, cpuSeconds, peakBytes, digest, ...(await tableSize(contest, table)) }
  } finally {
    await connect.kill9()
  }
}
