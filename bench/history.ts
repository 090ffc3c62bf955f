import { poll } from '../rig/environment.ts'
import { freePorts } from '../rig/ports.ts'
import { processorMs } from '../rig/process-cost.ts'
import { batchProducer, type PreparedBatch } from '../rig/produce-batches.ts'
import type { Rig } from '../rig/start.ts'
import { lengthenHistory } from '../test/support/long-history.ts'
import type { Contest } from './contest.ts'
import { countLogged, endOf, expectAudited, startContestant } from './run-firn.ts'
import { shapeOf } from './shapes.ts'
import { createTopic, preparedBatches } from './topic.ts'

const COMMITS = 30
const RECORDS = 500
const INTERVAL_MS = 250
const DEADLINE_MS = 120_000

/** What a commit costs on a table that has a history. */
export interface CommitCost {
  readonly snapshots: number
  readonly commits: number
  /** CPU of Firn for a commit, with fetching, decoding and writing its 500 records. */
  readonly cpuMs: number
  /** From sending the request to the catalog's answer, on average. */
  readonly answerMs: number
  readonly metadataMegabytes: number
}

/** Small commits, one after the other, behind so many snapshots of another writer. */
export async function commitCost(rig: Rig, snapshots: number): Promise<CommitCost> {
  const topic = `history-${snapshots}`
  const shape = shapeOf('partitions-1')
  await createTopic(rig.kafka.bootstrap, topic, 1)
  await using producer = batchProducer(rig.kafka.bootstrap)
  const [batch] = [...preparedBatches(shape, RECORDS)]
  if (batch === undefined) throw new Error('no batch')
  const [httpPort = 0] = await freePorts(1)
  const contest: Contest = {
    rig,
    onS3: false,
    shape,
    topic,
    records: COMMITS * RECORDS,
    intervalMs: INTERVAL_MS,
  }
  const { worker, table, config } = await startContestant(contest, { threads: 1, httpPort })
  /** One more commit, of one more batch. */
  const commit = async (one: PreparedBatch): Promise<void> => {
    const before = await countLogged(worker, 'committed')
    await producer.append(topic, [one])
    const done = await poll(
      async () => {
        const why = await endOf(worker)
        if (why !== undefined) throw new Error(why)
        return (await countLogged(worker, 'committed')) > before ? true : undefined
      },
      { deadlineMs: DEADLINE_MS, everyMs: 20 },
    )
    if (done === undefined) throw new Error(`${table}: no commit within ${DEADLINE_MS / 1_000} s`)
  }
  try {
    await commit(batch)
    await lengthenHistory(rig.catalog, table, snapshots)
    // The first finds out about the others.
    await commit(batch)
    const [before, cpuMs] = [await scrape(httpPort), await processorMs(worker.pid)]
    for (let at = 0; at < COMMITS; at += 1) await commit(batch)
    const [after, cpuMsAfter] = [await scrape(httpPort), await processorMs(worker.pid)]
    const asked = after('firn_commit_seconds_count') - before('firn_commit_seconds_count')
    const took = after('firn_commit_seconds_sum') - before('firn_commit_seconds_sum')
    await worker.stop()
    await expectAudited(config, table)
    return {
      snapshots,
      commits: COMMITS,
      cpuMs: (cpuMsAfter - cpuMs) / COMMITS,
      answerMs: (took * 1_000) / asked,
      metadataMegabytes: after('firn_table_metadata_bytes') / 1e6,
    }
  } finally {
    await worker.kill9()
  }
}

/** The sum of a metric's series, by its name. */
async function scrape(port: number): Promise<(name: string) => number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const lines = text.split('\n').map((line) => /^(\w+)(?:\{.*\})? (\S+)$/.exec(line))
  return (name) =>
    lines.reduce((sum, line) => (line?.[1] === name ? sum + Number(line[2]) : sum), 0)
}
